"""What functions really emitted, out of their log lines."""

from collections.abc import Iterable
from dataclasses import dataclass

from devtools.cloudwatch.emf import extract
from devtools.dashboard.metrics import MetricId


@dataclass(frozen=True, slots=True)
class Emitted:
    """A metric that was emitted at least once.

    Attributes:
        metric: Namespace, name and one exact set of dimensions.
        unit: The unit it had.
    """

    metric: MetricId
    unit: str


def emitted_in(lines: Iterable[str]) -> frozenset[Emitted]:
    """Return what log lines in the Embedded Metric Format emitted; other lines count for nothing.

    Takes the lines as CloudWatch Logs does: what breaks the format's specification is not emitted.
    """
    return frozenset(
        Emitted(MetricId(datum.namespace, datum.name, datum.dimensions), datum.unit)
        for line in lines
        for datum in extract(line)
    )
