"""What keeps turbines away from a place, and how far. Standard library only."""

from collections.abc import Mapping
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


#: Metres from each class when a request names none. Planning defaults, not law: rules differ by
#: country and state. The tip heights are those of the IEA 3.35 MW turbine (hub 110 m, tip 175 m).
DEFAULT_SETBACKS_M: Final[Mapping[FeatureClass, float]] = {
    # Noise and shadow flicker at dwellings; about three times the tip height.
    FeatureClass.BUILDING: 500.0,
    # A turbine that falls must not reach the carriageway: the tip height.
    FeatureClass.ROAD: 175.0,
    # The same with a tenth to spare, since a line brought down takes the grid with it.
    FeatureClass.POWER_LINE: 195.0,
    # Banks, and what runs off a building site.
    FeatureClass.WATER: 50.0,
    # Disturbance of the birds and bats that the protection is for.
    FeatureClass.PROTECTED_AREA: 300.0,
    # Obstacle-free approach and circuit of a small airfield.
    FeatureClass.AIRFIELD: 3000.0,
}

#: The widest setback that may be asked for.
MAX_SETBACK_M: Final = 20_000.0
