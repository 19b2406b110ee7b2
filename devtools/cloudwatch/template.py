"""Alarms as a synthesized CloudFormation template describes them.

What CloudFormation would only know at deployment stays a symbol: ``{"Ref": "Queue"}`` becomes
``${Queue}``, ``{"Fn::GetAtt": ["Queue", "QueueName"]}`` becomes ``${Queue.QueueName}``. Within one
template equal symbols are equal values, which is all that an alarm's metrics and rules need.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devtools.cloudwatch.alarms import Alarm, AlarmError, Metric, State, TreatMissingData
from devtools.cloudwatch.composite import Rule, parse_rule

_METRIC_ALARM: Final = "AWS::CloudWatch::Alarm"
_COMPOSITE_ALARM: Final = "AWS::CloudWatch::CompositeAlarm"
#: The id of the only metric of an alarm without metric math.
ONLY_METRIC: Final = "metric"


class TemplateError(AlarmError):
    """A template cannot be read, or describes an alarm that is not possible or not supported."""


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


AnyAlarm = Alarm | CompositeAlarm


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
        TemplateError: There is no template, one cannot be read, an alarm is not possible or not
            supported, or two have the same name.
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
    return found


def read_template(template: Any, shown: str) -> Iterator[DescribedAlarm]:
    """Each alarm of a template.

    Args:
        template: The template, as parsed from JSON.
        shown: What to call it in errors.

    Raises:
        TemplateError: An alarm is not possible, or not supported.
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
        properties = _Properties(resource.get("Properties") or {}, f"{shown}: {logical_id}")
        name = properties.text("AlarmName", logical_id)
        aliases |= {f"${{{logical_id}.Arn}}": name, f"${{{logical_id}}}": name, name: name}
        if kind == _COMPOSITE_ALARM:
            composites[logical_id] = (name, properties)
        else:
            yield DescribedAlarm(_metric_alarm(name, properties), logical_id, shown)
    for logical_id, (name, properties) in composites.items():
        alarm = _composite_alarm(name, properties, aliases)
        yield DescribedAlarm(alarm, logical_id, shown)


def resolve(value: Any) -> Any:
    """Replace CloudFormation's intrinsic functions by texts, with symbols for what is unknown.

    Raises:
        TemplateError: A function is not supported.
    """
    if isinstance(value, list):
        return [resolve(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        function, argument = next(iter(value.items()))
        if function == "Ref" or function.startswith("Fn::"):
            return _symbol(function, argument)
    return {key: resolve(item) for key, item in value.items()}


def _symbol(function: str, argument: Any) -> str:
    match function, argument:
        case ("Ref", str(name)) | ("Fn::GetAtt", str(name)):
            text = f"${{{name}}}"
        case "Fn::GetAtt", [str(name), str(attribute)]:
            text = f"${{{name}.{attribute}}}"
        case "Fn::Join", [str(separator), list(parts)]:
            text = separator.join(str(resolve(part)) for part in parts)
        case "Fn::Sub", str(text):
            pass
        case "Fn::Sub", [str(text), dict(variables)]:
            for name, part in variables.items():
                text = text.replace(f"${{{name}}}", str(resolve(part)))
        case "Fn::ImportValue", exported:
            text = f"${{ImportValue {resolve(exported)}}}"
        case _:
            raise TemplateError(f"{function} of {json.dumps(argument)[:80]} is not supported here")
    return text


class _Properties:
    """A resource's properties, resolved; errors name the resource and the property."""

    def __init__(self, properties: Any, where: str) -> None:
        self.where = where
        try:
            self._values = resolve(properties)
        except TemplateError as error:
            raise TemplateError(f"{where}: {error}") from None
        if not isinstance(self._values, dict):
            raise TemplateError(f"{where}: it has no properties")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str) or not value:
            raise TemplateError(f"{self.where}: {name} must be a text, not {value!r}")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        value = self._values.get(name, default)
        try:
            return float(str(value))
        except ValueError:
            raise TemplateError(f"{self.where}: {name} must be a number, not {value!r}") from None

    def whole(self, name: str, default: int | None = None) -> int:
        value = self.number(name, default)
        if value != int(value):
            raise TemplateError(f"{self.where}: {name} must be a whole number, not {value!r}")
        return int(value)

    def inner(self, name: str) -> "_Properties":
        return _Properties(self._values.get(name), f"{self.where}: {name}")

    def list(self, name: str) -> "list[_Properties]":
        value = self._values.get(name, [])
        if not isinstance(value, list):
            raise TemplateError(f"{self.where}: {name} must be a list")
        return [_Properties(v, f"{self.where}: {name}[{i}]") for i, v in enumerate(value)]

    def is_false(self, name: str) -> bool:
        return self._values.get(name) in {False, "false"}


def _metric_alarm(name: str, properties: _Properties) -> Alarm:
    if "ThresholdMetricId" in properties:
        raise TemplateError(
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
            comparison=properties.text("ComparisonOperator"),
            threshold=properties.number("Threshold"),
            evaluation_periods=periods,
            datapoints_to_alarm=properties.whole("DatapointsToAlarm", periods),
            treat_missing_data=_treatment(properties, metrics),
            ignore_low_samples=_ignores_low_samples(properties),
        )
    except ValueError as error:
        raise TemplateError(f"{properties.where}: {error}") from None


def _queries(
    properties: _Properties, metrics: dict[str, Metric], expressions: dict[str, str]
) -> str:
    """Read an alarm's metric data queries; the id of the watched one."""
    watched = []
    for query in properties.list("Metrics"):
        identifier = query.text("Id")
        if identifier in metrics or identifier in expressions:
            raise TemplateError(f"{query.where}: {identifier!r} is defined twice")
        if "Expression" in query:
            expressions[identifier] = query.text("Expression")
            if expressions[identifier].lstrip().upper().startswith("SELECT"):
                raise TemplateError(f"{query.where}: Metrics Insights queries are not supported")
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


def _metric(metric: _Properties, statistic: str, period: _Properties) -> Metric:
    dimensions = ((d.text("Name"), d.text("Value")) for d in metric.list("Dimensions"))
    return Metric(
        namespace=metric.text("Namespace"),
        name=metric.text("MetricName"),
        dimensions=tuple(sorted(dimensions)),
        statistic=statistic,
        period_s=period.whole("Period"),
    )


def _treatment(properties: _Properties, metrics: Mapping[str, Metric]) -> TreatMissingData:
    # The one namespace with a default of its own.
    from_dynamodb = any(metric.namespace == "AWS/DynamoDB" for metric in metrics.values())
    default = TreatMissingData.IGNORE if from_dynamodb else TreatMissingData.MISSING
    text = properties.text("TreatMissingData", default)
    if text not in set(TreatMissingData):
        raise TemplateError(f"{properties.where}: TreatMissingData must not be {text!r}")
    return TreatMissingData(text)


def _ignores_low_samples(properties: _Properties) -> bool:
    text = properties.text("EvaluateLowSampleCountPercentile", "evaluate")
    if text not in {"evaluate", "ignore"}:
        raise TemplateError(
            f"{properties.where}: EvaluateLowSampleCountPercentile must not be {text!r}"
        )
    return text == "ignore"


def _composite_alarm(
    name: str, properties: _Properties, aliases: Mapping[str, str]
) -> CompositeAlarm:
    try:
        rule = parse_rule(properties.text("AlarmRule"))
    except AlarmError as error:
        raise TemplateError(f"{properties.where}: {error}") from None
    children = {}
    for written in sorted(rule.alarms):
        known = aliases.get(written) or aliases.get(written.rpartition(":alarm:")[2])
        if known is None:
            raise TemplateError(
                f"{properties.where}: its rule refers to {written!r}, which is no alarm of this "
                "template"
            )
        if known == name:
            raise TemplateError(f"{properties.where}: its rule refers to itself")
        children[written] = known
    return CompositeAlarm(name, rule, children)
