"""Alarms as a synthesized CloudFormation template describes them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devtools.cloudwatch.alarms import ANOMALY_COMPARISONS, Alarm, AlarmError, Metric
from devtools.cloudwatch.cloudformation import NotSupported, Properties, TemplateError
from devtools.cloudwatch.composite import Rule, parse_rule
from devtools.cloudwatch.math import MathError, unsupported
from devtools.cloudwatch.states import State, TreatMissingData

_METRIC_ALARM: Final = "AWS::CloudWatch::Alarm"
_COMPOSITE_ALARM: Final = "AWS::CloudWatch::CompositeAlarm"
#: The id of the only metric of an alarm without metric math.
ONLY_METRIC: Final = "metric"


@dataclass(frozen=True, slots=True)
class CompositeAlarm:
    """A composite alarm.

    Attributes:
        name: Its name.
        rule: Its rule, over the names and ARNs as the template has them.
        children: The alarm that each of these stands for, by name.
    """

    name: str
    rule: Rule
    children: Mapping[str, str]

    def state(self, states: Mapping[str, State]) -> State:
        """The state, from the states of its children by their names."""
        return self.rule.state({written: states[name] for written, name in self.children.items()})


@dataclass(frozen=True, slots=True)
class UnsupportedAlarm:
    """An alarm that CloudWatch takes and that is not evaluated here.

    Attributes:
        name: Its name.
        reason: Why not.
    """

    name: str
    reason: str


AnyAlarm = Alarm | CompositeAlarm | UnsupportedAlarm


@dataclass(frozen=True, slots=True)
class DescribedAlarm:
    """An alarm and where it stands.

    Attributes:
        alarm: The alarm.
        logical_id: Its id in the template.
        template: The template's file name.
    """

    alarm: AnyAlarm
    logical_id: str
    template: str

    @property
    def name(self) -> str:
        """The alarm's name."""
        return self.alarm.name


def load_alarms(folder: Path) -> dict[str, DescribedAlarm]:
    """Read every alarm of the templates in a folder, such as a ``cdk.out``, by name.

    Raises:
        TemplateError: There is no template, one cannot be read, an alarm is not possible, or two
            have the same name.
    """
    files = sorted(folder.rglob("*.template.json"))
    if not files:
        raise TemplateError(f"there is no *.template.json in {folder}")
    found: dict[str, DescribedAlarm] = {}
    for file in files:
        try:
            template = json.loads(file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as broken:
            raise TemplateError(f"{file}: not JSON: {broken}") from None
        for described in read_template(template, file.name):
            if described.name in found:
                raise TemplateError(f"{file.name}: a second alarm is named {described.name!r}")
            found[described.name] = described
    for described in found.values():
        if isinstance(described.alarm, CompositeAlarm):
            for child in described.alarm.children.values():
                if child not in found:
                    raise TemplateError(
                        f"{described.template}: {described.logical_id}: its rule refers to "
                        f"{child!r}, which is no alarm of these templates"
                    )
    return found


def read_template(template: Any, shown: str) -> Iterator[DescribedAlarm]:
    """Each alarm of a template.

    Args:
        template: The template, as parsed from JSON.
        shown: What to call it in errors.

    Raises:
        TemplateError: An alarm is not possible.
    """
    resources = template.get("Resources") if isinstance(template, dict) else None
    if not isinstance(resources, dict):
        raise TemplateError(f"{shown}: it is no CloudFormation template: it has no Resources")
    composites = {}
    aliases: dict[str, str] = {}
    for logical_id, resource in resources.items():
        kind = resource.get("Type") if isinstance(resource, dict) else None
        if kind not in {_METRIC_ALARM, _COMPOSITE_ALARM}:
            continue
        given, where = resource.get("Properties") or {}, f"{shown}: {logical_id}"
        name = _name(given, logical_id, where)
        aliases |= {f"${{{logical_id}.Arn}}": name, f"${{{logical_id}}}": name, name: name}
        alarm: AnyAlarm
        try:
            properties = Properties(given, where)
            if kind == _COMPOSITE_ALARM:
                composites[logical_id] = (name, properties)
                continue
            alarm = _metric_alarm(name, properties)
        except NotSupported as error:
            alarm = UnsupportedAlarm(name, str(error).removeprefix(f"{where}: "))
        yield DescribedAlarm(alarm, logical_id, shown)
    for logical_id, (name, properties) in composites.items():
        alarm = _composite_alarm(name, properties, aliases)
        yield DescribedAlarm(alarm, logical_id, shown)


def _name(properties: Any, logical_id: str, where: str) -> str:
    """An alarm's name, also where other properties of it are not understood."""
    given = properties.get("AlarmName", logical_id) if isinstance(properties, dict) else logical_id
    try:
        return Properties({"AlarmName": given}, where).text("AlarmName")
    except NotSupported:
        return logical_id


def _metric_alarm(name: str, properties: Properties) -> Alarm:
    comparison = properties.text("ComparisonOperator")
    if "ThresholdMetricId" in properties or comparison in ANOMALY_COMPARISONS:
        raise NotSupported(
            f"{properties.where}: anomaly detection is not supported: its band comes from a model "
            "that CloudWatch trains"
        )
    metrics: dict[str, Metric] = {}
    expressions: dict[str, str] = {}
    if "Metrics" in properties:
        watched = _queries(properties, metrics, expressions)
    else:
        watched = ONLY_METRIC
        statistic = "ExtendedStatistic" if "ExtendedStatistic" in properties else "Statistic"
        metrics[watched] = _metric(properties, properties.text(statistic), properties)
    periods = properties.whole("EvaluationPeriods")
    try:
        return Alarm(
            name=name,
            metrics=metrics,
            expressions=expressions,
            watched=watched,
            comparison=comparison,
            threshold=properties.number("Threshold"),
            evaluation_periods=periods,
            datapoints_to_alarm=properties.whole("DatapointsToAlarm", periods),
            treat_missing_data=_treatment(properties, metrics),
            ignore_low_samples=_ignores_low_samples(properties),
        )
    except ValueError as error:
        raise TemplateError(f"{properties.where}: {error}") from None


def _queries(
    properties: Properties, metrics: dict[str, Metric], expressions: dict[str, str]
) -> str:
    """Read an alarm's metric data queries; the id of the watched one."""
    watched = []
    for query in properties.list("Metrics"):
        identifier = query.text("Id")
        if identifier in metrics or identifier in expressions:
            raise TemplateError(f"{query.where}: {identifier!r} is defined twice")
        if "Expression" in query:
            expressions[identifier] = query.text("Expression")
            _check_supported(expressions[identifier], query.where)
        else:
            stat = query.inner("MetricStat")
            metrics[identifier] = _metric(stat.inner("Metric"), stat.text("Stat"), stat)
        if not query.is_false("ReturnData"):
            watched.append(identifier)
    if len(watched) != 1:
        raise TemplateError(
            f"{properties.where}: one of its Metrics must return data, not {len(watched)}"
        )
    return watched[0]


def _check_supported(expression: str, where: str) -> None:
    try:
        reason = unsupported(expression)
    except MathError as error:
        raise TemplateError(f"{where}: {error}") from None
    if reason:
        raise NotSupported(f"{where}: {reason}")


def _metric(metric: Properties, statistic: str, period: Properties) -> Metric:
    dimensions = ((d.text("Name"), d.text("Value")) for d in metric.list("Dimensions"))
    return Metric(
        namespace=metric.text("Namespace"),
        name=metric.text("MetricName"),
        dimensions=tuple(sorted(dimensions)),
        statistic=statistic,
        period_s=period.whole("Period"),
    )


def _treatment(properties: Properties, metrics: Mapping[str, Metric]) -> TreatMissingData:
    # The one namespace with a default of its own.
    from_dynamodb = any(metric.namespace == "AWS/DynamoDB" for metric in metrics.values())
    default = TreatMissingData.IGNORE if from_dynamodb else TreatMissingData.MISSING
    text = properties.text("TreatMissingData", default)
    if text not in set(TreatMissingData):
        raise TemplateError(f"{properties.where}: TreatMissingData must not be {text!r}")
    return TreatMissingData(text)


def _ignores_low_samples(properties: Properties) -> bool:
    text = properties.text("EvaluateLowSampleCountPercentile", "evaluate")
    if text not in {"evaluate", "ignore"}:
        raise TemplateError(
            f"{properties.where}: EvaluateLowSampleCountPercentile must not be {text!r}"
        )
    return text == "ignore"


def _composite_alarm(
    name: str, properties: Properties, aliases: Mapping[str, str]
) -> CompositeAlarm:
    try:
        rule = parse_rule(properties.text("AlarmRule"))
    except AlarmError as error:
        raise TemplateError(f"{properties.where}: {error}") from None
    children = {}
    for written in sorted(rule.alarms):
        named = written.rpartition(":alarm:")[2]
        # A name without a reference may be that of another stack's alarm.
        known = aliases.get(written) or aliases.get(named, named)
        if "${" in known:
            raise TemplateError(
                f"{properties.where}: its rule refers to {written!r}, which is no alarm of this "
                "template"
            )
        if known == name:
            raise TemplateError(f"{properties.where}: its rule refers to itself")
        children[written] = known
    return CompositeAlarm(name, rule, children)
