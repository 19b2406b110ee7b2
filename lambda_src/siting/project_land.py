"""The land that a project holds, and what it was cut for."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from siting.wind.features import SETBACK_RULES, FeatureClass
from siting.wind.rule_sets import RULE_SETS, RuleSet, rule_of
from tradewind.contracts.errors import ToolInputError

#: Where the buildable land says what it rests on.
ASSUMES: Final = "assumes"
#: Where a site says that the map shows nothing at all there, and that somebody knew.
EMPTY_MAP: Final = "empty_map"
_TIP_HEIGHT: Final = "tip_height_m"
_SETBACKS: Final = "setbacks_m"
_NAMED: Final = "setbacks_named_by_the_request"
_ALLOWED_ON: Final = "turbines_allowed_on"
_RULES: Final = "setback_rules"
_BOUNDARY_M: Final = "boundary_setback_m"
_BOUNDARY_TIPS: Final = "boundary_setback_tip_heights"
#: Where a fetched site keeps how far beyond it each class was looked for, in metres.
SEARCHED: Final = "searched_m"
#: Where site and land say what heights say of the ground; not there if nobody looked.
GROUND: Final = "ground"
#: Where the land says which classes the site has no feature of.
NOT_FOUND: Final = "classes_without_features"


class Setbacks(NamedTuple):
    """How far turbines stay from each class of features, and why so far.

    Attributes:
        tip_height_m: Blade tip over ground that the defaults are for.
        rules: The set of rules that the request names, by its name in ``RULE_SETS``.
        metres: The setback from every class.
        named: The classes whose setback the request named. The others are those of the rules, or
            defaults.
        allowed_on: The classes that the request lets turbines stand on.
        boundary_m: Metres from the site's boundary, where the request names them.
        boundary_tip_heights: Or tip heights from it, which rules may ask for too. With neither, it
            is half a rotor.
    """

    tip_height_m: float
    rules: str | None
    metres: Mapping[FeatureClass, float]
    named: frozenset[FeatureClass]
    allowed_on: frozenset[FeatureClass]
    boundary_m: float | None
    boundary_tip_heights: float | None

    @property
    def from_boundary_m(self) -> float | None:
        """What is kept from the boundary; None where that is half a rotor, of what turbine ever."""
        tips = self.boundary_tip_heights
        return self.boundary_m if tips is None else round(tips * self.tip_height_m, 1)

    def as_assumption(self) -> dict[str, Any]:
        """What the land that is cut by them says of it, for later steps."""
        return {
            _TIP_HEIGHT: self.tip_height_m,
            _RULES: self.rules,
            _SETBACKS: {kind.value: metres for kind, metres in self.metres.items()},
            _NAMED: sorted(kind.value for kind in self.named),
            _ALLOWED_ON: sorted(kind.value for kind in self.allowed_on),
            _BOUNDARY_M: self.boundary_m,
            _BOUNDARY_TIPS: self.boundary_tip_heights,
        }


class BoundarySetback(NamedTuple):
    """How far hubs stay from the site's boundary, and why so far."""

    metres: float
    reason: str


def boundary_setback(
    buildable: Mapping[str, Any],
    tip_height_m: float,
    rotor_diameter_m: float,
    *,
    of_several: bool = False,
) -> BoundarySetback:
    """Return what turbines keep from the boundary of the land that a project holds.

    Args:
        buildable: The project's ``buildable.geojson``.
        tip_height_m: The turbine's blade tip over ground; of several types, the highest.
        rotor_diameter_m: Its rotor; of several types, the largest.
        of_several: Whether there are several types: all keep what the strictest needs.
    """
    assumed = buildable["properties"][ASSUMES]
    if (metres := assumed[_BOUNDARY_M]) is not None:
        return BoundarySetback(metres, "as the request asks")
    if (tips := assumed[_BOUNDARY_TIPS]) is not None:
        rules = RULE_SETS.get(assumed[_RULES])
        by_rules = rules is not None and rules.boundary_tip_heights == tips
        asks = f"by {rules.title}" if rules and by_rules else "as the request asks"
        of_which = " of the tallest type" if of_several else ""
        return BoundarySetback(tips * tip_height_m, f"{tips:g} tip heights{of_which}, {asks}")
    half = "half of the largest rotor" if of_several else "half a rotor"
    return BoundarySetback(rotor_diameter_m / 2.0, f"{half}: no blade reaches beyond it")


def require_land_for(turbine_model: str, tip_height_m: float, buildable: Mapping[str, Any]) -> None:
    """Refuse land that was cut for lower turbines than are to stand on it.

    A setback that the request named is the planner's own, whatever the turbine.

    Args:
        turbine_model: Which turbine.
        tip_height_m: Its blade tip over ground.
        buildable: The project's ``buildable.geojson``.

    Raises:
        ToolInputError: The turbine needs a wider setback than the land was cut with, or the land
            does not say what it was cut for.
    """
    assumed = buildable.get("properties", {}).get(ASSUMES)
    if (
        not isinstance(assumed, Mapping)
        or assumed.get(_RULES, "") not in (None, *RULE_SETS)
        or not SETBACK_RULES.keys() <= assumed[_SETBACKS].keys()
    ):
        raise ToolInputError(
            "The buildable land does not say which height of turbines it was cut for, or not what "
            "it keeps from every class of features. Run the "
            f"terrain agent on this project again, with turbine_model={turbine_model}."
        )
    # Of a site that came with all its features; a map was searched as far as a setback only.
    nowhere = () if SEARCHED in buildable["properties"] else buildable["properties"][NOT_FOUND]
    for kind in FeatureClass:
        needed_m = rule_of(kind, assumed[_RULES]).setback_m(tip_height_m)
        if kind.value in assumed[_ALLOWED_ON] or kind.value in nowhere:
            continue
        if kind.value not in assumed[_NAMED] and needed_m > assumed[_SETBACKS][kind.value]:
            by_rules = f" by {assumed[_RULES]}" if assumed[_RULES] else " by default"
            raise ToolInputError(
                f"The land was cut for turbines that reach {assumed[_TIP_HEIGHT]:g} m at the blade "
                f"tip, with {assumed[_SETBACKS][kind.value]:g} m to class {kind}; {turbine_model} "
                f"reaches {tip_height_m:g} m and keeps {needed_m:g} m{by_rules}. Run the terrain "
                f"agent on this project again with turbine_model={turbine_model}, or with "
                f"{kind}_setback_m if another distance is meant."
            )


def cut_for(buildable: Mapping[str, Any]) -> str:
    """Say which turbines the land was cut for, in a sentence."""
    assumed = buildable["properties"][ASSUMES]
    named = assumed[_NAMED]
    labels = ", ".join(map(label_of, named))
    by_name = f"; the request named the setback from {labels}" if named else ""
    reached = f"{assumed[_TIP_HEIGHT]:g} m at the blade tip"
    allowed_on = assumed[_ALLOWED_ON]
    open_land = (
        f" The request lets turbines stand on: {', '.join(map(label_of, allowed_on))}."
        if allowed_on
        else ""
    )
    rules = rules_of(buildable)
    by_rules = f" They follow {rules.title} where it gives one." if rules else ""
    return f"Setbacks are for turbines that reach {reached}{by_name}.{by_rules}{open_land}"


def rules_of(buildable: Mapping[str, Any]) -> RuleSet | None:
    """The set of rules that the land was cut by, if the request named one."""
    return RULE_SETS.get(buildable["properties"][ASSUMES][_RULES])


def setbacks_by_rules(buildable: Mapping[str, Any]) -> list[FeatureClass]:
    """The classes whose setback is that of the rules, and not the request's own."""
    rules = rules_of(buildable)
    named = buildable["properties"][ASSUMES][_NAMED]
    return [kind for kind in FeatureClass if rules and kind in rules.classes and kind not in named]


def kept_from(kind: FeatureClass, buildable: Mapping[str, Any]) -> float:
    """The setback from a class that the land was cut with, in metres."""
    metres: float = buildable["properties"][ASSUMES][_SETBACKS][kind.value]
    return metres


def label_of(kind: str) -> str:
    """What a class is called, such as "overhead lines"."""
    return SETBACK_RULES[FeatureClass(kind)].label
