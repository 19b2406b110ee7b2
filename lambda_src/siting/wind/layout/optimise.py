"""Better layouts by search: slope ascent from many starts, with hops out of local optima.

From each start the turbines climb the slope of the energy (Adam steps), first with widened wakes,
which smooths the landscape (Thomas and Ning's wake expansion continuation), then with true ones.
Spacing pushes back on the way; a turbine that leaves the land is brought to its edge. What comes
out is settled until every rule holds exactly, rounded to what is written, and taken only if it is
feasible and better. Later climbs start at random places, or move a few turbines of the best layout
and climb again. A climb is an iteration, and a search does a given number of them: what it finds
depends on its seed and on that number, however busy the machine is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from siting.wind.errors import WindError
from siting.wind.layout.budget import Ending, Watch
from siting.wind.layout.constraints import Land, LayoutSpec, is_feasible, rounded
from siting.wind.layout.energy import LayoutEnergy
from siting.wind.turbines import FloatArray

#: (widening of the wakes, steps, first step length in rotor diameters) of a climb from afar.
_FROM_AFAR: Final = ((3.0, 60, 0.5), (1.7, 60, 0.25), (1.0, 140, 0.12))
#: The same after a hop, and from a layout that is good already.
_FROM_NEAR: Final = ((1.3, 40, 0.12), (1.0, 110, 0.08))
#: A climb's step shrinks to this share of its first length.
_LAST_STEP: Final = 0.02
_MOMENTUM, _SCALE_MEMORY, _EPSILON = 0.8, 0.95, 1e-12
#: How strongly hubs that are too near push, in turbines' worth of energy.
_PUSH: Final = 10.0
_SETTLE_STEPS: Final = 120
#: Every so many climbs start at random places instead of near the best.
_FRESH_EVERY: Final = 4
_HOP_PLACES: Final = 48
_MAX_HOPPERS: Final = 3
_RANDOM_TRIES: Final = 40


@dataclass(frozen=True, slots=True)
class Optimised:
    """What a search found.

    Attributes:
        positions_m: (east, north) of each turbine in metres; feasible, never worse than the start.
        start_mwh: Annual energy of the best start, by the full simulation.
        mwh: Annual energy found, by the full simulation.
        iterations: Climbs made.
        ended: How the search ended.
    """

    positions_m: FloatArray
    start_mwh: float
    mwh: float
    iterations: int
    ended: Ending


def optimise(
    starts: Sequence[FloatArray],
    land: Land,
    spec: LayoutSpec,
    energy: LayoutEnergy,
    watch: Watch,
    *,
    seed: int = 0,
    simulate: Callable[[FloatArray], float] | None = None,
) -> Optimised:
    """Search for a layout with more energy than the best start, with as many turbines.

    Args:
        starts: Feasible layouts of the same number of turbines.
        land: Where turbines may stand.
        spec: The spacing to keep.
        energy: What is climbed.
        watch: Says when to end.
        seed: Of the random numbers.
        simulate: The annual energy that counts, in MWh, where ``energy`` only stands in for it.

    Raises:
        WindError: No start is feasible.
    """
    search = _Search(
        land=land,
        spec=spec,
        energy=energy,
        watch=watch,
        seed=seed,
        simulate=simulate or energy.mwh,
    )
    return search.run([np.asarray(start, dtype=np.float64) for start in starts])


class _Search:
    def __init__(
        self,
        *,
        land: Land,
        spec: LayoutSpec,
        energy: LayoutEnergy,
        watch: Watch,
        seed: int,
        simulate: Callable[[FloatArray], float],
    ) -> None:
        self._land = land
        self._spec = spec
        self._energy = energy
        self._watch = watch
        self._simulate = simulate
        self._random = np.random.default_rng(seed)
        self._iterations = 0
        self._best: FloatArray = np.empty((0, 2))
        self._best_mwh = -np.inf
        self._simulated_mwh = -np.inf
        self._places = land.lattice(4000)

    def run(self, starts: list[FloatArray]) -> Optimised:
        feasible = [one for one in starts if is_feasible(one, self._land, self._spec)]
        if not feasible or not len(feasible[0]):
            raise WindError("There is no feasible layout to start the search from.")
        feasible.sort(key=self._simulate, reverse=True)
        start_mwh = self._simulated_mwh = self._simulate(feasible[0])
        self._best, self._best_mwh = feasible[0], self._energy.mwh(feasible[0])
        for start in feasible:
            self._iterate(start, _FROM_NEAR)
            self._iterate(start, _FROM_AFAR)
        while not self._is_over():
            if self._iterations % _FRESH_EVERY == 0:
                self._iterate(self._at_random(), _FROM_AFAR)
            else:
                self._iterate(self._hop(), _FROM_NEAR)
        return Optimised(
            positions_m=self._best,
            start_mwh=start_mwh,
            mwh=self._simulated_mwh,
            iterations=self._iterations,
            ended=self._watch.ended,
        )

    def _is_over(self) -> bool:
        return self._watch.is_done(self._iterations) or self._watch.is_over()

    def _iterate(self, start: FloatArray, stages: Sequence[tuple[float, int, float]]) -> None:
        """Climb from a start, and keep what comes out if it is feasible and better."""
        if self._is_over():
            return
        found = start
        for widening, steps, length in stages:
            found = self._climb(found, widening, steps, length * self._spec.rotor_diameter_m)
        found = rounded(self._settled(found))
        self._iterations += 1
        mwh = self._energy.mwh(found)
        if mwh <= self._best_mwh or not is_feasible(found, self._land, self._spec):
            return
        simulated = self._simulate(found)
        if simulated > self._simulated_mwh:
            self._best, self._best_mwh, self._simulated_mwh = found, mwh, simulated

    def _climb(self, start: FloatArray, widening: float, steps: int, length: float) -> FloatArray:
        positions = start
        mean, scale = np.zeros_like(start), 0.0
        decay = _LAST_STEP ** (1.0 / steps)
        for step in range(1, steps + 1):
            if self._watch.is_over():
                break
            mwh, slope = self._energy.mwh_and_slope(positions, widening)
            slope += _PUSH * mwh / len(positions) * self._push(positions)
            mean = _MOMENTUM * mean + (1.0 - _MOMENTUM) * slope
            # One scale for all turbines: each has its own slope, and the steep ones matter more.
            scale = _SCALE_MEMORY * scale + (1.0 - _SCALE_MEMORY) * float((slope**2).mean())
            size = np.sqrt(scale / (1.0 - _SCALE_MEMORY**step)) + _EPSILON
            move = length * (mean / (1.0 - _MOMENTUM**step)) / size
            positions = self._land.nearest(positions + np.clip(move, -3.0 * length, 3.0 * length))
            length *= decay
        return positions

    def _gaps(self, positions: FloatArray) -> tuple[FloatArray, FloatArray]:
        scaled = self._spec.to_spacings(positions)
        gap = scaled[:, np.newaxis] - scaled
        apart = np.sqrt((gap**2).sum(axis=2))
        np.fill_diagonal(apart, np.inf)
        return gap, apart

    def _push(self, positions: FloatArray) -> FloatArray:
        """Return the way hubs that are too near push each other, by spacing and metre."""
        gap, apart = self._gaps(positions)
        short = np.maximum(1.0 - apart, 0.0)
        if not short.any():
            return np.zeros_like(positions)
        # Of -(1 - apart)^2, in metres: the scaling is linear.
        weight = 2.0 * short / np.maximum(apart, 1e-6)
        return np.asarray((gap * weight[:, :, np.newaxis]).sum(axis=1) @ self._turn_back)

    @property
    def _turn_back(self) -> FloatArray:
        return self._spec.to_spacings(np.eye(2)).T

    def _settled(self, positions: FloatArray) -> FloatArray:
        """Move hubs apart and onto the land until both hold, or give up."""
        for _ in range(_SETTLE_STEPS):
            gap, apart = self._gaps(positions)
            short = np.maximum(1.0 + 1e-6 - apart, 0.0)
            if not short.any() and self._land.allows(positions).all():
                break
            # Half of the way each, a hair more so that it ends.
            weight = 0.505 * short / np.maximum(apart, 1e-6)
            move = (gap * weight[:, :, np.newaxis]).sum(axis=1)
            positions = self._land.nearest(positions + self._spec.from_spacings(move))
        return positions

    def _at_random(self) -> FloatArray:
        """Return random places, as far apart as a few tries allow."""
        count = len(self._best)
        picked = self._places[self._random.integers(len(self._places), size=1)]
        while len(picked) < count:
            tries = self._places[self._random.integers(len(self._places), size=_RANDOM_TRIES)]
            gap = self._spec.to_spacings(tries)[:, np.newaxis] - self._spec.to_spacings(picked)
            nearest = np.sqrt((gap**2).sum(axis=2)).min(axis=1)
            far = np.flatnonzero(nearest >= 1.0)
            best = far[0] if len(far) else nearest.argmax()
            picked = np.vstack((picked, tries[best]))
        return picked

    def _hop(self) -> FloatArray:
        """Return the best layout with a few turbines moved to good ones of some random places."""
        positions = self._best.copy()
        yields = self._energy.turbine_mwh(positions)
        # The poorer a turbine's yield, the likelier it goes.
        weight = np.exp(-4.0 * (yields - yields.min()) / max(np.ptp(yields), 1e-9))
        count = int(self._random.integers(1, min(_MAX_HOPPERS, len(positions)) + 1))
        hoppers = self._random.choice(len(positions), count, replace=False, p=weight / weight.sum())
        for hopper in hoppers:
            others = np.delete(positions, hopper, axis=0)
            tries = self._places[self._random.integers(len(self._places), size=_HOP_PLACES)]
            gain = self._energy.mwh_with_one_at(others, tries)
            if len(others):
                gap = self._spec.to_spacings(tries)[:, np.newaxis] - self._spec.to_spacings(others)
                gain[np.sqrt((gap**2).sum(axis=2)).min(axis=1) < 1.0] -= gain.mean()
            positions[hopper] = tries[gain.argmax()]
        return positions
