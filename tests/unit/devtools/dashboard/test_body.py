"""A dashboard body is read as CloudWatch reads it; one bad widget does not take the others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.dashboard.body import (
    AlarmWidget,
    LogWidget,
    MetricWidget,
    NotADashboard,
    TextWidget,
    UnreadableWidget,
    Widget,
    parse_body,
    parse_duration,
)
from devtools.dashboard.metrics import MetricId


def read(kind: str, **properties: Any) -> Widget:
    if kind in ("metric", "log"):
        properties = {"region": "eu-west-1", **properties}
    (widget,) = parse_body({"widgets": [{"type": kind, "properties": properties}]}).widgets
    return widget


def metric_widget(*rows: Any, **properties: Any) -> MetricWidget:
    widget = read("metric", metrics=list(rows), **properties)
    assert isinstance(widget, MetricWidget), widget
    return widget


def test_rows_repeat_what_the_row_before_has() -> None:
    rows = metric_widget(
        ["AWS/Lambda", "Errors", "FunctionName", "one", "Resource", "one:live", {"stat": "Sum"}],
        [".", "Throttles", ".", ".", ".", "."],
        ["...", "two", "Resource", "two:live"],
        ["...", "three:live", {"id": "third"}],
    ).rows
    assert [row.metric for row in rows] == [
        MetricId.of("AWS/Lambda", name, {"FunctionName": function, "Resource": resource})
        for name, function, resource in (
            ("Errors", "one", "one:live"),
            ("Throttles", "one", "one:live"),
            ("Throttles", "two", "two:live"),
            ("Throttles", "two", "three:live"),
        )
    ]
    assert (rows[0].stat, rows[1].stat, rows[3].id) == ("Sum", None, "third")


def test_an_expression_between_rows_is_not_repeated() -> None:
    rows = metric_widget(
        ["Shop", "Sold", "Agent", "cart", {"id": "sold"}],
        [{"expression": "sold / 2", "label": "half"}],
        [".", "Returned", ".", "."],
    ).rows
    assert rows[1].expression == "sold / 2"
    assert rows[2].metric == MetricId.of("Shop", "Returned", {"Agent": "cart"})


def test_annotations_are_lines_bands_and_moments() -> None:
    widget = metric_widget(
        ["Shop", "Sold"],
        annotations={
            "horizontal": [
                {"value": 5, "label": "limit", "fill": "above", "color": "#ff0000"},
                [{"value": 9, "label": "to"}, {"value": 7, "label": "from"}],
            ],
            "vertical": [
                {"value": "2026-11-20T10:00:00.000Z", "label": "deployed"},
                [{"value": "2026-11-20T12:00:00Z"}, {"value": "2026-11-20T11:00:00Z"}],
            ],
        },
    )
    line, band = widget.horizontal
    assert (line.value, line.upper, line.label, line.fill) == (5, None, "limit", "above")
    assert (band.value, band.upper, band.label) == (7, 9, "from – to")  # noqa: RUF001
    moment, span = widget.vertical
    assert (moment.value, moment.end) == (datetime(2026, 11, 20, 10, tzinfo=UTC), None)
    assert span.end is not None
    assert span.end - span.value == timedelta(hours=1)


def test_a_moment_without_a_zone_is_utc() -> None:
    (mark,) = metric_widget(
        ["Shop", "Sold"], annotations={"vertical": [{"value": "2026-11-20T10:00:00"}]}
    ).vertical
    assert mark.value == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_a_log_widget_names_its_groups_in_the_query() -> None:
    widget = read(
        "log",
        title="Slow",
        query="SOURCE '/aws/lambda/a' | SOURCE \"/aws/lambda/b\" | fields @message\n| limit 3",
        view="timeSeries",
        stacked=True,
    )
    assert isinstance(widget, LogWidget)
    assert widget.log_groups == ("/aws/lambda/a", "/aws/lambda/b")
    assert widget.query == "fields @message\n| limit 3"
    assert (widget.view, widget.stacked) == ("timeSeries", True)


def test_text_and_alarms() -> None:
    text = read("text", markdown="# Hello", background="transparent")
    assert isinstance(text, TextWidget)
    assert (text.markdown, text.background) == ("# Hello", "transparent")
    alarms = read("alarm", title="All", alarms=["arn:aws:cloudwatch:eu-west-1:1:alarm:a"])
    assert isinstance(alarms, AlarmWidget)
    assert alarms.alarms == ("arn:aws:cloudwatch:eu-west-1:1:alarm:a",)


@pytest.mark.parametrize(
    ("kind", "properties", "words"),
    [
        ("metric", {"metrics": [["Shop"]]}, "a namespace, a name"),
        ("metric", {"metrics": [["Shop", "Sold", "Agent"]]}, "a namespace, a name"),
        ("metric", {"metrics": [[".", "Sold"]]}, "the row before lacks"),
        ("metric", {"metrics": []}, "names no metric"),
        ("metric", {"metrics": [["Shop", "Sold"]], "view": "hologram"}, "view"),
        ("metric", {"metrics": [["Shop", "Sold", {"yAxis": "top"}]]}, "yAxis"),
        (
            "metric",
            {"metrics": [["Shop", "Sold"]], "annotations": {"horizontal": [{"value": 1e999}]}},
            "value",
        ),
        ("metric", {"metrics": [["Shop", "Sold"]], "yAxis": {"left": {"max": 10**400}}}, "max"),
        ("text", {}, "markdown"),
        ("log", {"query": 3}, "query"),
        ("alarm", {"alarms": "all"}, "alarms"),
    ],
)
def test_a_widget_that_cannot_work_says_why(kind: str, properties: Any, words: str) -> None:
    widget = read(kind, title="Broken", **properties)
    assert isinstance(widget, UnreadableWidget)
    assert words in widget.problem
    assert widget.title == "Broken"
    assert widget.known_kind


def test_kinds_not_drawn_here_are_told_apart_from_broken_ones() -> None:
    widget = read("custom", title="My own")
    assert isinstance(widget, UnreadableWidget)
    assert not widget.known_kind


def test_a_bad_widget_leaves_the_others_alone() -> None:
    widgets = parse_body(
        {"widgets": [7, {"type": ["metric"], "properties": {}}, {"type": "text"}, *GOOD]}
    ).widgets
    assert [type(widget) for widget in widgets] == [
        UnreadableWidget,
        UnreadableWidget,
        UnreadableWidget,
        TextWidget,
    ]


GOOD = [{"type": "text", "properties": {"markdown": "fine"}}]


@pytest.mark.parametrize("body", [None, [], "widgets", {}, {"widgets": {}}])
def test_what_is_no_dashboard_is_refused(body: Any) -> None:
    with pytest.raises(NotADashboard):
        parse_body(body)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("-PT3H", timedelta(hours=3)),
        ("-P1DT30M", timedelta(days=1, minutes=30)),
        ("-P2W", timedelta(weeks=2)),
        ("-PT", None),
        ("2026-11-20T10:00:00Z", None),
        (None, None),
    ],
)
def test_durations(text: object, span: timedelta | None) -> None:
    assert parse_duration(text) == span


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(["metric", "text", "log", "alarm"]),
    properties=st.dictionaries(
        st.sampled_from(
            ["metrics", "annotations", "view", "period", "alarms", "query", "markdown", "yAxis"]
        ),
        _JSON,
    ),
)
def test_whatever_a_widget_says_it_is_read_or_refused(kind: str, properties: Any) -> None:
    assert len(parse_body({"widgets": [{"type": kind, "properties": properties}]}).widgets) == 1
