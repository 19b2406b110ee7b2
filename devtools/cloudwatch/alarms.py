"""Metric alarms: from what was published to datapoints and states, as CloudWatch decides.

Source: "Alarm evaluation" in the CloudWatch user guide.

An alarm is evaluated every minute (every 10 s for periods under a minute, every hour when it looks
back over more than a day), over windows of one period that end at that moment: the windows slide.
CloudWatch retrieves more datapoints than the alarm's evaluation periods, so that older ones can
stand in for missing ones. The guide does not say how many; its examples retrieve 5 for 3 periods,
so two more are retrieved here (`Alarm.evaluation_range`).
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Final

from devtools.cloudwatch.math import MathError, Result, evaluate, names
from devtools.cloudwatch.series import Grid, Sample, Series, aggregate, known_at, sample_count
from devtools.cloudwatch.states import State, TreatMissingData, decide
from devtools.cloudwatch.statistics import is_percentile, parse_statistic, percentile_rank

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY
#: Datapoints retrieved beyond the evaluation periods.
_EXTRA_DATAPOINTS: Final = 2


class AlarmError(ValueError):
    """The alarm is not one CloudWatch would accept, or uses what is not supported here."""


COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
#: Those of anomaly detection, whose band comes from a model that CloudWatch trains.
ANOMALY_COMPARISONS: Final = frozenset(
    {
        "LessThanLowerOrGreaterThanUpperThreshold",
        "LessThanLowerThreshold",
        "GreaterThanUpperThreshold",
    }
)


@dataclass(frozen=True, slots=True)
class Metric:
    """Which metric, and what is taken of it.

    Attributes:
        namespace: Such as AWS/Lambda.
        name: The metric's name.
        dimensions: Name and value of each, sorted by name.
        statistic: Such as Sum or p99.
        period_s: Length of a datapoint's period, in seconds.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_s: int

    def __str__(self) -> str:
        dimensions = ",".join(f"{name}={value}" for name, value in self.dimensions)
        return f"{self.namespace}/{self.name}{{{dimensions}}}"


#: What was published, by metric without its statistic: see `Alarm.datapoints`.
Published = Callable[[Metric], Sequence[Sample]]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A metric alarm on a threshold.

    Attributes:
        name: Its name.
        metrics: The metrics by id, in the order of the template. One alone without an expression
            is what the alarm watches.
        expressions: Metric math by id.
        watched: The id whose datapoints are compared with the threshold.
        comparison: A key of ``COMPARISONS``.
        threshold: What datapoints are compared with.
        evaluation_periods: N: how many datapoints decide.
        datapoints_to_alarm: M: how many of them have to breach.
        treat_missing_data: What counts in place of a missing one.
        ignore_low_samples: Whether a percentile over too few values leaves the state as it is.
    """

    name: str
    metrics: Mapping[str, Metric]
    expressions: Mapping[str, str]
    watched: str
    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    treat_missing_data: TreatMissingData = TreatMissingData.MISSING
    ignore_low_samples: bool = False
    period_s: int = field(init=False)

    def __post_init__(self) -> None:
        if self.comparison not in COMPARISONS:
            raise AlarmError(f"{self.name}: there is no comparison {self.comparison!r}")
        if not 1 <= self.datapoints_to_alarm <= self.evaluation_periods:
            raise AlarmError(
                f"{self.name}: {self.datapoints_to_alarm} out of {self.evaluation_periods} "
                "datapoints is not possible"
            )
        object.__setattr__(self, "period_s", self._common_period())
        if self.period_s * self.evaluation_periods > (_WEEK if self.period_s >= _HOUR else _DAY):
            raise AlarmError(
                f"{self.name}: {self.evaluation_periods} periods of {self.period_s} s are longer "
                "than CloudWatch evaluates"
            )
        self._check_expressions()

    def _common_period(self) -> int:
        periods = {metric.period_s for metric in self.metrics.values()}
        if len(periods) != 1:
            raise AlarmError(f"{self.name}: its metrics need one period, not {sorted(periods)}")
        period = periods.pop()
        if period not in {10, 20, 30} and (period <= 0 or period % _MINUTE):
            raise AlarmError(
                f"{self.name}: a period is 10, 20, 30 or a multiple of 60 s, not {period}"
            )
        return period

    def _check_expressions(self) -> None:
        known = {*self.metrics, *self.expressions}
        if self.watched not in known:
            raise AlarmError(f"{self.name}: it watches {self.watched!r}, which is not defined")
        for metric in self.metrics.values():
            parse_statistic(metric.statistic)
        for identifier, expression in self.expressions.items():
            if unknown := sorted(names(expression) - known):
                raise AlarmError(
                    f"{self.name}: {identifier!r} uses {', '.join(unknown)}, which is not defined"
                )

    @property
    def evaluation_range(self) -> int:
        """How many of the latest datapoints are retrieved."""
        return self.evaluation_periods + _EXTRA_DATAPOINTS

    @property
    def evaluated_every_s(self) -> int:
        """Seconds from one evaluation to the next."""
        if self.period_s < _MINUTE:
            return 10
        return _HOUR if self.period_s * self.evaluation_periods > _DAY else _MINUTE

    def datapoints(self, published: Published, now: int) -> Series:
        """The datapoints of the evaluation range that ends at ``now``.

        Args:
            published: Gives what was published for a metric, whatever its statistic.
            now: The moment of the evaluation, in seconds.

        Raises:
            MathError: The expression has no single time series as its result.
        """
        grid = Grid(now - self.evaluation_range * self.period_s, now, self.period_s)
        series = {
            identifier: aggregate(known_at(published(metric), now), metric.statistic, grid)
            for identifier, metric in self.metrics.items()
        }
        return self.watched_series(series, grid)

    def watched_series(self, series: Mapping[str, Series], grid: Grid) -> Series:
        """What is compared with the threshold, from the series of each metric by its id.

        Raises:
            MathError: The expression has no single time series as its result.
        """
        if self.watched in series:
            return series[self.watched]
        result: Result = evaluate(
            self.expressions[self.watched],
            grid=grid,
            metrics=series,
            expressions=self.expressions,
        )
        if isinstance(result, tuple):
            raise MathError(f"{self.name}: an alarm watches one time series, not {len(result)}")
        return result

    def has_low_samples(self, published: Published, now: int) -> bool:
        """Whether it watches a percentile over too few values in its evaluation periods."""
        metric = self.metrics.get(self.watched)
        if metric is None:
            return False
        start = now - self.evaluation_periods * self.period_s
        counted = sample_count(known_at(published(metric), now), start, now)
        return counted < self.needed_samples

    @property
    def needed_samples(self) -> int:
        """Values below which the watched percentile means nothing; 0 when it is none.

        10 / (1 - percentile), and 10 / percentile for percentiles under 50.
        """
        metric = self.metrics.get(self.watched)
        if metric is None or not is_percentile(metric.statistic):
            return 0
        share = percentile_rank(metric.statistic) / 100
        tail = 1 - share if share >= Fraction(1, 2) else share
        # p100 and p0 have no tail that could hold 10 values.
        return ceil(10 / tail) if tail else 0

    def evaluate(self, published: Published, now: int, current: State) -> "Evaluation":
        """Evaluate at ``now``, coming from ``current``."""
        datapoints = self.datapoints(published, now).values
        if self.ignore_low_samples and self.has_low_samples(published, now):
            state = current
        else:
            state = self.decide(datapoints, current)
        return Evaluation(now, state, datapoints[-1])

    def decide(self, datapoints: Sequence[float | None], current: State) -> State:
        """The state that the retrieved datapoints, oldest first, lead to from ``current``."""
        compare = COMPARISONS[self.comparison]
        breaching = [None if d is None else compare(d, self.threshold) for d in datapoints]
        return decide(
            breaching,
            periods=self.evaluation_periods,
            to_alarm=self.datapoints_to_alarm,
            treat_missing_data=self.treat_missing_data,
            current=current,
        )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation saw and decided.

    Attributes:
        time: When, in seconds.
        state: The state from then on.
        datapoint: The latest period's, or None when it is missing.
    """

    time: int
    state: State
    datapoint: float | None


def run(
    alarm: Alarm, published: Published, *, end: int, initial: State = State.INSUFFICIENT_DATA
) -> list[Evaluation]:
    """Evaluate an alarm again and again, from its creation at 0 s until ``end``."""
    state, evaluations = initial, []
    for now in range(alarm.evaluated_every_s, end + 1, alarm.evaluated_every_s):
        evaluation = alarm.evaluate(published, now, state)
        state = evaluation.state
        evaluations.append(evaluation)
    return evaluations
