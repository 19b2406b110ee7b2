"""A layout built one turbine after the other, each where it adds the most energy."""

from collections.abc import Callable
from typing import Final

import numpy as np

from siting.wind.layout.constraints import BoolArray, Land, Layout, LayoutSpec, rounded
from siting.wind.layout.energy import LayoutEnergy, Standing
from siting.wind.turbines import FloatArray

#: Places of the lattice: fewer than so many per turbine would leave land unused.
_PLACES: Final = 3000
_LEAST_PLACES: Final = 6
#: Places that are looked at together.
_BLOCK: Final = 24


def greedy(
    land: Land,
    spec: LayoutSpec,
    energy: LayoutEnergy,
    stop: Callable[[], bool] = lambda: False,
) -> Layout:
    """Place turbines on a lattice of places, always the one that adds the most energy.

    With each turbine, a place adds less than it did before, but for a hair. So the places that
    added most when they were last looked at are looked at again first, until one of them adds more
    than any other ever did: a few dozen of some thousand.

    Args:
        land: Where turbines may stand.
        spec: What is asked for.
        energy: What there is to gain.
        stop: Asked before each turbine; once it says so, the rest is placed without looking for
            the best place.
    """
    wanted = spec.turbine_count
    places = rounded(land.lattice(max(_PLACES, _LEAST_PLACES * wanted)))
    places = places[land.allows(places)]
    scaled = spec.to_spacings(places)
    room = np.ones(len(places), dtype=np.bool_)
    # The first turbine could stand anywhere; at the land's edge it takes the least room.
    gain = np.full(len(places), np.inf)
    taken: list[int] = []
    standing = Standing(energy, places[:0])
    stopped = False
    while len(taken) < wanted and room.any():
        stopped = stopped or stop()
        if taken and not stopped:
            _look(standing, places, room, gain)
        best = int(np.where(room, gain, -np.inf).argmax())
        taken.append(best)
        standing.add(places[best : best + 1])
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


def _look(standing: Standing, places: FloatArray, room: BoolArray, gain: FloatArray) -> None:
    """Bring gains up to date, until the largest of them is."""
    old = room.copy()
    while True:
        best_new = np.where(room & ~old, gain, -np.inf).max()
        ahead = np.flatnonzero(old & (gain > best_new))
        if not len(ahead):
            return
        block = ahead[np.argsort(-gain[ahead], kind="stable")[:_BLOCK]]
        gain[block] = standing.with_one_at(places[block]) - standing.mwh
        old[block] = False


def _area(land: Land) -> float:
    return max(land.buildable_m.area, 1e-9)
