"""Values on their way into MiniStack's CloudWatch, with when they arrived there."""

import time
from collections.abc import Mapping
from typing import Any, Final

from ministack.services import cloudwatch

#: In a point that MiniStack keeps: when it arrived, in seconds since the epoch.
DELIVERED: Final = "Delivered"


class _Exactly(dict[str, str]):
    """Dimensions that are asked for, none of them too: MiniStack takes none for any."""

    def __bool__(self) -> bool:
        return True


def install() -> None:
    """Read a metric by its exact dimensions, as CloudWatch does."""
    read = cloudwatch._dims_from_list
    cloudwatch._dims_from_list = lambda dimensions: _Exactly(read(dimensions))


def publish(
    namespace: str,
    name: str,
    values: Mapping[float, float],
    unit: str,
    *,
    dimensions: Mapping[str, str],
    at: float,
) -> None:
    """Publish values of a metric now, with a time stamp of their own.

    Args:
        namespace: Of the metric.
        name: Of the metric.
        values: How often each value occurred.
        unit: Of CloudWatch.
        dimensions: Of the metric.
        at: The time stamp, in seconds since the epoch.
    """
    points = cloudwatch._metric_bucket((namespace, name, cloudwatch._dims_key(dict(dimensions))))
    shared: dict[str, Any] = {"Timestamp": at, "Unit": unit, "Dimensions": dict(dimensions)}
    for value, count in values.items():
        points.append({**shared, "Value": value, "Count": count, DELIVERED: time.time()})
