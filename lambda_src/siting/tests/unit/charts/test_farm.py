import io
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from siting.charts.farm import FarmCharts
from siting.charts.land import FarmLand
from siting.charts.style import Sheet

NAMES = {
    "wind_rose.png",
    "wake_map.png",
    "aep_per_turbine.png",
    "power_curve.png",
    "energy_by_sector.png",
}


def charts(turbines: int = 12, sectors: int = 12, *, measured: bool = True) -> FarmCharts:
    at = np.arange(turbines)
    return FarmCharts.of(
        {
            "per_turbine": [
                {
                    "id": f"T{number + 1:02d}",
                    "x_m": 500_000.0 + 600.0 * (number % 6),
                    "y_m": 6_000_000.0 + 700.0 * (number // 6),
                    "aep_gwh": 14.0 - 0.05 * number,
                    "wake_loss_percent": 3.0 + 0.1 * number,
                }
                for number in at.tolist()
            ],
            "per_direction": [
                {
                    "direction_degrees": 360.0 * number / sectors,
                    "frequency": 1.0 / sectors,
                    "wind_speed_m_per_s": 8.7,
                    "aep_gwh": 10.0,
                    "wake_loss_percent": 5.0,
                }
                for number in range(sectors)
            ],
        },
        {
            "turbine": {"turbine_model": "iea_3_4mw_130m"},
            "air_density_kg_per_m3": 1.1 if measured else 1.225,
            "wake_model": "turbopark" if measured else "jensen",
            "turbulence_intensity": 0.1 if measured else None,
            "wind": {
                "main_direction_degrees": 240.0,
                "sectors": [{"weibull_a_m_per_s": 9.0, "weibull_k": 2.1}] * sectors
                if measured
                else None,
            },
        },
    )


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize(
    ("turbines", "sectors", "measured"),
    [(1, 4, True), (12, 12, True), (16, 16, False), (90, 36, True), (300, 72, False)],
)
def test_every_chart_is_a_picture_of_a_readable_size(
    turbines: int, sectors: int, measured: bool
) -> None:
    pictures = charts(turbines, sectors, measured=measured).draw()

    assert set(pictures) == NAMES
    for picture in pictures.values():
        width, height = size_of(picture)
        assert 700 <= width <= 2200
        assert 500 <= height <= 2200
        assert len(picture) < 600_000


def test_the_same_simulation_gives_the_same_bytes() -> None:
    assert charts().wind_rose() == charts().wind_rose()
    assert charts().wake_map() == charts().wake_map()


def test_turbines_that_stand_already_are_on_the_map_of_the_wakes_and_in_its_legend() -> None:
    def feature(kind: str, of: str, coordinates: Any) -> dict[str, Any]:
        geometry = {"type": of, "coordinates": coordinates}
        return {"properties": {"class": kind}, "geometry": geometry}

    ring = [[9.0, 54.0], [9.1, 54.0], [9.1, 54.1], [9.0, 54.0]]
    boundary = feature("boundary", "Polygon", [ring])
    standing = [
        feature("wind_turbine", "Point", [9.02, 54.01]),
        feature("wind_turbine", "Polygon", [[[9.9, 54.9], [9.91, 54.9], [9.9, 54.91]]]),
        feature("mast", "Point", [9.03, 54.02]),
    ]
    grid = {
        "origin_m": [500_000.0, 6_000_000.0],
        "origin_deg": [9.0, 54.0],
        "degrees_per_metre": [[1e-5, 0.0], [0.0, 1e-5]],
    }
    layout = {"grid": grid, "boundary_setback_line": boundary["geometry"]}
    land = FarmLand.of({"features": [boundary, *standing]}, {"features": []}, layout)

    assert land.standing.tolist() == pytest.approx(
        np.array([[502_000.0, 6_001_000.0], [590_000.0, 6_090_000.0]])
    )
    for size_km, drawn in (((5.0, 5.0), 1), ((1.5, 5.0), 0)):
        with Sheet(4.0, 4.0) as sheet:
            axes = sheet.figure.add_subplot()
            land.draw(axes, 500_000.0, 6_000_000.0, size_km)
            names = axes.get_legend_handles_labels()[1]
        assert names.count("Existing wind turbines") == drawn
        assert names[:2] == ["Site boundary", "Setback from the boundary"]


def test_drawing_leaves_the_look_of_other_figures_alone() -> None:
    before = dict(mpl.rcParams)
    charts().energy_by_sector()

    assert dict(mpl.rcParams) == before


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=4, max_size=8))
def test_no_loss_breaks_a_chart(losses: list[float]) -> None:
    drawn = charts(sectors=len(losses))
    rows: list[dict[str, Any]] = drawn.energy["per_direction"]
    for row, loss in zip(rows, losses, strict=True):
        row["wake_loss_percent"] = loss
        row["aep_gwh"] = 10.0 * (1.0 - loss / 100.0)

    assert size_of(drawn.energy_by_sector())


def test_the_agent_imports_no_plotting_until_it_draws() -> None:
    code = "import sys, agents.simulation.agent; print('matplotlib' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )

    assert done.stdout.strip() == "False"


def test_a_drawing_keeps_its_look_when_another_ends() -> None:
    entered, ended = threading.Event(), threading.Event()

    def draw() -> object:
        with Sheet(1.0, 1.0):
            entered.set()
            ended.wait(60)
            return mpl.rcParams["axes.titleweight"]

    with ThreadPoolExecutor(1) as threads:
        with Sheet(1.0, 1.0):
            drawing = threads.submit(draw)
            entered.wait(0.5)  # which it does only when two can be at it at once
        ended.set()
        assert drawing.result() == "bold"
    assert mpl.rcParams["axes.titleweight"] != "bold"


@pytest.mark.parametrize(("turbines", "sectors"), [(1, 4), (12, 12), (90, 36)])
def test_no_word_of_a_chart_is_cut_off_at_its_edge(turbines: int, sectors: int) -> None:
    for name, png in charts(turbines, sectors).draw().items():
        ink = np.asarray(Image.open(io.BytesIO(png)).convert("L")) < 250
        edges = (ink[0], ink[-1], ink[:, 0], ink[:, -1])
        assert not any(edge.any() for edge in edges), name
