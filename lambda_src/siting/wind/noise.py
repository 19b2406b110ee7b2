"""How far a turbine is heard: a distance to screen a site with, and no noise study.

Sound spreads over the half of a sphere that is above hard ground, and air takes a little of it:

    level = sound power - 10 lg(2 pi r^2) - a r

with r in metres from the hub and a = 0.005 dB/m over the whole A-weighted spectrum (Rogers, Manwell
and Wright, Wind Turbine Acoustic Noise, University of Massachusetts, 2006). That is ISO 9613-2 for
a receiver downwind with a ground effect of -3 dB, as the German states have it for turbines
("Interimsverfahren", LAI, 2016), without its octave bands. Standard library only.
"""

from collections.abc import Iterable
from math import log10, pi, sqrt
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from siting.wind.turbines import Turbine

#: Of a turbine of 1 MW in its loudest mode, in dB(A): this project's. With the slope below, one of
#: 3.4 MW has 106; usual ones of that size are between 104 and 107.
_SOUND_POWER_OF_1_MW_DBA: Final = 101.0
_ABSORBED_DB_PER_M: Final = 0.005
#: At night in residential areas and in villages: TA Laerm (1998), 6.1.
LIMITS_DBA: Final = (40.0, 45.0)
_BASIS: Final = (
    "Screening only: one turbine in its loudest mode, sound power assumed by rated power, as "
    "power curves say nothing of it, spread over a hemisphere above hard ground, 0.005 dB/m taken "
    "by the air (ISO 9613-2, simplified). Several turbines are louder together: twice as many at "
    "the same distance by 3 dB."
)
_NEAR_ENOUGH_M: Final = 0.01


def assumed_sound_power_dba(rated_power_mw: float) -> float:
    """Return a turbine's A-weighted sound power level: 3 dB more with each doubling of its power.

    That is about what 48 turbines of 75 kW to 3.6 MW were measured to have (Pedersen and Moeller,
    Low Frequency Noise and Vibration, 2010).
    """
    return _SOUND_POWER_OF_1_MW_DBA + 10.0 * log10(rated_power_mw)


def level_dba(sound_power_dba: float, from_hub_m: float) -> float:
    """Return the level at so many metres from the hub."""
    return (
        sound_power_dba
        - 10.0 * log10(2.0 * pi * from_hub_m * from_hub_m)
        - _ABSORBED_DB_PER_M * from_hub_m
    )


def screening_distance_m(sound_power_dba: float, hub_height_m: float, limit_dba: float) -> float:
    """Return the distance on the ground, in metres, beyond which one turbine keeps a limit."""
    near_m, far_m = 1.0, 100_000.0
    while far_m - near_m > _NEAR_ENOUGH_M:
        middle_m = (near_m + far_m) / 2.0
        if level_dba(sound_power_dba, middle_m) > limit_dba:
            near_m = middle_m
        else:
            far_m = middle_m
    return sqrt(max(far_m * far_m - hub_height_m * hub_height_m, 0.0))


def screening(turbine: "Turbine") -> dict[str, Any]:
    """Return what is said of a type of turbine: its sound power, the limits, and how far they are.

    The sound power is assumed of every type, of one that was brought too: curves come without it.
    """
    sound_power_dba = assumed_sound_power_dba(turbine.rated_power_mw)
    return {
        "turbine_model": turbine.key,
        "assumed_sound_power_dba": round(sound_power_dba, 1),
        "distances": [
            {
                "limit_dba": limit,
                "distance_m": round(
                    screening_distance_m(sound_power_dba, turbine.hub_height_m, limit)
                ),
            }
            for limit in LIMITS_DBA
        ],
        "basis": _BASIS,
    }


def heard_farthest(turbines: "Iterable[Turbine]") -> dict[str, Any]:
    """Return what is said of the type of a farm that is heard farthest."""
    found = (screening(one) for one in {one.key: one for one in turbines}.values())
    return max(found, key=lambda one: float(one["distances"][0]["distance_m"]))
