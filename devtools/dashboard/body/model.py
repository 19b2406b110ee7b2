"""A CloudWatch dashboard body as frozen values. What is not drawn here is not read."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from devtools.dashboard.metrics import MetricId

_COLOR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")

Axis = Literal["left", "right"]


def _checked_color(color: str | None) -> str | None:
    """A colour other than hexadecimal is not drawn: it may be anything, a style sheet's too."""
    return color if color and _COLOR.fullmatch(color) else None


Color = Annotated[str | None, AfterValidator(_checked_color)]


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]


class _Part(BaseModel):
    """A part of a body: camelCase names, and fields that are not drawn are left out."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False
    )


class Row(_Part):
    """The options of one row of ``metrics``, and the metric or the expression it draws.

    Attributes:
        metric: What is read; None for an expression.
        expression: Metric math over other rows' ids.
        id: What expressions call this row; None when nothing can refer to it.
        period: Seconds; None for the widget's.
        stat: Such as ``Sum`` or ``p99``; None for the widget's.
        visible: Whether it is drawn, or only read by expressions.
    """

    metric: MetricId | None = None
    expression: str | None = None
    id: str | None = None
    label: str | None = None
    color: Color = None
    period: int | None = Field(None, gt=0)
    stat: str | None = None
    visible: bool = True
    y_axis: Axis = "left"
    region: str | None = None


class HorizontalAnnotation(_Part):
    """A line at a value; with ``upper``, a band from ``value`` up to it.

    ``fill`` shades what lies above or below a line.
    """

    value: float
    upper: float | None = None
    label: str = ""
    color: Color = None
    fill: Literal["none", "above", "below"] = "none"
    y_axis: Axis = "left"
    visible: bool = True


class VerticalAnnotation(_Part):
    """A line at a moment, such as a deployment; with ``end``, a span up to it."""

    value: Moment
    end: Moment | None = None
    label: str = ""
    color: Color = None
    fill: Literal["none", "before", "after"] = "none"
    visible: bool = True


class YAxis(_Part):
    """One side's axis. Without ``min`` or ``max`` it fits the data."""

    label: str = ""
    min: float | None = None
    max: float | None = None
    show_units: bool = True


class Table(_Part):
    """What a table has beside its labels."""

    layout: Literal["vertical", "horizontal"] = "horizontal"
    show_time_series_data: bool = True
    summary_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a widget is on the grid, in its units; ``x`` and ``y`` may be left to the layout."""

    x: int | None
    y: int | None
    width: int
    height: int


@dataclass(frozen=True)
class TextWidget:
    """Markdown."""

    place: Place
    markdown: str
    background: Literal["solid", "transparent"] = "solid"


View = Literal["timeSeries", "singleValue", "gauge", "bar", "pie", "table"]


class MetricProperties(_Part):
    """What a metric widget's ``properties`` say, apart from ``metrics`` and ``annotations``."""

    title: str = ""
    view: View = "timeSeries"
    stacked: bool = False
    stat: str = "Average"
    period: int = Field(300, gt=0)
    region: str | None = None
    y_axis: dict[Axis, YAxis] = Field(default_factory=dict)
    legend: dict[str, str] = Field(default_factory=dict)
    table: Table = Table()
    sparkline: bool = False
    single_value_full_precision: bool = False
    set_period_to_time_range: bool = False


@dataclass(frozen=True)
class MetricWidget:
    """A widget that draws metrics, or the metric of the alarms it names."""

    place: Place
    properties: MetricProperties
    rows: tuple[Row, ...] = ()
    horizontal: tuple[HorizontalAnnotation, ...] = ()
    vertical: tuple[VerticalAnnotation, ...] = ()
    alarms: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The widget's title; may be empty."""
        return self.properties.title


@dataclass(frozen=True)
class AlarmWidget:
    """The states of alarms, given by ARN."""

    place: Place
    title: str
    alarms: tuple[str, ...]


@dataclass(frozen=True)
class LogWidget:
    """A Logs Insights query over log groups."""

    place: Place
    title: str
    view: Literal["table", "timeSeries", "bar", "pie"]
    stacked: bool
    log_groups: tuple[str, ...]
    query: str


@dataclass(frozen=True)
class UnreadableWidget:
    """A widget whose properties are not what CloudWatch takes, or of a kind not drawn here."""

    place: Place
    title: str
    problem: str
    known_kind: bool = True


Widget = TextWidget | MetricWidget | AlarmWidget | LogWidget | UnreadableWidget


@dataclass(frozen=True)
class Body:
    """A dashboard.

    Attributes:
        widgets: In the body's order.
        own_range: How far back it looks unless told otherwise; None when it does not say.
    """

    widgets: tuple[Widget, ...]
    own_range: timedelta | None = None
