"""A CloudWatch dashboard body as frozen values.

The format is the one of AWS's "Dashboard Body Structure and Syntax". What is not drawn here is not
read. A widget that cannot be read becomes an ``UnreadableWidget`` and does not take the others with
it: a preview is for finding such a widget.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from devtools.dashboard.metrics import MetricId

_COLOR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
_DURATION: Final = re.compile(
    r"-?P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_SOURCES: Final = re.compile(r"""\s*SOURCE\s+(?:'([^']*)'|"([^"]*)")\s*\|?""", re.IGNORECASE)

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


class HorizontalMark(_Part):
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


class VerticalMark(_Part):
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
    horizontal: tuple[HorizontalMark, ...] = ()
    vertical: tuple[VerticalMark, ...] = ()
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


class NotADashboard(ValueError):
    """What was given is no dashboard body at all."""


def parse_body(body: Any) -> Body:
    """Read a dashboard body, already decoded from JSON and with no intrinsics in it.

    Raises:
        NotADashboard: It is not an object with a list of widgets.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("widgets"), list):
        raise NotADashboard('A dashboard body is an object with a list "widgets".')
    return Body(
        widgets=tuple(_widget(widget) for widget in body["widgets"]),
        own_range=parse_duration(body.get("start")),
    )


def parse_duration(text: object) -> timedelta | None:
    """Read an ISO 8601 duration such as ``-PT3H``; None for anything else, zero included."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    parts = {name: int(value) for name, value in match.groupdict().items() if value}
    return timedelta(**parts) or None


def _widget(widget: Any) -> Widget:
    if not isinstance(widget, Mapping):
        return UnreadableWidget(Place(None, None, 6, 6), "", "The widget is not an object.")
    place = _place(widget)
    properties = widget.get("properties")
    if not isinstance(properties, Mapping):
        return UnreadableWidget(place, "", "The widget has no properties.")
    kind = widget.get("type")
    title = str(properties.get("title", ""))
    if not isinstance(kind, str) or kind not in _KINDS:
        problem = f"Widgets of type {kind!r} are not drawn here."
        return UnreadableWidget(place, title, problem, known_kind=False)
    try:
        return _KINDS[kind](place, properties)
    except ValidationError as problems:
        first = problems.errors()[0]
        field = ".".join(str(step) for step in first["loc"])
        return UnreadableWidget(place, title, f"{field}: {first['msg']}")
    except (TypeError, ValueError, OverflowError) as error:
        return UnreadableWidget(place, title, str(error))


def _place(widget: Mapping[str, Any]) -> Place:
    def number(name: str, default: int | None) -> int | None:
        value = widget.get(name)
        return value if isinstance(value, int) and value >= 0 else default

    # CloudWatch's own defaults.
    return Place(
        number("x", None), number("y", None), number("width", 6) or 6, number("height", 6) or 6
    )


def _text(place: Place, properties: Mapping[str, Any]) -> TextWidget:
    markdown = properties.get("markdown")
    if not isinstance(markdown, str):
        raise TypeError("markdown is missing.")
    transparent = properties.get("background") == "transparent"
    return TextWidget(place, markdown, "transparent" if transparent else "solid")


def _metric(place: Place, properties: Mapping[str, Any]) -> MetricWidget:
    annotations = properties.get("annotations") or {}
    if not isinstance(annotations, Mapping):
        raise TypeError("annotations must be an object.")
    rows = tuple(_rows(properties.get("metrics") or []))
    alarms = _strings(annotations, "alarms")
    if not rows and not alarms:
        raise ValueError("The widget names no metric.")
    return MetricWidget(
        place=place,
        properties=MetricProperties.model_validate(properties),
        rows=rows,
        horizontal=tuple(_horizontal(mark) for mark in annotations.get("horizontal") or ()),
        vertical=tuple(_vertical(mark) for mark in annotations.get("vertical") or ()),
        alarms=alarms,
    )


def _rows(metrics: Sequence[Any]) -> list[Row]:
    """Expand the rows: ``.`` repeats a field of the row before, ``...`` all up to the last ones."""
    rows: list[Row] = []
    before: list[str] = []
    for entry in metrics:
        if not isinstance(entry, list) or not entry:
            raise TypeError("A row of metrics is a list.")
        options = entry[-1] if isinstance(entry[-1], Mapping) else {}
        fields = [*entry[:-1]] if isinstance(entry[-1], Mapping) else [*entry]
        if "expression" in options:
            rows.append(Row.model_validate(options))
            continue
        fields = _expanded(fields, before)
        before = fields
        namespace, name, *dimensions = fields
        pairs = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
        row = {**options, "metric": MetricId.of(namespace, name, pairs)}
        rows.append(Row.model_validate(row))
    return rows


def _expanded(fields: Sequence[Any], before: Sequence[str]) -> list[str]:
    if fields and fields[0] == "...":
        kept = len(before) - (len(fields) - 1)
        fields = [*before[: max(kept, 0)], *fields[1:]]
    try:
        full = [before[at] if field == "." else field for at, field in enumerate(fields)]
    except IndexError:
        raise ValueError("A row of metrics repeats a field that the row before lacks.") from None
    if len(full) < 2 or len(full) % 2 or not all(isinstance(field, str) for field in full):  # noqa: PLR2004  namespace, name, pairs
        raise ValueError(
            "A row of metrics is a namespace, a name, and a name and value per dimension."
        )
    return full


def _horizontal(mark: Any) -> HorizontalMark:
    if not isinstance(mark, list):
        return HorizontalMark.model_validate(mark)
    ends = [HorizontalMark.model_validate(end) for end in mark]
    low, high = sorted(ends, key=lambda end: end.value)
    return low.model_copy(
        update={
            "upper": high.value,
            "label": _both(low.label, high.label),
            "color": low.color or high.color,
        }
    )


def _vertical(mark: Any) -> VerticalMark:
    if not isinstance(mark, list):
        return VerticalMark.model_validate(mark)
    ends = [VerticalMark.model_validate(end) for end in mark]
    start, end = sorted(ends, key=lambda end: end.value)
    return start.model_copy(
        update={
            "end": end.value,
            "label": _both(start.label, end.label),
            "color": start.color or end.color,
        }
    )


def _both(one: str, other: str) -> str:
    return " – ".join(dict.fromkeys(label for label in (one, other) if label))  # noqa: RUF001  a range


def _log(place: Place, properties: Mapping[str, Any]) -> LogWidget:
    query = properties.get("query")
    if not isinstance(query, str):
        raise TypeError("query is missing.")
    groups = list(_strings(properties, "logGroupNames"))
    while source := _SOURCES.match(query):
        groups.append(source[1] or source[2])
        query = query[source.end() :]
    view = properties.get("view", "table")
    if view not in ("table", "timeSeries", "stackedarea", "bar", "pie"):
        raise ValueError(f"view: {view!r} is not known.")
    return LogWidget(
        place=place,
        title=str(properties.get("title", "")),
        view="timeSeries" if view == "stackedarea" else view,
        stacked=view == "stackedarea" or properties.get("stacked") is True,
        log_groups=tuple(groups),
        query=query.strip(),
    )


def _alarm(place: Place, properties: Mapping[str, Any]) -> AlarmWidget:
    return AlarmWidget(place, str(properties.get("title", "")), _strings(properties, "alarms"))


_KINDS: Final[Mapping[str, Callable[[Place, Mapping[str, Any]], Widget]]] = {
    "text": _text,
    "metric": _metric,
    "alarm": _alarm,
    "log": _log,
}


def _strings(properties: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = properties.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name} must be a list of strings.")
    return tuple(values)
