"""What was published for metrics: read from a file, or asked of CloudWatch.

A file is JSON, a list of objects, or CSV with the same names in its first line: ``time`` (ISO 8601,
or seconds since the epoch), ``namespace``, ``metric``, ``dimensions`` (an object; in CSV
``Name=value`` with ``;`` between), and ``value`` or, in JSON, ``values``.

CloudWatch has no single values. Sums, counts, averages and extremes are asked for by the minute; a
percentile cannot be put together from minutes, so it is asked for by the alarm's own period, and
holds until the next one.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from devtools.cloudwatch.alarms import Alarm, Metric
from devtools.cloudwatch.matching import Source, source_of
from devtools.cloudwatch.series import Sample

_MINUTE: Final = 60
_DAY: Final = 86_400
#: How long CloudWatch keeps datapoints of periods that are multiples of these, the longest first.
_KEPT_S: Final = ((3600, 455 * _DAY), (300, 63 * _DAY), (_MINUTE, 15 * _DAY), (1, 3 * 3600))
#: No more than that can have come from CloudWatch, and each minute of it is evaluated.
_LONGEST_S: Final = 455 * _DAY
#: The end of the year 9999. Milliseconds are beyond it.
_LAST_S: Final = 253_402_300_800
_MAX_BYTES: Final = 200_000_000
#: What values of minutes can be put together to.
_BY_THE_MINUTE: Final = frozenset({"Sum", "SampleCount", "Average", "Minimum", "Maximum"})

History = Mapping[Source, tuple[Sample, ...]]


class HistoryError(ValueError):
    """The history cannot be read; the message says why."""


def read_history(path: Path) -> History:
    """Read a file.

    Raises:
        HistoryError: It is not as it must be.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise HistoryError(f"{path}: it is larger than {_MAX_BYTES // 1_000_000} MB")
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = json.loads(text) if path.suffix == ".json" else csv.DictReader(io.StringIO(text))
    except (ValueError, RecursionError) as error:
        raise HistoryError(f"{path}: it cannot be read: {error}") from None
    found: dict[Source, list[Sample]] = {}
    if path.suffix == ".json" and not isinstance(rows, list):
        raise HistoryError(f"{path}: it must be a list of objects")
    for number, row in enumerate(rows, 1):
        try:
            source, sample = _read(row)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            shown = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise HistoryError(f"{path}: entry {number}: {shown}") from None
        found.setdefault(source, []).append(sample)
    if not found:
        raise HistoryError(f"{path}: it holds nothing")
    times = [sample.time for samples in found.values() for sample in samples]
    if max(times) - min(times) > _LONGEST_S:
        raise HistoryError(
            f"{path}: from its first entry to its last are more than the "
            f"{_LONGEST_S // _DAY} days that CloudWatch keeps"
        )
    return {source: _in_order(samples) for source, samples in found.items()}


def _read(row: Any) -> tuple[Source, Sample]:
    if not isinstance(row, Mapping):
        raise TypeError(f"{row!r} is no object")
    dimensions = row.get("dimensions") or {}
    if isinstance(dimensions, str):
        pairs = [part.partition("=") for part in dimensions.split(";")]
        if not all(sign for _, sign, _ in pairs):
            raise ValueError(f"dimensions {dimensions!r} are not Name=value;Name=value")
        dimensions = {name.strip(): value.strip() for name, _, value in pairs}
    named = tuple(sorted((str(name), str(value)) for name, value in dimensions.items()))
    values = row["values"] if "values" in row else [row["value"]]
    if not isinstance(values, list):
        raise TypeError(f"values {values!r} are no list")
    sample = Sample.of(_time(row["time"]), *(float(value) for value in values))
    return (str(row["namespace"]), str(row["metric"]), named), sample


def _time(written: Any) -> float:
    try:
        seconds = float(written)
    except ValueError:
        at = datetime.fromisoformat(written)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    # Written so that a NaN fails too.
    if not 0 <= seconds < _LAST_S:
        raise ValueError(f"{written} is no time in seconds since the epoch")
    return seconds


def _in_order(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    return tuple(sorted(samples, key=lambda sample: sample.time))


def of_metrics(alarm: Alarm, history: History) -> dict[str, tuple[Sample, ...]]:
    """What a history holds of each metric of an alarm, by the metric's id."""
    return {
        identifier: history.get(source_of(metric), ())
        for identifier, metric in alarm.metrics.items()
    }


class Answers:
    """What CloudWatch has, asked for when it is needed; what several alarms watch, once."""

    def __init__(self, client: Any, start: int, end: int, now: int) -> None:
        """Ask about a time.

        Args:
            client: Of CloudWatch; it charges for each metric that is asked for.
            start: Where to begin, in seconds since the epoch.
            end: Where to end.
            now: The present time, until which CloudWatch has kept what it has.
        """
        self._client = client
        self._start, self._end, self._now = start, end, now
        self._found: dict[tuple[Source, str, int], tuple[Sample, ...]] = {}

    def of(self, alarm: Alarm) -> dict[str, tuple[Sample, ...]]:
        """What there is of each metric of an alarm, by the metric's id.

        Raises:
            HistoryError: A dimension is known only after the deployment.
        """
        return {identifier: self._of(metric) for identifier, metric in alarm.metrics.items()}

    def _of(self, metric: Metric) -> tuple[Sample, ...]:
        if any("${" in value for _, value in metric.dimensions):
            raise HistoryError(f"{metric} has a name that only the deployment knows; give a file")
        key = (source_of(metric), metric.statistic, _asked_period_s(metric))
        if key not in self._found:
            start = max(self._start, self._now - kept_s(metric))
            self._found[key] = _ask(self._client, metric, start, self._end)
        return self._found[key]


def _asked_period_s(metric: Metric) -> int:
    return _MINUTE if metric.statistic in _BY_THE_MINUTE else metric.period_s


def kept_s(metric: Metric) -> int:
    """For how long CloudWatch keeps a metric at the period by which it is asked for."""
    period = _asked_period_s(metric)
    return next(kept for unit, kept in _KEPT_S if period % unit == 0)


def _ask(client: Any, metric: Metric, start: int, end: int) -> tuple[Sample, ...]:
    period = _asked_period_s(metric)
    asked = list(dict.fromkeys((metric.statistic, "SampleCount")))
    by_statistic: dict[str, dict[int, float]] = {statistic: {} for statistic in asked}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[
            _query(f"m{index}", metric, statistic, period) for index, statistic in enumerate(asked)
        ],
        StartTime=datetime.fromtimestamp(start, UTC),
        EndTime=datetime.fromtimestamp(end, UTC),
        ScanBy="TimestampAscending",
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            values = by_statistic[asked[int(result["Id"][1:])]]
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                values[int(at.timestamp())] = float(value)
    counts = by_statistic["SampleCount"]
    return _in_order(_samples(metric.statistic, by_statistic[metric.statistic], counts, period))


def _samples(
    statistic: str, values: Mapping[int, float], counts: Mapping[int, float], period: int
) -> Iterator[Sample]:
    for at, value in values.items():
        # In the last minute of its period: so each window of that length holds one.
        time = at + period - _MINUTE
        count = counts.get(at, 0)
        if count <= 0:
            continue
        if statistic == "Sum":
            # Counts are asked of it nowhere.
            yield Sample.of(time, value)
        else:
            yield Sample(time, (value,), (count,))


def _query(identifier: str, metric: Metric, statistic: str, period: int) -> dict[str, Any]:
    dimensions: Sequence[dict[str, str]] = [
        {"Name": name, "Value": value} for name, value in metric.dimensions
    ]
    return {
        "Id": identifier,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": dimensions,
            },
            "Period": period,
            "Stat": statistic,
        },
    }
