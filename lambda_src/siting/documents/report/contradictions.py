"""What one artifact of a report assumed and another knows better, for the cover."""

from collections.abc import Mapping
from typing import Any, Final

from siting.crew import TERRAIN
from siting.documents.report.inputs import Inputs
from siting.documents.wording import decimal
from siting.project_land import GROUND
from siting.project_wind import WIND_FILE

#: Some 1 % of the air's density (standard atmosphere, ISO 2533), and so of the energy.
_GROUND_TOLERANCE_M: Final = 100.0


def contradictions(inputs: Inputs) -> tuple[str, ...]:
    """Say where the artifacts rest on different assumptions and no step refuses that."""
    if inputs.wind is None:
        return ()
    return (*_laid_out_for(inputs, inputs.wind.data), *_ground(inputs, inputs.wind.data))


def _laid_out_for(inputs: Inputs, wind: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether the turbines were placed for the wind that the energy is of."""
    said = []
    if f"{TERRAIN}/{WIND_FILE}" not in inputs.layout.file.entry.made_from:
        said.append(
            "The turbines were placed without the wind data that the energy was computed from. "
            "Another layout may yield more."
        )
    placed_for = inputs.layout.data["wind_direction_degrees"]
    frequency_of = {one["direction_degrees"]: one["frequency"] for one in wind["sectors"]}
    nearest = min(frequency_of, key=lambda direction: _apart(direction, placed_for))
    most = max(frequency_of, key=lambda direction: frequency_of[direction])
    if frequency_of[nearest] < frequency_of[most]:
        said.append(
            f"The turbines were placed for a main wind from {decimal(placed_for)}°; by the wind "
            f"data it comes most often from {decimal(most)}°."
        )
    return tuple(said)


def _apart(one_degrees: float, other_degrees: float) -> float:
    return abs((one_degrees - other_degrees + 180.0) % 360.0 - 180.0)


def air_of_the_ground(inputs: Inputs) -> tuple[str, ...]:
    """A warning where the air was taken at a height that the site's ground does not have."""
    known = inputs.buildable.data["properties"].get(GROUND)
    air = inputs.wind.data.get("air") if inputs.wind else None
    height_m = air.get("ground_m") if air else None
    if known is None or height_m is None or known["lowest_m"] <= height_m <= known["highest_m"]:
        return ()
    return (
        f"The air's density is that of ground at {decimal(height_m)} m over sea level, and the "
        f"site's lies between {decimal(known['lowest_m'])} and {decimal(known['highest_m'])} m: "
        "fetch the wind again with the site's elevation_m.",
    )


def _ground(inputs: Inputs, wind: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether the air is that of the ground that the site's heights show."""
    found = inputs.buildable.data["properties"].get(GROUND)
    air = wind.get("air")
    if found is None:
        return ()
    if air is not None and air.get("ground_m") is not None:
        return air_of_the_ground(inputs)
    low_m, high_m = found["lowest_m"], found["highest_m"]
    if air is None and low_m - _GROUND_TOLERANCE_M <= 0.0 <= high_m + _GROUND_TOLERANCE_M:
        return ()
    over = "the sea" if air is None else "ground of unknown height"
    return (
        f"The air's density is that over {over}, and the site lies between {decimal(low_m)} and "
        f"{decimal(high_m)} m by the heights that the request brought. Air is some 1 % thinner "
        "with every 100 m, and the energy goes with it.",
    )
