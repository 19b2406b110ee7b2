"""Metric widgets: their rows and annotations, from JSON to values."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from devtools.dashboard.body.model import (
    HorizontalAnnotation,
    MetricProperties,
    MetricWidget,
    Place,
    Row,
    VerticalAnnotation,
)
from devtools.dashboard.body.times import problems_of_range
from devtools.dashboard.metrics import MetricId

MOST_METRICS: Final = 500
_MOST_DIMENSIONS: Final = 30
_MINUTE: Final = 60
_METRICS_INSIGHTS: Final = re.compile(r"\s*SELECT\s", re.IGNORECASE)


def metric_widget(place: Place, properties: Mapping[str, Any]) -> MetricWidget:
    """Read a metric widget's properties.

    Raises:
        ValueError: CloudWatch would refuse them; so do ``TypeError`` and ``ValidationError`` say.
    """
    annotations = properties.get("annotations", {})
    if not isinstance(annotations, Mapping):
        raise TypeError("annotations: it is no object.")
    rows = _rows(_list_of(properties, "metrics"))
    alarms = _list_of(annotations, "alarms")
    own = MetricProperties.model_validate(properties)
    widget = MetricWidget(
        place=place,
        properties=own,
        rows=tuple(rows),
        horizontal=tuple(_horizontal(mark) for mark in _list_of(annotations, "horizontal")),
        vertical=tuple(_vertical(mark) for mark in _list_of(annotations, "vertical")),
        alarms=tuple(alarms),
    )
    _refuse_what_does_not_go_together(widget)
    for problem in problems_of_range(own.start, own.end):
        raise ValueError(problem)
    return widget


def _refuse_what_does_not_go_together(widget: MetricWidget) -> None:
    if not all(isinstance(alarm, str) for alarm in widget.alarms) or len(widget.alarms) > 1:
        raise ValueError("annotations.alarms: it is a list of one alarm's ARN at most.")
    if not widget.rows and not widget.alarms:
        raise ValueError("The widget names no metric.")
    if widget.alarms and (widget.rows or widget.horizontal or widget.vertical):
        raise ValueError("A widget of an alarm has no metrics and no other annotations.")
    if widget.rows and widget.properties.region is None:
        raise ValueError("region: the widget does not say where its metrics are.")
    for row in widget.rows:
        _refuse_period(row.period)
    _refuse_period(widget.properties.period)
    if widget.properties.view == "gauge":
        left = widget.properties.y_axis.get("left")
        if left is None or left.min is None or left.max is None:
            raise ValueError("yAxis.left: a gauge has a min and a max.")


def _refuse_period(seconds: int | None) -> None:
    if seconds is not None and (seconds < _MINUTE or seconds % _MINUTE):
        raise ValueError(f"period: {seconds} s is no multiple of 60 s.")


def _rows(metrics: Sequence[Any]) -> list[Row]:
    """Expand the rows: ``.`` repeats a field of the row before, ``...`` all up to the last ones."""
    if len(metrics) > MOST_METRICS:
        raise ValueError(f"metrics: {len(metrics)} are more than {MOST_METRICS}.")
    rows: list[Row] = []
    before: list[str] = []
    for entry in metrics:
        if not isinstance(entry, list) or not entry:
            raise TypeError("A row of metrics is a list.")
        options = entry[-1] if isinstance(entry[-1], Mapping) else {}
        fields = [*entry[:-1]] if isinstance(entry[-1], Mapping) else [*entry]
        if "expression" in options:
            if fields:
                raise ValueError("A row has an expression or a metric, not both.")
            rows.append(Row.model_validate(options))
            continue
        fields = _expanded(fields, before)
        before = fields
        namespace, name, *dimensions = fields
        _refuse_dimensions(dimensions[::2])
        pairs = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
        row = {**options, "metric": MetricId.of(namespace, name, pairs)}
        rows.append(Row.model_validate(row))
    _refuse_repeated_ids(rows)
    if sum(bool(row.expression and _METRICS_INSIGHTS.match(row.expression)) for row in rows) > 1:
        raise ValueError("metrics: there is more than one Metrics Insights query.")
    return rows


def _refuse_repeated_ids(rows: Sequence[Row]) -> None:
    ids = [row.id for row in rows if row.id is not None]
    repeated = sorted({one for one in ids if ids.count(one) > 1})
    if repeated:
        raise ValueError(f"metrics: rows share the id {', '.join(repeated)}.")


def _refuse_dimensions(names: Sequence[str]) -> None:
    if len(names) > _MOST_DIMENSIONS:
        raise ValueError(f"metrics: {len(names)} dimensions are more than {_MOST_DIMENSIONS}.")
    if len(set(names)) < len(names):
        raise ValueError("metrics: a row has a dimension twice.")


def _expanded(fields: Sequence[Any], before: Sequence[str]) -> list[str]:
    if fields and fields[0] == "...":
        kept = len(before) - (len(fields) - 1)
        fields = [*before[: max(kept, 0)], *fields[1:]]
    try:
        full = [before[at] if field == "." else field for at, field in enumerate(fields)]
    except IndexError:
        raise ValueError("A row of metrics repeats a field that the row before lacks.") from None
    are_texts = all(isinstance(field, str) and field for field in full)
    if len(full) < 2 or len(full) % 2 or not are_texts:  # noqa: PLR2004  namespace, name, pairs
        raise ValueError(
            "A row of metrics is a namespace, a name, and a name and value per dimension."
        )
    return full


def _horizontal(mark: Any) -> HorizontalAnnotation:
    if not isinstance(mark, list):
        return HorizontalAnnotation.model_validate(mark)
    _refuse_other_than_two(mark)
    low, high = sorted(map(HorizontalAnnotation.model_validate, mark), key=lambda end: end.value)
    return low.model_copy(update={"upper": high.value, **_shared(low, high)})


def _vertical(mark: Any) -> VerticalAnnotation:
    if not isinstance(mark, list):
        return VerticalAnnotation.model_validate(mark)
    _refuse_other_than_two(mark)
    start, end = sorted(map(VerticalAnnotation.model_validate, mark), key=lambda end: end.value)
    return start.model_copy(update={"end": end.value, **_shared(start, end)})


def _refuse_other_than_two(ends: Sequence[Any]) -> None:
    if len(ends) != 2:  # noqa: PLR2004  from and to
        raise ValueError("annotations: a band has two ends.")


def _shared(
    one: HorizontalAnnotation | VerticalAnnotation, other: HorizontalAnnotation | VerticalAnnotation
) -> Any:
    """Label and colour of a band or a span that two marks delimit."""
    labels = dict.fromkeys(label for label in (one.label, other.label) if label)
    return {"label": " – ".join(labels), "color": one.color or other.color}  # noqa: RUF001  a range


def _list_of(properties: Mapping[str, Any], name: str) -> list[Any]:
    values = properties.get(name, [])
    if not isinstance(values, list):
        raise TypeError(f"{name}: it is no list.")
    return values
