"""What dashboards ask of a source, and what every source of AWS's clients needs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from devtools.cloudwatch.series import Grid, Series
from devtools.dashboard.insights import Table
from devtools.dashboard.metrics import MetricId


class SourceError(Exception):
    """The source does not answer; the message says what it said."""


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """A series that is asked for.

    Attributes:
        grid: The periods that are asked for.
        region: Where the metric is, when not where everything is.
    """

    metric: MetricId
    statistic: str
    grid: Grid
    region: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """A series that was found, empty or not.

    Attributes:
        unit: CloudWatch's name of it; empty when the source does not know.
    """

    series: Series
    unit: str = ""


@dataclass(frozen=True, slots=True)
class AlarmReport:
    """An alarm's state, and why.

    Attributes:
        state: UNKNOWN when the source has no such alarm.
        since: When it came into that state, in seconds since the epoch; None when nobody knows.
    """

    name: str
    state: str
    reason: str = ""
    since: float | None = None


class Source(Protocol):
    """Answers what dashboards ask. Every method may raise ``SourceError``."""

    @property
    def label(self) -> str:
        """Where the data are from, for a person."""

    def read(self, queries: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        """Read each series."""

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        """Run a Logs Insights query; ``NotEvaluated`` when it cannot be run."""

    def alarms(self, names: Sequence[str]) -> list[AlarmReport]:
        """The states of alarms, by name, in the same order."""


@contextmanager
def as_source_error(service: str) -> Iterator[None]:
    """Turn what boto3 raises into a ``SourceError`` that names the service."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise SourceError(f"{service}: {error}") from error


def changed_at(alarm: Mapping[str, Any]) -> float | None:
    """When an alarm of DescribeAlarms came into its state, in seconds since the epoch."""
    # The other moves with every update that changes nothing, too, as of how much data was there.
    moment = alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp")
    return moment.timestamp() if isinstance(moment, datetime) else None


def dimensions_of(metric: MetricId) -> list[dict[str, str]]:
    """A metric's dimensions as AWS's calls take them."""
    return [{"Name": name, "Value": value} for name, value in metric.dimensions]


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as AWS's calls take them."""
    return datetime.fromtimestamp(seconds, UTC)
