"""What keeps turbines away from a place, and how far. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FeatureClass(StrEnum):
    """What a feature is, and so how far turbines stay from it."""

    BUILDING = "building"
    OUTBUILDING = "outbuilding"
    SETTLEMENT = "settlement"
    SENSITIVE_PLACE = "sensitive_place"
    ROAD = "road"
    POWER_LINE = "power_line"
    CABLE = "cable"
    SUBSTATION = "substation"
    PIPELINE = "pipeline"
    MAST = "mast"
    WIND_TURBINE = "wind_turbine"
    WATER = "water"
    WETLAND = "wetland"
    FOREST = "forest"
    PROTECTED_AREA = "protected_area"
    LANDSCAPE_PROTECTION = "landscape_protection"
    MILITARY = "military"
    AIRFIELD = "airfield"
    DEVELOPED_LAND = "developed_land"
    MONUMENT = "monument"
    STEEP_GROUND = "steep_ground"


#: Blade tip over ground of the IEA 3.35 MW turbine: hub 110 m and half a rotor of 130 m.
DEFAULT_TIP_HEIGHT_M: Final = 175.0
MIN_TIP_HEIGHT_M: Final = 20.0
MAX_TIP_HEIGHT_M: Final = 400.0


@dataclass(frozen=True, slots=True)
class SetbackRule:
    """How far turbines stay from a class when a request does not say.

    Attributes:
        label: What the class is, in the plural, as maps and answers call it.
        least_m: At least this many metres.
        tip_heights: And at least this many times the height of the blade tip over ground.
        reason: Why planners keep that distance.
        source: Where the figure is from; "this project" where it is its own choice.
    """

    label: str
    least_m: float
    tip_heights: float
    reason: str
    source: str

    def setback_m(self, tip_height_m: float) -> float:
        """The setback from the centre of a turbine of that height."""
        return round(max(self.least_m, self.tip_heights * tip_height_m), 1)

    @property
    def in_words(self) -> str:
        """The rule, such as ``500 m and 3 tip heights``."""
        heights = f"{self.tip_heights:g} tip height{'' if self.tip_heights == 1.0 else 's'}"
        if not self.tip_heights:
            return f"{self.least_m:g} m"
        return f"{self.least_m:g} m and {heights}" if self.least_m else heights


_TOPPLING: Final = "this project: the fall distance"
_A_TENTH_TO_SPARE: Final = "the fall distance and a tenth, common in North American ordinances"
#: Between Germany's two tip heights for visual dominance and Denmark's four at dwellings; 500 m is
#: about where one large turbine meets 40 to 45 dB(A) at night.
_DWELLINGS: Final = "between BauGB section 249 (10), 2 tip heights, and Denmark's 4 at dwellings"

#: Planning defaults, not law: rules differ by country and state. Where planners count in tip
#: heights, so do these: fall distance scales with the turbine, a bird's disturbance does not.
SETBACK_RULES: Final[Mapping[FeatureClass, SetbackRule]] = {
    FeatureClass.BUILDING: SetbackRule(
        "buildings", 500.0, 3.0, "noise, shadow flicker and visual dominance", _DWELLINGS
    ),
    FeatureClass.OUTBUILDING: SetbackRule(
        "barns and sheds", 0.0, 1.0, "a turbine that falls must not reach them", _TOPPLING
    ),
    FeatureClass.SETTLEMENT: SetbackRule(
        "residential land", 500.0, 3.0, "as buildings, where houses are or may be", _DWELLINGS
    ),
    FeatureClass.SENSITIVE_PLACE: SetbackRule(
        "schools, hospitals, camps", 500.0, 3.0,
        "people sleep, learn or recover there", "as buildings",
    ),
    FeatureClass.ROAD: SetbackRule(
        "roads and railways", 0.0, 1.0, "a turbine that falls must not reach the road", _TOPPLING
    ),
    FeatureClass.POWER_LINE: SetbackRule(
        "overhead lines", 0.0, 1.1,
        "a line brought down takes the grid with it", _A_TENTH_TO_SPARE,
    ),
    FeatureClass.CABLE: SetbackRule(
        "buried cables", 20.0, 0.0,
        "a foundation and its pit, some 12 m from the tower's middle, and a strip to dig in",
        "this project",
    ),
    FeatureClass.SUBSTATION: SetbackRule(
        "substations and plants", 0.0, 1.1, "as overhead lines", _A_TENTH_TO_SPARE
    ),
    FeatureClass.PIPELINE: SetbackRule(
        "pipelines", 0.0, 1.1,
        "what falls must not break it; operators ask for more, or for a study of the risk",
        _A_TENTH_TO_SPARE,
    ),
    FeatureClass.MAST: SetbackRule(
        "masts and towers", 0.0, 1.0,
        "neither may fall onto the other; what they transmit or see reaches farther",
        _TOPPLING,
    ),
    FeatureClass.WIND_TURBINE: SetbackRule(
        "existing wind turbines", 0.0, 3.0,
        "wakes and turbulence; some four rotor diameters of usual turbines",
        "between the 3 and 10 rotor diameters of Northern Ireland's draft PPS 18, annex 1, A16",
    ),
    FeatureClass.WATER: SetbackRule(
        "water", 50.0, 0.0, "banks, and what runs off a building site", "this project"
    ),
    FeatureClass.WETLAND: SetbackRule(
        "wetlands", 50.0, 0.0, "as water, and soft ground", "this project"
    ),
    FeatureClass.FOREST: SetbackRule(
        "forests", 0.0, 0.0, "habitat and turbulence; some countries build in forests",
        "this project",
    ),
    FeatureClass.PROTECTED_AREA: SetbackRule(
        "nature reserves", 300.0, 0.0,
        "disturbance of the animals that the protection is for", "this project",
    ),
    FeatureClass.LANDSCAPE_PROTECTION: SetbackRule(
        "landscape protection areas", 0.0, 0.0,
        "what is protected is the view; some laws let turbines in", "this project",
    ),
    FeatureClass.MILITARY: SetbackRule(
        "military land", 0.0, 1.0,
        "nothing may fall onto it; radars and training areas reach farther", _TOPPLING,
    ),
    FeatureClass.AIRFIELD: SetbackRule(
        "airfields", 3000.0, 0.0,
        "obstacle-free approach and circuit of a small airfield", "this project",
    ),
    FeatureClass.DEVELOPED_LAND: SetbackRule(
        "developed land", 0.0, 1.0,
        "people work there or visit, and pits move", _TOPPLING,
    ),
    FeatureClass.MONUMENT: SetbackRule(
        "monuments", 0.0, 1.0,
        "nothing may fall onto them; their setting may ask for more", _TOPPLING,
    ),
    FeatureClass.STEEP_GROUND: SetbackRule(
        "steep ground", 0.0, 0.0,
        "cranes stand on level ground, and roads climb slowly", "this project",
    ),
}  # fmt: skip


def default_setbacks_m(tip_height_m: float = DEFAULT_TIP_HEIGHT_M) -> dict[FeatureClass, float]:
    """Return every class's setback for turbines of one tip height."""
    return {kind: rule.setback_m(tip_height_m) for kind, rule in SETBACK_RULES.items()}


#: Metres from each class for the default turbine.
DEFAULT_SETBACKS_M: Final[Mapping[FeatureClass, float]] = default_setbacks_m()

#: What maps show. Heights that a request brings say where the ground is steep.
ON_MAPS: Final = frozenset(FeatureClass) - {FeatureClass.STEEP_GROUND}

#: What a request may let turbines stand on: there laws differ most from country to country.
MAY_BE_ALLOWED_ON: Final = (
    FeatureClass.FOREST,
    FeatureClass.WETLAND,
    FeatureClass.LANDSCAPE_PROTECTION,
    FeatureClass.DEVELOPED_LAND,
    FeatureClass.OUTBUILDING,
)

#: In which order maps draw what there is: what is small or narrow over what is wide.
DRAWN_IN_ORDER: Final = (
    FeatureClass.WATER, FeatureClass.WETLAND, FeatureClass.FOREST,
    FeatureClass.LANDSCAPE_PROTECTION, FeatureClass.PROTECTED_AREA, FeatureClass.MILITARY,
    FeatureClass.AIRFIELD, FeatureClass.SETTLEMENT, FeatureClass.DEVELOPED_LAND,
    FeatureClass.SENSITIVE_PLACE, FeatureClass.SUBSTATION, FeatureClass.MONUMENT,
    FeatureClass.CABLE, FeatureClass.PIPELINE, FeatureClass.ROAD, FeatureClass.POWER_LINE,
    FeatureClass.OUTBUILDING, FeatureClass.BUILDING, FeatureClass.MAST, FeatureClass.WIND_TURBINE,
)  # fmt: skip

#: The ``class`` in a site's GeoJSON of what is only a name.
PLACE: Final = "place"
#: The kinds of named places that maps write names for, the most telling first; they keep no
#: turbine away. As OpenStreetMap's tag "place" has them.
PLACE_KINDS: Final = (
    "city", "town", "village", "island", "suburb", "hamlet", "islet", "isolated_dwelling", "farm",
)  # fmt: skip

#: The widest setback that may be asked for.
MAX_SETBACK_M: Final = 20_000.0
#: How far beyond a site existing turbines are looked for at least: some 40 rotor diameters, where
#: a wake still costs energy.
WAKES_REACH_M: Final = 5_000.0
