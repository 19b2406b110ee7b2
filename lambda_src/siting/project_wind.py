"""The wind data that a project holds."""

from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt
from typing import Final

from siting.crew import TERRAIN
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project
from tradewind.run.tools import Source, load_json

WIND_FILE: Final = "wind.json"
#: The grid of the wind data: farther off they are another place's.
_FARTHEST_KM: Final = 50.0
_EARTH_RADIUS_KM: Final = 6371.0


def project_wind(project: Project) -> Source | None:
    """Return the wind data the terrain agent left in the project, or None if it left none.

    Raises:
        ArtifactNotFound: It did, and storage no longer has them.
        StorageError: They could not be read.
    """
    if project.find(TERRAIN, WIND_FILE) is None:
        return None
    return load_json(project, TERRAIN, WIND_FILE)


def require_wind_of(places: Iterable[tuple[float, float]], wind: Source) -> float:
    """Refuse wind data that are of another place than the farm's.

    Args:
        places: Longitude and latitude of places of the farm, in degrees.
        wind: The project's wind data.

    Returns:
        How far it is from the wind's place to the nearest of them, in km.

    Raises:
        ToolInputError: They are of another place; the message names the agent to run again.
    """
    fetched_for = (wind.data["longitude"], wind.data["latitude"])
    away_km = min(distance_km(place, fetched_for) for place in places)
    if away_km > _FARTHEST_KM:
        raise ToolInputError(
            f"The wind in {wind.name} is of a place {away_km:.0f} km away from the farm. "
            "Run the terrain agent on this project again, for the wind too."
        )
    return away_km


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great circle's length between two places, each (longitude, latitude) in degrees."""
    (east_1, north_1), (east_2, north_2) = (tuple(map(radians, place)) for place in (one, other))
    half = (
        sin((north_2 - north_1) / 2) ** 2
        + cos(north_1) * cos(north_2) * sin((east_2 - east_1) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(half))
