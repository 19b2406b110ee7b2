"""One request's metrics, as CloudWatch Embedded Metric Format on stdout.

Written here rather than by a library: Powertools puts every metric of a line under the same sets
of dimensions, and a set too many is a bill too high. For the same reason what is only looked at
stays a field of the line, which Logs Insights reads; see ``Kept``.
"""

import json
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tradewind.contracts.names import OptionalEnvVar
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.metric_names import (
    METRICS,
    NAMESPACE,
    Dimension,
    DimensionSet,
    Kept,
    MetricName,
)

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
        self._detailed = os.environ.get(OptionalEnvVar.DETAILED_METRICS) == "1"
        self._values: dict[MetricName, list[float]] = {}
        self._properties: dict[str, str] = {}
        self._refused: set[MetricName] = set()

    def add(self, name: MetricName, value: float) -> None:
        """Add one value; a metric may have several in a request.

        What is no finite number is left out, and the log says of which metric: CloudWatch would
        take nothing of the line.
        """
        if math.isfinite(value):
            self._values.setdefault(name, []).append(float(value))
        else:
            self._refused.add(name)

    def annotate(self, **properties: str) -> None:
        """Put searchable properties, such as the request id, beside the metrics."""
        self._properties.update(properties)

    def flush(self) -> None:
        """Print the line; more than one only if a metric has more values than a line takes."""
        if self._refused:
            get_logger().error("Metrics without a finite value", metrics=sorted(self._refused))
            self._refused.clear()
        while self._values:
            line = {name: values[:_MAX_VALUES] for name, values in self._values.items()}
            self._values = {
                name: values[_MAX_VALUES:]
                for name, values in self._values.items()
                if len(values) > _MAX_VALUES
            }
            # In one piece: Lambda's runtime hands on each write by itself, and print makes two.
            sys.stdout.write(json.dumps(self._document(line), separators=(",", ":")) + "\n")

    def _document(self, line: Mapping[MetricName, Sequence[float]]) -> dict[str, Any]:
        directives = [
            {
                "Namespace": NAMESPACE,
                "Dimensions": [list(dimensions) for dimensions in sets],
                "Metrics": [{"Name": name, "Unit": METRICS[name].unit} for name in names],
            }
            for sets, names in self._grouped(line)
        ]
        about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives}
        return {
            # Without a metric in it the line is one of the log only.
            **({"_aws": about} if directives else {}),
            **{str(dimension): value for dimension, value in self._dimensions.items()},
            **self._properties,
            # Logs Insights reads a number by the metric's name, and each of a list by its place.
            **{
                str(name): values[0] if len(values) == 1 else values
                for name, values in line.items()
            },
        }

    def _grouped(
        self, line: Mapping[MetricName, Sequence[float]]
    ) -> Iterator[tuple[tuple[DimensionSet, ...], list[MetricName]]]:
        """What of a line becomes metrics, together what is kept under the same sets."""
        groups: dict[tuple[DimensionSet, ...], list[MetricName]] = {}
        for name, values in line.items():
            spec = METRICS[name]
            if spec.kept is Kept.WHEN_NOT_ZERO and not any(values):
                continue
            if sets := spec.sets_of(detailed=self._detailed):
                groups.setdefault(sets, []).append(name)
        yield from groups.items()
