"""From the JSON of a dashboard body to its values, refusing what CloudWatch refuses.

Source of every limit: "Dashboard Body Structure and Syntax" in the CloudWatch API reference, and
the quotas of dashboards in the CloudWatch user guide.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from devtools.dashboard.body.metric_widgets import metric_widget
from devtools.dashboard.body.model import (
    AlarmProperties,
    AlarmWidget,
    Body,
    LogProperties,
    LogWidget,
    Place,
    TextProperties,
    TextWidget,
    UnreadableWidget,
    Widget,
)
from devtools.dashboard.body.whole import own_range, problems_of

_SOURCES: Final = re.compile(r"""\s*SOURCE\s+(?:'([^']*)'|"([^"]*)")\s*\|?""", re.IGNORECASE)
#: CloudWatch's own size of a widget that does not say.
_SIZE: Final = 6
_WIDEST, _HIGHEST, _LAST_COLUMN = 24, 1000, 23
#: What CloudWatch draws and this does not.
_NOT_DRAWN: Final = frozenset({"explorer", "custom", "chart"})


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
        own_range=own_range(body),
        problems=tuple(problems_of(body)),
    )


def _widget(widget: Any) -> Widget:
    place = Place(None, None, _SIZE, _SIZE)
    if not isinstance(widget, Mapping):
        return UnreadableWidget(place, "", "The widget is not an object.")
    properties = widget.get("properties")
    title = str(properties.get("title", "")) if isinstance(properties, Mapping) else ""
    try:
        place = _place(widget)
        return _of_kind(widget.get("type"), place, title, properties)
    except ValidationError as problems:
        first = problems.errors()[0]
        field = ".".join(str(step) for step in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        return UnreadableWidget(place, title, f"{field}: {problem}")
    except (TypeError, ValueError, OverflowError) as error:
        return UnreadableWidget(place, title, str(error))


def _of_kind(kind: object, place: Place, title: str, properties: Any) -> Widget:
    if not isinstance(properties, Mapping):
        raise TypeError("The widget has no properties.")
    if isinstance(kind, str) and kind in _NOT_DRAWN:
        problem = f"Widgets of type {kind!r} are not drawn here."
        return UnreadableWidget(place, title, problem, known_kind=False)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"type: there are no widgets of type {kind!r}.")
    return _KINDS[kind](place, properties)


def _place(widget: Mapping[str, Any]) -> Place:
    def number(name: str, low: int, high: int | None) -> int | None:
        value = widget.get(name)
        if value is None:
            return None
        if type(value) is not int or value < low or (high is not None and value > high):
            most = "" if high is None else f", {high} at most"
            raise ValueError(f"{name}: {value!r} is no whole number of {low} or more{most}.")
        return value

    x, y = number("x", 0, _LAST_COLUMN), number("y", 0, None)
    if (x is None) is not (y is None):
        raise ValueError("x and y are given both or not at all.")
    width, height = number("width", 1, _WIDEST), number("height", 1, _HIGHEST)
    return Place(x, y, width or _SIZE, height or _SIZE)


def _text(place: Place, properties: Mapping[str, Any]) -> TextWidget:
    text = TextProperties.model_validate(properties)
    return TextWidget(place, text.markdown, text.background)


def _log(place: Place, properties: Mapping[str, Any]) -> LogWidget:
    log = LogProperties.model_validate(properties)
    query, groups = log.query, []
    while source := _SOURCES.match(query):
        groups.append(source[1] or source[2])
        query = query[source.end() :]
    if not groups:
        raise ValueError("query: it names no log group with SOURCE.")
    return LogWidget(
        place=place,
        title=log.title,
        view=log.view,
        stacked=log.stacked,
        log_groups=tuple(groups),
        query=query.strip(),
    )


def _alarm(place: Place, properties: Mapping[str, Any]) -> AlarmWidget:
    return AlarmWidget(place, AlarmProperties.model_validate(properties))


_KINDS: Final[Mapping[str, Callable[[Place, Mapping[str, Any]], Widget]]] = {
    "text": _text,
    "metric": metric_widget,
    "alarm": _alarm,
    "log": _log,
}
