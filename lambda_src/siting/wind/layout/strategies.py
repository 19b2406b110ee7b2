"""From a strategy's name to a layout."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from siting.wind.errors import WindError
from siting.wind.layout.budget import Budget, Ending, Watch
from siting.wind.layout.constraints import Land, Layout, LayoutSpec, rounded
from siting.wind.layout.energy import LayoutEnergy
from siting.wind.layout.greedy import greedy
from siting.wind.layout.optimise import Optimised, optimise
from siting.wind.layout.patterns import PATTERNS
from siting.wind.turbines import FloatArray

GREEDY: Final = "greedy"
BEST: Final = "best"
OPTIMISE: Final = "optimise"
STRATEGIES: Final = (*PATTERNS, GREEDY, BEST, OPTIMISE)


@dataclass(frozen=True, slots=True)
class Planned:
    """A layout and how it came about.

    Attributes:
        layout: The layout.
        mwh: Its annual energy, by the full simulation; None without turbines.
        compared: By strategy, turbines placed and annual energy of what it was chosen from.
        search: What the search found, if there was one.
        ended: What ended greedy or the search; None for a pattern by itself, which has no limit.
    """

    layout: Layout
    mwh: float | None
    compared: Mapping[str, tuple[int, float | None]]
    search: Optimised | None
    ended: Ending | None = None


def plan(
    strategy: str,
    land: Land,
    spec: LayoutSpec,
    *,
    energy: LayoutEnergy,
    simulate: Callable[[FloatArray], float],
    budget: Budget,
    seed: int = 0,
) -> Planned:
    """Lay turbines out.

    Args:
        strategy: One of ``STRATEGIES``.
        land: Where turbines may stand.
        spec: What is asked for.
        energy: What greedy and optimise climb.
        simulate: The annual energy that counts, in MWh.
        budget: How much work greedy and optimise may do.
        seed: Of the search's random numbers.

    Raises:
        WindError: There is no such strategy, or the pattern is too fine for the site.
    """
    if strategy not in STRATEGIES:
        raise WindError(
            f"There is no strategy {strategy[:40]!r}; there are {', '.join(STRATEGIES)}."
        )
    watch = Watch(budget)
    if strategy in PATTERNS:
        return _planned(PATTERNS[strategy](land, spec), simulate)
    if strategy == GREEDY:
        planned = _planned(greedy(land, spec, energy, watch.is_over), simulate)
        return replace(planned, ended=watch.ended)
    layouts = [pattern(land, spec) for pattern in PATTERNS.values()]
    layouts.append(greedy(land, spec, energy, watch.is_over))
    starts = [_planned(layout, simulate) for layout in layouts]
    compared = {one.layout.strategy: (one.layout.turbines_placed, one.mwh) for one in starts}
    # Turbines first: a layout with fewer of them is another question.
    best = max(starts, key=lambda one: (one.layout.turbines_placed, one.mwh or 0.0))
    if best.mwh is None:
        return best
    if strategy == BEST:
        return replace(best, compared=compared, ended=watch.ended)
    placed = best.layout.turbines_placed
    positions = [one.positions_m for one in layouts if one.turbines_placed == placed]
    search = optimise(positions, land, spec, energy, watch, seed=seed, simulate=simulate)
    improved = Layout(
        spec=spec,
        strategy=OPTIMISE,
        positions_m=rounded(search.positions_m),
        places_in_boundary=best.layout.places_in_boundary,
        places_buildable=best.layout.places_buildable,
    )
    return Planned(improved, search.mwh, compared, search, search.ended)


def _planned(layout: Layout, simulate: Callable[[FloatArray], float]) -> Planned:
    mwh = simulate(layout.positions_m) if layout.turbines_placed else None
    return Planned(layout, mwh, {layout.strategy: (layout.turbines_placed, mwh)}, None)
