"""What a report is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from tradewind.run.tools import Source


class Chart(NamedTuple):
    """A picture the simulation agent may have left, and what it shows.

    Attributes:
        file_name: Under the agent's name.
        shows: Its caption.
    """

    file_name: str
    shows: str


WIND_ROSE: Final = Chart(
    "wind_rose.png", "Wind rose: how often the wind comes from each direction, and how fast it is."
)
POWER_CURVE: Final = Chart(
    "power_curve.png", "The turbine's power, in MW, at each wind speed at hub height, in m/s."
)
AEP_PER_TURBINE: Final = Chart(
    "aep_per_turbine.png", "Annual energy of each turbine, net of wakes, in GWh."
)
ENERGY_BY_SECTOR: Final = Chart(
    "energy_by_sector.png", "Annual energy by the direction the wind comes from, in GWh."
)
#: The maps that are drawn for the report.
SITE_MAP: Final = "site_map.svg"
ENERGY_MAP: Final = "energy_map.svg"
WAKE_MAP: Final = "wake_map.svg"
CHARTS: Final = (WIND_ROSE, POWER_CURVE, AEP_PER_TURBINE, ENERGY_BY_SECTOR)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The artifacts a report is made from, of runs that fit each other.

    Attributes:
        site: ``terrain/site.geojson``.
        zones: ``terrain/exclusions.geojson``.
        buildable: ``terrain/buildable.geojson``.
        layout: ``layout/layout.json``.
        energy: ``simulation/energy.json``.
        wind: ``terrain/wind.json``, where the energy was computed from it.
        charts: The charts there are, with their hashes, by file name.
        wakes: ``simulation/wakes.json``, where it is of this energy.
    """

    site: Source
    zones: Source
    buildable: Source
    layout: Source
    energy: Source
    wind: Source | None
    charts: Mapping[str, str]
    wakes: Source | None

    @property
    def json(self) -> tuple[Source, ...]:
        """The JSON artifacts among them."""
        found = (
            self.site, self.zones, self.buildable, self.wind, self.layout, self.energy, self.wakes
        )  # fmt: skip
        return tuple(source for source in found if source is not None)
