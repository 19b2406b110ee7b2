"""What lines of metrics say, whichever way a line keeps the values of one."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tradewind.telemetry.metric_names import MetricName

_NAMES: Final = frozenset(MetricName)


def metrics_in(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines that have a metric's value, and of each metric in them the list of its values."""
    return [
        {name: values_of(line, name) if name in _NAMES else kept for name, kept in line.items()}
        for line in lines
        if _NAMES & set(line)
    ]


def values_of(line: Mapping[str, Any], name: str) -> list[float]:
    """A metric's values in a line: one is kept as a number, many are a list."""
    kept = line.get(name, [])
    return kept if isinstance(kept, list) else [kept]
