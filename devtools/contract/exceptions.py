"""Metrics that are emitted and that no dashboard and no alarm reads, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devtools.contract.uses import ContractError
from devtools.yaml_files import YamlFileError, load_yaml


@dataclass(frozen=True, slots=True)
class MetricKey:
    """A metric by the names of its dimensions, whatever their values."""

    namespace: str
    name: str
    dimensions: frozenset[str]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name} by {', '.join(sorted(self.dimensions)) or 'nothing'}"


def load_exceptions(file: Path) -> Mapping[MetricKey, str]:
    """Read exceptions: a list of ``namespace``, ``metric``, ``dimensions`` and ``reason``.

    Raises:
        ContractError: The file is not such a list, or a reason is missing.
    """
    try:
        entries = [
            (
                MetricKey(one["namespace"], one["metric"], frozenset(one["dimensions"])),
                str(one["reason"]),
            )
            for one in load_yaml(file) or []
        ]
    except YamlFileError as error:
        raise ContractError(str(error)) from error
    except (OSError, KeyError, TypeError) as error:
        raise ContractError(f"{file}: not a list of exceptions: {error!r}") from error
    exceptions: dict[MetricKey, str] = {}
    for key, reason in entries:
        if not reason.strip():
            raise ContractError(f"{file}: {key} has no reason")
        if key in exceptions:
            raise ContractError(f"{file}: {key} stands here twice")
        exceptions[key] = reason
    return exceptions
