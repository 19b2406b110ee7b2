"""Which wind, turbine and wakes a tool works with, and how it says so."""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from siting.crew import TERRAIN
from tradewind.contracts.errors import ArtifactNotFound, ToolInputError
from tradewind.run.project import Project
from tradewind.run.tools import Source, load_json

if TYPE_CHECKING:
    from siting.wind.turbines import Turbine
    from siting.wind.wake.models import WakeModel
    from siting.wind.wake.states import WeibullSectors, WindStates

WIND_FILE: Final = "wind.json"

#: What a tool takes when the request names none: on land, the reference turbine's full curves.
DEFAULT_TURBINE: Final = "iea_3_4mw_130m"
#: Turbulence intensity over open land at hub height, where nobody has measured it.
DEFAULT_TURBULENCE: Final = 0.10

AUTO: Final = "auto"
WAKE_MODELS: Final = ("iea37_gaussian", "bastankhah_gaussian")


class Wind(NamedTuple):
    """The wind at a turbine's hub.

    Attributes:
        states: What a simulation runs through.
        sectors: Its Weibull sectors at hub height; None if it has one speed per direction.
        source: The artifact it comes from; None if it is not the project's.
        assumption: What it is, in a sentence.
    """

    states: "WindStates"
    sectors: "WeibullSectors | None"
    source: Source | None
    assumption: str


def project_wind(project: Project) -> Source | None:
    """Return the wind data the terrain agent left in the project, or None."""
    try:
        return load_json(project, TERRAIN, WIND_FILE)
    except ArtifactNotFound:
        return None


def weibull_wind(source: Source, turbine: "Turbine", direction_step_degrees: float = 5.0) -> Wind:
    """Take the project's wind data to a turbine's hub.

    Args:
        source: ``terrain/wind.json``.
        turbine: Whose hub.
        direction_step_degrees: How far apart the directions of a sector may be.

    Raises:
        WindError: The data are not what a simulation can use.
    """
    from siting.wind.wake.states import read_sectors, wind_states  # noqa: PLC0415

    given = read_sectors(source.data)
    at_hub = given.at_height(turbine.hub_height_m)
    moved = (
        ""
        if given.height_m == turbine.hub_height_m
        else f", taken from {given.height_m:g} m to the hub by each sector's power law"
    )
    return Wind(
        states=wind_states(given, turbine, direction_step_degrees),
        sectors=at_hub,
        source=source,
        assumption=(
            f"Wind: {len(given.frequency)} sectors with Weibull distributions from {source.name} "
            f"at {turbine.hub_height_m:g} m{moved}."
        ),
    )


def single_speed_wind(frequencies: tuple[float, ...] | None, wind_speed_m_per_s: float) -> Wind:
    """Return a wind of one speed, with the request's frequencies or the case study's.

    Raises:
        WindError: The frequencies are no shares of a year.
    """
    from siting.wind import iea37  # noqa: PLC0415
    from siting.wind.wake.states import WindStates  # noqa: PLC0415

    rose = iea37.wind_rose(frequencies or iea37.IEA37_FREQUENCIES, wind_speed_m_per_s)
    return Wind(
        states=WindStates.of_rose(rose),
        sectors=None,
        source=None,
        assumption=(
            f"Wind: {wind_speed_m_per_s:g} m/s at hub height in every hour of the year, from "
            f"{len(rose.frequency)} directions with the frequencies of "
            + ("IEA Task 37, case study 1." if frequencies is None else "the request.")
        ),
    )


def wake_model(name: str, wind: Wind, turbulence_intensity: float) -> "WakeModel":
    """Return a wake model by its name.

    ``auto`` is the case study's for a wind of one speed, and the turbulence-dependent one for
    measured wind.

    Raises:
        ToolInputError: There is no such model.
        WindError: The turbulence intensity is out of range.
    """
    from siting.wind.wake.models import Iea37Gaussian, TurbulentGaussian  # noqa: PLC0415

    if name == AUTO:
        name = WAKE_MODELS[wind.sectors is not None]
    match name:
        case "iea37_gaussian":
            return Iea37Gaussian()
        case "bastankhah_gaussian":
            return TurbulentGaussian(turbulence_intensity)
    raise ToolInputError(
        f"There is no wake model {name[:40]!r}; there are {', '.join(WAKE_MODELS)} and {AUTO}."
    )


def describe_turbine(turbine: "Turbine") -> dict[str, Any]:
    """Return a turbine's data for a model to read."""
    return {
        "turbine_model": turbine.key,
        "name": turbine.name,
        "rated_power_mw": turbine.rated_power_mw,
        "rotor_diameter_m": turbine.rotor_diameter_m,
        "hub_height_m": turbine.hub_height_m,
        "tip_height_m": turbine.tip_height_m,
        "cut_in_m_per_s": turbine.cut_in_m_per_s,
        "rated_m_per_s": turbine.rated_m_per_s,
        "cut_out_m_per_s": turbine.cut_out_m_per_s,
        "source": turbine.source,
    }
