"""Better layouts by search: climbs from many starts, and hops out of local optima.

First it climbs from every layout given, and from random places: how far apart those end is told,
for that says how much to make of the best of them. Then some turbines of the best layout hop
elsewhere and climb again, and now and then all start from random places. Whatever is better is
polished in small steps. Once many climbs have found nothing better, another line of hops begins at
random places: in a small farm a line soon ends. A layout is taken only if it is feasible and
better.

Climbs are made in rounds of a fixed number, each from where its line was before, on all cores
(``crew``). A climb is an iteration, and a search does a given number of them: what it finds depends
on its seed and on that number, however many cores there are and however busy they be.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from siting.wind.errors import WindError
from siting.wind.layout.budget import Ending, Watch
from siting.wind.layout.climb import Climbed, Ground, Kind, Task
from siting.wind.layout.constraints import is_feasible
from siting.wind.layout.crew import Crew
from siting.wind.turbines import FloatArray

#: Climbs of a round.
_ROUND: Final = 4
#: Random starts after those given, and then one in so many climbs.
_RANDOM_STARTS: Final = 4
_FRESH_EVERY: Final = 8
#: A line of hops ends after so many climbs per turbine that found nothing better. Lines of 36
#: turbines have gone on after seven.
_PATIENCE: Final = 8


@dataclass(frozen=True, slots=True)
class Optimised:
    """What a search found.

    Attributes:
        positions_m: (east, north) of each turbine in metres; feasible, never worse than the start.
        start_mwh: Annual energy of the best start, by the full simulation.
        mwh: Annual energy found, by the full simulation.
        iterations: Climbs made.
        evaluations: How many times the energy and its slope were worked out in them.
        ended: How the search ended.
        from_starts_mwh: What each climb from a start of its own came to, if it was feasible; by
            what is climbed, which may only stand in for the simulation.
    """

    positions_m: FloatArray
    start_mwh: float
    mwh: float
    iterations: int
    evaluations: int
    ended: Ending
    from_starts_mwh: tuple[float, ...]


def optimise(
    starts: Sequence[tuple[FloatArray, float]],
    ground: Ground,
    watch: Watch,
    *,
    seed: int = 0,
    simulate: Callable[[FloatArray], float],
    workers: int = 1,
) -> Optimised:
    """Search for a layout with more energy than the best start, with as many turbines.

    Args:
        starts: Feasible layouts of the same number of turbines, each with the annual energy that
            counts, in MWh.
        ground: The land, the spacing and the energy.
        watch: Says when to end.
        seed: Of the random numbers.
        simulate: The annual energy that counts, in MWh; the ground's may only stand in for it.
        workers: Processes to climb in, this one included. What is found does not depend on it.

    Raises:
        WindError: No start is feasible.
    """
    feasible = [
        (positions, mwh)
        for positions, mwh in starts
        if len(positions) and is_feasible(positions, ground.land, ground.spec)
    ]
    if not feasible:
        raise WindError("There is no feasible layout to start the search from.")
    feasible.sort(key=lambda start: start[1], reverse=True)
    search = _Search(ground, watch, seed, simulate, feasible)
    with Crew(ground, min(workers, _ROUND)) as crew:
        return search.run(crew)


class _Search:
    def __init__(
        self,
        ground: Ground,
        watch: Watch,
        seed: int,
        simulate: Callable[[FloatArray], float],
        starts: list[tuple[FloatArray, float]],
    ) -> None:
        self._ground = ground
        self._watch = watch
        self._seed = seed
        self._simulate = simulate
        self._best, self._simulated_mwh = starts[0]
        self._start_mwh = self._simulated_mwh
        self._begin_line(ground.energy.mwh(self._best), self._simulated_mwh)
        kinds = (Kind.NEAR, Kind.FAR)
        self._todo = [(kind, positions) for kind in kinds for positions, _ in starts]
        self._todo += [(Kind.RANDOM, self._best)] * _RANDOM_STARTS
        self._planned = self._iterations = self._evaluations = 0
        self._is_polished = False
        self._from_starts: list[float] = []

    def run(self, crew: Crew) -> Optimised:
        while (size := self._next_round()) and not self._watch.is_over():
            if self._since_better >= _PATIENCE * len(self._best):
                self._begin_line(-inf, -inf)
                self._todo += [(Kind.RANDOM, self._best)] * _RANDOM_STARTS
            tasks = [self._task() for _ in range(size)]
            for task, found in zip(tasks, crew.climb(tasks, self._watch.is_over), strict=True):
                if found is not None:
                    self._take(task, found)
        return Optimised(
            positions_m=self._best,
            start_mwh=self._start_mwh,
            mwh=self._simulated_mwh,
            iterations=self._iterations,
            evaluations=self._evaluations,
            ended=self._watch.ended,
            from_starts_mwh=tuple(self._from_starts),
        )

    def _begin_line(self, mwh: float, simulated_mwh: float) -> None:
        """Begin a line with what is more than so much, climbed and simulated."""
        self._line, self._line_mwh, self._line_simulated_mwh = self._best, mwh, simulated_mwh
        self._since_better = 0

    def _next_round(self) -> int:
        """Return how many climbs to make next; the very last is by itself, to polish the best."""
        iterations = self._watch.budget.iterations
        if iterations is None:
            return _ROUND
        left = iterations - self._planned
        return min(_ROUND, left - 1 if left > 1 else left)

    def _task(self) -> Task:
        number = self._planned
        self._planned += 1
        is_last = self._planned == self._watch.budget.iterations
        kind, start = Kind.HOP, self._line
        if self._todo and not (is_last and number):
            kind, start = self._todo.pop(0)
        elif not self._is_polished:
            self._is_polished, kind = True, Kind.POLISH
        elif number % _FRESH_EVERY == 0:
            kind = Kind.RANDOM
        return Task(kind, start, (self._seed, number))

    def _take(self, task: Task, found: Climbed) -> None:
        """Keep what a climb came to if it is feasible and better."""
        self._iterations += 1
        self._evaluations += found.evaluations
        self._since_better += 1
        mwh = self._ground.energy.mwh(found.positions_m)
        if not is_feasible(found.positions_m, self._ground.land, self._ground.spec):
            return
        if task.kind in (Kind.NEAR, Kind.FAR, Kind.RANDOM):
            self._from_starts.append(mwh)
        if mwh <= self._line_mwh:
            return
        simulated = self._simulate(found.positions_m)
        if simulated <= self._line_simulated_mwh:
            return
        self._line, self._line_mwh, self._line_simulated_mwh = found.positions_m, mwh, simulated
        self._since_better, self._is_polished = 0, task.kind is Kind.POLISH
        if simulated > self._simulated_mwh:
            self._best, self._simulated_mwh = found.positions_m, simulated
