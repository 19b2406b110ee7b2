"""A farm of one type of turbine or of several, simulated."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from agents.simulation.farm import Farm

if TYPE_CHECKING:
    from siting.wind.scenarios import Wind
    from siting.wind.turbines import FloatArray, Turbine
    from siting.wind.wake.energy import EnergyYield
    from siting.wind.wake.mixed import MixInWind
    from siting.wind.wake.models import WakeModel


#: Where a grid's north differs by less from true north, nobody need know.
_TOLD_DEGREES: Final = 0.1


class Simulated(NamedTuple):
    """What came of it.

    Attributes:
        energies: The year's energy, by each wake model that a farm of such types is simulated with.
        free: What turbines give in the free wind.
        ratio: Of several types, the lowest hub first: the free speed at each one's hub by sector,
            as a multiple of the lowest's.
        assumptions: What it rests on beside the wind and the wakes, in sentences.
    """

    energies: "dict[str, EnergyYield]"
    free: "Turbine | MixInWind"
    ratio: "FloatArray | None"
    assumptions: list[str]


def reference(farm: Farm) -> "Turbine":
    """Return the turbine whose hub and range of speeds the wind is laid out for."""
    mix = farm.mix
    return farm.types[0] if mix is None else mix.envelope()


def simulate(
    farm: Farm, wind: "Wind", model: "WakeModel", turbulence_intensity: float
) -> Simulated:
    """Simulate a farm in the wind at the hub of its ``reference``, by every model there is.

    Args:
        farm: The turbines.
        wind: The wind.
        model: The wake that the farm's energy is to be of.
        turbulence_intensity: Of the free wind, for the other models.

    Raises:
        WindError: The farm cannot be simulated; the message says why.
    """
    import numpy as np  # noqa: PLC0415

    from siting.wind.wake import energy as wake  # noqa: PLC0415
    from siting.wind.wake.library import MODELS_OF_SEVERAL_TYPES, WAKE_MODELS  # noqa: PLC0415
    from siting.wind.wake.mixed import mixed_energy  # noqa: PLC0415

    rose = wind.states.rose.on_grid(farm.north_degrees)
    wake.positions(farm.x_m, farm.y_m)
    wake.require_spacing(farm.ids, farm.x_m, farm.y_m, [one.rotor_diameter_m for one in farm.types])
    assumptions = [_named(one) for one in dict.fromkeys(farm.types)]
    if abs(farm.north_degrees) >= _TOLD_DEGREES:
        assumptions.append(
            f"Wind directions are from true north; the north of the layout's UTM metres points "
            f"{abs(farm.north_degrees):.1f} degrees {'west' if farm.north_degrees < 0 else 'east'} "
            "of it, which wakes are computed with."
        )
    mix = farm.mix
    if mix is None:
        turbine = farm.types[0]

        def by_one(wakes: "WakeModel") -> "EnergyYield":
            return wake.annual_energy(farm.x_m, farm.y_m, turbine=turbine, rose=rose, model=wakes)

        energies = _by_each(by_one, WAKE_MODELS, model, turbulence_intensity)
        return Simulated(energies, turbine, None, assumptions)
    if wind.sectors is None:
        shear = np.zeros(len(rose.frequency))
        assumptions.append("The wind has the same speed at every hub, whatever its height.")
    else:
        shear = wind.sectors.shear_exponent[wind.states.sector]
        assumptions.append(
            f"The wind is that of the lowest hub, at {mix.types[0].hub_height_m:g} m; each type's "
            "own is taken from there by the sector's power law."
        )
    assumptions.append(
        "Several types: each has its own curve, and wakes lie at the height of their turbine's hub."
    )
    free = mix.free_wind(shear)

    def by_mixed(wakes: "WakeModel") -> "EnergyYield":
        return mixed_energy(farm.x_m, farm.y_m, turbines=free, rose=rose, model=wakes)

    energies = _by_each(by_mixed, MODELS_OF_SEVERAL_TYPES, model, turbulence_intensity)
    _, first_of_sector = np.unique(wind.states.sector, return_index=True)
    return Simulated(energies, free, free.ratio[first_of_sector], assumptions)


def _by_each(
    energy_by: "Callable[[WakeModel], EnergyYield]",
    names: Sequence[str],
    model: "WakeModel",
    turbulence_intensity: float,
) -> "dict[str, EnergyYield]":
    from siting.wind.wake.library import model_of  # noqa: PLC0415

    # First of all the model asked for: a farm that it cannot be computed for is refused at once.
    asked = energy_by(model)
    return {
        name: asked if name == model.key else energy_by(model_of(name, turbulence_intensity))
        for name in names
    }


def _named(turbine: "Turbine") -> str:
    return (
        f"Turbine: {turbine.name}, {turbine.rated_power_mw:g} MW, rotor "
        f"{turbine.rotor_diameter_m:g} m, hub height {turbine.hub_height_m:g} m. "
        f"Source: {turbine.source}"
    )
