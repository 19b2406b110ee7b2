"""A CloudWatch dashboard body as frozen values. What is not drawn here is not read."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from devtools.dashboard.metrics import MetricId

_COLOR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
#: What metric math can call a row.
_ROW_ID: Final = r"^[a-z][a-zA-Z0-9_]*$"

Axis = Literal["left", "right"]


def _checked_color(color: str | None) -> str | None:
    """A colour other than hexadecimal may be anything, a style sheet's too."""
    if color is not None and not _COLOR.fullmatch(color):
        raise ValueError(f"{color!r} is no colour such as #1f77b4.")
    return color


Color = Annotated[str | None, AfterValidator(_checked_color)]


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


#: JSON has no times: they are read from texts, where everything else keeps its type.
Moment = Annotated[datetime, Field(strict=False), AfterValidator(_in_utc)]


class _Part(BaseModel):
    """A part of a body: camelCase names, JSON's own types, and unknown fields are left out.

    CloudWatch warns of a field that it does not know, and refuses one of a wrong type.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        populate_by_name=True,
        allow_inf_nan=False,
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
        account_id: Whose metric it is, when not the account's own; kept to be checked.
    """

    metric: MetricId | None = None
    expression: str | None = None
    id: str | None = Field(None, pattern=_ROW_ID, max_length=255)
    label: str | None = None
    color: Color = None
    period: int | None = None
    stat: str | None = None
    visible: bool = True
    y_axis: Axis = "left"
    region: str | None = None
    account_id: str | None = None


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
    sticky_summary: bool = False
    show_time_series_data: bool = True
    summary_columns: list[Literal["MIN", "MAX", "SUM", "AVG"]] = Field(default_factory=list)


class Legend(_Part):
    """Where the legend is."""

    position: Literal["right", "bottom", "hidden"] = "bottom"


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
    """What a metric widget's ``properties`` say, apart from ``metrics`` and ``annotations``.

    Attributes:
        start: From when on it shows, whatever the dashboard does; a duration or a time.
        end: Until when, if ``start`` is a time.
    """

    title: str = ""
    start: str | None = None
    end: str | None = None
    view: View = "timeSeries"
    stacked: bool = False
    stat: str = "Average"
    period: int = 300
    region: str | None = None
    account_id: str | None = None
    timezone: str | None = Field(None, pattern=r"^[+-]\d{4}$")
    live_data: bool = False
    y_axis: dict[Axis, YAxis] = Field(default_factory=dict)
    legend: Legend = Legend()
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


class AlarmProperties(_Part):
    """What an alarm widget's ``properties`` say.

    Attributes:
        sort_by: ``default`` is by name; ``stateUpdatedTimestamp`` has those in alarm first, and in
            each state the latest change; ``timestamp`` the latest change, whatever the state.
        states: Which are shown; none named are all.
    """

    title: str = ""
    alarms: list[str] = Field(min_length=1, max_length=100)
    sort_by: Literal["default", "stateUpdatedTimestamp", "timestamp"] = "default"
    states: list[Literal["ALARM", "INSUFFICIENT_DATA", "OK"]] = Field(default_factory=list)


@dataclass(frozen=True)
class AlarmWidget:
    """The states of alarms, given by ARN."""

    place: Place
    properties: AlarmProperties

    @property
    def title(self) -> str:
        """The widget's title; may be empty."""
        return self.properties.title

    @property
    def alarms(self) -> tuple[str, ...]:
        """The alarms' ARNs."""
        return tuple(self.properties.alarms)


class LogProperties(_Part):
    """What a log widget's ``properties`` say, apart from its log groups."""

    title: str = ""
    region: str
    account_id: str | None = None
    query: str
    view: Literal["table", "timeSeries", "bar", "pie"] = "table"
    stacked: bool = False


class TextProperties(_Part):
    """What a text widget's ``properties`` say."""

    markdown: str
    background: Literal["solid", "transparent"] = "solid"


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
        problems: Why CloudWatch would refuse it as a whole.
    """

    widgets: tuple[Widget, ...]
    own_range: timedelta | None = None
    problems: tuple[str, ...] = ()
