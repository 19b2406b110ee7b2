"""How every dashboard draws: one palette, one grid, one way to write each kind of widget."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.parts.metrics import FIVE_MINUTES, Metrics, Reading

_WIDTH: Final = 24
_HEIGHT: Final = 6


class Colour(StrEnum):
    """What a colour says, on every dashboard."""

    TRAFFIC = "#1f77b4"
    GOOD = "#2ca02c"
    ERROR = "#d62728"
    WARNING = "#ff7f0e"
    COLD = "#17becf"
    WARM = "#e377c2"
    P50 = "#9edae5"
    P90 = "#9467bd"
    P99 = "#5b2c83"
    AWS = "#7f7f7f"
    COST = "#8c564b"
    VERSION = "#bcbd22"


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


def agent_colour(metrics: Metrics, agent: str) -> str:
    """An agent's colour on every dashboard."""
    return _AGENT_COLOURS[metrics.agents.index(agent) % len(_AGENT_COLOURS)]


def drawn(
    source: Reading | cloudwatch.MathExpression, label: str, colour: str
) -> cloudwatch.IMetric:
    """A metric as a labelled line of a colour."""
    if isinstance(source, Reading):
        return source.metric(label, colour)
    return source.with_(label=label, color=colour)


def limit(
    value: float, label: str, colour: Colour = Colour.ERROR
) -> cloudwatch.HorizontalAnnotation:
    """A threshold as a line; what is beyond it is shaded."""
    return cloudwatch.HorizontalAnnotation(
        value=value, label=label, color=colour, fill=cloudwatch.Shading.ABOVE
    )


def graph(
    title: str,
    left: Sequence[cloudwatch.IMetric],
    *,
    unit: str,
    right: Sequence[cloudwatch.IMetric] = (),
    right_unit: str = "",
    limits: Sequence[cloudwatch.HorizontalAnnotation] = (),
    stacked: bool = False,
    width: int = 12,
    period: Duration = FIVE_MINUTES,
) -> cloudwatch.GraphWidget:
    """Lines over time. Axes begin at zero, so that a small change looks small."""
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        left_y_axis=cloudwatch.YAxisProps(label=unit, show_units=False, min=0),
        left_annotations=list(limits),
        right=list(right),
        right_y_axis=(
            cloudwatch.YAxisProps(label=right_unit, show_units=False, min=0) if right else None
        ),
        stacked=stacked,
        period=period,
        width=width,
        height=_HEIGHT,
    )


def figures(title: str, metrics: Sequence[cloudwatch.IMetric], width: int) -> cloudwatch.IWidget:
    """One number per metric over the whole time range."""
    return cloudwatch.SingleValueWidget(
        title=title,
        metrics=list(metrics),
        set_period_to_time_range=True,
        width=width,
        height=4,
    )


def text(markdown: str, height: int = 3) -> cloudwatch.IWidget:
    """What good looks like, in words."""
    return cloudwatch.TextWidget(markdown=markdown, width=_WIDTH, height=height)


def log_table(title: str, log_groups: Sequence[str], query: Sequence[str]) -> cloudwatch.IWidget:
    """What a Logs Insights query finds."""
    return cloudwatch.LogQueryWidget(
        title=title,
        log_group_names=list(log_groups),
        query_lines=list(query),
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=_WIDTH,
        height=_HEIGHT,
    )
