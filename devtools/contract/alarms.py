"""Alarms: what they watch, what they are made of, and what they do when they go off."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from devtools.cloudwatch.alarms import AlarmError
from devtools.cloudwatch.composite import Rule, parse_rule
from devtools.cloudwatch.states import State
from devtools.contract.expressions import Expressions
from devtools.contract.uses import Use
from devtools.dashboard.metrics import MetricId

_MOST_ACTIONS: Final = 5
#: Actions that do something, and tell nobody.
_DOES: Final = re.compile(r"arn:[^:]+:(?:aiops|automate|autoscaling|lambda|ssm|ssm-incidents|swf):")


@dataclass(frozen=True, slots=True)
class Watch:
    """An alarm.

    Attributes:
        name: Its name.
        tells: Whether it says so to a topic of the templates when it goes off.
        uses: What it watches; nothing for a composite alarm.
        threshold: Its own; None for a composite alarm and for an anomaly's band.
        breaches: On which side of its threshold values breach: ``above`` or ``below``.
        rule: A composite alarm's.
        written: The names of the alarms in its rule, by what it calls them.
        suppressor: The alarm that keeps it from telling while it stands; empty for none.
        problems: What is wrong with it.
    """

    name: str
    tells: bool
    uses: tuple[Use, ...] = ()
    threshold: float | None = None
    breaches: str = ""
    rule: Rule | None = None
    written: Mapping[str, str] = field(default_factory=dict)
    suppressor: str = ""
    problems: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The alarm, for a person."""
        return f"alarm {self.name}"

    @property
    def children(self) -> frozenset[str]:
        """The names of the alarms that it is made of."""
        return frozenset(self.written.values())

    def goes_off_with(self, red: Collection[str]) -> bool:
        """Whether its rule holds, if it has one, when these alarms are red and all others OK."""
        states = {
            written: State.ALARM if name in red else State.OK
            for written, name in self.written.items()
        }
        return self.rule is not None and self.rule.holds(states)

    @property
    def metrics(self) -> frozenset[MetricId]:
        """The metrics that it watches."""
        return frozenset(use.metric for use in self.uses)


def read_alarm(properties: Mapping[str, Any], region: str | None, topics: Collection[str]) -> Watch:
    """Read an ``AWS::CloudWatch::Alarm``.

    Args:
        properties: The resource's.
        region: Where it is deployed, if that is known.
        topics: What actions call the topics of the templates.
    """
    name = str(properties.get("AlarmName", ""))
    where = f"alarm {name}"
    queries = properties.get("Metrics") or []
    problems = [*_wrong_actions(properties, topics)]
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
    band = properties.get("ThresholdMetricId")
    if band is not None and band not in {query["Id"] for query in queries}:
        problems.append(f"Its threshold is {band}, which nothing defines.")
    threshold = properties.get("Threshold")
    return Watch(
        name,
        _tells(properties, topics),
        tuple(uses),
        None if threshold is None else float(threshold),
        "below" if str(properties.get("ComparisonOperator")).startswith("Less") else "above",
        problems=tuple(problems),
    )


def read_composite(properties: Mapping[str, Any], topics: Collection[str]) -> Watch:
    """Read an ``AWS::CloudWatch::CompositeAlarm``."""
    name = str(properties.get("AlarmName", ""))
    tells = _tells(properties, topics)
    try:
        rule = parse_rule(str(properties.get("AlarmRule", "")))
    except AlarmError as error:
        return Watch(name, tells, problems=(str(error),))
    return Watch(
        name,
        tells,
        rule=rule,
        written={child: _name_in(child) for child in rule.alarms},
        suppressor=_name_in(str(properties.get("ActionsSuppressor", ""))),
        problems=tuple(_wrong_actions(properties, topics)),
    )


def _name_in(written: str) -> str:
    """The name in an alarm's name or ARN."""
    return written.rpartition(":alarm:")[2]


def _tells(properties: Mapping[str, Any], topics: Collection[str]) -> bool:
    if str(properties.get("ActionsEnabled", True)).lower() == "false":
        return False
    return any(action in topics for action in properties.get("AlarmActions") or ())


def _wrong_actions(properties: Mapping[str, Any], topics: Collection[str]) -> Iterator[str]:
    for kind in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        actions = properties.get(kind) or ()
        if len(actions) > _MOST_ACTIONS:
            yield f"It has {len(actions)} {kind}, more than {_MOST_ACTIONS}."
        for action in actions:
            if action not in topics and not _DOES.match(str(action)):
                yield f"Its action {action} is no topic of the templates."


def _metric(named: Mapping[str, Any]) -> MetricId:
    dimensions = {one["Name"]: one["Value"] for one in named.get("Dimensions") or ()}
    return MetricId.of(named["Namespace"], named["MetricName"], dimensions)
