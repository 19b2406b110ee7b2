"""One request's metrics, as CloudWatch Embedded Metric Format on stdout.

Written here rather than by a library: Powertools puts every metric of a line under the same sets
of dimensions, and a set too many is a bill too high.
"""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tradewind.telemetry.metric_names import METRICS, NAMESPACE, Dimension, DimensionSet, MetricName

#: Values that the format takes for one metric in one line.
_MAX_VALUES: Final = 100


class RequestMetrics:
    """Collects a request's metric values and prints them once.

    Each request has its own, so concurrent requests in one process never share values.

    Args:
        dimensions: A value for every dimension that a metric may be kept under.
    """

    def __init__(self, dimensions: Mapping[Dimension, str]) -> None:
        self._dimensions = dict(dimensions)
        self._values: dict[MetricName, list[float]] = {}
        self._properties: dict[str, str] = {}

    def add(self, name: MetricName, value: float) -> None:
        """Add one value; a metric may have several in a request."""
        self._values.setdefault(name, []).append(float(value))

    def annotate(self, **properties: str) -> None:
        """Put searchable properties, such as the request id, beside the metrics."""
        self._properties.update(properties)

    def flush(self) -> None:
        """Print the line; more than one only if a metric has more values than a line takes."""
        while self._values:
            line = {name: values[:_MAX_VALUES] for name, values in self._values.items()}
            self._values = {
                name: values[_MAX_VALUES:]
                for name, values in self._values.items()
                if len(values) > _MAX_VALUES
            }
            print(json.dumps(self._document(line), separators=(",", ":")))

    def _document(self, values: Mapping[MetricName, list[float]]) -> dict[str, Any]:
        return {
            "_aws": {
                "Timestamp": int(time.time() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [list(dimensions) for dimensions in sets],
                        "Metrics": [{"Name": name, "Unit": METRICS[name].unit} for name in names],
                    }
                    for sets, names in _grouped(values)
                ],
            },
            **{str(dimension): value for dimension, value in self._dimensions.items()},
            **self._properties,
            **{str(name): numbers for name, numbers in values.items()},
        }


def _grouped(
    names: Mapping[MetricName, object],
) -> Iterator[tuple[tuple[DimensionSet, ...], list[MetricName]]]:
    """Metrics that are kept under the same sets of dimensions, together."""
    groups: dict[tuple[DimensionSet, ...], list[MetricName]] = {}
    for name in names:
        groups.setdefault(METRICS[name].dimension_sets, []).append(name)
    yield from groups.items()
