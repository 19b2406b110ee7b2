"""What keeps turbines away from a place, and how far. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FeatureClass(StrEnum):
    """What a feature is, and so how far turbines stay from it."""

    BUILDING = "building"
    ROAD = "road"
    POWER_LINE = "power_line"
    WATER = "water"
    PROTECTED_AREA = "protected_area"
    AIRFIELD = "airfield"


#: Blade tip over ground of the IEA 3.35 MW turbine: hub 110 m and half a rotor of 130 m.
DEFAULT_TIP_HEIGHT_M: Final = 175.0
MIN_TIP_HEIGHT_M: Final = 20.0
MAX_TIP_HEIGHT_M: Final = 400.0


@dataclass(frozen=True, slots=True)
class SetbackRule:
    """How far turbines stay from a class when a request does not say.

    Attributes:
        least_m: At least this many metres.
        tip_heights: And at least this many times the height of the blade tip over ground.
        reason: Why planners keep that distance.
    """

    least_m: float
    tip_heights: float
    reason: str

    def setback_m(self, tip_height_m: float) -> float:
        """The setback from the centre of a turbine of that height."""
        return round(max(self.least_m, self.tip_heights * tip_height_m), 1)


#: Planning defaults, not law: rules differ by country and state. Where planners count in tip
#: heights, so do these: fall distance scales with the turbine, a bird's disturbance does not.
SETBACK_RULES: Final[Mapping[FeatureClass, SetbackRule]] = {
    # Between Germany's two tip heights for visual dominance (BauGB 249) and Denmark's four at
    # dwellings; 500 m is about where one large turbine meets 40 to 45 dB(A) at night.
    FeatureClass.BUILDING: SetbackRule(500.0, 3.0, "noise, shadow flicker and visual dominance"),
    FeatureClass.ROAD: SetbackRule(0.0, 1.0, "a turbine that falls must not reach the road"),
    # The tenth to spare is common in North American ordinances: a line brought down takes the
    # grid with it.
    FeatureClass.POWER_LINE: SetbackRule(
        0.0, 1.1, "a turbine that falls must not reach the line, with a tenth to spare"
    ),
    FeatureClass.WATER: SetbackRule(50.0, 0.0, "banks, and what runs off a building site"),
    FeatureClass.PROTECTED_AREA: SetbackRule(
        300.0, 0.0, "disturbance of the animals that the protection is for"
    ),
    FeatureClass.AIRFIELD: SetbackRule(
        3000.0, 0.0, "obstacle-free approach and circuit of a small airfield"
    ),
}


def default_setbacks_m(tip_height_m: float = DEFAULT_TIP_HEIGHT_M) -> dict[FeatureClass, float]:
    """Return every class's setback for turbines of one tip height."""
    return {kind: rule.setback_m(tip_height_m) for kind, rule in SETBACK_RULES.items()}


#: Metres from each class for the default turbine.
DEFAULT_SETBACKS_M: Final[Mapping[FeatureClass, float]] = default_setbacks_m()

#: The widest setback that may be asked for.
MAX_SETBACK_M: Final = 20_000.0
