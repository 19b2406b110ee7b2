"""What the widgets of a dashboard read, and what is wrong with them whatever is emitted."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from devtools.contract.alarms import Watch
from devtools.contract.boards import Places
from devtools.contract.expressions import Expressions, ids_read, searches_in
from devtools.contract.search import SearchError
from devtools.contract.uses import LogUse, SearchUse, Use
from devtools.dashboard.assembly import Dashboard
from devtools.dashboard.body import (
    AlarmWidget,
    HorizontalAnnotation,
    LogWidget,
    MetricWidget,
    NotADashboard,
    TextWidget,
    UnreadableWidget,
    Widget,
    parse_body,
)
from devtools.dashboard.layout import lay_out
from devtools.dashboard.metrics import MetricId

#: The label of a line that is an alarm's threshold names the alarm, or the end of its name.
_ALARM_LINE: Final = re.compile(r"alarm: (\S+)")


@dataclass
class Widgets:
    """Reads dashboards.

    Attributes:
        alarms: The alarms there are, by name.
        arns: The name of each by its ARN.
        region: Where the dashboards and what they show are.
        places: What texts may lead to.
        uses: What was read so far; so are the others.
    """

    alarms: Mapping[str, Watch]
    arns: Mapping[str, str]
    region: str
    places: Places
    uses: list[Use] = field(default_factory=list)
    searches: list[SearchUse] = field(default_factory=list)
    logs: list[LogUse] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def read(self, board: Dashboard) -> None:
        """Read a dashboard's widgets."""
        where = f"dashboard {board.name}"
        if board.problem:
            self.problems.append((where, board.problem))
            return
        try:
            body = parse_body(board.body)
        except NotADashboard as error:
            self.problems.append((where, str(error)))
            return
        # What is wrong with the whole, such as two variables of one id.
        self.problems += ((where, problem) for problem in body.problems)
        self.problems += ((where, problem) for problem in _misplaced(body.widgets))
        for widget, written in zip(body.widgets, board.body["widgets"], strict=True):
            shown = f"{where}, widget {getattr(widget, 'title', '')!r}"
            region = _region(written)
            match widget:
                case UnreadableWidget():
                    self.problems.append((shown, widget.problem))
                case LogWidget():
                    self._log(shown, widget, region)
                case AlarmWidget():
                    self._named_alarms(shown, widget.alarms)
                case MetricWidget():
                    self._metric(shown, widget, region)
                case TextWidget():
                    lost = self.places.lost(widget.markdown)
                    self.problems += ((f"{where}, a text", problem) for problem in lost)

    def _log(self, where: str, widget: LogWidget, region: str | None) -> None:
        self.logs.append(LogUse(where, widget.log_groups, widget.query, widget.view))
        if not widget.log_groups:
            self.problems.append((where, "It searches no log group."))
        if region not in {None, self.region}:
            self.problems.append((where, f"It searches in {region}, where this app is not."))

    def _named_alarms(self, where: str, arns: tuple[str, ...]) -> None:
        self.problems += [
            (where, f"It names {arn}, which is no alarm of the templates.")
            for arn in arns
            if arn not in self.arns
        ]

    def _metric(self, where: str, widget: MetricWidget, region: str | None) -> None:
        axes = widget.properties.y_axis
        expressions = Expressions(
            [row.id or f"row{at}" for at, row in enumerate(widget.rows) if row.metric is not None],
            {row.id: row.expression for row in widget.rows if row.id and row.expression},
        )
        for row in widget.rows:
            if row.metric is not None:
                axis = axes[row.y_axis].label if row.visible and row.y_axis in axes else ""
                statistic = row.stat or widget.properties.stat
                self.uses.append(
                    Use(where, row.metric, statistic, region=row.region or region, axis=axis)
                )
            elif row.expression is not None:
                self._expression(where, row.expression, expressions)
        self._named_alarms(where, widget.alarms)
        self.problems += ((where, problem) for problem in _unseen(widget))
        for line in widget.horizontal:
            self.problems += ((where, problem) for problem in self._wrong_line(widget, line))

    def _expression(self, where: str, expression: str, among: Expressions) -> None:
        self.problems += ((where, problem) for problem in among.problems(expression))
        try:
            self.searches += (SearchUse(where, search) for search in searches_in(expression))
        except SearchError as error:
            self.problems.append((where, f"{expression!r} cannot be searched for: {error}"))

    def _wrong_line(self, widget: MetricWidget, line: HorizontalAnnotation) -> Iterator[str]:
        label = _ALARM_LINE.fullmatch(line.label)
        if label is None:
            if line.label.lower().startswith("alarm"):
                yield f"Its line {line.label!r} names its alarm otherwise than 'alarm: name'."
            return
        drawn = {row.metric for row in widget.rows if row.metric is not None}
        named = [
            alarm
            for name, alarm in self.alarms.items()
            if name == label[1] or name.endswith(f"-{label[1]}")
        ]
        # A stack of agents has the line of an alarm on their sum, which is another metric.
        meant = [alarm for alarm in named if alarm.metrics & drawn] or [
            alarm for alarm in named if _names(alarm.metrics) & _names(drawn)
        ]
        if not named:
            yield f"Its line {line.label!r} is no alarm's."
        elif not meant:
            yield f"Its line {line.label!r} is of no alarm on a metric that it draws."
        elif line.value not in {alarm.threshold for alarm in meant}:
            values = sorted(
                {f"{alarm.threshold:g}" for alarm in meant if alarm.threshold is not None}
            )
            yield f"Its line {line.label!r} is at {line.value:g}, and the alarm's at {values[0]}."
        elif line.fill not in {"none", *(alarm.breaches for alarm in meant)}:
            yield f"Its line {line.label!r} shades what is {line.fill} it, where all is well."


def _misplaced(widgets: Sequence[Widget]) -> Iterator[str]:
    cells = lay_out([widget.place for widget in widgets])
    for widget, cell in zip(widgets, cells, strict=True):
        place = widget.place
        if place.x is not None and (place.x, place.y) != (cell.x, cell.y):
            yield (
                f"Its widget {getattr(widget, 'title', '')!r} at {place.x}, {place.y} lies over "
                "another, or over the edge."
            )


def _unseen(widget: MetricWidget) -> Iterator[str]:
    """What a widget of metrics reads or marks, and does not show."""
    if widget.rows and not any(row.visible for row in widget.rows):
        yield "It draws nothing: none of its rows is visible."
    metrics = [row.id for row in widget.rows if row.metric is not None and row.id is not None]
    read = {name for row in widget.rows for name in ids_read(row.expression or "0", metrics)}
    for row in widget.rows:
        if not row.visible and row.id not in read:
            name = row.metric.name if row.metric else row.expression
            yield f"Its row {row.id or name} is not visible, and no expression reads it."
    for side, axis in widget.properties.y_axis.items():
        if axis.min is not None and axis.max is not None and axis.min >= axis.max:
            yield f"Its {side} axis ends at {axis.max:g}, and begins at {axis.min:g}."
    sides = {row.y_axis for row in widget.rows if row.visible}
    for line in widget.horizontal:
        if widget.rows and line.y_axis not in sides:
            yield f"Its line {line.label!r} is on the {line.y_axis} axis, where nothing is drawn."
        own = widget.properties.y_axis.get(line.y_axis)
        if own is not None and own.max is not None and line.value > own.max:
            yield f"Its line {line.label!r} is at {line.value:g}, above its axis' {own.max:g}."


def _names(metrics: Iterable[MetricId]) -> set[tuple[str, str]]:
    return {(metric.namespace, metric.name) for metric in metrics}


def _region(widget: Any) -> str | None:
    properties = widget.get("properties") if isinstance(widget, Mapping) else None
    region = properties.get("region") if isinstance(properties, Mapping) else None
    return region if isinstance(region, str) else None
