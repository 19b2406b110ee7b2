"""From a strategy's name to a layout."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from siting.wind.errors import WindError
from siting.wind.layout.budget import Budget, Ending, Watch
from siting.wind.layout.climb import Ground
from siting.wind.layout.constraints import Land, Layout, LayoutSpec, rounded
from siting.wind.layout.energy import LayoutEnergy
from siting.wind.layout.greedy import greedy
from siting.wind.layout.optimise import Optimised, optimise
from siting.wind.layout.patterns import PATTERNS
from siting.wind.turbines import FloatArray

GREEDY: Final = "greedy"
BEST: Final = "best"
OPTIMISE: Final = "optimise"
#: By how much the energy that is climbed may misjudge which of two layouts is better.
_STAND_IN_ERROR: Final = 0.02
STRATEGIES: Final = (*PATTERNS, GREEDY, BEST, OPTIMISE)


@dataclass(frozen=True, slots=True)
class Planned:
    """A layout and how it came about.

    Attributes:
        layout: The layout.
        mwh: Its annual energy, by the full simulation; None without turbines.
        compared: By strategy, turbines placed and annual energy of what it was chosen from; no
            energy where there was no time to simulate what promised less.
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
    workers: int = 1,
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
        workers: Processes that search, this one included. The layout does not depend on it.

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
    starts = _simulated(layouts, energy, simulate, watch)
    compared = {one.layout.strategy: (one.layout.turbines_placed, one.mwh) for one in starts}
    # Turbines first: a layout with fewer of them is another question.
    best = max(starts, key=lambda one: (one.layout.turbines_placed, one.mwh or 0.0))
    if best.mwh is None:
        return best
    if strategy == BEST:
        return replace(best, compared=compared, ended=watch.ended)
    placed = best.layout.turbines_placed
    search = optimise(
        [
            (one.layout.positions_m, one.mwh or 0.0)
            for one in starts
            if one.layout.turbines_placed == placed
        ],
        Ground(land, spec, energy),
        watch,
        seed=seed,
        simulate=simulate,
        workers=workers,
    )
    improved = Layout(
        spec=spec,
        strategy=OPTIMISE,
        positions_m=rounded(search.positions_m),
        places_in_boundary=best.layout.places_in_boundary,
        places_buildable=best.layout.places_buildable,
    )
    return Planned(improved, search.mwh, compared, search, search.ended)


def _simulated(
    layouts: Sequence[Layout],
    energy: LayoutEnergy,
    simulate: Callable[[FloatArray], float],
    watch: Watch,
) -> list[Planned]:
    """Simulate layouts, the most promising first.

    Those that have fewer turbines, or by far less energy to go by, are left out once they would
    take the time that the last word on the best needs.
    """
    promise = [(one.turbines_placed, energy.mwh(one.positions_m)) for one in layouts]
    most, best = max(promise)
    found: dict[int, Planned] = {}
    longest_s = 0.0
    for at in sorted(range(len(layouts)), key=promise.__getitem__, reverse=True):
        placed, mwh = promise[at]
        is_close = placed == most and mwh >= (1.0 - _STAND_IN_ERROR) * best
        if not is_close and not watch.has_time_for(2.0 * longest_s):
            found[at] = Planned(layouts[at], None, {}, None)
            continue
        began_s = watch.elapsed_s()
        found[at] = _planned(layouts[at], simulate)
        longest_s = max(longest_s, watch.elapsed_s() - began_s)
    # What a search finds is simulated, too.
    watch.set_aside(longest_s)
    return [found[at] for at in range(len(layouts))]


def _planned(layout: Layout, simulate: Callable[[FloatArray], float]) -> Planned:
    mwh = simulate(layout.positions_m) if layout.turbines_placed else None
    return Planned(layout, mwh, {layout.strategy: (layout.turbines_placed, mwh)}, None)
