"""The calls that were made in the names of an app's roles and users."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtools.permissions.errors import PermissionsError


@dataclass(frozen=True, slots=True)
class Principal:
    """A role or a user of an app: the stack's name, and the resource's logical id."""

    stack: str
    logical_id: str

    def __str__(self) -> str:
        return f"{self.stack}/{self.logical_id}"


@dataclass(frozen=True)
class Call:
    """A call as IAM is asked about it.

    Attributes:
        principal: Who made it.
        action: Such as ``s3:GetObject``.
        resource: An ARN, or ``*`` where the action has no resources.
        context: Condition keys in lower case, each with a text or a list of texts.
        allowed: What the principal's own policies said then.
    """

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, str | list[str]]
    allowed: bool

    def __str__(self) -> str:
        return f"{self.principal}: {self.action} on {self.resource}"


@dataclass(frozen=True)
class Record:
    """The calls into one deployment of an app.

    Attributes:
        calls: Each once.
        values: By stack, what its policies refer to: the reference as JSON, and its value.
    """

    calls: tuple[Call, ...]
    values: Mapping[str, Mapping[str, str]]


def read_record(file: Path) -> Record:
    """Read a file of calls: a JSON object a line.

    Raises:
        PermissionsError: It cannot be read, or a line is none of a record.
    """
    calls = []
    values: dict[str, dict[str, str]] = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PermissionsError(f"{file}: cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            if "values" in entry:
                values.setdefault(entry["stack"], {}).update(entry["values"])
            else:
                calls.append(_call(entry))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PermissionsError(f"{file}:{number}: no line of a record: {error!r}") from error
    return Record(tuple(calls), values)


def _call(entry: Mapping[str, Any]) -> Call:
    return Call(
        principal=Principal(entry["stack"], entry["principal"]),
        action=entry["action"],
        resource=entry["resource"],
        context={str(key).lower(): _texts(value) for key, value in entry["context"].items()},
        allowed=entry["allowed"],
    )


def _texts(value: Any) -> str | list[str]:
    return [str(one) for one in value] if isinstance(value, list) else str(value)
