"""The terrain agent's tools on the stand-in: from coordinates to maps and wind."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from shapely.geometry import Point, shape
from shapely.ops import unary_union

from agents.terrain.tools import areas, services, wind
from devtools.localcloud.geodata import Fault, FaultKind, GeodataStandIn
from devtools.localcloud.geodata.landscape import marsh
from devtools.localcloud.geodata.pen import Element
from siting.geodata import http
from siting.tests.chain import project_for
from siting.tests.unit.geodata.elements import relation, square, way
from siting.wind.features import ON_MAPS
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.contracts.errors import DataSourceError, DataSourceUnavailable
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

PLACE = {"latitude": 54.7365, "longitude": 8.972}


@pytest.fixture
def project(stand_in: GeodataStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A request whose tools reach the stand-in, as the environment says."""
    monkeypatch.setenv("OVERPASS_URL", stand_in.overpass_url)
    monkeypatch.setenv("WIND_DATA_URL", stand_in.wind_data_url)
    monkeypatch.setattr(http, "BASE_PAUSE_S", 0.01)
    services.overpass.cache_clear()
    services.power.cache_clear()
    yield project_for("terrain", MemoryArtifactStore())
    services.overpass.cache_clear()
    services.power.cache_clear()


def find(project: Project, **arguments: Any) -> dict[str, Any]:
    status, result = call(areas.get_unbuildable_areas, project, **{**PLACE, **arguments})
    assert status == "success", result
    found: dict[str, Any] = result
    return found


def saved(project: Project, name: str) -> Any:
    return json.loads(ProjectContent(project.store, project.project_id)[f"terrain/{name}"])


def test_the_marsh_has_land_left(project: Project) -> None:
    result = find(project)

    zones = {zone["class"]: zone for zone in result["zones"]}
    assert set(zones) == ON_MAPS
    assert 55.0 < result["buildable_percent"] < 75.0
    # The sea in the west is excluded, not buildable.
    buildable = shape(saved(project, "buildable.geojson")["geometry"])
    assert buildable.is_valid
    assert not buildable.contains(Point(8.972 - 0.074, 54.7365 + 0.005))
    assert zones["water"]["area_km2"] > 2.0


def test_a_reserve_all_around_leaves_nothing(stand_in: GeodataStandIn, project: Project) -> None:
    park = square(-60_000, -60_000, 120_000)
    reserve = relation(
        ("outer", park[:3]), ("outer", park[2:]), boundary="protected_area", name="Park"
    )
    stand_in.elements = [reserve]

    result = find(project)

    assert (result["buildable_km2"], result["buildable_percent"]) == (0.0, 0.0)


def test_nothing_on_the_map_is_all_buildable_for_who_knows_it(
    stand_in: GeodataStandIn, project: Project
) -> None:
    stand_in.elements = []

    status, text = call(areas.get_unbuildable_areas, project, **PLACE)
    assert status == "error"
    assert "The map shows nothing at all" in text

    result = find(project, accept_empty_map=True)

    assert (result["zones"], result["buildable_percent"]) == ([], 100.0)


@pytest.mark.parametrize("longitude", [180.0, -179.98, 179.97])
def test_a_site_across_the_antimeridian_is_like_any_other(
    stand_in: GeodataStandIn, project: Project, longitude: float
) -> None:
    stand_in.elements = marsh(-17.0, longitude)
    across = find(project, latitude=-17.0, longitude=longitude)
    written = saved(project, "boundaries.geojson")["features"]
    stand_in.elements = marsh(-17.0, 30.0)
    inland = find(project, latitude=-17.0, longitude=30.0)

    for zone, other in zip(across["zones"], inland["zones"], strict=True):
        assert zone["area_km2"] == pytest.approx(other["area_km2"], rel=0.003)
    for one in written:
        geometry = shape(one["geometry"])
        assert geometry.is_valid
        if geometry.is_empty:  # a class whose setback does not reach the site
            continue
        west, _, east, _ = geometry.bounds
        assert -180.0 <= west <= east <= 180.0


@pytest.mark.parametrize("latitude", [83.5, -79.5])
def test_a_site_near_a_pole_is_like_any_other(
    stand_in: GeodataStandIn, project: Project, latitude: float
) -> None:
    stand_in.elements = marsh(latitude, 20.0)

    result = find(project, latitude=latitude, longitude=20.0)

    assert len(result["zones"]) == len(ON_MAPS)
    assert 50.0 < result["buildable_percent"] < 80.0


@pytest.mark.parametrize("latitude", [84.5, 90.0, -85.0])
def test_beyond_utm_the_model_is_told(
    stand_in: GeodataStandIn, project: Project, latitude: float
) -> None:
    status, text = call(areas.get_unbuildable_areas, project, latitude=latitude, longitude=0.0)

    assert (status, stand_in.asked, project.failure) == ("error", [], None)
    assert "between -80 and 84 degrees" in text


def test_twenty_thousand_buildings_are_kept_from(
    stand_in: GeodataStandIn, project: Project
) -> None:
    places = np.random.default_rng(4).uniform(-4500, 4500, (20_000, 2))
    stand_in.elements = [way(square(x, y, 12), building="yes") for x, y in places.tolist()]

    result = find(project, building_setback_m=60.0)

    (zone,) = result["zones"]
    assert zone["features"] > 19_000
    area = unary_union([shape(saved(project, "buildable.geojson")["geometry"])])
    for x, y in places[:200].tolist():
        at = way(square(x, y, 12))["geometry"][0]
        assert not area.contains(Point(at["lon"], at["lat"]))


@pytest.mark.parametrize("kind", [FaultKind.REMARK, FaultKind.CUT, FaultKind.GATEWAY_TIMEOUT])
def test_a_map_that_does_not_come_is_never_an_empty_map(
    stand_in: GeodataStandIn, project: Project, kind: FaultKind
) -> None:
    stand_in.inject(Fault(kind, count=None))

    status, _ = call(areas.get_unbuildable_areas, project, **PLACE)

    assert status == "error"
    assert isinstance(project.failure, DataSourceUnavailable)
    assert project.artifacts == []


def test_wind_that_does_not_come_is_no_calm(stand_in: GeodataStandIn, project: Project) -> None:
    stand_in.inject(Fault(FaultKind.HTML, service="wind", count=None))

    status, _ = call(wind.get_wind_conditions, project, **PLACE)

    assert status == "error"
    assert isinstance(project.failure, DataSourceError)
    assert project.artifacts == []


def test_the_wind_of_ten_years_is_one_rose(stand_in: GeodataStandIn, project: Project) -> None:
    status, result = call(wind.get_wind_conditions, project, **PLACE)

    assert status == "success"
    assert len(stand_in.asked) == 10
    assert sum(one["frequency"] for one in result["sectors"]) == pytest.approx(1.0)
    assert result["main_wind_direction_degrees"] == 270.0
    assert 0.1 < result["sectors"][8]["shear_exponent"] < 0.25
    winter, summer = (saved(project, "wind.json")["monthly"][month] for month in (0, 6))
    assert winter["mean_wind_speed_m_per_s"] > summer["mean_wind_speed_m_per_s"]


def test_a_second_request_spares_the_services(stand_in: GeodataStandIn, project: Project) -> None:
    elements: list[Element] = list(stand_in.elements)
    first = find(project)
    other = project_for("terrain", MemoryArtifactStore())
    second = find(other)

    assert elements
    assert first["zones"] == second["zones"]
    assert len(stand_in.asked) == 1
