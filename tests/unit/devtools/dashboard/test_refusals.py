"""What CloudWatch refuses of a dashboard body is refused here, each with its own words.

Every row is a planted mistake: without its rule the widget beside it would be drawn.
"""

from copy import deepcopy
from typing import Any

import pytest

from devtools.dashboard.body import UnreadableWidget, parse_body

ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:errors"
SOLD = ["Shop", "Sold", "Agent", "cart"]
GOOD: dict[str, dict[str, Any]] = {
    "metric": {"metrics": [SOLD], "region": "eu-west-1", "period": 300, "stat": "Sum"},
    "gauge": {
        "metrics": [SOLD],
        "region": "eu-west-1",
        "view": "gauge",
        "yAxis": {"left": {"min": 0, "max": 1}},
    },
    "of an alarm": {"annotations": {"alarms": [ARN]}, "view": "timeSeries"},
    "text": {"markdown": "# Good"},
    "log": {"query": "SOURCE 'g' | fields @message", "region": "eu-west-1", "view": "table"},
    "alarm": {"alarms": [ARN], "title": "All"},
}
VARIABLE: dict[str, Any] = {
    "type": "pattern",
    "pattern": "cart",
    "inputType": "select",
    "id": "agent",
    "label": "Agent",
    "defaultValue": "cart",
    "values": [{"value": "cart"}, {"value": "pay", "label": "Pay"}],
}


def widget(kind: str, **changes: Any) -> dict[str, Any]:
    of_type = kind if kind in ("text", "log", "alarm") else "metric"
    place = {"x": 0, "y": 0, "width": 12, "height": 6}
    return {"type": of_type, **place, "properties": {**deepcopy(GOOD[kind]), **changes}}


def annotated(**annotations: Any) -> dict[str, Any]:
    return widget("metric", annotations=annotations)


def problem_of(one: Any) -> str:
    (found,) = parse_body({"widgets": [one]}).widgets
    return found.problem if isinstance(found, UnreadableWidget) else ""


@pytest.mark.parametrize("kind", GOOD)
def test_good_widgets_are_read(kind: str) -> None:
    assert problem_of(widget(kind)) == ""


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"width": 30}, "width: 30"),
        ({"width": 0}, "width: 0"),
        ({"width": -3}, "width: -3"),
        ({"width": 6.5}, "width: 6.5"),
        ({"width": True}, "width: True"),
        ({"height": 1001}, "height: 1001"),
        ({"x": 24}, "x: 24"),
        ({"x": -1}, "x: -1"),
        ({"y": "0"}, "y: '0'"),
        ({"y": None}, "x and y"),
        ({"type": "hologram"}, "type: there are no widgets of type 'hologram'"),
        ({"type": None}, "type: there are no widgets of type None"),
        ({"properties": None}, "no properties"),
    ],
)
def test_places_and_kinds(place: dict[str, Any], words: str) -> None:
    assert words in problem_of({**widget("metric"), **place})


def expression(**options: Any) -> list[Any]:
    return [{"expression": "1 + 1", **options}]


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (widget("metric", metrics=[SOLD] * 501), "501 are more than 500"),
        (widget("metric", start="yesterday"), "start: 'yesterday'"),
        (widget("metric", start=3600), "start"),
        (widget("metric", end="2026-11-20T12:00:00Z"), "end: it needs"),
        (widget("metric", start="-PT3H", end="2026-11-20T12:00:00Z"), "end: it needs"),
        (widget("metric", start="2026-11-20T09:00:00Z", end="noon"), "end: 'noon'"),
        (
            widget("metric", start="2026-11-20T09:00:00Z", end="2026-11-20T09:00:00Z"),
            "is not after the start",
        ),
        (widget("metric", period=7), "period: 7 s"),
        (widget("metric", period=0), "period: 0 s"),
        (widget("metric", period=-60), "period: -60 s"),
        (widget("metric", period="300"), "period"),
        (widget("metric", metrics=[[*SOLD, {"period": 90}]]), "period: 90 s"),
        (widget("metric", metrics=[[*SOLD, {"id": "m"}], [*SOLD, {"id": "m"}]]), "the id m"),
        (widget("metric", metrics=[expression(id="e"), expression(id="e")]), "the id e"),
        (widget("metric", metrics=[expression(id="Upper")]), "id"),
        (widget("metric", metrics=[expression(id="1st")]), "id"),
        (widget("metric", metrics=[["Shop", "Sold", *expression()]]), "not both"),
        (widget("metric", metrics=[["Shop", "Sold", {"Agent": "cart"}, "x"]]), "a namespace"),
        (widget("metric", metrics=[["Shop", "Sold", "Agent", 3]]), "a namespace"),
        (widget("metric", metrics=[["", "Sold"]]), "a namespace"),
        (widget("metric", metrics=[["Shop", "Sold", "Agent", ""]]), "a namespace"),
        (widget("metric", metrics=[[*SOLD, "Agent", "pay"]]), "a dimension twice"),
        (
            widget("metric", metrics=[["Shop", "Sold", *(f"d{n // 2}" for n in range(62))]]),
            "31 dimensions are more than 30",
        ),
        (widget("metric", metrics=SOLD), "is a list"),
        (widget("metric", metrics={}), "metrics: it is no list"),
        (widget("metric", metrics=[[*SOLD, {"color": "red"}]]), "no colour"),
        (widget("metric", metrics=[[*SOLD, {"color": "#12345g"}]]), "no colour"),
        (widget("metric", metrics=[[*SOLD, {"color": ""}]]), "no colour"),
        (widget("metric", metrics=[[*SOLD, {"visible": "no"}]]), "visible"),
        (
            widget("metric", metrics=[[{"expression": "SELECT SUM(A) FROM B"}]] * 2),
            "more than one Metrics Insights",
        ),
        (widget("metric", region=None), "region"),
        (widget("metric", stacked="yes"), "stacked"),
        (widget("metric", view="hologram"), "view"),
        (widget("metric", legend={"position": "left"}), "legend.position"),
        (widget("metric", title=3), "title"),
        (widget("metric", yAxis={"top": {"min": 0}}), "yAxis.top"),
        (widget("metric", yAxis={"left": {"min": "0"}}), "min"),
        (widget("metric", timezone="CET"), "timezone"),
        (widget("metric", liveData=1), "liveData"),
        (widget("metric", table={"summaryColumns": ["MEDIAN"]}), "summaryColumns"),
        (widget("metric", table={"layout": "diagonal"}), "layout"),
        (widget("gauge", yAxis={}), "a gauge has a min and a max"),
        (widget("gauge", yAxis={"left": {"min": 0}}), "a gauge has a min and a max"),
        (widget("gauge", yAxis={"right": {"min": 0, "max": 1}}), "a gauge has a min and a max"),
        (annotated(alarms=[ARN]), "no metrics"),
        (widget("of an alarm", annotations={"alarms": [ARN, ARN]}), "one alarm's ARN"),
        (widget("of an alarm", annotations={"alarms": [3]}), "one alarm's ARN"),
        (
            widget("of an alarm", annotations={"alarms": [ARN], "horizontal": [{"value": 1}]}),
            "no other annotations",
        ),
        (annotated(horizontal=[{"label": "no value"}]), "value"),
        (annotated(horizontal=[{"value": "5"}]), "value"),
        (annotated(horizontal=[{"value": 5, "fill": "beside"}]), "fill"),
        (annotated(horizontal=[{"value": 5, "yAxis": "annotations"}]), "yAxis"),
        (annotated(horizontal=[[{"value": 5}]]), "two ends"),
        (annotated(vertical=[{"value": "yesterday"}]), "value"),
        (annotated(vertical=[{"value": "2026-11-20T10:00:00Z", "fill": "above"}]), "fill"),
        (widget("text", markdown=3), "markdown"),
        (widget("text", background="pink"), "background"),
        (widget("log", query=None), "query"),
        (widget("log", query="fields @message"), "names no log group"),
        (widget("log", region=None), "region"),
        (widget("log", view="stackedarea"), "view"),
        (widget("log", view="singleValue"), "view"),
        (widget("alarm", alarms=[]), "alarms"),
        (widget("alarm", alarms=[ARN] * 101), "alarms"),
        (widget("alarm", sortBy="colour"), "sortBy"),
        (widget("alarm", states=["BROKEN"]), "states"),
    ],
)
def test_widgets(one: dict[str, Any], words: str) -> None:
    assert words in problem_of(one)


def body(**changes: Any) -> dict[str, Any]:
    return {"widgets": [widget("metric")], "variables": [deepcopy(VARIABLE)], **changes}


def varied(**changes: Any) -> dict[str, Any]:
    kept = {name: value for name, value in {**VARIABLE, **changes}.items() if value is not None}
    return body(variables=[kept])


def test_a_good_body_has_no_problem() -> None:
    assert parse_body(body(start="-PT3H", periodOverride="auto")).problems == ()
    assert parse_body(body(start="-P3M")).problems == ()
    moments = {"start": "2026-11-20T10:00:00Z", "end": "2026-11-20T11:00:00Z"}
    assert parse_body(body(**moments)).problems == ()
    searched = {"search": '{A,B} MetricName="C"', "populateFrom": "B", "values": None}
    assert parse_body(varied(**searched, defaultValue="__FIRST")).problems == ()
    assert parse_body(varied(type="property", property="Agent")).problems == ()


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (body(widgets=[widget("text")] * 501), "501 widgets"),
        (body(widgets=[widget("metric", metrics=[SOLD] * 500)] * 6), "3000 metrics"),
        (body(start="yesterday"), "start"),
        (body(start="-PT"), "start"),
        (body(end="2026-11-20T11:00:00Z"), "a time to start at"),
        (body(start="-PT3H", end="2026-11-20T11:00:00Z"), "a time to start at"),
        (body(start="2026-11-20T11:00:00Z", end="later"), "end: 'later'"),
        (body(start="2026-11-20T11:00:00Z", end="2026-11-20T10:00:00Z"), "is not after the start"),
        (body(periodOverride="never"), "periodOverride"),
        (body(variables={}), "variables: it is no list"),
        (body(variables=[{**VARIABLE, "id": f"v{n}"} for n in range(26)]), "26 variables"),
        (body(variables=[VARIABLE, VARIABLE]), "the id 'agent' is another"),
        (body(variables=["agent"]), "variables.0"),
        (varied(type="guess"), "type"),
        (varied(inputType="slider"), "inputType"),
        (varied(id="an agent"), "id"),
        (varied(id="a" * 33), "id"),
        (varied(label="l" * 31), "label"),
        (varied(pattern=None), "no pattern to replace"),
        (varied(pattern="(cart"), "no regular expression"),
        (varied(type="property"), "no property to replace"),
        (varied(values=None, defaultValue=None), "neither values"),
        (varied(values=[]), "values"),
        (varied(values=[{"value": "v"}] * 501, defaultValue="v"), "values"),
        (varied(values=[{"label": "no value"}]), "value"),
        (varied(values=[{"value": "v" * 256}], defaultValue=None), "longer than 255"),
        (varied(values=[{"value": "cart", "label": "l" * 256}]), "label"),
        (varied(defaultValue="gone"), "not among its values"),
        (varied(visible="yes"), "visible"),
        (varied(values=None, search="s" * 2049, populateFrom="B"), "search"),
    ],
)
def test_bodies(one: dict[str, Any], words: str) -> None:
    problems = parse_body(one).problems
    assert len(problems) == 1
    assert words in problems[0]
