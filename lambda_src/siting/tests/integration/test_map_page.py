"""The map to look around in, from a file, in a real browser."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devtools.dashboard.browser import Browser, Tab, chromium
from siting.charts.graticule import Plane
from siting.documents.farm_page import as_page
from siting.documents.report.maps import WakePictures
from siting.documents.site_map import draw_site
from siting.tests.unit.documents.pictures import png
from siting.tests.unit.documents.test_exports import HOLED, an_export, feature
from tests.chromium import require_chromium

#: Of both turbines, by sector: from the north, and from the west.
LOSSES = {"T1": [12.5, 0.0], "T2": [0.0, 40.0]}
WAKES = {
    "bounds_m": [500_000.0, 5_982_000.0, 503_000.0, 5_984_000.0],
    "size_px": [90, 60],
    "deepest_deficit": 0.5,
    "main_direction_degrees": 270.0,
    "directions": [
        {
            "sector": sector,
            "direction_degrees": direction,
            "wind_speed_m_per_s": 8.5,
            "frequency": share,
            "png_base64": b64encode(png(90, 60)).decode(),
        }
        for sector, direction, share in ((0, 0.0, 0.25), (1, 270.0, 0.75))
    ],
}
PLANE = Plane((501_000.0, 5_983_000.0), (9.05, 54.05), (1.53e-5, 0.0), (0.0, 8.98e-6))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require_chromium()
    with chromium() as running:
        yield running


def opened(browser: Browser, folder: Path, wakes: WakePictures | None) -> Tab:
    export = an_export()
    turbines = [shape.row for shape in export.turbines.shapes]
    nothing: dict[str, Any] = {"features": []}
    boundary = feature(HOLED, {"class": "boundary"})
    land = draw_site({"features": [boundary]}, nothing, turbines, boundary["geometry"])
    page = as_page(
        export, land, losses=LOSSES, wakes=wakes, notes=("Read this <first>.",), sources=("Ours.",)
    )
    (folder / "map.html").write_text(page, encoding="utf-8")
    tab = browser.open(width=1400, height=800)
    tab.load((folder / "map.html").as_uri())
    return tab


def click(tab: Tab, element: str) -> None:
    x, y = tab.evaluate(
        f"(() => {{ const box = ({element}).getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def test_wakes_table_and_turbines_answer_to_clicks(browser: Browser, tmp_path: Path) -> None:
    tab = opened(browser, tmp_path, WakePictures(WAKES, PLANE))
    rows = "[...document.querySelectorAll('tbody tr')].map(row => row.innerText.split('\\t'))"

    assert "from 270°, 75.0 % of the year" in tab.evaluate("document.body.innerText")
    assert tab.evaluate("document.querySelectorAll('.layer-wakes image').length") == 1
    asked = tab.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    assert all(one.startswith("data:") for one in asked)
    assert [(row[0], row[3]) for row in tab.evaluate(rows)] == [("T1", "0.0"), ("T2", "40.0")]
    click(tab, "document.querySelector('#directions button')")
    assert [(row[0], row[3]) for row in tab.evaluate(rows)] == [("T1", "12.5"), ("T2", "0.0")]
    click(tab, "document.querySelectorAll('th button')[3]")
    assert [row[0] for row in tab.evaluate(rows)] == ["T2", "T1"]
    click(tab, "document.querySelectorAll('.turbine circle')[1]")
    assert tab.evaluate("document.querySelector('tr.chosen').innerText").startswith("T2")
    click(tab, "document.querySelectorAll('tbody tr')[1]")
    assert tab.evaluate("document.querySelector('.turbine.chosen text').textContent") == "T1"
    click(tab, "document.querySelector('[name=colour][value=direction]')")
    colours = (
        "[...document.querySelectorAll('.turbine circle')].map(one => getComputedStyle(one).fill)"
    )
    assert tab.evaluate(colours) == ["rgb(68, 1, 84)", "rgb(253, 231, 37)"]
    assert "54.06° N" in tab.evaluate("document.getElementById('graticule').textContent")
    click(tab, "document.querySelector('[data-layer=\".layer-wakes\"]')")
    assert tab.evaluate("document.querySelector('.layer-wakes').style.display") == "none"


def test_it_asks_for_nothing_but_itself_and_does_without_wakes(
    browser: Browser, tmp_path: Path
) -> None:
    tab = opened(browser, tmp_path, None)
    assert tab.evaluate("performance.getEntriesByType('resource').map(one => one.name)") == []
    assert tab.evaluate("document.getElementById('winds').hidden")
    assert tab.evaluate("document.querySelectorAll('tbody tr').length") == 2
    assert "Read this <first>." in tab.evaluate("document.body.innerText")


def test_degrees_are_read_beside_the_arrow_and_the_scale_and_cut_off_by_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    tab = opened(browser, tmp_path, None)
    boxes = """
        [...document.querySelectorAll(SELECTOR)].map((one) => one.getBoundingClientRect())
          .map((box) => [box.left, box.top, box.right, box.bottom])
    """
    degrees = tab.evaluate(boxes.replace("SELECTOR", "'#graticule text'"))
    over = tab.evaluate(boxes.replace("SELECTOR", "'#north, #bar'"))
    (whole,) = tab.evaluate(boxes.replace("SELECTOR", "'#map'"))

    assert len(degrees) > 8
    for left, top, right, bottom in degrees:
        assert right <= whole[2]
        for other in over:
            assert right < other[0] or other[2] < left or bottom < other[1] or other[3] < top
