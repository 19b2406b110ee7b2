"""One climb: from some layout up the slope of the energy, until every rule holds.

The turbines take Adam steps, first with widened wakes, which smooths the landscape (Thomas and
Ning's wake expansion continuation), then with true ones. Spacing pushes back on the way; a turbine
that leaves the land is brought to its edge. What comes out is settled until every rule holds
exactly, and rounded to what is written.

A ``Task`` says where a climb starts. It carries its own seed, so that it gives the same layout in
whatever process and order it is worked on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np

from siting.wind.layout.constraints import Land, LayoutSpec, rounded
from siting.wind.layout.energy import LayoutEnergy, Standing
from siting.wind.turbines import FloatArray


class Kind(StrEnum):
    """Where a climb starts, and from how far."""

    FAR = "as given, from afar"
    NEAR = "as given, from near"
    RANDOM = "random places"
    HOP = "as given, a few turbines elsewhere"
    POLISH = "as given, in small steps"


_FROM_AFAR: Final = ((3.0, 60, 0.5), (1.7, 60, 0.25), (1.0, 140, 0.12))
_FROM_NEAR: Final = ((1.3, 40, 0.12), (1.0, 110, 0.08))
#: (widening of the wakes, steps, first step length in rotor diameters) of a climb.
_STAGES: Final = {
    Kind.FAR: _FROM_AFAR,
    Kind.NEAR: _FROM_NEAR,
    Kind.RANDOM: _FROM_AFAR,
    Kind.HOP: _FROM_NEAR,
    Kind.POLISH: ((1.0, 200, 0.02),),
}
#: A climb's step shrinks to this share of its first length.
_LAST_STEP: Final = 0.02
_MOMENTUM, _SCALE_MEMORY, _EPSILON = 0.8, 0.95, 1e-12
#: How strongly hubs that are too near push, in turbines' worth of energy.
_PUSH: Final = 10.0
#: Turbines may move so many steps' lengths before it is looked up anew who is near whom.
_SKIN_STEPS: Final = 8.0
_SETTLE_STEPS: Final = 120
_PLACES: Final = 4000
_HOP_PLACES: Final = 48
_MAX_HOPPERS: Final = 3
_RANDOM_TRIES: Final = 40


@dataclass(frozen=True, slots=True)
class Task:
    """A climb to make.

    Attributes:
        kind: Where it starts, and from how far.
        start_m: (east, north) of each turbine in metres.
        seed: Of its random numbers.
    """

    kind: Kind
    start_m: FloatArray
    seed: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Climbed:
    """What a climb came to.

    Attributes:
        positions_m: (east, north) of each turbine in metres, as written; not always feasible.
        evaluations: How many times the energy and its slope were worked out.
    """

    positions_m: FloatArray
    evaluations: int


@dataclass(frozen=True)
class Ground:
    """What is climbed on: the same for all climbs of a search.

    Attributes:
        land: Where turbines may stand.
        spec: The spacing to keep.
        energy: What is climbed.
    """

    land: Land
    spec: LayoutSpec
    energy: LayoutEnergy

    def climb(self, task: Task, is_over: Callable[[], bool]) -> Climbed:
        """Make a climb.

        Args:
            task: Which.
            is_over: Asked before each step; once it says so, what there is gets settled.
        """
        random = np.random.default_rng(task.seed)
        positions = task.start_m
        if task.kind is Kind.RANDOM:
            positions = self._at_random(len(positions), random)
        elif task.kind is Kind.HOP:
            positions = self._hop(positions, random)
        evaluations = 0
        for widening, steps, diameters in _STAGES[task.kind]:
            length = diameters * self.spec.rotor_diameter_m
            positions, done = self._ascend(positions, widening, steps, length, is_over)
            evaluations += done
        return Climbed(rounded(self._settled(positions)), evaluations)

    def _ascend(
        self,
        positions: FloatArray,
        widening: float,
        steps: int,
        length: float,
        is_over: Callable[[], bool],
    ) -> tuple[FloatArray, int]:
        landscape = self.energy.landscape(widening, _SKIN_STEPS * length)
        mean, scale = np.zeros_like(positions), 0.0
        decay = _LAST_STEP ** (1.0 / steps)
        for step in range(1, steps + 1):
            if is_over():
                return positions, step - 1
            mwh, slope = landscape(positions)
            slope += _PUSH * mwh / len(positions) * self._push(positions)
            mean = _MOMENTUM * mean + (1.0 - _MOMENTUM) * slope
            # One scale for all turbines: each has its own slope, and the steep ones matter more.
            scale = _SCALE_MEMORY * scale + (1.0 - _SCALE_MEMORY) * float((slope**2).mean())
            size = np.sqrt(scale / (1.0 - _SCALE_MEMORY**step)) + _EPSILON
            move = length * (mean / (1.0 - _MOMENTUM**step)) / size
            positions = self.land.nearest(positions + np.clip(move, -3.0 * length, 3.0 * length))
            length *= decay
        return positions, steps

    def _gaps(self, positions: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return from whom to whom, in spacings: (2, turbines, turbines), and how far."""
        scaled = (positions @ self._to_spacings).T
        gap = scaled[:, :, np.newaxis] - scaled[:, np.newaxis, :]
        apart = np.sqrt(np.square(gap).sum(axis=0))
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
        return np.asarray((gap * weight).sum(axis=2).T @ self._to_spacings.T)

    @cached_property
    def _to_spacings(self) -> FloatArray:
        return self.spec.to_spacings(np.eye(2))

    @cached_property
    def _places(self) -> FloatArray:
        return self.land.lattice(_PLACES)

    def _settled(self, positions: FloatArray) -> FloatArray:
        """Move hubs apart and onto the land until both hold, or give up."""
        for _ in range(_SETTLE_STEPS):
            gap, apart = self._gaps(positions)
            short = np.maximum(1.0 + 1e-6 - apart, 0.0)
            if not short.any() and self.land.allows(positions).all():
                break
            # Half of the way each, a hair more so that it ends.
            weight = 0.505 * short / np.maximum(apart, 1e-6)
            move = (gap * weight).sum(axis=2).T
            positions = self.land.nearest(positions + self.spec.from_spacings(move))
        return positions

    def _at_random(self, count: int, random: np.random.Generator) -> FloatArray:
        """Return random places, as far apart as a few tries allow."""
        picked = self._places[random.integers(len(self._places), size=1)]
        while len(picked) < count:
            tries = self._places[random.integers(len(self._places), size=_RANDOM_TRIES)]
            gap = self.spec.to_spacings(tries)[:, np.newaxis] - self.spec.to_spacings(picked)
            nearest = np.sqrt((gap**2).sum(axis=2)).min(axis=1)
            far = np.flatnonzero(nearest >= 1.0)
            best = far[0] if len(far) else nearest.argmax()
            picked = np.vstack((picked, tries[best]))
        return picked

    def _hop(self, start: FloatArray, random: np.random.Generator) -> FloatArray:
        """Return a layout with a few turbines moved to good ones of some random places."""
        positions = start.copy()
        yields = self.energy.turbine_mwh(positions)
        # The poorer a turbine's yield, the likelier it goes.
        weight = np.exp(-4.0 * (yields - yields.min()) / max(np.ptp(yields), 1e-9))
        count = int(random.integers(1, min(_MAX_HOPPERS, len(positions)) + 1))
        hoppers = random.choice(len(positions), count, replace=False, p=weight / weight.sum())
        for hopper in hoppers:
            others = np.delete(positions, hopper, axis=0)
            tries = self._places[random.integers(len(self._places), size=_HOP_PLACES)]
            gain = Standing(self.energy, others).with_one_at(tries)
            if len(others):
                gap = self.spec.to_spacings(tries)[:, np.newaxis] - self.spec.to_spacings(others)
                gain[np.sqrt((gap**2).sum(axis=2)).min(axis=1) < 1.0] -= gain.mean()
            positions[hopper] = tries[gain.argmax()]
        return positions
