"""Layouts by a pattern: rows that follow the main wind, straight or staggered, and a spiral."""

from collections.abc import Callable
from math import ceil, hypot, pi, tau
from typing import Final

import numpy as np

from siting.wind.errors import WindError
from siting.wind.layout.constraints import Land, Layout, LayoutSpec, diagonal_m, rounded
from siting.wind.turbines import FloatArray

MAX_GRID_POSITIONS: Final = 100_000
#: A grid is tried at this many offsets along the wind, times as many across.
_OFFSETS: Final = 8
#: Places on a spiral, in spacings, apart.
_SPIRAL_STEP: Final = 0.05


def grid(land: Land, spec: LayoutSpec) -> Layout:
    """Place turbines in straight rows across the main wind.

    The offset is taken that holds the most of them, the first of equally good ones. Turbines fill
    the rows from the upwind side, so the same input gives the same layout.

    Raises:
        WindError: The grid would be too fine for so large a site.
    """
    return _best_offset(land, spec, "grid", stagger=0.0)


def offset_grid(land: Land, spec: LayoutSpec) -> Layout:
    """Place turbines in rows across the main wind, every second one moved by half a spacing.

    Raises:
        WindError: As ``grid`` does.
    """
    return _best_offset(land, spec, "offset_grid", stagger=0.5)


def spiral(land: Land, spec: LayoutSpec) -> Layout:
    """Place turbines along a spiral of turns one spacing apart, from the land's middle outwards.

    Raises:
        WindError: The spiral would be too long for so large a site.
    """
    centre = np.array(land.buildable_m.centroid.coords[0]) if not land.is_empty else np.zeros(2)
    reach = diagonal_m(land) / min(spec.spacing_along_wind_m, spec.spacing_across_wind_m)
    length = pi * reach**2
    if length > MAX_GRID_POSITIONS:
        raise _too_fine()
    # On r = turn / tau the way from the centre is about r^2 pi, so equal steps are equal roots.
    radius = np.sqrt(np.arange(0.0, length, _SPIRAL_STEP) / pi)
    turns = tau * radius
    scaled = np.column_stack((radius * np.cos(turns), radius * np.sin(turns)))
    places = rounded(spec.from_spacings(scaled) + centre)
    allowed = land.allows(places)
    free = spec.to_spacings(places[allowed])
    taken: list[int] = []
    room = np.ones(len(free), dtype=np.bool_)
    while len(taken) < spec.turbine_count and room.any():
        first = int(room.argmax())
        taken.append(first)
        room &= np.hypot(*(free - free[first]).T) >= 1.0
    # A spiral's places are as many as it is spacings long, on land and within the boundary.
    buildable = max(len(taken), int(allowed.sum() * _SPIRAL_STEP))
    return Layout(
        spec=spec,
        strategy="spiral",
        positions_m=places[allowed][taken],
        places_in_boundary=max(buildable, int(land.encloses(places).sum() * _SPIRAL_STEP)),
        places_buildable=buildable,
    )


def _best_offset(land: Land, spec: LayoutSpec, strategy: str, stagger: float) -> Layout:
    pattern, offsets = _rows_over(land, spec, stagger)
    best = pattern
    best_inside = np.zeros(len(pattern), dtype=np.bool_)
    for offset in offsets:
        places = rounded(pattern + offset)
        inside = land.allows(places)
        if inside.sum() > best_inside.sum():
            best, best_inside = places, inside
    return Layout(
        spec=spec,
        strategy=strategy,
        positions_m=best[best_inside][: spec.turbine_count],
        places_in_boundary=int(land.encloses(best).sum()),
        places_buildable=int(best_inside.sum()),
    )


def _rows_over(land: Land, spec: LayoutSpec, stagger: float) -> tuple[FloatArray, list[FloatArray]]:
    """Return rows that cover the boundary at every offset, and the offsets to try."""
    west, south, east, north = land.boundary_m.bounds
    radius_m = hypot(east - west, north - south) / 2
    rows = ceil(radius_m / spec.spacing_along_wind_m) + 1
    columns = ceil(radius_m / spec.spacing_across_wind_m) + 2
    if (2 * rows + 1) * (2 * columns + 1) > MAX_GRID_POSITIONS:
        raise _too_fine()
    row, column = np.mgrid[-rows : rows + 1, -columns : columns + 1].reshape(2, -1)
    scaled = np.column_stack((row, column + stagger * (row % 2))).astype(np.float64)
    centre = np.array(((west + east) / 2, (south + north) / 2))
    shares = [step / _OFFSETS for step in range(_OFFSETS)]
    # A staggered pattern repeats after two rows, but a row's shift makes it good after one.
    offsets = [spec.from_spacings(np.array((a, b))) for a in shares for b in shares]
    return spec.from_spacings(scaled) + centre, offsets


def _too_fine() -> WindError:
    return WindError(
        f"At this spacing the pattern over the site has more than {MAX_GRID_POSITIONS} positions. "
        "Ask for a wider spacing, or a smaller site."
    )


#: Patterns by the name a request gives them.
PATTERNS: Final[dict[str, Callable[[Land, LayoutSpec], Layout]]] = {
    "grid": grid,
    "offset_grid": offset_grid,
    "spiral": spiral,
}
