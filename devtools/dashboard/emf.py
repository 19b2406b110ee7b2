"""Metrics out of log lines, as CloudWatch Logs extracts them.

Source: "Specification: Embedded metric format" in the CloudWatch user guide. A line that is not EMF
is no metric; a part of a line that breaks the specification is left out, and the rest is kept.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from devtools.cloudwatch.series import MAX_VALUE, Sample
from devtools.dashboard.metrics import MetricId

#: The specification's limits; CloudWatch drops what is over them.
_MOST_VALUES: Final = 100
_MOST_METRICS: Final = 100
_MOST_DIMENSIONS: Final = 30


@dataclass(frozen=True, slots=True)
class Datum:
    """What one line published for one metric."""

    metric: MetricId
    unit: str
    sample: Sample


def extract(message: str) -> Iterator[Datum]:
    """Yield what a log line publishes: one datum per metric and dimension set."""
    if '"_aws"' not in message:
        return
    try:
        line = json.loads(message)
    except (ValueError, RecursionError):
        return
    metadata = line.get("_aws") if isinstance(line, dict) else None
    if not isinstance(metadata, dict) or not _is_number(metadata.get("Timestamp")):
        return
    time = metadata["Timestamp"] / 1000
    for directive in _objects(metadata.get("CloudWatchMetrics")):
        yield from _directive(directive, line, time)


def _directive(directive: dict[str, Any], line: dict[str, Any], time: float) -> Iterator[Datum]:
    namespace = directive.get("Namespace")
    sets = directive.get("Dimensions", [[]])
    if not isinstance(namespace, str) or not isinstance(sets, list):
        return
    dimensions = [found for names in sets if (found := _dimensions(names, line)) is not None]
    for definition in _objects(directive.get("Metrics"))[:_MOST_METRICS]:
        name, unit = definition.get("Name"), definition.get("Unit", "None")
        values = _values(line.get(name)) if isinstance(name, str) else ()
        if not values or not isinstance(unit, str):
            continue
        sample = Sample.of(time, *values)
        for pairs in dimensions:
            yield Datum(MetricId.of(namespace, str(name), pairs), unit, sample)


def _dimensions(names: Any, line: dict[str, Any]) -> dict[str, str] | None:
    """The dimension set's values; None when the line lacks one, which voids the set."""
    if not isinstance(names, list) or len(names) > _MOST_DIMENSIONS:
        return None
    pairs = {}
    for name in names:
        value = line.get(name) if isinstance(name, str) else None
        if not isinstance(value, str) or not value:
            return None
        pairs[name] = value
    return pairs


def _values(target: Any) -> tuple[float, ...]:
    values = target if isinstance(target, list) else [target]
    return tuple(
        float(value)
        for value in values[:_MOST_VALUES]
        if _is_number(value) and abs(value) <= MAX_VALUE
    )


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer of hundreds of digits
        return False


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
