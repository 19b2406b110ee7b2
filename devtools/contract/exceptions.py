"""Metrics that are emitted and that no dashboard and no alarm reads, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from devtools.contract.uses import ContractError


@dataclass(frozen=True, slots=True)
class Kept:
    """A metric by the names of its dimensions, whatever their values."""

    namespace: str
    name: str
    dimensions: frozenset[str]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name} by {', '.join(sorted(self.dimensions)) or 'nothing'}"


def load_exceptions(file: Path) -> Mapping[Kept, str]:
    """Read exceptions: a list of ``namespace``, ``metric``, ``dimensions`` and ``reason``.

    Raises:
        ContractError: The file is not such a list, or a reason is missing.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or []
        exceptions = {
            Kept(one["namespace"], one["metric"], frozenset(one["dimensions"])): str(one["reason"])
            for one in content
        }
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ContractError(f"{file}: not a list of exceptions: {error!r}") from error
    for kept, reason in exceptions.items():
        if not reason.strip():
            raise ContractError(f"{file}: {kept} has no reason")
    return exceptions
