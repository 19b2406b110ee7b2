"""The maps of a report: the land, each turbine's energy, and the wakes of the main wind."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from siting.charts.graticule import Plane
from siting.documents.exports.farm import Export
from siting.documents.map_frame import Frame
from siting.documents.report.inputs import ENERGY_MAP, SITE_MAP, WAKE_MAP
from siting.documents.report.pages import read_png
from siting.documents.site_map import Raster, Scale, SiteMap, draw_site, with_energy, with_wakes
from siting.documents.wording import decimal, plain

_ADDRESS: Final = "data:image/png;base64,"
#: From no wind missing to as much as the pictures tell apart; those have the last one's colour.
_WAKE_COLOURS: Final = ("#ffffff", "#08306b")


@dataclass(frozen=True, slots=True)
class WakePictures:
    """The wakes of each direction, and where they lie.

    Attributes:
        wakes: ``simulation/wakes.json``.
        plane: How the layout's metres become degrees.
    """

    wakes: Mapping[str, Any]
    plane: Plane

    @classmethod
    def of(cls, wakes: Mapping[str, Any], layout: Mapping[str, Any]) -> "WakePictures | None":
        """Take the pictures; None where one is no whole PNG."""
        bodies = [b64decode(one["png_base64"]) for one in wakes["directions"]]
        if not all(map(read_png, bodies)):
            return None
        return cls(wakes, Plane.of_layout(layout))

    @property
    def main(self) -> int:
        """The number of the direction that the wind most often comes from."""
        directions = [one["direction_degrees"] for one in self.wakes["directions"]]
        return directions.index(self.wakes["main_direction_degrees"])

    def raster(self, frame: Frame, at: int) -> Raster:
        """Return a direction's picture as part of a map."""
        wide, high = self.wakes["size_px"]
        matrix = frame.matrix_of(self.plane, self.wakes["bounds_m"], (wide, high))
        return Raster(_ADDRESS + self.wakes["directions"][at]["png_base64"], wide, high, matrix)

    def scale(self) -> Scale:
        """Return what the main direction's colours mean."""
        wind = self.wakes["directions"][self.main]
        free = wind["wind_speed_m_per_s"]
        deepest = 1.0 - self.wakes["deepest_deficit"]
        return Scale(
            f"Wind speed at {height_of(self.wakes)}, from {wind['direction_degrees']:g}°",
            f"free: {decimal(free, 1)} m/s",
            f"{decimal(free * deepest, 1)} m/s or less",
            _WAKE_COLOURS,
        )

    def for_page(self, frame: Frame) -> dict[str, Any]:
        """Return all of it for the map to look around in."""
        every = self.wakes["directions"]
        return {
            "main": self.main,
            "size": self.wakes["size_px"],
            "matrix": self.raster(frame, self.main).matrix,
            "deepest": self.wakes["deepest_deficit"],
            "directions": [
                {
                    "sector": one["sector"],
                    "direction": one["direction_degrees"],
                    "speed": one["wind_speed_m_per_s"],
                    "share": one["frequency"],
                    "png": _ADDRESS + one["png_base64"],
                }
                for one in every
            ],
        }


def height_of(wakes: Mapping[str, Any]) -> str:
    """At which height the wakes are drawn, in words."""
    # Simulated before farms had several types, whose hubs differ.
    return plain(wakes.get("height", "hub height"))


def draw_maps(
    site: Mapping[str, Any],
    zones: Mapping[str, Any],
    layout: Mapping[str, Any],
    export: Export,
    wakes: WakePictures | None,
) -> dict[str, SiteMap]:
    """Draw the report's maps, by their names.

    Args:
        site: ``site.geojson``.
        zones: ``exclusions.geojson``.
        layout: ``layout.json``.
        export: The turbines with their energy.
        wakes: The wakes; without them there is no map of them.
    """
    land = draw_site(site, zones, layout["turbines"], layout["boundary_setback_line"])
    rows = [shape.row for shape in export.turbines.shapes]
    energy = {row["id"]: net_of_what_is_known(row) for row in rows}
    maps = {SITE_MAP: land, ENERGY_MAP: with_energy(land, energy, energy_title(export))}
    if wakes is not None:
        maps[WAKE_MAP] = with_wakes(land, wakes.raster(land.frame, wakes.main), wakes.scale())
    return maps


def net_of_what_is_known(row: Mapping[str, Any]) -> float:
    """Return a turbine's energy net of all losses that are known, in GWh per year."""
    net: float | None = row["net_gwh"]
    left: float = row["net_of_wakes_gwh"]
    return left if net is None else net


def energy_title(export: Export) -> str:
    """Say what the turbines' energy is net of."""
    known = export.turbines.shapes[0].row["net_gwh"] is not None
    return f"GWh per year, net of wakes{' and losses' if known else ' alone'}"
