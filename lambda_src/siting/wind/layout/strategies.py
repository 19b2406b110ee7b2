"""From a strategy's name to a layout."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from siting.wind.errors import WindError
from siting.wind.layout.constraints import Land, Layout, LayoutSpec, rounded
from siting.wind.layout.energy import LayoutEnergy
from siting.wind.layout.greedy import greedy
from siting.wind.layout.optimise import Budget, Optimised, optimise
from siting.wind.layout.patterns import PATTERNS
from siting.wind.turbines import FloatArray

GREEDY: Final = "greedy"
OPTIMISE: Final = "optimise"
STRATEGIES: Final = (*PATTERNS, GREEDY, OPTIMISE)

#: Of an optimisation's time, the greedy start may take this share.
_GREEDY_SHARE: Final = 0.3
_LEAST_SEARCH_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Planned:
    """A layout and how it came about.

    Attributes:
        layout: The layout.
        mwh: Its annual energy, as the judge sees it; None without turbines.
        compared: By strategy, turbines placed and annual energy of what it was chosen from.
        search: What the search found, if there was one.
    """

    layout: Layout
    mwh: float | None
    compared: Mapping[str, tuple[int, float | None]]
    search: Optimised | None


def plan(
    strategy: str,
    land: Land,
    spec: LayoutSpec,
    *,
    energy: LayoutEnergy,
    judge: Callable[[FloatArray], float],
    budget: Budget,
    seed: int = 0,
) -> Planned:
    """Lay turbines out.

    Args:
        strategy: One of ``STRATEGIES``.
        land: Where turbines may stand.
        spec: What is asked for.
        energy: What greedy and optimise climb.
        judge: The annual energy that counts, in MWh.
        budget: How long greedy and optimise may take.
        seed: Of the search's random numbers.

    Raises:
        WindError: There is no such strategy, or the pattern is too fine for the site.
    """
    if strategy not in STRATEGIES:
        raise WindError(
            f"There is no strategy {strategy[:40]!r}; there are {', '.join(STRATEGIES)}."
        )
    began = time.monotonic()
    if strategy in PATTERNS:
        return _planned(PATTERNS[strategy](land, spec), judge)
    if strategy == GREEDY:
        return _planned(greedy(land, spec, energy, _stop(budget, began, 1.0)), judge)
    layouts = [pattern(land, spec) for pattern in PATTERNS.values()]
    layouts.append(greedy(land, spec, energy, _stop(budget, began, _GREEDY_SHARE)))
    planned = [_planned(layout, judge) for layout in layouts]
    compared = {one.layout.strategy: (one.layout.turbines_placed, one.mwh) for one in planned}
    # Turbines first: a layout with fewer of them is another question.
    best = max(planned, key=lambda one: (one.layout.turbines_placed, one.mwh or 0.0))
    if best.mwh is None:
        return best
    placed = best.layout.turbines_placed
    starts = [one.positions_m for one in layouts if one.turbines_placed == placed]
    search = optimise(starts, land, spec, energy, _rest(budget, began), seed=seed, judge=judge)
    improved = Layout(
        spec=spec,
        strategy=OPTIMISE,
        positions_m=rounded(search.positions_m),
        places_in_boundary=best.layout.places_in_boundary,
        places_buildable=best.layout.places_buildable,
    )
    return Planned(improved, search.mwh, compared, search)


def _planned(layout: Layout, judge: Callable[[FloatArray], float]) -> Planned:
    mwh = judge(layout.positions_m) if layout.turbines_placed else None
    return Planned(layout, mwh, {layout.strategy: (layout.turbines_placed, mwh)}, None)


def _stop(budget: Budget, began: float, share: float) -> Callable[[], bool]:
    def stop() -> bool:
        late = budget.seconds is not None and time.monotonic() - began > share * budget.seconds
        return late or budget.stop()

    return stop


def _rest(budget: Budget, began: float) -> Budget:
    if budget.seconds is None:
        return budget
    left = budget.seconds - (time.monotonic() - began)
    return Budget(max(_LEAST_SEARCH_S, left), budget.rounds, budget.stop)
