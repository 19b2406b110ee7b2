"""Turbines that have to stand somewhere else."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from siting.wind.layout.constraints import Land, LayoutSpec, broken_rules, rounded
from siting.wind.turbines import FloatArray

#: Places that are looked at: a lattice over all of the land, and a denser one around the turbine.
_WIDE_PLACES: Final = 20_000
_NEAR_STEPS: Final = 60


@dataclass(frozen=True, slots=True)
class Move:
    """A turbine that was to move.

    Attributes:
        index: Which of the layout.
        reason: Why it had to.
        moved_m: How far it moved, in metres; None if there was no place for it.
    """

    index: int
    reason: str
    moved_m: float | None


@dataclass(frozen=True, slots=True)
class Relocated:
    """A layout after its moves.

    Attributes:
        positions_m: (east, north) of the turbines that stand, in metres.
        kept: Which of the turbines before they are.
        moves: One per turbine that was to move, in the order they were placed.
    """

    positions_m: FloatArray
    kept: tuple[int, ...]
    moves: tuple[Move, ...]


def relocate(
    positions_m: FloatArray, land: Land, spec: LayoutSpec, wanted_m: dict[int, FloatArray]
) -> Relocated:
    """Move turbines to the nearest place that keeps every rule.

    Args:
        positions_m: The layout.
        land: Where turbines may stand.
        spec: The spacing to keep.
        wanted_m: Where named turbines should go. Others move only if they break a rule: of two
            that are too near to each other, the later one.
    """
    target = positions_m.copy()
    for index, place in wanted_m.items():
        target[index] = place
    reasons = _who_moves(target, land, spec, wanted_m)
    standing = [at for at in range(len(target)) if at not in reasons]
    placed = {at: target[at] for at in standing}
    moves = []
    for at, reason in reasons.items():
        others = np.array(list(placed.values())).reshape(-1, 2)
        found = _nearest_free(target[at], others, land, spec)
        moved = None if found is None else float(np.hypot(*(found - positions_m[at])))
        moves.append(Move(at, reason, moved))
        if found is not None:
            placed[at] = found
    kept = tuple(sorted(placed))
    positions = np.array([placed[at] for at in kept]).reshape(-1, 2)
    return Relocated(positions, kept, tuple(moves))


def _who_moves(
    target: FloatArray, land: Land, spec: LayoutSpec, wanted: dict[int, FloatArray]
) -> dict[int, str]:
    """Return who has to move and why: those asked for first, then those that break a rule."""
    reasons = dict.fromkeys(sorted(wanted), "asked for")
    for at, rule in enumerate(broken_rules(target, land, spec)):
        if rule and at not in reasons and rule != _TOO_NEAR:
            reasons[at] = rule
    # Whoever stays has to be apart from those before.
    stays: list[int] = []
    scaled = spec.to_spacings(target, with_room=False)
    for at in range(len(target)):
        if at in reasons:
            continue
        gaps = np.hypot(*(scaled[stays] - scaled[at]).T)
        if (gaps < 1.0 - 1e-9).any():
            reasons[at] = _TOO_NEAR
        else:
            stays.append(at)
    return reasons


_TOO_NEAR: Final = "too near to another turbine"


def _nearest_free(
    target: FloatArray, others: FloatArray, land: Land, spec: LayoutSpec
) -> FloatArray | None:
    if land.is_empty:
        return None
    reach = max(spec.spacing_along_wind_m, spec.spacing_across_wind_m)
    steps = np.linspace(-2.0 * reach, 2.0 * reach, 2 * _NEAR_STEPS + 1)
    near = target + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    edge = land.nearest(target[np.newaxis])
    places = rounded(np.vstack((target, edge, near, land.lattice(_WIDE_PLACES))))
    places = places[land.allows(places)]
    places = places[np.argsort(np.hypot(*(places - target).T), kind="stable")]
    scaled = spec.to_spacings(places)
    free = np.ones(len(places), dtype=np.bool_)
    for other in spec.to_spacings(others):
        free &= np.hypot(*(scaled - other).T) >= 1.0
    return places[free.argmax()] if free.any() else None
