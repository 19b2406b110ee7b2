"""CloudWatch's rules in the charts: what is interrupted, what is shaded, what stands on what."""

import math
import re
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

from devtools.cloudwatch.series import Series
from devtools.dashboard.assembly import Assembly, Dashboard
from devtools.dashboard.browser import Browser, Tab
from devtools.dashboard.insights import Table
from devtools.dashboard.preview import Preview
from devtools.dashboard.sources import SeriesQuery, SeriesResult
from tests.dashboard_app import NOW, chart, metric
from tests.integration.dashboard.conftest import serving

#: Of 36 periods of 300 s, as the page shows them.
_PERIODS = 36
#: Nobody asks anything.
_NIGHT = range(12, 24)


class Computed:
    """A source whose values come from a function of the metric's name and the period's number."""

    label = "a function"

    def __init__(self, value: Callable[[str, int], float | None]) -> None:
        self._value = value

    def read(self, wanted: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        return {
            one: SeriesResult(
                Series(
                    one.grid,
                    tuple(self._value(one.metric.name, at) for at in range(len(one.grid))),
                )
            )
            for one in wanted
        }

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        rows = (((start + 600) * 1000, 1.0), ((start + 1200) * 1000, 2.0))
        return Table(("bin(5m)", "n"), rows)

    def alarms(self, names: Sequence[str]) -> Any:
        raise NotImplementedError


@pytest.fixture
def tab(browser: Browser) -> Tab:
    return browser.open(1280, 900)


@contextmanager
def shown(tab: Tab, value: Callable[[str, int], float | None], *widgets: Any) -> Any:
    body = {"start": "-PT3H", "widgets": list(widgets)}
    with serving(
        Preview(Assembly((Dashboard("d", body),)), Computed(value), lambda: NOW)
    ) as server:
        tab.goto(server.url)
        assert tab.problems() == []
        yield


def lines_of(tab: Tab, color: str) -> list[list[tuple[float, float]]]:
    """The unbroken lines of a series, each as its points in pixels."""
    paths = tab.evaluate(
        f"[...document.querySelectorAll('path[fill=none][stroke=\"{color}\"]')]"
        ".map(path => path.getAttribute('d'))"
    )
    lines = [line for path in paths for line in path.split("M") if line]
    number = r"-?[\d.]+"
    return [
        [(float(x), float(y)) for x, y in re.findall(rf"({number}),({number})", line)]
        for line in lines
    ]


def colors_drawn(tab: Tab) -> set[str]:
    found = tab.evaluate(
        "[...document.querySelectorAll('.plot path, .plot circle')].flatMap("
        "e => [e.getAttribute('stroke'), e.getAttribute('fill')])"
    )
    return {color for color in found if color and color != "none"}


RED, BLUE, GREEN = "rgb(200, 0, 0)", "rgb(0, 0, 200)", "rgb(0, 100, 0)"
ROWS = (
    metric("Red", color="#c80000", stat="Sum"),
    metric("Blue", color="#0000c8", stat="Sum"),
    metric("Green", color="#006400", stat="Sum"),
)


def idle_at_night(name: str, at: int) -> float | None:
    """Red and blue rest at night, and green never speaks."""
    return None if name == "Green" or at in _NIGHT else 5.0


@pytest.mark.parametrize("stacked", [False, True])
def test_an_idle_night_is_a_gap_and_a_silent_series_is_not_drawn(tab: Tab, stacked: bool) -> None:
    with shown(tab, idle_at_night, chart(0, 0, 24, "", *ROWS, stacked=stacked)):
        for color in (RED, BLUE):
            evening, morning = lines_of(tab, color)
            assert len(evening) == 12
            assert len(morning) == _PERIODS - 24
            step = evening[1][0] - evening[0][0]
            assert morning[0][0] - evening[-1][0] == pytest.approx(13 * step, abs=0.1)
            for (x, _), (later, _) in (*pairwise(evening), *pairwise(morning)):
                assert later - x == pytest.approx(step, abs=0.1)
        assert GREEN not in colors_drawn(tab)
        # It is still in the legend, which says so.
        assert "no data" in tab.evaluate("document.querySelector('.legend').textContent")


def test_each_line_is_interrupted_by_its_own_period(tab: Tab) -> None:
    rows = (
        metric("Red", color="#c80000", stat="Sum", period=300),
        metric("Blue", color="#0000c8", stat="Sum", period=3600),
    )

    def value(name: str, at: int) -> float | None:
        return None if name == "Red" and at in range(10, 13) else 5.0

    with shown(tab, value, chart(0, 0, 24, "", *rows)):
        assert [len(line) for line in lines_of(tab, RED)] == [10, _PERIODS - 13]
        assert [len(line) for line in lines_of(tab, BLUE)] == [3]


def test_a_sparkline_has_the_same_gap(tab: Tab) -> None:
    widget = chart(0, 0, 12, "", ROWS[0], view="singleValue", sparkline=True)
    with shown(tab, idle_at_night, widget):
        assert [len(line) for line in lines_of(tab, RED)] == [12, 12]


def test_stacked_series_stand_on_each_other(tab: Tab) -> None:
    def value(name: str, at: int) -> float | None:
        if name == "Green":
            return 5.0 if at not in _NIGHT else None
        return {"Red": 10.0, "Blue": 20.0}[name]

    with shown(tab, value, chart(0, 0, 24, "", *ROWS, stacked=True)):
        (red,), (blue,) = lines_of(tab, RED), lines_of(tab, BLUE)
        bottom = tab.evaluate("+document.querySelector('.baseline').getAttribute('y1')")
        height = bottom - red[0][1]
        assert blue[0][1] == pytest.approx(bottom - 3 * height, abs=0.2)
        evening, morning = lines_of(tab, GREEN)
        assert evening[0][1] == pytest.approx(bottom - 3.5 * height, abs=0.2)
        # Its area closes where it pauses, one period on, and hides nothing below it until then.
        assert (len(evening), len(morning)) == (12 + 1, 12 + 1)
        assert evening[-1][1] == pytest.approx(blue[0][1], abs=0.1)


def test_annotations_shade_above_below_and_between(tab: Tab) -> None:
    annotations = {
        "horizontal": [
            {"value": 80, "label": "high", "fill": "above"},
            {"value": 10, "label": "low", "fill": "below"},
            [{"value": 20, "label": "from"}, {"value": 40, "label": "to"}],
        ]
    }
    axis = {"left": {"min": 0, "max": 100}}
    with shown(
        tab, lambda *_: 50.0, chart(0, 0, 24, "", ROWS[0], annotations=annotations, yAxis=axis)
    ):
        areas = tab.evaluate(
            "[...document.querySelectorAll('rect[fill-opacity]')]"
            ".map(r => [r.y.baseVal.value, r.y.baseVal.value + r.height.baseVal.value])"
        )
        labels = tab.evaluate("[...document.querySelectorAll('svg text')].map(t => t.textContent)")
        bottom = tab.evaluate("+document.querySelector('.baseline').getAttribute('y1')")
    top = areas[0][0]
    per_unit = (bottom - top) / 100
    expected = [(80, 100), (0, 10), (20, 40)]
    for (upper_y, lower_y), (low, high) in zip(areas, expected, strict=True):
        assert upper_y == pytest.approx(bottom - high * per_unit, abs=0.2)
        assert lower_y == pytest.approx(bottom - low * per_unit, abs=0.2)
    assert {"high", "low", "from – to"} <= set(labels)  # noqa: RUF001  a range


def areas(tab: Tab) -> list[tuple[float, float]]:
    """From where to where something is shaded, in pixels from the left."""
    return [
        (left, right)
        for left, right in tab.evaluate(
            "[...document.querySelectorAll('rect[fill-opacity]')]"
            ".map(r => [r.x.baseVal.value, r.x.baseVal.value + r.width.baseVal.value])"
        )
    ]


@pytest.mark.parametrize("fill", ["above", "below"])
def test_a_threshold_does_not_shade_an_idle_night(tab: Tab, fill: str) -> None:
    annotations = {"horizontal": [{"value": 80, "label": "limit", "fill": fill}]}
    with shown(tab, idle_at_night, chart(0, 0, 24, "", ROWS[0], annotations=annotations)):
        evening, morning = areas(tab)
        before, after = lines_of(tab, RED)
        step = before[1][0] - before[0][0]
        assert evening[0] == pytest.approx(before[0][0], abs=0.1)
        assert evening[1] == pytest.approx(before[-1][0] + step, abs=0.1)
        assert morning[0] == pytest.approx(after[0][0], abs=0.1)


def test_a_side_without_values_is_not_shaded(tab: Tab) -> None:
    annotations = {"horizontal": [{"value": 80, "label": "limit", "fill": "above"}]}
    rows = (metric("Red", color="#c80000", stat="Sum", yAxis="right"), ROWS[2])
    with shown(tab, idle_at_night, chart(0, 0, 24, "", *rows, annotations=annotations)):
        assert areas(tab) == []


@pytest.mark.parametrize(
    ("value", "side"),
    [
        pytest.param(lambda _, at: 50.0 if at > 24 else 0.0, "start", id="hides points"),
        pytest.param(lambda _, at: 0.0 if at < 30 else 1000.0, "start", id="hides a slope"),
        pytest.param(lambda _, at: 50.0 if at < 12 else 0.0, "end", id="hides nothing"),
        pytest.param(lambda *_: 50.0, "end", id="hides something anywhere"),
    ],
)
def test_a_thresholds_label_hides_no_line_where_it_need_not(
    tab: Tab, value: Callable[[str, int], float | None], side: str
) -> None:
    annotations = {"horizontal": [{"value": 50, "label": "an alarm's threshold"}]}
    axis = {"left": {"min": 0, "max": 100}}
    with shown(tab, value, chart(0, 0, 12, "", ROWS[0], annotations=annotations, yAxis=axis)):
        anchors = tab.evaluate(
            "[...document.querySelectorAll('svg text')].filter(t => t.textContent.endsWith("
            "'threshold')).map(t => t.getAttribute('text-anchor'))"
        )
    assert anchors == [side]


def lab(color: str) -> tuple[float, float, float]:
    """CIE Lab of ``rgb(r, g, b)``, for how different two colours look."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)]
    r, g, b = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz]
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_percentiles_are_told_apart_on_every_background(tab: Tab, theme: str) -> None:
    # Dark on white, the last two would be moved to the same place for a dark background.
    rows = [
        metric("Red", stat=stat, color=color)
        for stat, color in (("p50", "#9edae5"), ("p90", "#6a3d9a"), ("p99", "#5b2c83"))
    ]
    body = {"start": "-PT3H", "widgets": [chart(0, 0, 24, "", *rows)]}
    preview = Preview(Assembly((Dashboard("d", body),)), Computed(idle_at_night), lambda: NOW)
    with serving(preview) as server:
        tab.goto(f"{server.url}?theme={theme}")
        swatches = tab.evaluate(
            "[...document.querySelectorAll('.legend .swatch')]"
            ".map(s => getComputedStyle(s).backgroundColor)"
        )
    colors = [lab(color) for color in swatches]
    assert len(colors) == 3
    for at, one in enumerate(colors):
        for other in colors[:at]:
            assert math.dist(one, other) > 20


def test_statistics_of_a_log_over_time_are_columns(tab: Tab) -> None:
    body = {"start": "-PT3H", "widgets": [COLUMNS]}
    preview = Preview(Assembly((Dashboard("d", body),)), Computed(idle_at_night), lambda: NOW)
    with serving(preview) as server:
        tab.goto(server.url)
        assert {w.state for w in tab.widgets()} == {"drawn"}
        drawn = tab.evaluate(
            "[...document.querySelectorAll('rect.column')]"
            ".map(r => [r.x.baseVal.value, r.width.baseVal.value, r.height.baseVal.value])"
        )
    (first, _, low), (second, width, high) = drawn
    assert second - first > width
    assert high == pytest.approx(2 * low, rel=0.05)


COLUMNS = {
    "type": "log",
    "width": 24,
    "properties": {
        "view": "bar",
        "region": "us-east-1",
        "query": "SOURCE 'g' | stats count(*) as n by bin(5m)",
    },
}


def test_each_side_has_its_own_axis(tab: Tab) -> None:
    rows = (ROWS[0], metric("Blue", color="#0000c8", stat="Sum", yAxis="right"))
    axes = {"left": {"label": "ones"}, "right": {"label": "thousands"}}
    values = {"Red": 5.0, "Blue": 5000.0}
    with shown(tab, lambda name, _: values[name], chart(0, 0, 24, "", *rows, yAxis=axes)):
        (red,), (blue,) = lines_of(tab, RED), lines_of(tab, BLUE)
        labels = tab.evaluate("[...document.querySelectorAll('svg text')].map(t => t.textContent)")
    # One is a thousand times the other, and both are as high as their own axis.
    assert red[0][1] == pytest.approx(blue[0][1], abs=0.1)
    assert {"ones", "thousands", "5", "5000"} <= set(labels)


def test_an_axis_whose_only_series_is_silent_is_not_drawn(tab: Tab) -> None:
    rows = (ROWS[0], metric("Green", color="#006400", stat="Sum", yAxis="right"))
    with shown(tab, idle_at_night, chart(0, 0, 24, "", *rows)):
        assert tab.evaluate("document.querySelectorAll('.y.axis').length") == 1
        assert RED in colors_drawn(tab)


def test_times_are_in_utc(tab: Tab) -> None:
    # Where the hours begin at half past.
    tab.call("Emulation.setTimezoneOverride", timezoneId="Asia/Kolkata")
    with shown(tab, lambda *_: 5.0, chart(0, 0, 6, "", ROWS[0])):
        labels = tab.evaluate(
            "[...document.querySelectorAll('.x.axis text')].map(t => t.textContent)"
        )
    assert labels == ["09:00", "10:00", "11:00", "12:00"]


@pytest.mark.parametrize("axis", [{}, {"min": 5, "max": 5}, {"min": 9, "max": 1}, {"max": -1}])
@pytest.mark.parametrize("value", [0.0, -5.0, 1e300, -1e300, 1e-300, 5.0])
def test_strange_numbers_and_axes_have_a_place_on_the_page(
    tab: Tab, value: float, axis: dict[str, float]
) -> None:
    annotations = {
        "horizontal": [
            {"value": 1e12, "label": "far", "fill": "above"},
            [{"value": -3, "label": ""}, {"value": 3, "label": ""}],
        ],
        "vertical": [
            {"value": "2026-11-20T10:45:00Z", "fill": "after"},
            [{"value": "2026-11-20T01:00:00Z"}, {"value": "2026-11-20T10:00:00Z"}],
        ],
    }
    views = [
        chart(
            index * 4, 0, 4, "", *ROWS, view=view, stacked=stacked, sparkline=True,
            # A gauge without limits is refused.
            yAxis={"left": {"min": 0, "max": 1, **axis} if view == "gauge" else axis},
            annotations=annotations,
        )
        for index, (view, stacked) in enumerate(
            [
                ("timeSeries", False), ("timeSeries", True), ("bar", False),
                ("pie", False), ("gauge", False), ("singleValue", False),
            ]
        )
    ]  # fmt: skip
    alternating = {"Red": value, "Blue": -value, "Green": None}
    with shown(tab, lambda name, _: alternating[name], *views):
        assert tab.problems() == []
        states = {widget.kind: widget.state for widget in tab.widgets()}
        assert set(states.values()) <= {"drawn", "empty"}
        placed = tab.evaluate(
            "[...document.querySelectorAll('svg, svg *')].flatMap("
            "e => [...e.attributes].map(a => a.value))"
        )
        assert [v for v in placed if re.search(r"NaN|Infinity|undefined|null", v)] == []
