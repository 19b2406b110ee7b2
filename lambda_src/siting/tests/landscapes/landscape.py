"""What a landscape is: a map, a wind, a ground, and what is asked of the agents there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devtools.localcloud.geodata.pen import Element


@dataclass(frozen=True, slots=True)
class Weather:
    """A wind to make hours of.

    Attributes:
        from_degrees: Where it mostly comes from.
        spread_degrees: The standard deviation of its direction.
        weibull_a_m_per_s: Of its speed at 50 m over ground.
        weibull_k: The same.
        shear: The exponent of its power law, by day; at night half as much again.
        temperature_c: The year's mean at 2 m over ground.
        pressure_kpa: The year's mean at the ground.
        ground_m: Of the data's grid cell over sea level.
    """

    from_degrees: float
    spread_degrees: float
    weibull_a_m_per_s: float
    weibull_k: float
    shear: float
    temperature_c: float
    pressure_kpa: float
    ground_m: float


@dataclass(frozen=True, slots=True)
class Landscape:
    """A made-up place.

    Attributes:
        name: What it is called.
        title: Of its report.
        latitude: Of its middle, in degrees north.
        longitude: Of its middle, in degrees east.
        elements: What the map shows, as Overpass writes it.
        weather: Its wind.
        land: Arguments of ``get_unbuildable_areas`` beside the place.
        layout: Arguments of ``create_layout``.
        wind: Arguments of ``get_wind_conditions``.
        parameters: What the request to the terrain agent brings.
    """

    name: str
    title: str
    latitude: float
    longitude: float
    elements: Sequence[Element]
    weather: Weather
    land: Mapping[str, Any]
    layout: Mapping[str, Any]
    wind: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def project_id(self) -> str:
        """The project that the chain is run in."""
        return self.name.replace("_", "-")
