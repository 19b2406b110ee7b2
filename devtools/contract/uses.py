"""What the widgets and alarms of synthesized templates read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devtools.cloudwatch.cloudformation import TemplateError, resolve
from devtools.cloudwatch.math import MathError, names
from devtools.dashboard.assembly import AssemblyError, read_assembly
from devtools.dashboard.body import (
    LogWidget,
    MetricWidget,
    NotADashboard,
    UnreadableWidget,
    parse_body,
)
from devtools.dashboard.metrics import MetricId

_ALARM: Final = "AWS::CloudWatch::Alarm"


class ContractError(Exception):
    """There is nothing to check, or it cannot be read."""


@dataclass(frozen=True, slots=True)
class Use:
    """A metric as one widget or alarm reads it.

    Attributes:
        where: The widget or alarm, for a person.
        metric: Namespace, name and dimensions.
        statistic: Such as Sum or p99.
        unit: The only unit it reads; None for whatever there is.
    """

    where: str
    metric: MetricId
    statistic: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """What a synthesized app reads, and the resources it may read it of.

    Attributes:
        uses: Every metric of every widget and alarm.
        log_groups: The log groups that widgets search: where, and name.
        problems: What cannot work whatever is emitted: where, and why.
        resources: Properties of all resources, by type.
    """

    uses: tuple[Use, ...]
    log_groups: tuple[tuple[str, str], ...]
    problems: tuple[tuple[str, str], ...]
    resources: Mapping[str, tuple[Mapping[str, Any], ...]]

    def values_of(self, resource_type: str, path: str) -> frozenset[str]:
        """The values that a property, with dots for depth, has in the templates."""
        found = set()
        for properties in self.resources.get(resource_type, ()):
            value: Any = properties
            for step in path.split("."):
                value = value.get(step) if isinstance(value, Mapping) else None
            if isinstance(value, str):
                found.add(value)
        return frozenset(found)


def read_contract(folder: Path) -> Contract:
    """Read the synthesized app in a folder such as ``cdk.out``.

    Raises:
        ContractError: There are no templates, or one cannot be read.
    """
    try:
        # Account and region stand in ARNs only, which are not compared.
        assembly = read_assembly(folder, account="000000000000", region="us-east-1")
        templates = [
            json.loads(file.read_text(encoding="utf-8"))
            for file in sorted(folder.glob("*.template.json"))
        ]
        resources = _resources(templates)
    except (AssemblyError, TemplateError, OSError, ValueError) as error:
        raise ContractError(str(error)) from error
    uses: list[Use] = []
    log_groups: list[tuple[str, str]] = []
    problems: list[tuple[str, str]] = []
    for properties in resources.get(_ALARM, ()):
        _read_alarm(properties, uses, problems)
    for board in assembly.dashboards:
        where = f"dashboard {board.name}"
        if board.problem:
            problems.append((where, board.problem))
            continue
        try:
            widgets = parse_body(board.body).widgets
        except NotADashboard as error:
            problems.append((where, str(error)))
            continue
        for widget in widgets:
            shown = f"{where}, widget {getattr(widget, 'title', '')!r}"
            if isinstance(widget, UnreadableWidget):
                problems.append((shown, widget.problem))
            elif isinstance(widget, LogWidget):
                log_groups += [(shown, group) for group in widget.log_groups]
            elif isinstance(widget, MetricWidget):
                _read_widget(shown, widget, uses, problems)
    return Contract(tuple(uses), tuple(log_groups), tuple(problems), resources)


def _resources(templates: list[Any]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for template in templates:
        for resource in template["Resources"].values():
            properties = resource.get("Properties") or {}
            found.setdefault(resource["Type"], []).append(_resolved(properties))
    return {resource_type: tuple(properties) for resource_type, properties in found.items()}


def _resolved(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties without intrinsics; those with one that is not known here are left out."""
    resolved = {}
    for name, value in properties.items():
        try:
            resolved[name] = resolve(value)
        except TemplateError:
            continue
    return resolved


def _read_alarm(
    properties: Mapping[str, Any], uses: list[Use], problems: list[tuple[str, str]]
) -> None:
    where = f"alarm {properties.get('AlarmName', '')}"
    if "MetricName" in properties:
        statistic = properties.get("ExtendedStatistic") or properties.get("Statistic", "")
        uses.append(Use(where, _metric(properties), statistic, properties.get("Unit")))
        return
    queries = properties.get("Metrics") or []
    if not queries:
        problems.append((where, "It watches no metric."))
    known = {query.get("Id", "") for query in queries}
    for query in queries:
        if "Expression" in query:
            problems += _unknown_ids(where, query["Expression"], known)
            continue
        read = query["MetricStat"]
        uses.append(Use(where, _metric(read["Metric"]), read["Stat"], read.get("Unit")))


def _metric(named: Mapping[str, Any]) -> MetricId:
    dimensions = {one["Name"]: one["Value"] for one in named.get("Dimensions") or ()}
    return MetricId.of(named["Namespace"], named["MetricName"], dimensions)


def _read_widget(
    where: str, widget: MetricWidget, uses: list[Use], problems: list[tuple[str, str]]
) -> None:
    known = {row.id for row in widget.rows if row.id}
    for row in widget.rows:
        if row.metric is not None:
            uses.append(Use(where, row.metric, row.stat or widget.properties.stat))
        elif row.expression is not None:
            problems += _unknown_ids(where, row.expression, known)


def _unknown_ids(where: str, expression: str, known: set[str]) -> Iterator[tuple[str, str]]:
    try:
        unknown = sorted(names(expression) - known)
    except MathError as error:
        yield where, f"{expression!r} is no metric math: {error}"
        return
    if unknown:
        yield where, f"{expression!r} uses {', '.join(unknown)}, which nothing defines."
