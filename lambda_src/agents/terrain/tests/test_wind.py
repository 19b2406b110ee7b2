import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.terrain.tests.fakes import PLACE, SITE, Map, Weather, stored
from agents.terrain.tools.areas import get_unbuildable_areas
from agents.terrain.tools.wind import get_wind_conditions
from siting.geodata.reanalysis import PastWind
from siting.tests.chain import project_for
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project


def test_the_wind_is_described_at_hub_height_by_direction(
    weather: Weather, project: Project
) -> None:
    status, result = call(get_wind_conditions, project, **PLACE, hub_height_m=120.0, years=1)

    assert status == "success"
    kept = json.loads(stored(project, "wind.json"))
    assert kept["sectors"] == result["sectors"]
    west = kept["sectors"][9]
    assert (west["direction_degrees"], west["frequency"], west["hours"]) == (270.0, 1.0, 8760)
    exponent = np.log(1 / 0.75) / np.log(5.0)
    assert west["shear_exponent"] == pytest.approx(exponent, abs=1e-4)
    assert kept["mean_wind_speed_m_per_s"] == pytest.approx(8.0 * 2.4**exponent, abs=1e-3)
    assert kept["hub_height_m"] == 120.0
    assert (kept["hours"], kept["missing_hours"]) == (8760, 3)
    assert [one["month"] for one in kept["monthly"]] == list(range(1, 13))
    assert kept["method"]["data_heights_m"] == [10.0, 50.0]
    assert kept["source"]["attribution"] == "nobody"
    assert project.facts["main_wind_direction_degrees"] == 270.0
    ((_, _, first, last),) = weather.asked
    assert first == last


def test_a_shear_that_was_held_is_told(
    weather: Weather, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wind that is faster near the ground has no exponent that a power law should have."""
    usual = weather.wind_at

    def upside_down(*asked: Any) -> PastWind:
        past = usual(*asked)
        return replace(past, hours=replace(past.hours, lower_m_per_s=past.hours.upper_m_per_s * 2))

    monkeypatch.setattr(weather, "wind_at", upside_down)
    _, result = call(get_wind_conditions, project, **PLACE)
    assert any(
        "In 100.0 % of the hours the shear exponent was held" in one for one in result["limits"]
    )


def test_the_wind_is_that_of_the_site_unless_a_place_is_named(
    weather: Weather, the_map: Map, project: Project
) -> None:
    call(get_unbuildable_areas, project, **PLACE)
    status, result = call(get_wind_conditions, project)

    assert status == "success"
    longitude, latitude, first, last = weather.asked[0]
    assert (latitude, longitude) == pytest.approx((54.7365, 8.972), abs=1e-4)
    assert last - first == 9
    kept = json.loads(stored(project, "wind.json"))
    assert (kept["latitude"], kept["longitude"]) == (latitude, longitude)
    assert result["hours"] == kept["hours"] == 8760


def test_the_wind_of_a_site_in_the_request(weather: Weather) -> None:
    project = project_for("terrain", MemoryArtifactStore(), {"site": SITE})

    status, _ = call(get_wind_conditions, project)

    assert status == "success"
    assert weather.asked[0][1] == pytest.approx(54.737, abs=0.01)


@pytest.mark.parametrize("site", [{}, [], None, {"type": "Feature"}])
def test_the_wind_of_a_site_that_is_none_is_told_so(
    weather: Weather, the_map: Map, project: Project, site: object
) -> None:
    call(get_unbuildable_areas, project, **PLACE)  # it is not this one that is meant
    project.parameters = {"site": site}

    status, text = call(get_wind_conditions, project)

    assert (status, weather.asked, project.failure) == ("error", [], None)
    assert "site" in text or "boundary" in text
    assert "Neither" not in text


def test_wind_without_a_place_asks_for_one(weather: Weather, project: Project) -> None:
    status, text = call(get_wind_conditions, project)

    assert (status, weather.asked, project.failure) == ("error", [], None)
    assert "Give latitude and longitude" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hub_height_m": 20.0}, "hub_height_m is 20; give 30 to 250 m."),
        ({"sectors": 2}, "sectors is 2; give 4 to 36."),
        ({"years": 0}, "years is 0; give 1 to 20."),
        ({"latitude": 100.0}, "latitude is 100"),
        ({"latitude": None}, "Give both latitude and longitude"),
        ({"longitude": None}, "Give both latitude and longitude"),
        ({"elevation_m": 9000.0}, "elevation_m is 9000; give -430 to 5500 m."),
    ],
)
def test_wind_out_of_range_becomes_a_message(
    weather: Weather, project: Project, arguments: dict[str, float | None], message: str
) -> None:
    status, text = call(get_wind_conditions, project, **{**PLACE, **arguments})

    assert (status, weather.asked) == ("error", [])
    assert message in text


def test_the_air_at_the_hub_comes_from_the_winds_own_hours_and_the_sites_ground(
    weather: Weather, project: Project
) -> None:
    _, plain = call(get_wind_conditions, project, **PLACE, years=1)
    _, mountain = call(get_wind_conditions, project, **PLACE, years=1, elevation_m=2003.5)

    assert plain["air"]["density_kg_per_m3"] == pytest.approx(1.2293, abs=1e-4)
    assert plain["air"]["ground_m"] == 3.5
    thinner = 1 - mountain["air"]["density_kg_per_m3"] / plain["air"]["density_kg_per_m3"]
    assert 0.15 < thinner < 0.2
    assert "taken from 4 m to 2,004 m" in mountain["air"]["source"]


def test_months_and_hours_of_the_day_are_kept_with_their_own_distribution(
    weather: Weather, project: Project
) -> None:
    call(get_wind_conditions, project, **PLACE, years=1)

    kept = json.loads(stored(project, "wind.json"))
    assert [one["hour_utc"] for one in kept["hourly"]] == list(range(24))
    for one in (*kept["monthly"], *kept["hourly"]):
        assert one["weibull_a_m_per_s"] > one["mean_wind_speed_m_per_s"] > 0.0
        assert one["weibull_k"] > 1.0
