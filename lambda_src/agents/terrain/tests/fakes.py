"""A place, and a map and a weather service of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from shapely.geometry import LineString, Point

from agents.terrain.tools.areas import find_exclusion_zones
from siting.geodata.overpass import Surroundings
from siting.geodata.reanalysis import PastWind
from siting.tests.chain import example, project_for
from siting.wind.features import FeatureClass
from siting.wind.rose import WindHours
from siting.wind.site import MapFeature
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

SITE = example("site.geojson")
PLACE = {"latitude": 54.7365, "longitude": 8.972}


class Map:
    """A map with a farm in the middle of any site, and a road through it."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.empty = False
        self.attribution = "map makers, ODbL"
        self.asked: list[dict[str, Any]] = []

    def features_around(
        self, longitude: float, latitude: float, radius_m: float, reach_m: Mapping[Any, float]
    ) -> Surroundings:
        self.asked.append({"radius_m": radius_m, "reach_m": dict(reach_m)})
        if self.failure:
            raise self.failure
        if self.empty:
            return Surroundings((), 0, self.attribution, "2026-11-01T00:00:00Z")
        farm = MapFeature(FeatureClass.BUILDING, "<b>Hof</b>", Point(longitude, latitude))
        ends = (longitude - 0.05, latitude + 0.01), (longitude + 0.05, latitude + 0.01)
        road = MapFeature(FeatureClass.ROAD, "", LineString(ends))
        return Surroundings((farm, road), 1, self.attribution, "2026-11-01T00:00:00Z")


class Weather:
    """A year of west wind."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, float, int, int]] = []

    def wind_at(self, longitude: float, latitude: float, first: int, last: int) -> PastWind:
        self.asked.append((longitude, latitude, first, last))
        speed = np.linspace(2.0, 14.0, 8760)
        hours = WindHours(
            year=np.full(8760, 2024.0),
            month=np.resize(np.arange(1.0, 13.0), 8760),
            hour=np.resize(np.arange(24.0), 8760),
            direction_degrees=np.full(8760, 268.0),
            upper_m_per_s=speed,
            lower_m_per_s=speed * 0.75,
            upper_height_m=50.0,
            lower_height_m=10.0,
        )
        return PastWind(
            hours=hours,
            first_year=first,
            last_year=last,
            missing_hours=3,
            grid_longitude_deg=8.75,
            grid_latitude_deg=54.5,
            grid_elevation_m=3.5,
            temperature_c=np.full(8760, 10.0),
            pressure_kpa=np.full(8760, 101.0),
            dataset="made up",
            attribution="nobody",
        )


def stored(project: Project, name: str) -> Any:
    return ProjectContent(project.store, project.project_id)[f"terrain/{name}"]


def run(site: Any, **arguments: Any) -> tuple[str, Any]:
    """Find the zones of a site that comes with the request."""
    project = project_for("terrain", MemoryArtifactStore(), {"site": site})
    return call(find_exclusion_zones, project, **arguments)
