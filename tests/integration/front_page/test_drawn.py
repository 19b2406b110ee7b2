"""The front page in a real browser: on any screen, in both themes, on paper."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.demo.front_page import front_page
from cli.demo.result import DemoResult
from devtools.dashboard.browser import Browser, Tab, chromium
from tests.chromium import require_chromium
from tests.unit.cli.demo.results import agent, demo, write_files

#: A picture of one pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LONG = "a_word_without_an_end_" * 12
DEMOS = {
    "one agent": demo(agent("alone"), dashboards=()),
    "five agents": demo(
        agent("terrain", "map.png", "map.html", "land.json", facts={"site_km2": 28.2}),
        agent("layout", *(f"layout-{number}.json" for number in range(40))),
        agent("simulation", *(f"chart-{number}.png" for number in range(7))),
        agent("a_name_of_thirty_letters_in_all", f"{LONG[:200]}.png", facts={LONG: LONG}),
        agent("report", "report.pdf", facts={"site_km2": 28.2}, response=LONG, description=LONG),
    ),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require_chromium()
    with chromium() as running:
        yield running


def opened(browser: Browser, result: DemoResult, folder: Path, width: int, theme: str) -> Tab:
    write_files(result, folder)
    for picture in folder.rglob("*.png"):
        picture.write_bytes(PIXEL)
    (folder / "index.html").write_text(front_page(result), encoding="utf-8")
    tab = browser.open(width=width)
    emulated = [{"name": "prefers-color-scheme", "value": theme}]
    tab.call("Emulation.setEmulatedMedia", features=emulated)
    tab.load((folder / "index.html").as_uri())
    tab.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager'; })")
    tab.wait_for("[...document.images].every(image => image.complete)")
    return tab


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 400, 1280])
@pytest.mark.parametrize("name", DEMOS)
def test_it_fits_the_screen_and_shows_every_picture(
    browser: Browser, tmp_path: Path, name: str, width: int, theme: str
) -> None:
    tab = opened(browser, DEMOS[name], tmp_path, width, theme)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    missing = "[...document.images].filter(i => !i.naturalWidth).map(i => i.src)"
    assert tab.evaluate(missing) == []
    assert tab.problems() == []
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(14, 19, 26)") == (theme == "dark")


def test_it_is_printed_on_white(browser: Browser, tmp_path: Path) -> None:
    tab = opened(browser, DEMOS["five agents"], tmp_path, 1280, "dark")
    tab.call("Emulation.setEmulatedMedia", media="print")
    for element in ("body", "header"):
        background = f"getComputedStyle(document.querySelector('{element}')).backgroundColor"
        assert tab.evaluate(background) == "rgb(255, 255, 255)"
