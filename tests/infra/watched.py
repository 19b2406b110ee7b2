"""Whether dashboards draw what the alarms of the same templates watch, read from the templates."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


def disagreements(dashboards: Mapping[str, Json], alarms: Mapping[str, Json]) -> list[str]:
    """What dashboards and alarms say differently.

    Args:
        dashboards: Their bodies by subject: ``overview``, ``api`` or an agent.
        alarms: Their properties by name without the environment's prefix.
    """
    widgets = [
        (subject, widget["properties"])
        for subject, body in dashboards.items()
        for widget in body["widgets"]
        if widget["type"] == "metric"
    ]
    agents = sorted(set(dashboards) - {"overview", "api"})
    return [
        *(
            problem
            for subject, properties in widgets
            for problem in _unfounded(subject, properties, alarms, agents)
        ),
        *_undrawn([properties for _, properties in widgets], alarms),
    ]


def _unfounded(
    subject: str, properties: Json, alarms: Mapping[str, Json], agents: Sequence[str]
) -> Iterator[str]:
    """Thresholds and alarms that there are not."""
    for line in _thresholds(properties):
        symptom = line["label"].removeprefix("alarm: ")
        # The overview draws what the agents have in common.
        whose = agents if subject == "overview" else [subject]
        own = [symptom, *(f"{one}-{symptom}" for one in whose)]
        meant = [name for name in own if name in alarms]
        if not meant or any(_threshold(alarms[name]) != _drawn(line) for name in meant):
            yield f"{subject}, {properties['title']}: {line['value']} is not {symptom}'s threshold"
    for name in _by_name(properties):
        # Those on versions are in another template.
        if name not in alarms and "version-" not in name:
            yield f"{subject}, {properties['title']}: there is no alarm {name}"


def _undrawn(widgets: list[Json], alarms: Mapping[str, Json]) -> Iterator[str]:
    """Alarms that no widget shows: what they watch, and the threshold beside it."""
    drawn = [(widget, _lines(widget)) for widget in widgets]
    # CloudWatch draws both from the alarm itself.
    by_name = {name for widget in widgets for name in _by_name(widget)}
    for name, alarm in alarms.items():
        if name in by_name:
            continue
        watched = _watched(alarm)
        showing = [widget for widget, lines in drawn if watched in lines]
        if not showing:
            yield f"{name}: no widget draws what it watches"
        elif _threshold(alarm) not in [
            (0, "above"),  # The axis begins there.
            *(_drawn(line) for widget in showing for line in _thresholds(widget)),
        ]:
            yield f"{name}: no widget that draws what it watches draws its threshold"


def _by_name(properties: Json) -> list[str]:
    """The alarms that a widget draws, without the environment's prefix."""
    arns: list[str] = properties.get("annotations", {}).get("alarms", [])
    return [arn.rpartition(":alarm:")[2].split("-", 2)[2] for arn in arns]


def _thresholds(properties: Json) -> list[Json]:
    lines: list[Json] = properties.get("annotations", {}).get("horizontal", [])
    return lines


def _drawn(line: Json) -> tuple[float, str]:
    return line["value"], line["fill"]


def _threshold(alarm: Json) -> tuple[float, str]:
    fill = {
        "GreaterThanThreshold": "above",
        "GreaterThanOrEqualToThreshold": "above",
        "LessThanThreshold": "below",
    }
    return alarm["Threshold"], fill[alarm["ComparisonOperator"]]


def _watched(alarm: Json) -> str:
    """What an alarm watches, spelled without ids."""
    if "MetricName" in alarm:
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        return _spelled(alarm, statistic, alarm["Period"])
    [expression] = [one["Expression"] for one in alarm["Metrics"] if "Expression" in one]
    parts = {
        one["Id"]: _spelled(
            one["MetricStat"]["Metric"], one["MetricStat"]["Stat"], one["MetricStat"]["Period"]
        )
        for one in alarm["Metrics"]
        if "MetricStat" in one
    }
    return _without_ids(expression, parts)


def _lines(properties: Json) -> set[str]:
    """What a widget draws, spelled likewise."""
    parts, expressions, spelled = {}, [], set()
    for row in properties.get("metrics", []):
        *fields, options = row
        if "expression" in options:
            expressions.append(options["expression"])
            continue
        namespace, name, *pairs = fields
        dimensions = [
            {"Name": one, "Value": value}
            for one, value in zip(pairs[::2], pairs[1::2], strict=True)
        ]
        metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
        period = options.get("period", properties.get("period", 300))
        text = _spelled(metric, options.get("stat", "Average"), period)
        if options.get("visible", True):
            spelled.add(text)
        else:
            parts[options["id"]] = text
    return spelled | {_without_ids(expression, parts) for expression in expressions}


def _spelled(metric: Json, statistic: str, period: int) -> str:
    dimensions = sorted((one["Name"], one["Value"]) for one in metric.get("Dimensions", []))
    return f"<{metric['Namespace']} {metric['MetricName']} {dimensions} {statistic} {period}>"


def _without_ids(expression: str, parts: Mapping[str, str]) -> str:
    return re.sub(r"\b[a-z]\w*\b", lambda found: parts.get(found[0], found[0]), expression)
