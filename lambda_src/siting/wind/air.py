"""The air's density at the hub, by which the wind's energy goes.

Dry air as an ideal gas, as IEC 61400-12-1 normalises power to; between heights the lapse rate and
the constants of the International Standard Atmosphere (ISO 2533). Humid air is lighter, by less
than 1 % outside of the tropics.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from siting.wind.errors import WindError
from siting.wind.turbines import STANDARD_DENSITY_KG_PER_M3, FloatArray
from siting.wind.wake.energy import WindRose
from siting.wind.wake.states import read_sectors

if TYPE_CHECKING:
    from siting.wind.turbines import Turbine
    from siting.wind.wake.mixed import MixInWind

#: No air on earth that a turbine stands in is outside of these.
_MIN_DENSITY: Final = 0.5
_MAX_DENSITY: Final = 1.6
#: Dead Sea and the highest wind farms, with room.
MIN_GROUND_M: Final = -430.0
MAX_GROUND_M: Final = 5500.0
_GAS_CONSTANT_J_PER_KG_K: Final = 287.05
_LAPSE_K_PER_M: Final = 0.0065
_GRAVITY_M_PER_S2: Final = 9.80665
_ZERO_CELSIUS_K: Final = 273.15
_SEA_LEVEL_C: Final = 15.0
_SEA_LEVEL_KPA: Final = 101.325


@dataclass(frozen=True, slots=True)
class Air:
    """The air at a hub.

    Attributes:
        density_kg_per_m3: Mean over the year.
        ground_m: The ground below it, over sea level; None where nobody knows it.
        source: What that is from, in words.
    """

    density_kg_per_m3: float
    ground_m: float | None
    source: str

    def assumption(self, energy_change_percent: float) -> str:
        """What it is and does, in a sentence.

        Args:
            energy_change_percent: By how much it changes the energy of a free turbine.
        """
        return (
            f"Air at the hub: {self.density_kg_per_m3:.3f} kg/m³, from {self.source}; "
            f"{abs(energy_change_percent):.1f} % {'less' if energy_change_percent < 0 else 'more'} "
            f"energy than at {STANDARD_DENSITY_KG_PER_M3:g} kg/m³ "
            "(wind speeds normalised by the cube root of the density, IEC 61400-12-1)."
        )


def air_at_hub(
    temperature_c: FloatArray,
    pressure_kpa: FloatArray,
    *,
    hub_height_m: float,
    data_ground_m: float | None,
    ground_m: float | None,
) -> Air:
    """Return the air at a hub, from hours near the ground or from the standard atmosphere.

    Args:
        temperature_c: By hour, near the ground; empty if the data have none.
        pressure_kpa: By hour, at the ground.
        hub_height_m: Metres over ground.
        data_ground_m: The ground that the hours are of, over sea level, if the data say it.
        ground_m: The ground at the site, over sea level; that of the data unless known.
    """
    site_m = data_ground_m if ground_m is None else ground_m
    if temperature_c.size:
        above_m = hub_height_m
        source = "temperature and pressure of the wind data's hours"
        if site_m is not None and data_ground_m is not None and site_m != data_ground_m:
            above_m += site_m - data_ground_m
            source += f", taken from {data_ground_m:,.0f} m to {site_m:,.0f} m over sea level"
        return Air(_mean_density(temperature_c, pressure_kpa, above_m), site_m, source)
    source = (
        "the standard atmosphere at sea level, for want of temperature, pressure and elevation"
        if site_m is None
        else f"the standard atmosphere, {site_m:,.0f} m over sea level"
    )
    return Air(_standard_density(hub_height_m + (site_m or 0.0)), site_m, source)


def energy_change_percent(turbine: "Turbine | MixInWind", rose: WindRose) -> float:
    """By how much its air changes a free turbine's energy; negative where the air is thin."""
    usual = turbine.in_air(STANDARD_DENSITY_KG_PER_M3)
    here, at_standard = (
        float(np.dot(rose.frequency, one.power_mw(rose.wind_speed_m_per_s)))
        for one in (turbine, usual)
    )
    return 100.0 * (here / at_standard - 1.0) if at_standard else 0.0


def read_air(document: Mapping[str, Any], hub_height_m: float) -> Air:
    """Read the air of ``terrain/wind.json``; that of the power curve where it says nothing of it.

    It is that at the hub which the wind was asked for; to another one it thins as the standard
    atmosphere does, by some 1 % in 100 m.

    Args:
        document: The wind.
        hub_height_m: The turbine's hub over ground.

    Raises:
        WindError: It is no air.
    """
    given = document.get("air")
    if given is None:
        return Air(
            STANDARD_DENSITY_KG_PER_M3, None, "the power curve, as the wind data say nothing of it"
        )
    density = given.get("density_kg_per_m3") if isinstance(given, Mapping) else None
    if (
        not isinstance(density, int | float)
        or isinstance(density, bool)
        # The comparison refuses NaN and infinity.
        or not _MIN_DENSITY <= density <= _MAX_DENSITY
    ):
        raise WindError(
            "The wind data's air needs a density_kg_per_m3 from "
            f"{_MIN_DENSITY:g} to {_MAX_DENSITY:g}. Run the terrain agent again."
        )
    ground_m = given.get("ground_m")
    source = str(given.get("source", "the wind data"))
    of_m = read_sectors(document).height_m
    if of_m != hub_height_m:
        over_sea_m = ground_m or 0.0
        density *= _standard_density(over_sea_m + hub_height_m) / _standard_density(
            over_sea_m + of_m
        )
        source += f", taken from {of_m:g} m to {hub_height_m:g} m over ground"
    return Air(float(density), ground_m, source)


def _standard_density(over_sea_m: float) -> float:
    """The density of the standard atmosphere."""
    return _mean_density(np.array([_SEA_LEVEL_C]), np.array([_SEA_LEVEL_KPA]), over_sea_m)


def _mean_density(temperature_c: FloatArray, pressure_kpa: FloatArray, above_m: float) -> float:
    """The mean density so many metres above where temperature and pressure are from."""
    kelvin = temperature_c + _ZERO_CELSIUS_K
    aloft = kelvin - _LAPSE_K_PER_M * above_m
    exponent = _GRAVITY_M_PER_S2 / (_GAS_CONSTANT_J_PER_KG_K * _LAPSE_K_PER_M)
    pressure_pa = 1000.0 * pressure_kpa * (aloft / kelvin) ** exponent
    return float((pressure_pa / (_GAS_CONSTANT_J_PER_KG_K * aloft)).mean())
