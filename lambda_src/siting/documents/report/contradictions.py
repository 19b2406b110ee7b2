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


def _ground(inputs: Inputs, wind: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether the air is that of the ground that the site's heights show."""
    found = inputs.buildable.data["properties"].get(GROUND)
    if found is None:
        return ()
    low_m, high_m = found["lowest_m"], found["highest_m"]
    if "air" not in wind:
        assumed_m, over = 0.0, "the sea"
    else:
        assumed_m = wind["air"].get("ground_m")
        over = "ground of unknown height" if assumed_m is None else f"{decimal(assumed_m)} m"
    if assumed_m is not None and (
        low_m - _GROUND_TOLERANCE_M <= assumed_m <= high_m + _GROUND_TOLERANCE_M
    ):
        return ()
    return (
        f"The air's density is that over {over}, and the site lies between {decimal(low_m)} and "
        f"{decimal(high_m)} m by the heights that the request brought. Air is some 1 % thinner "
        "with every 100 m, and the energy goes with it.",
    )
