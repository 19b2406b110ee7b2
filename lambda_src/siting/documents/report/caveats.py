"""The sections on assumptions and limits."""

from collections.abc import Mapping
from typing import Final

from siting.documents.report.blocks import Block
from siting.documents.report.inputs import Inputs
from siting.documents.report.land import existing_turbines
from siting.documents.report.turbines import listed, turbine_types
from siting.documents.wording import decimal, plain
from siting.project_land import GROUND, cut_for, kept_from
from siting.wind.features import FeatureClass

#: What a wind file says of its methods, and what it is called here.
_WIND_METHODS: Final = {"weibull": "Weibull fit", "height": "Wind at hub height"}

#: What no step of the planning asks about.
NOT_LOOKED_AT: Final = "Soil, ownership, grid access, shadow flicker and radar were not looked at."


def assumptions(inputs: Inputs) -> tuple[Block, ...]:
    """What the figures rest on."""
    method = inputs.wind.data["method"] if inputs.wind else {}
    return (
        Block(
            "list",
            items=(
                *(plain(one) for one in inputs.energy.data["assumptions"]),
                *(
                    f"{title}: {plain(method[name])}"
                    for name, title in _WIND_METHODS.items()
                    if name in method
                ),
                cut_for(inputs.buildable.data),
                "Setbacks are distances from the features, as in the table of excluded land. "
                "They are planning values, not law.",
            ),
        ),
    )


def limits(inputs: Inputs) -> tuple[Block, ...]:
    """What was not looked at."""
    of_the_wind: tuple[str, ...]
    if inputs.wind is None:
        of_the_wind = (
            "The wind is not that of the place. The energy is for comparing layouts; it is no "
            "yield forecast, which needs a measured or modelled distribution of wind speeds.",
        )
    else:
        of_the_wind = (
            *(plain(one) for one in inputs.wind.data["limits"]),
            "Losses and uncertainties are planning assumptions: an assessment that a bank lends on "
            "needs measurements on the site and the maker's own curve.",
        )
    return (
        Block(
            "list",
            items=(
                *of_the_wind,
                *_neighbours(inputs),
                *_noise(inputs),
                "Setbacks and spacing are measured to the tower; rotor blades reach beyond it.",
                ground(inputs),
                "Only features that were given or found as map data are excluded, as complete as "
                "that data is.",
                NOT_LOOKED_AT,
                "The layout keeps its spacing and its distances. Roads, cables, crane pads and "
                "the order of building were not planned.",
            ),
        ),
    )


def ground(inputs: Inputs) -> str:
    """How the ground lies, or that nobody looked."""
    found = inputs.buildable.data["properties"].get(GROUND)
    if found is None:
        return "Slope and height of the ground were not looked at."
    return (
        f"The ground lies between {decimal(found['lowest_m'])} and "
        f"{decimal(found['highest_m'])} m and is as steep as "
        f"{decimal(found['steepest_percent'])} %, by heights that the request brought in cells of "
        f"{decimal(found['cell_m'])} m; what is steeper than "
        f"{decimal(found['max_slope_percent'])} % is excluded. The energy knows no hills."
    )


def _noise(inputs: Inputs) -> tuple[str, ...]:
    """How far one turbine is heard, next to what homes keep. No study."""
    screening = inputs.layout.data.get("noise_screening")
    if screening is None:  # laid out before layouts said so
        return ("Noise was not looked at.",)
    heard = " and ".join(
        f"{decimal(one['distance_m'])} m for {decimal(one['limit_dba'])} dB(A)"
        for one in screening["distances"]
    )
    loudest = (
        f" of {plain(screening['turbine_model'])}, the type that is heard farthest,"
        if len(turbine_types(inputs.layout.data)) > 1
        else ""
    )
    return (
        f"Noise was screened, not computed: one turbine{loudest or ','} assumed to have "
        f"{decimal(screening['assumed_sound_power_dba'], 1)} dB(A) of sound power, needs {heard}. "
        f"Homes keep {decimal(kept_from(FeatureClass.BUILDING, inputs.buildable.data))} m here. "
        f"{plain(screening['basis'])}{_within_earshot(inputs)}",
    )


def _within_earshot(inputs: Inputs) -> str:
    """Which turbines stand nearer to a home than one turbine's noise asks for at night."""
    strictest = _strictest(inputs)
    near = _nearer_than(strictest["distance_m"], inputs)
    if near is None:
        return ""
    nearer = f" Nearer to a home or to residential land than {decimal(strictest['distance_m'])} m: "
    return f"{nearer}{listed([f'{name} ({decimal(m)} m)' for name, m in near])}."


def _strictest(inputs: Inputs) -> Mapping[str, float]:
    distances: list[Mapping[str, float]] = inputs.layout.data["noise_screening"]["distances"]
    return min(distances, key=lambda one: one["limit_dba"])


def _nearer_than(metres: float, inputs: Inputs) -> list[tuple[str, float]] | None:
    """Names and distances, the nearest first; None where the layout was made without them."""
    turbines = inputs.layout.data["turbines"]
    if any("nearest_home_m" not in one for one in turbines):
        return None
    found = [(plain(one["id"]), one["nearest_home_m"]) for one in turbines]
    near = [(name, home_m) for name, home_m in found if home_m is not None and home_m < metres]
    return sorted(near, key=lambda one: one[1])


def heard_at_home(inputs: Inputs) -> str:
    """A warning where homes may be nearer than one turbine's noise asks for at night."""
    screening = inputs.layout.data.get("noise_screening")
    if screening is None:
        return ""
    strictest = _strictest(inputs)
    kept_m = kept_from(FeatureClass.BUILDING, inputs.buildable.data)
    if kept_m >= strictest["distance_m"]:
        return ""
    near = _nearer_than(strictest["distance_m"], inputs)
    counted = ""
    if near is not None:
        counted = "; none stands nearer, but several are louder together"
        if near:
            stand = "stands" if len(near) == 1 else "stand"
            counted = f"; {len(near)} of {len(inputs.layout.data['turbines'])} {stand} nearer"
    return (
        f"Homes keep {decimal(kept_m)} m, and one turbine alone may need "
        f"{decimal(strictest['distance_m'])} m for {decimal(strictest['limit_dba'])} dB(A)"
        f"{counted}: a noise study has to say which can stay. "
    )


def _neighbours(inputs: Inputs) -> tuple[str, ...]:
    """What the energy leaves out of turbines that stand already."""
    there = existing_turbines(inputs)
    if not there:
        return (
            "Existing wind turbines are not in the map data; if there are any, their wakes "
            "are not in the energy.",
        )
    return (
        f"{there} existing wind turbine{' stands' if there == 1 else 's stand'} on or near the "
        "site. Wakes between them and this farm are not in the energy, neither way.",
    )
