"""The whole chain on five landscapes, and what their maps and reports have to show.

One test for each: processes that share tests would run a chain anew.
"""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from math import cos, radians, sin
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
from pypdf import PdfReader
from pyproj import Geod
from shapely.geometry import Point, shape

from agents.simulation.agent import run_wake_simulation
from siting.documents.report.contradictions import air_of_the_ground
from siting.documents.report.inputs import Inputs
from siting.tests.chain import project_for
from siting.tests.landscapes import coast as coasts
from siting.tests.landscapes import zone_edge as edges
from siting.tests.landscapes.every import LANDSCAPES
from siting.tests.landscapes.landscape import Landscape
from siting.tests.landscapes.run import run
from siting.wind.air import air_at_hub
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore


class Ran(NamedTuple):
    landscape: Landscape
    files: ProjectContent | Mapping[str, bytes]
    answers: dict[str, Any]

    def text(self, name: str) -> str:
        return self.files[name].decode()

    def data(self, name: str) -> Any:
        return json.loads(self.text(name))

    @property
    def cover(self) -> str:
        """What stands before the first section, as text."""
        page = self.text("report/report.html")
        return re.sub(r"<[^>]+>", " ", page.partition("<h2>")[0].partition("<body")[2])


def ran(name: str) -> Ran:
    """Run the chain, and hold what is true of every landscape."""
    landscape = LANDSCAPES[name]()
    # Charts take longest; two landscapes' have to do, and those of the documented command.
    store, answers = run(landscape, years=1, charts=name in ("hills", "zone_edge"))
    return hold(Ran(landscape, ProjectContent(store, landscape.project_id), answers))


def by_command(name: str, folder: Path) -> Ran:
    """Run the chain as its documentation says, and hold the same of what it leaves."""
    command = [sys.executable, "-m", "siting.tests.landscapes", name, "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.glob("*/*")}
    answers = json.loads((folder / "answers.json").read_text())
    return hold(Ran(LANDSCAPES[name](), files, answers))


def hold(one: Ran) -> Ran:
    turbines_stand_on_land_that_may_carry_them(one)
    maps_name_the_villages(one)
    the_place_says_on_which_side_it_is(one)
    figures_agree_wherever_they_stand(one)
    return one


def turbines_stand_on_land_that_may_carry_them(one: Ran) -> None:
    land = shape(one.data("terrain/buildable.geojson")["geometry"])
    turbines = one.data("layout/layout.json")["turbines"]

    assert len(turbines) == one.landscape.layout["turbine_count"]
    assert all(land.contains(Point(at["longitude_deg"], at["latitude_deg"])) for at in turbines)


def maps_name_the_villages(one: Ran) -> None:
    villages = [
        element["tags"]["name"]
        for element in one.landscape.elements
        if element["tags"].get("place") in ("village", "town", "hamlet")
        and abs(element["lat"] - one.landscape.latitude) * 111.2 < one.landscape.land["radius_km"]
    ]
    assert villages
    for page in ("terrain/boundaries.html", "report/report.html", "report/map.html"):
        text = one.text(page)
        assert [name for name in villages if name[:28] not in text] == [], page


def the_place_says_on_which_side_it_is(one: Ran) -> None:
    north, east = one.landscape.latitude, one.landscape.longitude
    place = f"{abs(north):.2f}", "S" if north < 0 else "N", f"{abs(east):.2f}", "EW"[east < 0]
    pattern = r"{}\d*° {}, {}\d*° {}".format(*place)

    assert re.search(pattern, one.cover)
    # And so does the section on the wind.
    assert len(re.findall(pattern, one.text("report/report.html"))) > 1


def figures_agree_wherever_they_stand(one: Ran) -> None:
    """The cover, the tables, the map to look around in and the file for spreadsheets."""
    energy, layout = one.data("simulation/energy.json"), one.data("layout/layout.json")
    page = " ".join(re.sub(r"<[^>]+>", " ", one.text("report/report.html")).split())
    cover = " ".join(one.cover.split())

    # What the cover says of land, twice, is the land that turbines stand on.
    assert cover.count(f"{layout['buildable_km2_within_setback']:.2f} km²") == 2
    # What is net of all losses stands beside the capacity factor that is.
    hours = 1000 * energy["net_aep_gwh"] / energy["rated_power_mw"]
    assert f"net of wakes and losses {hours / 87.6:.1f} %" in cover
    # Abbreviations and names of the data's fields are not for readers.
    assert "AEP" not in cover
    assert "aep_gwh" not in page
    assert "kg/m3" not in page
    for parts in ("per_turbine", "per_direction", "monthly", "hourly"):
        assert sum(part["aep_gwh"] for part in energy[parts]) == pytest.approx(energy["aep_gwh"])
    data = one.text("report/map.html").partition('id="data">')[2].partition("</script>")[0]
    on_map = json.loads(data)["turbines"]
    in_file = list(csv.DictReader(io.StringIO(one.text("report/turbines.csv"))))
    assert len(on_map) == len(in_file) == len(energy["per_turbine"])
    for turbine, marker, row in zip(energy["per_turbine"], on_map, in_file, strict=True):
        told = f"{turbine['aep_gwh']:.3f} {turbine['wake_loss_percent']:.1f}"
        assert re.search(rf"{turbine['id']} [^a-zA-Z]+ {told} ", page)
        assert f"{marker['loss']:.1f}" == f"{float(row['wake_loss_percent']):.1f}" == told[-3:]
        assert float(row["net_gwh"]) == marker["gwh"]


def test_coast_islands_are_land_and_the_tarn_on_one_is_not(tmp_path: Path) -> None:
    coast = by_command("coast", tmp_path)
    land = shape(coast.data("terrain/buildable.geojson")["geometry"])
    # The lighthouse is on the map, and keeps nothing of the site.
    page = coast.text("report/report.html")
    assert "Found nearby, with a setback that ends before the site: masts and towers." in page
    assert ">Masts and towers</td>" not in page
    left = {name.rpartition(".")[2] for name in cast("Mapping[str, bytes]", coast.files)}
    assert left == {"csv", "geojson", "gpkg", "html", "json", "kml", "pdf", "png"}

    def at(east_m: float, north_m: float) -> Point:
        wide = 111_195.0 * cos(radians(coasts.LATITUDE))
        return Point(coasts.LONGITUDE + east_m / wide, coasts.LATITUDE + north_m / 111_195.0)

    assert land.contains(at(-1000.0, 1500.0))
    assert land.contains(at(-2600.0, -2000.0))
    for place in (
        coast.cover,
        re.sub(r"<[^>]+>", " ", page.partition("Layout</h2>")[2].partition("<table")[0]),
    ):
        assert "T03, T05 and T09 stand across water" in " ".join(place.split())
    assert not land.contains(at(-1000.0, 1100.0))
    assert not land.contains(at(-2500.0, -500.0))


def test_hills_and_thin_air_are_on_the_cover_and_nothing_hides_the_creek() -> None:
    hills = ran("hills")

    assert hills.data("terrain/wind.json")["air"]["density_kg_per_m3"] == pytest.approx(0.97, 0.01)
    assert "m; the energy takes it for flat, with the air of 2,080 m for all" in hills.cover
    page = hills.text("report/report.html")
    the_air_of_other_heights_is_in_the_section_on_energy(hills)
    # Its section on the energy begins so far down that no chart has room on that page.
    maps_and_tables_stay_in_their_section(hills)
    assert "map-zone map-steep_ground" in page
    assert "map-feature map-steep_ground" not in page
    assert page.index("map-feature map-forest") < page.index("map-line map-water")
    # A direction that the wind never comes from has no speed in either table.
    calm = [one for one in hills.data("terrain/wind.json")["sectors"] if not one["frequency"]]
    assert calm
    for one in calm:
        row = rf">{one['direction_degrees']:.1f}</td>\s*<td[^>]*>0\.0</td>\s*<td[^>]*>\u2013</td>"
        assert len(re.findall(row, page)) == 2


def the_air_of_other_heights_is_in_the_section_on_energy(hills: Ran) -> None:
    energy = hills.data("simulation/energy.json")
    ground = hills.data("terrain/buildable.geojson")["properties"]["ground"]
    section = hills.text("report/report.html").partition("Energy</h2>")[2]
    told = re.findall(r"([\d,]+) m, with ([\d.]+) % (\w+) air and ([\d.]+) % (\w+) energy", section)

    def density(ground_m: float) -> float:
        none = np.array([])
        return air_at_hub(
            none, none, hub_height_m=110.0, data_ground_m=None, ground_m=ground_m
        ).density_kg_per_m3

    assert [one[2::2] for one in told] == [("denser", "more"), ("thinner", "less")]
    for (height, of_air, _, of_energy, _), name in zip(
        told, ("lowest_m", "highest_m"), strict=True
    ):
        ratio = density(ground[name]) / density(2080.0)
        by_speed = energy["energy_percent_per_speed_percent"] * 100.0 * (ratio ** (1 / 3) - 1.0)
        assert float(height.replace(",", "")) == round(ground[name])
        assert float(of_air) == pytest.approx(100.0 * abs(ratio - 1.0), abs=0.06)
        assert float(of_energy) == pytest.approx(abs(by_speed), abs=0.06)
        assert float(of_energy) > 0.5


@pytest.mark.parametrize(("ground_m", "warns"), [(2080.0, False), (170.0, True), (None, False)])
def test_air_of_another_height_than_the_ground_is_told(ground_m: float, warns: bool) -> None:
    land = {"properties": {"ground": {"lowest_m": 1859.0, "highest_m": 2301.0}}}
    inputs = SimpleNamespace(
        buildable=SimpleNamespace(data=land),
        wind=SimpleNamespace(data={"air": {"ground_m": ground_m}}),
    )
    assert bool(air_of_the_ground(cast("Inputs", inputs))) is warns


def test_villages_that_one_turbine_may_be_too_loud_for_are_on_the_cover() -> None:
    villages = ran("villages")
    homes = [element for element in villages.landscape.elements if "building" in element["tags"]]
    print(homes[0])
    assert "Homes keep 525 m, and one turbine alone may need 576 m" in villages.cover


def test_a_plain_in_the_south_has_its_whole_chain_and_says_who_is_near_to_homes() -> None:
    plain = ran("plain")
    corners = np.array(
        [
            (at["lon"], at["lat"])
            for one in plain.landscape.elements
            if one["tags"].get("building") == "farm" or one["tags"].get("landuse") == "residential"
            for at in one["geometry"]
        ]
    )
    away_m = {}
    for at in plain.data("layout/layout.json")["turbines"]:
        here = np.broadcast_to((at["longitude_deg"], at["latitude_deg"]), corners.shape)
        # To a house's corner, and not to its wall: a metre or two farther.
        away_m[at["id"]] = Geod(ellps="WGS84").inv(*here.T, *corners.T)[2].min()
    near = sorted((id_ for id_, metres in away_m.items() if metres < 854.0), key=away_m.__getitem__)

    assert "UTM zone 20S" in plain.cover
    assert f" m for 40 dB(A); {len(near)} of 24 stand" in plain.cover
    told = plain.text("report/report.html").partition("residential land than 854 m: ")[2]
    found = re.findall(r"(T\d\d) \((\d+) m\)", told.partition("</li>")[0])
    assert [name for name, _ in found] == near != []
    assert [float(m) for _, m in found] == pytest.approx([away_m[one] for one in near], abs=5.0)


def test_zone_edge_has_wakes_by_true_north_and_maps_in_their_section() -> None:
    edge = ran("zone_edge")
    wakes_are_computed_by_true_north(edge)
    maps_and_tables_stay_in_their_section(edge)


def wakes_are_computed_by_true_north(edge: Ran) -> None:
    turned = radians(edge.data("simulation/simulation.json")["grid_north_degrees"])
    # The convergence of the meridians, to the first order; the site is planned in zone 33.
    expected = radians(edges.LONGITUDE - 15.0) * sin(radians(edges.LATITUDE))
    assert turned == pytest.approx(expected, rel=0.01)

    # The same turbines in metres whose north is true.
    store = cast("MemoryArtifactStore", cast("ProjectContent", edge.files).store)
    own = [
        {
            "x_m": at["x_m"] * cos(turned) + at["y_m"] * sin(turned),
            "y_m": at["y_m"] * cos(turned) - at["x_m"] * sin(turned),
            "turbine_model": at["turbine_model"],
        }
        for at in edge.data("layout/layout.json")["turbines"]
    ]
    project = project_for(
        "simulation",
        store,
        {"turbines": own},
        edge.landscape.project_id,
    )
    status, again = call(run_wake_simulation, project, wind_data="project")

    assert status == "success", again
    by_layout = edge.answers["run_wake_simulation"]
    assert by_layout["wake_loss_percent"] == pytest.approx(again["wake_loss_percent"], abs=1e-4)


def maps_and_tables_stay_in_their_section(edge: Ran) -> None:
    body = edge.files["report/report.pdf"]
    read: list[tuple[int, float, str, float]] = []

    def note(text: str, place: list[float], _of_text: list[float], _font: Any, size: float) -> None:
        read.append((at, -place[5], text.strip(), size))

    # Captions and headings as they stand, top to bottom: not in the order they were written.
    for at, page in enumerate(PdfReader(io.BytesIO(body)).pages[1:]):  # noqa: B007  note has it
        page.extract_text(visitor_text=note)

    def place_of(words: str, *, heading: bool = False) -> tuple[int, float]:
        (found,) = (
            (at, down)
            for at, down, text, size in read
            if text == words and (size > _TEXT_SIZE) is heading
        )
        return found

    first, *parts = re.split(r"<h2[^>]*>\d+ (.*?)</h2>", edge.text("report/report.html"))
    assert "Figure" not in first
    names = parts[::2]
    figures = 0
    for name, following, part in zip(names, [*names[1:], None], parts[1::2], strict=True):
        for figure in re.findall(r"Figure \d+\.", part):
            figures += 1
            assert place_of(name, heading=True) < place_of(figure), figure
            assert following
            assert place_of(figure) < place_of(following, heading=True), figure
    assert figures == 7
    # No page but the last is half empty, below the footer's two lines.
    for at in range(read[-1][0]):
        assert sorted(down for page, down, text, _ in read if page == at and text)[-3] > _FULL
    assert place_of("January")[0] == place_of("December")[0]


#: Points; headings are larger.
_TEXT_SIZE = 12.0
#: Points down a page of 842, from its bottom up.
_FULL = -0.4 * 842.0
