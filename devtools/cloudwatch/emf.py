"""Metrics out of log lines, as strict as CloudWatch Logs extracts them.

Source: "Specification: Embedded metric format" in the CloudWatch user guide, and PutMetricData for
what a metric may be. The guide leaves open what becomes of the rest of a line that breaks a rule;
here none of it is published, and `read` says why.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from devtools.cloudwatch.series import MAX_VALUE, Sample

_AMOUNTS: Final = (
    *("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"),
    *("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits"),
    "Count",
)
#: The units that CloudWatch knows.
UNITS: Final = frozenset(
    {
        *_AMOUNTS,
        *(f"{amount}/Second" for amount in _AMOUNTS),
        *("Seconds", "Microseconds", "Milliseconds", "Percent", "None"),
    }
)

_MOST_BYTES: Final = 1024 * 1024
_MOST_VALUES: Final = 100
_MOST_METRICS: Final = 100
_MOST_DIMENSIONS: Final = 30
#: The specification has 1024 for names of metrics and namespaces; PutMetricData takes 255.
_LONGEST_NAME: Final = 255
_LONGEST_DIMENSION: Final = 250
_LONGEST_DIMENSION_VALUE: Final = 1024
#: How far a metric's time may be from the time it arrives, in seconds.
_MOST_LATE_S: Final = 14 * 86_400
_MOST_EARLY_S: Final = 2 * 3600

_PRINTABLE: Final = re.compile(r"[ -~]*[!-~][ -~]*")
_NAMESPACE: Final = re.compile(r"(?!AWS/|:)[0-9A-Za-z.\-_/#: ]+")


class EmfError(ValueError):
    """A line is in the format and breaks its rules; the message says which."""


@dataclass(frozen=True, slots=True)
class Datum:
    """What one line published for one metric.

    Attributes:
        dimensions: Names and values, sorted by name.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str
    sample: Sample


def extract(message: str, logged_at: float | None = None) -> list[Datum]:
    """What a log line publishes; nothing where it breaks a rule."""
    try:
        return read(message, logged_at)
    except EmfError:
        return []


def read(message: str, logged_at: float | None = None) -> list[Datum]:
    """What a log line publishes: one datum per metric and dimension set.

    Args:
        message: The log event's.
        logged_at: When it was logged, in seconds since the epoch; None to take any time stamp.

    Returns:
        Nothing where the line is not in the format.

    Raises:
        EmfError: It is, and breaks a rule of it.
    """
    if '"_aws"' not in message or not message.lstrip().startswith("{"):
        return []
    _require(len(message.encode()) <= _MOST_BYTES, "the line is longer than 1 MB")
    line = _parsed(message)
    metadata = line.get("_aws")
    if not isinstance(metadata, dict) or "CloudWatchMetrics" not in metadata:
        return []
    time = _time(metadata.get("Timestamp"), logged_at)
    directives = _objects(metadata["CloudWatchMetrics"], "CloudWatchMetrics")
    return [datum for directive in directives for datum in _directive(directive, line, time)]


def _parsed(message: str) -> dict[str, Any]:
    try:
        line = json.loads(message, parse_constant=_refuse, object_pairs_hook=_unique)
    except EmfError:
        raise
    except (ValueError, RecursionError) as error:
        raise EmfError("the line is no JSON") from error
    _require(isinstance(line, dict), "the line is no JSON object")
    found: dict[str, Any] = line
    return found


def _refuse(constant: str) -> None:
    raise EmfError(f"{constant} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    _require(len(members) == len(pairs), "a member occurs twice")
    return members


def _time(stamp: Any, logged_at: float | None) -> float:
    _require(_is_number(stamp) and isinstance(stamp, int), "Timestamp is no whole number")
    time: float = stamp / 1000
    if logged_at is not None:
        _require(
            logged_at - _MOST_LATE_S <= time <= logged_at + _MOST_EARLY_S,
            "Timestamp is more than 14 days ago, or more than 2 hours ahead",
        )
    return time


def _directive(directive: dict[str, Any], line: dict[str, Any], time: float) -> Iterable[Datum]:
    namespace = directive.get("Namespace")
    _require(
        isinstance(namespace, str)
        and _NAMESPACE.fullmatch(namespace) is not None
        and len(namespace) <= _LONGEST_NAME,
        "Namespace is none",
    )
    sets = directive.get("Dimensions")
    _require(isinstance(sets, list) and len(sets) > 0, "Dimensions is no list of sets")
    dimensions = [_dimensions(names, line) for names in sets or ()]
    definitions = _objects(directive.get("Metrics"), "Metrics")
    _require(len(definitions) <= _MOST_METRICS, f"more than {_MOST_METRICS} metrics")
    for definition in definitions:
        name, unit = definition.get("Name"), definition.get("Unit", "None")
        _require(_is_name(name, _LONGEST_NAME), "a metric's Name is none")
        _require(unit in UNITS, f"the Unit of {name} is none of CloudWatch's")
        _require(definition.get("StorageResolution", 60) in (1, 60), "StorageResolution is 1 or 60")
        values = _values(str(name), line)
        if not values:
            continue
        sample = Sample.of(time, *values)
        for pairs in dimensions:
            yield Datum(str(namespace), str(name), pairs, str(unit), sample)


def _dimensions(names: Any, line: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    _require(
        isinstance(names, list) and len(names) <= _MOST_DIMENSIONS,
        f"a set of dimensions is no list of at most {_MOST_DIMENSIONS}",
    )
    pairs: dict[str, str] = {}
    for name in names:
        _require(
            _is_name(name, _LONGEST_DIMENSION) and not name.startswith(":"),
            "a dimension's name is none",
        )
        value = line.get(name)
        _require(_is_name(value, _LONGEST_DIMENSION_VALUE), f"the dimension {name} has no value")
        pairs[name] = str(value)
    return tuple(sorted(pairs.items()))


def _values(name: str, line: dict[str, Any]) -> tuple[float, ...]:
    _require(name in line, f"{name} has no value")
    target = line[name]
    values = target if isinstance(target, list) else [target]
    _require(len(values) <= _MOST_VALUES, f"{name} has more than {_MOST_VALUES} values")
    _require(
        all(_is_number(value) and abs(value) <= MAX_VALUE for value in values),
        f"a value of {name} is no number from -2^360 to 2^360",
    )
    return tuple(float(value) for value in values)


def _is_name(found: Any, longest: int) -> bool:
    return (
        isinstance(found, str) and len(found) <= longest and _PRINTABLE.fullmatch(found) is not None
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _objects(value: Any, name: str) -> list[dict[str, Any]]:
    _require(
        isinstance(value, list) and all(isinstance(item, dict) for item in value),
        f"{name} is no list of objects",
    )
    found: list[dict[str, Any]] = value
    return found


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise EmfError(otherwise)
