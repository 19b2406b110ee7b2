"""A dashboard filled: one request for all its metrics, then widget by widget."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Final

from devtools.cloudwatch.math import MathError
from devtools.cloudwatch.template import AnyAlarm
from devtools.dashboard.assembly import Dashboard
from devtools.dashboard.body import (
    AlarmWidget,
    Body,
    LogWidget,
    MetricWidget,
    NotADashboard,
    Place,
    TextWidget,
    UnreadableWidget,
    Widget,
    parse_body,
)
from devtools.dashboard.document import content
from devtools.dashboard.document.alarms import (
    AlarmStates,
    alarm_name,
    with_alarms,
    with_children,
)
from devtools.dashboard.document.content import Json
from devtools.dashboard.document.evaluation import evaluated_lines, queries_of
from devtools.dashboard.document.logs import log_content
from devtools.dashboard.document.metrics import metric_content
from devtools.dashboard.document.time_range import TimeRange
from devtools.dashboard.layout import COLUMNS, lay_out, rows
from devtools.dashboard.markdown import to_html
from devtools.dashboard.sources import SeriesQuery, SeriesResult, Source

#: Where neither the viewer nor the dashboard says how far to look back.
DEFAULT_RANGE: Final = timedelta(hours=3)


def document(
    dashboard: Dashboard,
    *,
    source: Source,
    alarms: Mapping[str, AnyAlarm],
    now: datetime,
    time_range: TimeRange | None = None,
) -> Json:
    """Fill a dashboard.

    Args:
        dashboard: Which one.
        source: Where its data come from.
        alarms: Those that widgets may name, for the metrics behind them.
        now: The range's end, where ``time_range`` is not given.
        time_range: None for the dashboard's own.

    Raises:
        SourceError: The source does not answer.
    """
    try:
        body = parse_body(dashboard.body) if not dashboard.problem else None
        problem = dashboard.problem
    except NotADashboard as error:
        body, problem = None, str(error)
    body = body or Body((UnreadableWidget(Place(0, 0, COLUMNS, 4), dashboard.name, problem),))
    shown = time_range or TimeRange.back(body.own_range or DEFAULT_RANGE, now)
    cells = lay_out([widget.place for widget in body.widgets])
    filled = _Widgets(body.widgets, source, alarms, shown, now.timestamp()).fill()
    return {
        "name": dashboard.name,
        "title": dashboard.name,
        "source": source.label,
        "generated": now.timestamp() * 1000,
        "range": {"start": shown.start * 1000, "end": shown.end * 1000},
        "problems": list(body.problems),
        "rows": rows(cells),
        "widgets": [
            {"id": f"widget-{index}", "at": asdict(cell), **widget}
            for index, (cell, widget) in enumerate(zip(cells, filled, strict=True))
        ],
    }


class _Widgets:
    """Fills the widgets of one dashboard, with one request for all their metrics."""

    def __init__(
        self,
        widgets: Sequence[Widget],
        source: Source,
        alarms: Mapping[str, AnyAlarm],
        shown: TimeRange,
        now: float,
    ) -> None:
        self._widgets = widgets
        self._source = source
        self._alarms = alarms
        self._shown = shown
        self._now = now
        self._results: dict[SeriesQuery, SeriesResult] = {}
        self._states = AlarmStates(alarms, {}, now)

    def fill(self) -> list[Json]:
        queries: set[SeriesQuery] = set()
        named: list[str] = []
        for widget in self._widgets:
            if isinstance(widget, MetricWidget):
                shown = self._shown.of_widget(widget, self._now)
                queries |= queries_of(with_alarms(widget, self._alarms), shown)
            if isinstance(widget, MetricWidget | AlarmWidget):
                named += [alarm_name(arn) for arn in widget.alarms]
        self._results = self._source.read(sorted(queries, key=repr))
        if named:
            reports = self._source.alarms(with_children(named, self._alarms))
            known = {report.name: report for report in reports}
            self._states = replace(self._states, reports=known)
        return [self._fill(widget) for widget in self._widgets]

    def _fill(self, widget: Widget) -> Json:
        match widget:
            case TextWidget():
                return {
                    "kind": "text",
                    "title": "",
                    "state": "data",
                    "html": to_html(widget.markdown),
                    "transparent": widget.background == "transparent",
                }
            case AlarmWidget():
                head = content.filled(widget.title, "alarms", empty="")
                return head | self._states.of_widget(widget.properties)
            case LogWidget():
                return content.guarded(widget.title, "log", lambda: self._log(widget))
            case MetricWidget():
                kind = widget.properties.view
                title = widget.title or ", ".join(map(alarm_name, widget.alarms))
                return content.guarded(title, kind, lambda: self._metrics(widget, title))
            case UnreadableWidget():
                state = "error" if widget.known_kind else "unevaluated"
                return content.failed(widget.title, "unreadable", state, widget.problem)

    def _metrics(self, widget: MetricWidget, title: str) -> Json:
        named = ", ".join(map(alarm_name, widget.alarms))
        widget = with_alarms(widget, self._alarms)
        if not widget.rows:
            raise MathError(f"There is no alarm {named} whose metric could be drawn.")
        shown = self._shown.of_widget(widget, self._now)
        lines = evaluated_lines(widget, shown, self._results)
        states = self._states.of(widget.alarms)
        return metric_content(widget, lines, shown, states) | {"title": title}

    def _log(self, widget: LogWidget) -> Json:
        start, end = self._shown.start, self._shown.end
        return log_content(widget, self._source.query(widget.query, widget.log_groups, start, end))
