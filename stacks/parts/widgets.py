"""How every dashboard draws: one palette, one way to write each kind of widget.

Widgets are the JSON of AWS's "Dashboard Body Structure and Syntax", without place and region, which
``dashboard`` adds. A threshold can be drawn only by handing over the alarm that has it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import batched, cycle
from typing import Any, Final

from stacks.parts.alarms import BELOW, AlarmSpec, Urgency
from stacks.parts.metrics import FIVE_MINUTES, HOUR, AgentMetrics, Metrics, MetricStat, Series

HEIGHT: Final = 6
_ALARMS_IN_A_ROW: Final = 8
#: As many as an alarm widget takes.
_ALARMS_IN_A_WIDGET: Final = 100
_GRAPHS_IN_A_ROW: Final = 4
#: The unit of an axis that does not begin at zero: a step is what it is there for.
VERSION: Final = "version"
#: What is shown of an alarm on whole hours: of less than a day there are a few points only, which
#: stand at the beginning of their periods.
_A_DAY: Final = {"start": "-P1D"}
#: And of one that remembers what was before: its graph begins with the time of which too little is
#: known, and of one that looks back further than this, that is most of what dashboards show.
_LOOKS_FAR_S: Final = 3 * HOUR
_HALF_A_DAY: Final = {"start": "-PT12H"}

Widget = dict[str, Any]
#: A dashboard from top to bottom, each row from left to right. Widgets without a width of their own
#: share their row alike.
Rows = list[list[Widget]]


class Colour(StrEnum):
    """What a colour says, on every dashboard."""

    TRAFFIC = "#1f77b4"
    GOOD = "#2ca02c"
    ERROR = "#d62728"
    WARNING = "#ff7f0e"
    COLD = "#17becf"
    WARM = "#e377c2"
    # The slow end is told apart on white and on black, and from an error's red.
    P50 = "#4a90d9"
    P90 = "#8a63d2"
    P99 = "#e0218a"
    AWS = "#7f7f7f"
    COST = "#8c564b"
    VERSION = "#bcbd22"


_PERCENTILES: Final = (("p50", Colour.P50), ("p90", Colour.P90), ("p99", Colour.P99))

#: The agents' colours in their order, beginning anew when there are more agents than colours.
_AGENT_COLOURS: Final = (
    "#2ca02c",
    "#1f77b4",
    "#9467bd",
    "#8c564b",
    "#ff7f0e",
    "#17becf",
    "#e377c2",
    "#bcbd22",
)


@dataclass(frozen=True)
class Line:
    """A series as it is drawn."""

    series: Series
    label: str
    colour: str


def percentiles(metric: MetricStat) -> list[Line]:
    """The median of a metric, and its slow end."""
    return [Line(metric.at(statistic), statistic, colour) for statistic, colour in _PERCENTILES]


def version_line(metrics: AgentMetrics) -> Line:
    """The version that served: a step is a deployment."""
    return Line(metrics.version, "version", Colour.VERSION)


def by_agent(
    metrics: Metrics,
    series: Callable[[AgentMetrics], Series],
    agents: Collection[str] | None = None,
) -> list[Line]:
    """A line for each agent, in the colour that is the agent's on every dashboard.

    Args:
        metrics: The environment's.
        series: What is drawn of an agent.
        agents: Of which; None for all.
    """
    return [
        Line(series(metrics.agent(agent)), agent, colour)
        for agent, colour in zip(metrics.agents, cycle(_AGENT_COLOURS), strict=False)
        if agents is None or agent in agents
    ]


def graph(
    title: str,
    left: Sequence[Line],
    *,
    unit: str,
    right: Sequence[Line] = (),
    right_unit: str = "",
    thresholds: Sequence[AlarmSpec] = (),
    threshold_colour: Colour = Colour.ERROR,
    stacked: bool = False,
    period_s: int = FIVE_MINUTES,
) -> Widget:
    """Lines over time. Axes begin at zero, so that a small change looks small; versions' do not.

    Args:
        title: The widget's.
        left: Lines on the left axis.
        unit: Of the left axis.
        right: Lines on the right axis.
        right_unit: Of the right axis.
        thresholds: Alarms whose threshold is drawn on the left axis, what is beyond it shaded.
        threshold_colour: Of that line.
        stacked: Whether the lines add up.
        period_s: Seconds that one value stands for, where the line does not say.
    """
    properties: dict[str, Any] = {
        "view": "timeSeries",
        "title": title,
        "stacked": stacked,
        "metrics": _metrics(left, right),
        "yAxis": {"left": _axis(unit)},
        "period": period_s,
    }
    if right:
        properties["yAxis"]["right"] = _axis(right_unit)
    if thresholds:
        # The agents' alarms on one thing have one threshold, which is drawn once.
        lines = {(alarm.symptom, alarm.threshold): alarm for alarm in thresholds}.values()
        properties["annotations"] = {
            "horizontal": [_threshold(alarm, threshold_colour) for alarm in lines]
        }
        properties |= _shown(thresholds[0])
    return widget("metric", HEIGHT, properties)


def figures(title: str, lines: Sequence[Line], width: int) -> Widget:
    """One number per line over the whole time range."""
    properties = {
        "view": "singleValue",
        "title": title,
        "metrics": _metrics(lines),
        "setPeriodToTimeRange": True,
    }
    return {**widget("metric", 4, properties), "width": width}


def note(markdown: str) -> Widget:
    """What good looks like, in words."""
    return widget("text", 3, {"markdown": markdown})


def alarm_states(title: str, alarm_arns: Sequence[str], *, only_red: bool = False) -> list[Widget]:
    """Which alarms have gone off, the newest red ones first.

    Args:
        title: The widgets'; there is one for each hundred alarms.
        alarm_arns: The alarms.
        only_red: Whether others are left out, as of those that are too many to be looked through.
    """
    several = len(alarm_arns) > _ALARMS_IN_A_WIDGET
    widgets = []
    for number, arns in enumerate(batched(alarm_arns, _ALARMS_IN_A_WIDGET), 1):
        properties: dict[str, Any] = {
            "title": f"{title}, part {number}" if several else title,
            "alarms": list(arns),
            "sortBy": "stateUpdatedTimestamp",
        }
        rows = -(-len(arns) // _ALARMS_IN_A_ROW)
        if only_red:
            properties["states"] = ["ALARM"]
            rows = 1
        widgets.append(widget("alarm", 2 + rows, properties))
    return widgets


def alarm_graph(alarm: AlarmSpec, arn: str) -> Widget:
    """What an alarm watches and its threshold, drawn by CloudWatch from the alarm itself."""
    properties = {
        "view": "timeSeries",
        "title": f"Alarm: {alarm.symptom}",
        "annotations": {"alarms": [arn]},
        "yAxis": {"left": _axis(alarm.unit)},
        **_shown(alarm),
    }
    return widget("metric", HEIGHT, properties)


def _shown(alarm: AlarmSpec) -> Mapping[str, str]:
    """How far back a graph goes, where that is not as far as its dashboard."""
    looks_back_s = alarm.periods * alarm.series.period_s
    if alarm.series.period_s >= HOUR or looks_back_s > 2 * _LOOKS_FAR_S:
        return _A_DAY
    return _HALF_A_DAY if looks_back_s > _LOOKS_FAR_S else {}


def alarm_graphs(alarms: Mapping[str, AlarmSpec], arn: Callable[[str], str]) -> Rows:
    """A graph for each alarm, those that wake somebody first.

    Args:
        alarms: By symptom.
        arn: The ARN of the alarm on a symptom.
    """
    urgencies = list(Urgency)
    sorted_alarms = sorted(alarms.values(), key=lambda alarm: urgencies.index(alarm.urgency))
    graphs = [alarm_graph(alarm, arn(alarm.symptom)) for alarm in sorted_alarms]
    rows = -(-len(graphs) // _GRAPHS_IN_A_ROW)
    return [
        graphs[row * len(graphs) // rows : (row + 1) * len(graphs) // rows] for row in range(rows)
    ]


def widget(kind: str, height: int, properties: dict[str, Any]) -> Widget:
    """A widget of any kind."""
    return {"type": kind, "height": height, "properties": properties}


def _axis(unit: str) -> dict[str, Any]:
    return {"label": unit, "showUnits": False, **({} if unit == VERSION else {"min": 0})}


def _threshold(alarm: AlarmSpec, colour: Colour) -> dict[str, Any]:
    return {
        "value": alarm.threshold,
        "label": f"alarm: {alarm.symptom}",
        "color": colour,
        "fill": "below" if alarm.comparison is BELOW else "above",
        "yAxis": "left",
    }


def _metrics(left: Sequence[Line], right: Sequence[Line] = ()) -> list[list[Any]]:
    none: dict[str, str] = {}
    sides = [(line, none) for line in left] + [(line, {"yAxis": "right"}) for line in right]
    return [
        row
        for number, (line, side) in enumerate(sides, 1)
        for row in _rows(
            line.series, f"e{number}_", {"label": line.label, "color": line.colour, **side}
        )
    ]


def _rows(series: Series, id_prefix: str, options: dict[str, Any]) -> list[list[Any]]:
    """A drawn row, and hidden ones for what an expression is made of."""
    if isinstance(series, MetricStat):
        return [_row(series, options)]
    prefixed = series.with_id_prefix(id_prefix)
    hidden = [
        _row(metric, {"id": one, "visible": False}) for one, metric in prefixed.metrics.items()
    ]
    return [[{"expression": prefixed.expression, **options, **_period(prefixed)}], *hidden]


def _row(stat: MetricStat, options: dict[str, Any]) -> list[Any]:
    dimensions = [text for pair in sorted(stat.dimensions.items()) for text in pair]
    region = {"region": stat.region} if stat.region else {}
    options = {**options, "stat": stat.statistic, **_period(stat), **region}
    return [stat.namespace, stat.name, *dimensions, options]


def _period(series: Series) -> dict[str, int]:
    # Five minutes are CloudWatch's default. Figures have the time range as their period.
    return {} if series.period_s == FIVE_MINUTES else {"period": series.period_s}
