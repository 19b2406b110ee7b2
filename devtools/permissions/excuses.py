"""What is granted though no call uses it, or wider than its use, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devtools.permissions.errors import PermissionsError
from devtools.permissions.patterns import matches
from devtools.yaml_files import YamlFileError, load_yaml

#: What can be excused; what is denied cannot.
KINDS: Final = ("borrowed", "unused", "wide")
_FIELDS: Final = {"kind", "principals", "actions", "resources", "reason"}


@dataclass(frozen=True)
class Excuse:
    """Grants that are to stay.

    Attributes:
        name: What the file calls it.
        kind: ``unused``, ``wide`` or ``borrowed``.
        principals: Patterns of ``stack/logical id``.
        actions: Patterns of actions.
        resources: Patterns of resources, as findings spell them; of what is borrowed, its ARN.
        reason: Why.
    """

    name: str
    kind: str
    principals: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str

    def covers(self, kind: str, principal: str, action: str, resource: str) -> bool:
        """Whether it is meant for such a grant."""
        return kind == self.kind and all(
            any(matches(pattern, text) for pattern in patterns)
            for patterns, text in (
                (self.principals, principal),
                (self.actions, action),
                (self.resources, resource),
            )
        )


def load_excuses(file: Path) -> tuple[Excuse, ...]:
    """Read a file of excuses: a mapping of names, each with kind, patterns and reason.

    Raises:
        PermissionsError: The file is not such a mapping, or a reason is missing.
    """
    try:
        entries = load_yaml(file) or {}
    except (OSError, YamlFileError) as error:
        raise PermissionsError(str(error)) from error
    if not isinstance(entries, dict):
        raise PermissionsError(f"{file}: not a mapping of excuses")
    return tuple(_excuse(file, str(name), entry) for name, entry in entries.items())


def _excuse(file: Path, name: str, entry: Any) -> Excuse:
    if not isinstance(entry, Mapping):
        raise PermissionsError(f"{file}: {name}: not a mapping of {', '.join(sorted(_FIELDS))}")
    if wrong := sorted(set(map(str, entry)) ^ _FIELDS):
        raise PermissionsError(f"{file}: {name}: {wrong[0]} is missing, or not known")
    if entry["kind"] not in KINDS:
        raise PermissionsError(f"{file}: {name}: kind is not one of {', '.join(KINDS)}")
    reason = str(entry["reason"] or "").strip()
    if not reason:
        raise PermissionsError(f"{file}: {name}: has no reason")
    patterns = {}
    for field in ("principals", "actions", "resources"):
        value = entry[field]
        patterns[field] = tuple([value] if isinstance(value, str) else value or ())
        if not patterns[field] or not all(isinstance(one, str) for one in patterns[field]):
            raise PermissionsError(f"{file}: {name}: {field} is no pattern, nor a list of patterns")
    return Excuse(name=name, kind=entry["kind"], reason=reason, **patterns)
