"""Alarms: what they watch, and whether anybody is told when they go off."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devtools.cloudwatch.alarms import AlarmError
from devtools.cloudwatch.composite import parse_rule
from devtools.contract.expressions import Expressions
from devtools.contract.uses import Use
from devtools.dashboard.metrics import MetricId


@dataclass(frozen=True, slots=True)
class Watch:
    """An alarm.

    Attributes:
        name: Its name.
        tells: Whether it does something when it goes off.
        uses: What it watches; nothing for a composite alarm.
        threshold: Its own; None for a composite alarm and for an anomaly's band.
        children: The names of the alarms that it is made of.
        problems: What is wrong with it.
    """

    name: str
    tells: bool
    uses: tuple[Use, ...] = ()
    threshold: float | None = None
    children: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The alarm, for a person."""
        return f"alarm {self.name}"

    @property
    def metrics(self) -> frozenset[MetricId]:
        """The metrics that it watches."""
        return frozenset(use.metric for use in self.uses)


def read_alarm(properties: Mapping[str, Any], region: str | None) -> Watch:
    """Read an ``AWS::CloudWatch::Alarm``, deployed in this region if it is known."""
    name = str(properties.get("AlarmName", ""))
    where = f"alarm {name}"
    queries = properties.get("Metrics") or []
    problems: list[str] = []
    uses: list[Use] = []
    if "MetricName" in properties:
        statistic = properties.get("ExtendedStatistic") or properties.get("Statistic", "")
        uses.append(
            Use(where, _metric(properties), statistic, properties.get("Unit"), region=region)
        )
    elif not queries:
        problems.append("It watches no metric.")
    for query in queries:
        if "MetricStat" in query:
            read = query["MetricStat"]
            metric = _metric(read["Metric"])
            uses.append(Use(where, metric, read["Stat"], read.get("Unit"), region=region))
    known = Expressions(
        [query["Id"] for query in queries if "MetricStat" in query],
        {query["Id"]: query["Expression"] for query in queries if "Expression" in query},
    )
    for expression in known.by_id.values():
        problems += known.problems(expression)
    threshold = properties.get("Threshold")
    return Watch(
        name,
        _tells(properties),
        tuple(uses),
        None if threshold is None else float(threshold),
        problems=tuple(problems),
    )


def read_composite(properties: Mapping[str, Any]) -> Watch:
    """Read an ``AWS::CloudWatch::CompositeAlarm``."""
    name = str(properties.get("AlarmName", ""))
    try:
        written = parse_rule(str(properties.get("AlarmRule", ""))).alarms
    except AlarmError as error:
        return Watch(name, _tells(properties), problems=(str(error),))
    children = frozenset(child.rpartition(":alarm:")[2] for child in written)
    return Watch(name, _tells(properties), children=children)


def untold(alarms: Sequence[Watch]) -> Iterator[tuple[str, str]]:
    """Alarms that go off without a word: where, and why."""
    parents: dict[str, list[Watch]] = {}
    for alarm in alarms:
        for child in alarm.children:
            parents.setdefault(child, []).append(alarm)

    def tells(alarm: Watch, below: frozenset[str]) -> bool:
        return alarm.tells or any(
            tells(parent, below | {alarm.name})
            for parent in parents.get(alarm.name, ())
            if parent.name not in below
        )

    for alarm in alarms:
        if not tells(alarm, frozenset({alarm.name})):
            yield alarm.where, "It tells nobody: it has no action, and no alarm above it has one."


def _tells(properties: Mapping[str, Any]) -> bool:
    enabled = properties.get("ActionsEnabled", True)
    return enabled not in {False, "false"} and bool(properties.get("AlarmActions"))


def _metric(named: Mapping[str, Any]) -> MetricId:
    dimensions = {one["Name"]: one["Value"] for one in named.get("Dimensions") or ()}
    return MetricId.of(named["Namespace"], named["MetricName"], dimensions)
