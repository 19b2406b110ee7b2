"""A layout built one turbine after the other, each where it adds the most energy."""

from collections.abc import Callable
from typing import Final

import numpy as np

from siting.wind.layout.constraints import Land, Layout, LayoutSpec, rounded
from siting.wind.layout.energy import LayoutEnergy
from siting.wind.turbines import FloatArray

#: Places times turbines squared times directions that one layout may look at; a few seconds.
_WORK: Final = 300_000_000
_MAX_PLACES: Final = 3000
#: Places of the lattice per turbine asked for, at least; fewer would leave land unused.
_LEAST_PLACES: Final = 6


def greedy(
    land: Land,
    spec: LayoutSpec,
    energy: LayoutEnergy,
    stop: Callable[[], bool] = lambda: False,
) -> Layout:
    """Place turbines on a lattice of places, always the one that adds the most energy.

    Args:
        land: Where turbines may stand.
        spec: What is asked for.
        energy: What there is to gain.
        stop: Asked before each turbine; once it says so, the rest is placed without looking for
            the best place.
    """
    wanted = spec.turbine_count
    affordable = int(_WORK / (wanted**2 * energy.directions))
    count = min(_MAX_PLACES, max(_LEAST_PLACES * wanted, affordable))
    places = rounded(land.lattice(count))
    places = places[land.allows(places)]
    scaled = spec.to_spacings(places)
    room = np.ones(len(places), dtype=np.bool_)
    taken: list[int] = []
    stopped = False
    while len(taken) < wanted and room.any():
        stopped = stopped or stop()
        left = np.flatnonzero(room)
        # The first turbine could stand anywhere; at the land's edge it takes the least room.
        gain = np.zeros(len(left)) if stopped else _gain(energy, places[taken], places[left])
        best = int(left[gain.argmax()])
        taken.append(best)
        room &= np.hypot(*(scaled - scaled[best]).T) >= 1.0
    return Layout(
        spec=spec,
        strategy="greedy",
        positions_m=places[taken],
        places_in_boundary=max(
            len(places), round(len(places) * land.boundary_m.area / _area(land))
        ),
        places_buildable=len(places),
    )


def _gain(energy: LayoutEnergy, standing: FloatArray, places: FloatArray) -> FloatArray:
    if not len(standing):
        return np.zeros(len(places))
    # In blocks that stay in a processor's cache.
    step = max(1, 40_000 // (energy.directions * len(standing)))
    return np.concatenate(
        [
            energy.mwh_with_one_at(standing, places[at : at + step])
            for at in range(0, len(places), step)
        ]
    )


def _area(land: Land) -> float:
    return max(land.buildable_m.area, 1e-9)
