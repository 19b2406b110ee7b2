"""The page in a real browser: everything is drawn, readable and reachable, and nothing runs."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from devtools.cloudwatch.series import Series
from devtools.dashboard.assembly import Assembly, Dashboard
from devtools.dashboard.browser import Browser, BrowserError, Tab
from devtools.dashboard.output import write
from devtools.dashboard.preview import Preview
from devtools.dashboard.server import DashboardServer
from devtools.dashboard.sources import SeriesQuery, SeriesResult, Source, SourceError
from tests.dashboard_app import AGENTS, EVIL_LABEL, NOW, chart, metric
from tests.integration.dashboard.conftest import serving

_INSPECT_PAGE = (Path(__file__).parent / "inspect_page.js").read_text()


@pytest.fixture
def tab(browser: Browser) -> Tab:
    return browser.open(1280, 900)


def test_every_widget_of_the_overview_is_drawn(tab: Tab, server: DashboardServer) -> None:
    tab.goto(f"{server.url}?dashboard=shop-test-overview")
    widgets = tab.widgets()
    assert [w for w in widgets if w.state != "drawn" or w.overflows] == []
    assert {w.kind for w in widgets} == {
        "text", "singleValue", "gauge", "alarms", "timeSeries", "bar", "pie", "table",
    }  # fmt: skip
    assert tab.problems() == []


def test_what_cannot_be_drawn_says_why(tab: Tab, server: DashboardServer) -> None:
    tab.goto(f"{server.url}?dashboard=shop-test-strange")
    states = {w.title: (w.state, w.message) for w in tab.widgets()}
    assert states["Never published"] == ("empty", "No data in this range")
    assert states["Not metric math"][0] == states["Not a statistic"][0] == "error"
    assert states["An explorer"][0] == states["Not a query"][0] == "unevaluated"
    for title, (_, message) in states.items():
        shown = tab.evaluate(
            f"document.querySelector({_by_title(title)})?.querySelector('.notice')?.textContent"
        )
        assert (shown or "") == message
    assert tab.problems() == []


def _by_title(title: str) -> str:
    # Quoted twice: once for the selector, once for JavaScript.
    inner = title.replace("'", "\\\\'")
    return f"\".widget[data-widget-title='{inner}']\""


@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["shop-test-overview", "shop-test-strange"])
def test_it_can_be_read(
    tab: Tab, server: DashboardServer, name: str, theme: str, width: int
) -> None:
    tab.resize(width, 900)
    tab.goto(f"{server.url}?dashboard={name}&theme={theme}")
    seen = tab.evaluate(_INSPECT_PAGE)
    assert tab.evaluate("document.documentElement.dataset.theme") == theme
    assert seen["wider"] <= 0
    for flaw in (
        "overlapping", "cut", "onEachOther", "clippedNumbers", "faint", "faintInCharts",
    ):  # fmt: skip
        assert seen[flaw] == [], flaw
    assert seen["unnamed"] == 0


class Once:
    """A source with one value, 5, in the last period of every series."""

    label = "one value"

    def read(self, wanted: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        return {
            one: SeriesResult(Series(one.grid, (*[None] * (len(one.grid) - 1), 5.0)))
            for one in wanted
        }

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Any:
        raise NotImplementedError

    def alarms(self, names: Sequence[str]) -> Any:
        raise NotImplementedError


def test_single_datapoints_are_seen_each_of_its_own(tab: Tab) -> None:
    names = ("Requests", "Errors", "Cold")
    body = {"widgets": [chart(0, 0, 12, "", *(metric(name) for name in names))]}
    preview = Preview(Assembly((Dashboard("d", body),)), Once(), lambda: NOW)
    with serving(preview) as server:
        tab.goto(f"{server.url}?range=3600")
        circles = tab.evaluate(
            "[...document.querySelectorAll('circle')]"
            ".map(c => [c.cx.baseVal.value, c.r.baseVal.value])"
        )
        assert tab.evaluate("document.querySelectorAll('svg path').length") == 0
    assert len(circles) == 3
    places = sorted(x for x, _ in circles)
    assert all(later - earlier >= 2 * circles[0][1] for earlier, later in pairwise(places))


def test_an_axis_begins_at_zero_unless_its_widget_leaves_that_to_the_values(tab: Tab) -> None:
    left = {"label": "version", "showUnits": False}
    charts = [
        chart(0, 0, 8, "", metric("Version"), yAxis={"left": left}),
        chart(8, 0, 8, "", metric("Version"), yAxis={"left": {**left, "min": 0}}),
        chart(16, 0, 8, "", metric("Version"), yAxis={"left": left}, stacked=True),
    ]
    preview = Preview(Assembly((Dashboard("d", {"widgets": charts}),)), Once(), lambda: NOW)
    with serving(preview) as server:
        tab.goto(f"{server.url}?range=3600")
        lowest = tab.evaluate(
            "[...document.querySelectorAll('.y.axis')]"
            ".map(axis => axis.querySelector('text').textContent)"
        )
    assert lowest == ["5", "0", "0"]


def test_hostile_texts_stay_texts(tab: Tab, server: DashboardServer) -> None:
    tab.goto(f"{server.url}?dashboard=shop-test-strange")
    seen = tab.evaluate(_INSPECT_PAGE)
    assert seen["images"] == 0
    assert "owned" not in seen["title"]
    assert tab.evaluate("[...document.querySelectorAll('.legend .name')][0].textContent") == (
        EVIL_LABEL
    )


def test_the_pointer_and_the_keyboard_show_values(tab: Tab, server: DashboardServer) -> None:
    tab.goto(f"{server.url}?dashboard=shop-test-overview")
    chart = "document.querySelector('.widget.timeSeries svg')"
    at = tab.evaluate(
        f"(({{left, top, width}}) => [left + width / 2, top + 40])({chart}.getBoundingClientRect())"
    )
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=at[0], y=at[1])
    tip = "document.getElementById('tooltip')"
    tab.wait_for(f"!{tip}.hidden")
    assert {"cart", "search", "pay"} <= set(
        tab.evaluate(f"[...{tip}.querySelectorAll('.name')].map(e => e.textContent)")
    )
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=2, y=2)
    tab.wait_for(f"{tip}.hidden")

    tab.evaluate(f"{chart}.focus()")
    moments = []
    for key in ("End", "ArrowLeft", "ArrowLeft", "Home"):
        tab.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        moments.append(
            tab.evaluate(f"{tip}.hidden ? '' : {tip}.querySelector('.name').textContent")
        )
    assert moments == [
        "2026-11-20 11:55:00 UTC",
        "2026-11-20 11:50:00 UTC",
        "2026-11-20 11:45:00 UTC",
        "2026-11-20 09:00:00 UTC",
    ]
    tab.call("Input.dispatchKeyEvent", type="keyDown", key="Escape")
    assert tab.evaluate(f"{tip}.hidden")


def test_the_legend_hides_and_shows_a_series(tab: Tab, server: DashboardServer) -> None:
    tab.goto(f"{server.url}?dashboard=shop-test-overview")
    widget = "document.querySelector('.widget.timeSeries')"
    lines = f"{widget}.querySelectorAll('path[fill=none]').length"
    assert tab.evaluate(lines) == 3
    button = f"{widget}.querySelector('.legend button')"
    tab.evaluate(f"{button}.click()")
    assert tab.evaluate(lines) == 2
    assert tab.evaluate(f"{button}.getAttribute('aria-pressed')") == "false"
    # The keyboard's place is kept.
    assert tab.evaluate(f"document.activeElement === {button}")
    tab.evaluate(f"{button}.click()")
    assert tab.evaluate(lines) == 3


def test_the_theme_is_changed_and_kept_in_the_address(tab: Tab, server: DashboardServer) -> None:
    tab.goto(f"{server.url}?theme=light")
    stroke = "document.querySelector('.widget.timeSeries path[stroke]').getAttribute('stroke')"
    light = tab.evaluate(stroke)
    tab.evaluate("document.getElementById('theme').click()")
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
    assert tab.evaluate(stroke) != light
    assert "theme=dark" in tab.evaluate("location.search")


def test_without_a_choice_the_machines_theme_is_used(tab: Tab, server: DashboardServer) -> None:
    for theme in ("dark", "light"):
        tab.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": theme}],
        )
        tab.goto(server.url)
        assert tab.evaluate("document.documentElement.dataset.theme") == theme


def test_range_and_dashboard_are_chosen_on_the_page(tab: Tab, server: DashboardServer) -> None:
    tab.goto(server.url)
    tab.evaluate(
        "(range => { range.value = '3600'; range.dispatchEvent(new Event('change')); })"
        "(document.getElementById('range'))"
    )
    tab.wait_for("document.getElementById('status').textContent.includes('11:00 to')")
    tab.evaluate("document.querySelectorAll('#dashboards a')[1].click()")
    tab.wait_for("document.getElementById('title').textContent === 'Strange'")
    assert tab.evaluate("document.querySelectorAll('#dashboards a')[1].ariaCurrent") == "page"
    # The range stays chosen.
    assert "11:00 to" in tab.evaluate("document.getElementById('status').textContent")
    assert "range=3600" in tab.evaluate("location.search")


def test_a_variables_value_is_chosen_on_the_page(tab: Tab, server: DashboardServer) -> None:
    tab.goto(server.url)
    assert tab.evaluate("document.querySelectorAll('#variables select').length") == 0
    tab.evaluate("document.querySelectorAll('#dashboards a')[2].click()")
    tab.wait_for("document.getElementById('title').textContent === 'Agent – search'")  # noqa: RUF001
    select = "document.querySelector('#variables select')"
    assert tab.evaluate(f"[...{select}.options].map(o => o.text)") == list(AGENTS)
    tab.evaluate(
        f"{select}.value = 'shop-test-agent-pay'; {select}.dispatchEvent(new Event('change'))"
    )
    tab.wait_for("document.getElementById('title').textContent === 'Agent – pay'")  # noqa: RUF001
    assert [w.title for w in tab.widgets()] == ["Requests of pay", "Latency of pay"]
    assert tab.evaluate(f"{select}.selectedOptions[0].text") == "pay"
    assert "dashboard=shop-test-agent-pay" in tab.evaluate("location.search")
    assert tab.evaluate("document.querySelectorAll('#dashboards a').length") == 3
    assert tab.evaluate("document.querySelectorAll('#dashboards a')[2].ariaCurrent") == "page"


def test_a_refused_dashboard_says_so_and_is_drawn(tab: Tab) -> None:
    body = {"widgets": [chart(0, 0, 12, "", metric("Cold"))], "periodOverride": "never"}
    preview = Preview(Assembly((Dashboard("d", body),)), Once(), lambda: NOW)
    with serving(preview) as server:
        tab.goto(server.url)
        assert "periodOverride: 'never'" in tab.evaluate(
            "document.querySelector('#refused li').textContent"
        )
        assert {w.state for w in tab.widgets()} == {"drawn"}


def test_a_custom_range_is_chosen_on_the_page(tab: Tab, server: DashboardServer) -> None:
    tab.goto(server.url)
    tab.evaluate(
        "(range => { range.value = 'custom'; range.dispatchEvent(new Event('change')); })"
        "(document.getElementById('range'))"
    )
    tab.evaluate(
        "document.getElementById('from').value = '2026-11-20T10:15';"
        "document.getElementById('to').value = '2026-11-20T10:45';"
        "document.getElementById('custom').requestSubmit();"
    )
    tab.wait_for(
        "document.getElementById('status').textContent.includes('10:15 to 2026-11-20 10:45')"
    )
    assert tab.problems() == []


class FailingSource:
    """A source that stops answering when told."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.answers = True
        self.label = source.label

    def read(self, wanted: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        if not self.answers:
            raise SourceError("CloudWatch: it is raining")
        return self._source.read(wanted)

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Any:
        return self._source.query(query, groups, start, end)

    def alarms(self, names: Sequence[str]) -> Any:
        return self._source.alarms(names)


def test_it_refreshes_by_itself_and_keeps_what_it_has_when_that_fails(
    tab: Tab, preview: Preview
) -> None:
    ticks = count()
    source = FailingSource(preview.source)
    moving = replace(
        preview, source=source, clock=lambda: NOW + timedelta(seconds=10 * next(ticks))
    )
    status = "document.getElementById('status').textContent"
    with serving(moving) as server:
        tab.goto(f"{server.url}?refresh=0.05")
        first = tab.evaluate(status)
        tab.wait_for(f"{status} !== {first!r} && {status}.includes('Read at')")
        source.answers = False
        tab.wait_for(f"{status}.includes('it is raining')")
        assert tab.evaluate("document.getElementById('status').className") == "status failed"
        assert {w.state for w in tab.widgets()} == {"drawn"}
        source.answers = True
        tab.wait_for(f"{status}.includes('Read at')")
        tab.call("Page.navigate", url="about:blank")


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_files_for_a_pull_request(browser: Browser, preview: Preview, tmp_path: Path) -> None:
    del browser  # it says whether there is one
    written = write(tmp_path, preview)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"shop-test-{name}{suffix}"
        for name in (*(f"agent-{agent}" for agent in sorted(AGENTS)), "overview", "strange")
        for suffix in ("-dark.png", "-light.png", ".html")
    ]
    overview, strange, *_ = written
    assert overview.problems == strange.problems == ()
    assert {w.state for w in overview.widgets} == {"drawn"}
    assert [w.title for w in strange.broken] == [
        "Not metric math",
        "Not a statistic",
        "Not a colour",
    ]
    light, dark = overview.pictures
    assert png_size(light)[0] == 1600
    assert png_size(light)[1] > 1000
    assert light.read_bytes() != dark.read_bytes()


def test_a_written_page_needs_no_server(tab: Tab, preview: Preview, tmp_path: Path) -> None:
    write(tmp_path, preview, pictures=False)
    tab.call("Network.enable")
    tab.call(
        "Network.emulateNetworkConditions",
        offline=True,
        latency=0,
        downloadThroughput=0,
        uploadThroughput=0,
    )
    tab.goto((tmp_path / "shop-test-overview.html").as_uri())
    assert {w.state for w in tab.widgets()} == {"drawn"}
    assert tab.problems() == []
    assert tab.evaluate("getComputedStyle(document.getElementById('live')).display") == "none"
    link = tab.evaluate("document.querySelectorAll('#dashboards a')[1].href")
    tab.goto(link)
    assert tab.evaluate("document.getElementById('title').textContent") == "Strange"


def test_a_problem_on_the_page_is_noticed(tab: Tab, server: DashboardServer) -> None:
    """What the other tests take as proof of a clean console does see a dirty one."""
    tab.goto(server.url)
    tab.evaluate("void setTimeout(() => { throw new Error('planted') })")
    tab.wait_for("document.documentElement.dataset.problems")
    tab.evaluate("console.error('said')")
    tab.evaluate(
        "void document.body.append(Object.assign(new Image(), {src: 'https://example.com/x.png'}))"
    )
    tab.wait_for("document.documentElement.dataset.problems.includes('refused by policy')")
    problems = " ".join(tab.problems())
    for word in ("planted", "said", "refused by policy"):
        assert word in problems


def test_a_page_that_cannot_be_opened_is_an_error(tab: Tab) -> None:
    with pytest.raises(BrowserError, match="ERR_FILE_NOT_FOUND"):
        tab.goto("file:///no/such/page.html")
