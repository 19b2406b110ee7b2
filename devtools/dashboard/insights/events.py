"""Log events and the fields that a query sees in them."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from devtools.dashboard.insights.values import Value, as_number

_MOST_FIELDS: Final = 200


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event of a log group.

    Attributes:
        time: Seconds since the epoch.
    """

    time: float
    group: str
    stream: str
    message: str

    def fields(self) -> dict[str, Value]:
        """The fields a query sees: the system's, and those of a JSON message, with dots."""
        found: dict[str, Value] = {
            "@timestamp": self.time * 1000,
            "@message": self.message,
            "@log": self.group,
            "@logStream": self.stream,
        }
        if self.message.lstrip().startswith("{"):
            with contextlib.suppress(ValueError, RecursionError):
                _flatten("", json.loads(self.message), found)
        return found


def _flatten(prefix: str, value: Any, into: dict[str, Value]) -> None:
    if len(into) >= _MOST_FIELDS:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            _flatten(f"{prefix}.{name}" if prefix else name, item, into)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            _flatten(f"{prefix}.{at}", item, into)
    elif isinstance(value, bool):
        into[prefix] = float(value)
    elif isinstance(value, int | float):
        into[prefix] = as_number(value)
    elif value is not None:
        into[prefix] = str(value)
