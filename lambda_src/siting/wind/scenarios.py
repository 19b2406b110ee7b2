"""Which wind and wakes a study works with, and how it says so."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from siting.wind.errors import WindError

if TYPE_CHECKING:
    from siting.wind.turbines import Turbine
    from siting.wind.wake.models import WakeModel
    from siting.wind.wake.states import WeibullSectors, WindStates

#: What is taken when nobody names one: on land, the reference turbine's full curves.
DEFAULT_TURBINE: Final = "iea_3_4mw_130m"
#: Turbulence intensity over open land at hub height, where nobody has measured it.
DEFAULT_TURBULENCE: Final = 0.10

AUTO: Final = "auto"


class Wind(NamedTuple):
    """The wind at a turbine's hub.

    Attributes:
        states: What a simulation runs through.
        sectors: Its Weibull sectors at hub height; None if it has one speed per direction.
        assumption: What it is, in a sentence.
        speed_m_per_s: The one speed it has all year; None where speeds are distributed.
    """

    states: "WindStates"
    sectors: "WeibullSectors | None"
    assumption: str
    speed_m_per_s: float | None = None


def weibull_wind(
    data: Mapping[str, Any],
    source_name: str,
    turbine: "Turbine",
    direction_step_degrees: float = 5.0,
) -> Wind:
    """Take measured wind to a turbine's hub.

    Args:
        data: Weibull sectors, as the terrain agent writes them.
        source_name: Where they come from.
        turbine: Whose hub.
        direction_step_degrees: How far apart the directions of a sector may be.

    Raises:
        WindError: The data are not what a simulation can use.
    """
    from siting.wind.wake.states import read_sectors, wind_states  # noqa: PLC0415

    given = read_sectors(data)
    at_hub = given.at_height(turbine.hub_height_m)
    moved = (
        ""
        if given.height_m == turbine.hub_height_m
        else f", taken from {given.height_m:g} m to the hub by each sector's power law"
    )
    return Wind(
        states=wind_states(given, turbine, direction_step_degrees),
        sectors=at_hub,
        assumption=(
            f"Wind: {len(given.frequency)} sectors with Weibull distributions from {source_name} "
            f"at {turbine.hub_height_m:g} m{moved}."
        ),
    )


def single_speed_wind(frequencies: tuple[float, ...] | None, wind_speed_m_per_s: float) -> Wind:
    """Return a wind of one speed, with the request's frequencies or the case study's.

    Raises:
        WindError: The frequencies are no shares of a year.
    """
    from siting.wind import iea37  # noqa: PLC0415
    from siting.wind.shares import rounding_of  # noqa: PLC0415
    from siting.wind.wake.states import WindStates  # noqa: PLC0415

    rose = iea37.wind_rose(frequencies or iea37.IEA37_FREQUENCIES, wind_speed_m_per_s)
    return Wind(
        states=WindStates.of_rose(rose),
        sectors=None,
        assumption=(
            f"Wind: {wind_speed_m_per_s:g} m/s at hub height in every hour of the year, from "
            f"{len(rose.frequency)} directions with the frequencies of "
            + (
                "IEA Task 37, case study 1."
                if frequencies is None
                else f"the request{rounding_of(frequencies)}."
            )
        ),
        speed_m_per_s=wind_speed_m_per_s,
    )


def wake_model(name: str, wind: Wind, turbulence_intensity: float) -> "WakeModel":
    """Return a wake model by its name.

    ``auto`` is the case study's for a wind of one speed, and the turbulence-dependent one for
    measured wind.

    Raises:
        WindError: There is no such model, or the turbulence intensity is out of range.
    """
    from siting.wind.wake.library import WAKE_MODELS, model_of  # noqa: PLC0415

    if name == AUTO:
        name = "iea37_gaussian" if wind.sectors is None else "bastankhah_gaussian"
    if name not in WAKE_MODELS:
        raise WindError(
            f"There is no wake model {name[:40]!r}; there are {', '.join(WAKE_MODELS)} and {AUTO}."
        )
    return model_of(name, turbulence_intensity)
