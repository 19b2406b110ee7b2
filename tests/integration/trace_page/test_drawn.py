"""The page of a trace in a real browser: on any screen, in both themes, by keyboard."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.workflow.traces import Trace, rows
from cli.workflow.waterfall import draw
from devtools.dashboard.browser import Browser, Tab, chromium
from tests.chromium import require_chromium
from tests.unit.cli.workflow.traces import failed, span, trace

LONG = "a_word_without_an_end_" * 12
EVENT = {
    "name": "retry_attempt",
    "timestamp": "2026-01-02T03:04:05.500Z",
    "attributes": {"e": LONG},
}
RUN = trace(
    span("branches/p", "p", events=[EVENT]),
    span("branches/p/0", "p0", "p", attributes={"agent": "a", LONG: LONG}, **failed(LONG)),
    span(LONG, "q", start_time="2026-01-02T03:04:05.750Z", duration_ms=250),
)
MANY = trace(*[span(f"steps/{n}", f"s{n}", events=[EVENT]) for n in range(999)])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require_chromium()
    with chromium() as running:
        yield running


def opened(
    browser: Browser, data: dict[str, Any], folder: Path, width: int = 1280, theme: str = "light"
) -> Tab:
    read = Trace.model_validate_json(json.dumps(data))
    file = folder / "t.html"
    file.write_text(draw(read, rows(read)), encoding="utf-8")
    tab = browser.open(width=width)
    emulated = [{"name": "prefers-color-scheme", "value": theme}]
    tab.call("Emulation.setEmulatedMedia", features=emulated)
    tab.load(file.as_uri())
    return tab


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 800, 1280])
def test_it_fits_the_screen(browser: Browser, tmp_path: Path, width: int, theme: str) -> None:
    tab = opened(browser, RUN, tmp_path, width, theme)
    tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # A bar stands where the axis says.
    left = "Math.round(document.querySelector('%s').getBoundingClientRect().left)"
    assert tab.evaluate(f"{left % '.tick'} === {left % '.bar'}")
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 19, 26)"
    assert dark is (theme == "dark")
    assert tab.problems() == []


def test_a_thousand_spans_are_all_there(browser: Browser, tmp_path: Path) -> None:
    tab = opened(browser, MANY, tmp_path)
    assert tab.evaluate("document.querySelectorAll('summary').length") == 1000
    assert (tmp_path / "t.html").stat().st_size < 2_000_000
    assert tab.problems() == []


def test_a_span_is_opened_with_the_keyboard(browser: Browser, tmp_path: Path) -> None:
    tab = opened(browser, RUN, tmp_path)
    focused = "document.activeElement.closest('li')?.querySelector('bdi').textContent"
    for _ in range(4):  # the box to choose with, and three spans
        for kind in ("keyDown", "keyUp"):
            tab.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab",
                     windowsVirtualKeyCode=9)  # fmt: skip
    assert tab.evaluate(focused) == "branches/p/0"
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r",
                 windowsVirtualKeyCode=13)  # fmt: skip
    assert tab.evaluate("document.activeElement.closest('details').open")


def test_a_screen_reader_hears_names_lengths_and_what_failed(
    browser: Browser, tmp_path: Path
) -> None:
    tab = opened(browser, RUN, tmp_path)
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    told = [node["name"]["value"] for node in nodes if node.get("name") and not node["ignored"]]
    for words in ("failed branches/p/0 1 s", "branches/p 1 s", "Spans, each with those in it"):
        assert any(words in " ".join(one.split()) for one in told), words


def test_only_what_failed_is_shown_on_demand(browser: Browser, tmp_path: Path) -> None:
    tab = opened(browser, RUN, tmp_path)
    shown = "[...document.querySelectorAll('summary')].filter(one => one.offsetHeight).length"
    assert tab.evaluate(shown) == 4
    tab.evaluate("document.getElementById('only').click()")
    assert tab.evaluate(shown) == 3
