"""From the JSON of a dashboard body to its values."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError

from devtools.dashboard.body.model import (
    AlarmWidget,
    Body,
    HorizontalAnnotation,
    LogWidget,
    MetricProperties,
    MetricWidget,
    Place,
    Row,
    TextWidget,
    UnreadableWidget,
    VerticalAnnotation,
    Widget,
)
from devtools.dashboard.metrics import MetricId

_DURATION: Final = re.compile(
    r"-?P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_SOURCES: Final = re.compile(r"""\s*SOURCE\s+(?:'([^']*)'|"([^"]*)")\s*\|?""", re.IGNORECASE)


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
    place = _position(widget)
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


def _position(widget: Mapping[str, Any]) -> Place:
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


def _horizontal(mark: Any) -> HorizontalAnnotation:
    if not isinstance(mark, list):
        return HorizontalAnnotation.model_validate(mark)
    low, high = sorted(map(HorizontalAnnotation.model_validate, mark), key=lambda end: end.value)
    return low.model_copy(update={"upper": high.value, **_shared(low, high)})


def _vertical(mark: Any) -> VerticalAnnotation:
    if not isinstance(mark, list):
        return VerticalAnnotation.model_validate(mark)
    start, end = sorted(map(VerticalAnnotation.model_validate, mark), key=lambda end: end.value)
    return start.model_copy(update={"end": end.value, **_shared(start, end)})


def _shared(
    one: HorizontalAnnotation | VerticalAnnotation, other: HorizontalAnnotation | VerticalAnnotation
) -> Any:
    """Label and colour of a band or a span that two marks delimit."""
    labels = dict.fromkeys(label for label in (one.label, other.label) if label)
    return {"label": " – ".join(labels), "color": one.color or other.color}  # noqa: RUF001  a range


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
