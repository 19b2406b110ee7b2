import signal
import time
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box

from siting.wind.errors import WindError
from siting.wind.iea37 import IEA37_TURBINE, baseline, wind_rose
from siting.wind.layout.budget import Budget, Ending, Watch
from siting.wind.layout.climb import Climbed, Ground, Kind, Task
from siting.wind.layout.constraints import EDGE_CLEARANCE_M, Land, LayoutSpec, is_feasible
from siting.wind.layout.crew import Crew
from siting.wind.layout.energy import Landscape, LayoutEnergy
from siting.wind.layout.optimise import Optimised, optimise
from siting.wind.layout.patterns import grid, spiral
from siting.wind.layout.strategies import STRATEGIES, plan
from siting.wind.turbines import FloatArray
from siting.wind.wake import energy as wake
from siting.wind.wake.models import Iea37Gaussian

MODEL = Iea37Gaussian()
ENERGY = LayoutEnergy(IEA37_TURBINE, wind_rose(), MODEL)
#: Land with a corner cut into it, a hole and an island.
LAND = Land(
    MultiPolygon([box(0, 0, 4000, 4000)]),
    MultiPolygon(
        [
            Polygon(
                [(0, 0), (3000, 0), (3000, 1500), (1500, 1500), (1500, 3000), (0, 3000)],
                [[(400, 400), (900, 400), (900, 900), (400, 900)]],
            ),
            box(3300, 3300, 3900, 3900),
        ]
    ),
)


def spec(count: int = 8, spacing: float = 3.0, direction: float = 250.0) -> LayoutSpec:
    return LayoutSpec(count, 130.0, spacing, 2.5, direction)


def mwh(positions: FloatArray) -> float:
    farm = wake.annual_energy(
        positions[:, 0], positions[:, 1], turbine=IEA37_TURBINE, rose=wind_rose(), model=MODEL
    )
    return farm.aep_mwh


def search(
    iterations: int, seed: int = 0, asked: LayoutSpec | None = None, workers: int = 1
) -> Optimised:
    return searched(Budget(iterations=iterations), asked, seed=seed, workers=workers)


def searched(
    budget: Budget,
    asked: LayoutSpec | None = None,
    *,
    seed: int = 0,
    workers: int = 1,
    simulate: Callable[[FloatArray], float] = mwh,
) -> Optimised:
    asked = asked or spec()
    start = grid(LAND, asked).positions_m
    return optimise(
        [(start, simulate(start))],
        Ground(LAND, asked, ENERGY),
        Watch(budget),
        seed=seed,
        simulate=simulate,
        workers=workers,
    )


def test_the_energy_is_the_simulations() -> None:
    for count in (16, 36):
        assert ENERGY.mwh(baseline(count)) == pytest.approx(mwh(baseline(count)), rel=1e-5)


@settings(max_examples=12)
@given(
    st.integers(0, 1000),
    st.integers(1, 14),
    st.floats(2.0, 5.0),
    st.floats(0.0, 360.0),
    st.integers(1, 6),
)
def test_a_search_is_never_infeasible_and_never_worse(
    seed: int, count: int, spacing: float, direction: float, iterations: int
) -> None:
    asked = spec(count, spacing, direction)
    start = grid(LAND, asked).positions_m

    found = search(iterations, seed, asked)

    assert is_feasible(found.positions_m, LAND, asked)
    assert len(found.positions_m) == len(start)
    assert found.mwh >= found.start_mwh == mwh(start)
    assert found.mwh == mwh(found.positions_m)
    assert all(LAND.buildable_m.contains(Point(place).buffer(0.01)) for place in found.positions_m)


def test_a_search_finds_more_energy() -> None:
    found = search(iterations=8)

    assert found.mwh > 1.02 * found.start_mwh


def test_the_same_seed_and_iterations_give_the_same_layout() -> None:
    first, again, other = search(6, seed=1), search(6, seed=1), search(6, seed=2)

    assert first.positions_m.tolist() == again.positions_m.tolist()
    assert first.ended is again.ended is Ending.ITERATIONS
    assert (first.iterations, first.mwh) == (again.iterations, again.mwh) == (6, first.mwh)
    assert other.positions_m.tolist() != first.positions_m.tolist()


def test_any_number_of_processes_finds_the_same_layout() -> None:
    alone, together = search(7, workers=1), search(7, workers=3)

    assert alone == replace(together, positions_m=alone.positions_m)
    assert alone.positions_m.tolist() == together.positions_m.tolist()


def test_a_process_that_dies_leaves_its_climbs_to_the_others() -> None:
    ground = Ground(LAND, spec(), ENERGY)
    start = grid(LAND, spec()).positions_m
    tasks = [Task(Kind.HOP, start, (0, number)) for number in range(4)]
    with Crew(ground, 1) as crew:
        expected = crew.climb(tasks, lambda: False)

    with Crew(ground, 2) as crew:
        crew.helpers[0].end()
        found = crew.climb(tasks, lambda: False)

    assert [one and one.positions_m.tolist() for one in found] == [
        one and one.positions_m.tolist() for one in expected
    ]


def test_no_process_outlives_its_crew() -> None:
    ground = Ground(LAND, spec(), ENERGY)
    task = Task(Kind.RANDOM, grid(LAND, spec()).positions_m, (0, 0))
    with Crew(ground, 2) as crew:
        helper = crew.helpers[0]
        # Ended in the middle of what it was asked for.
        helper.ask([task] * 20)

    assert helper.returncode == -signal.SIGKILL


def test_the_case_study_passes_its_goal_in_a_few_climbs() -> None:
    circle = MultiPolygon([Point(0, 0).buffer(1300.0 + EDGE_CLEARANCE_M, quad_segs=256)])
    land, asked = Land(circle, circle), LayoutSpec(16, 130.0, 2.0, 2.0, 270.0)

    start = land.nearest(baseline(16))
    found = optimise(
        [(start, mwh(start))],
        Ground(land, asked, ENERGY),
        Watch(Budget(iterations=12)),
        simulate=mwh,
    )

    gap = found.positions_m[:, np.newaxis] - found.positions_m
    apart = np.hypot(gap[..., 0], gap[..., 1]) + 1e9 * np.eye(16)
    assert np.hypot(*found.positions_m.T).max() <= 1300.0
    assert apart.min() >= 260.0
    assert found.mwh > 400_000.0


def test_a_stop_ends_a_search_within_a_climb() -> None:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 40

    found = searched(Budget(ceiling_s=3600.0, stop=stop))

    # It stopped in its first climb, and settled what it had.
    assert found.iterations <= 1
    assert found.ended is Ending.REQUEST
    assert is_feasible(found.positions_m, LAND, spec())
    assert found.mwh >= found.start_mwh


class Clock:
    """A time that passes with each evaluation and each simulation, and at no other time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        self.evaluations = self.simulations = 0
        monkeypatch.setattr(time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(Landscape, "__call__", self._evaluated(Landscape.__call__))

    def _evaluated(self, evaluate: Callable[..., Any]) -> Callable[..., Any]:
        def counted(landscape: Landscape, positions: FloatArray) -> Any:
            self.evaluations += 1
            self.now_s += 1.0
            return evaluate(landscape, positions)

        return counted

    def simulate(self, positions: FloatArray) -> float:
        self.simulations += 1
        self.now_s += 20.0
        return mwh(positions)


@pytest.mark.parametrize("ceiling_s", [50.0, 120.0, 700.0])
def test_a_search_keeps_its_ceiling(monkeypatch: pytest.MonkeyPatch, ceiling_s: float) -> None:
    clock = Clock(monkeypatch)

    planned = plan(
        "optimise",
        LAND,
        spec(),
        energy=ENERGY,
        simulate=clock.simulate,
        budget=Budget(iterations=500, ceiling_s=ceiling_s),
    )

    # What promises far less is simulated only if time is left to simulate what is found.
    assert planned.ended is Ending.CEILING
    assert planned.search is not None
    assert clock.now_s <= ceiling_s
    assert clock.evaluations == planned.search.evaluations
    assert planned.mwh == mwh(planned.layout.positions_m)
    simulated = [energy for _, energy in planned.compared.values() if energy is not None]
    assert planned.mwh >= max(simulated)
    assert len(simulated) == 4 or ceiling_s < 100.0


def test_a_ceiling_that_is_met_by_the_greedy_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10_000_000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))

    for strategy in ("greedy", "optimise"):
        budget = Budget(iterations=50, ceiling_s=4.0)
        planned = plan(strategy, LAND, spec(), energy=ENERGY, simulate=mwh, budget=budget)

        assert planned.ended is Ending.CEILING
        assert planned.layout.turbines_placed == 8
    assert planned.search is not None
    assert planned.search.iterations == 0
    assert planned.search.mwh == planned.search.start_mwh


def test_a_line_of_hops_that_finds_nothing_gives_way_to_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poor, good = sorted((pattern(LAND, spec()).positions_m for pattern in (grid, spiral)), key=mwh)
    made: list[Task] = []

    def climb(_ground: Ground, task: Task, _is_over: Callable[[], bool]) -> Climbed:
        made.append(task)
        return Climbed(poor if task.kind is Kind.RANDOM else task.start_m, 1)

    monkeypatch.setattr(Ground, "climb", climb)

    found = optimise(
        [(good, mwh(good))], Ground(LAND, spec(), ENERGY), Watch(Budget(80)), simulate=mwh
    )

    # Eight climbs for each of eight turbines have found nothing better.
    assert [task.kind for task in made[60:70]] == [
        *[Kind.HOP] * 4,
        *[Kind.RANDOM] * 4,
        Kind.POLISH,
        Kind.HOP,
    ]
    assert made[63].start_m is good
    assert made[69].start_m is poor
    assert found.positions_m is good


def test_the_simulation_has_the_last_word() -> None:
    start = grid(LAND, spec()).positions_m

    found = searched(Budget(iterations=4), simulate=lambda _: 1.0)

    assert found.positions_m.tolist() == start.tolist()
    assert found.mwh == found.start_mwh == 1.0


def test_what_cannot_be_settled_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    # Unsettled, a climb ends with turbines too near to each other and on the land's very edge.
    monkeypatch.setattr("siting.wind.layout.climb._SETTLE_STEPS", 0)
    crowded = spec(30)

    found = searched(Budget(iterations=6), crowded)

    assert is_feasible(found.positions_m, LAND, crowded)
    assert found.mwh >= found.start_mwh


def test_a_search_needs_a_start_and_a_limit() -> None:
    with pytest.raises(WindError, match="iterations or seconds"):
        Budget()
    too_near = np.array([(100.0, 100.0), (150.0, 100.0)])
    with pytest.raises(WindError, match="no feasible layout"):
        optimise(
            [(too_near, 1.0)],
            Ground(LAND, spec(), ENERGY),
            Watch(Budget(iterations=1)),
            simulate=mwh,
        )


def test_optimise_starts_from_the_best_of_the_others() -> None:
    planned = {
        name: plan(name, LAND, spec(), energy=ENERGY, simulate=mwh, budget=Budget(iterations=3))
        for name in STRATEGIES
    }

    best = planned.pop("optimise")
    placed = max(one.layout.turbines_placed for one in planned.values())
    assert best.layout.turbines_placed == placed
    assert best.layout.strategy == "optimise"
    assert set(best.compared) == set(planned) - {"best"}
    assert best.search is not None
    assert planned["best"].mwh == best.search.start_mwh
    assert best.search.start_mwh == max(
        one.mwh or 0.0 for one in planned.values() if one.layout.turbines_placed == placed
    )
    assert best.mwh is not None
    assert best.mwh >= best.search.start_mwh
    assert is_feasible(best.layout.positions_m, LAND, spec())


@settings(max_examples=6)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 6))
def test_optimise_is_never_worse_than_any_other_strategy(
    seed: int, count: int, iterations: int
) -> None:
    random = np.random.default_rng(seed)
    site = box(0.0, 0.0, *random.uniform(1500.0, 3500.0, 2))
    lake = Point(random.uniform(1000.0, 2000.0, 2)).buffer(random.uniform(50.0, 600.0))
    free = site.difference(lake)
    land = Land(MultiPolygon([site]), MultiPolygon(getattr(free, "geoms", [free])))
    asked = spec(count, spacing=float(random.uniform(2.0, 6.0)))
    planned = {
        name: plan(name, land, asked, energy=ENERGY, simulate=mwh, budget=Budget(iterations))
        for name in STRATEGIES
    }

    found = planned.pop("optimise")

    assert is_feasible(found.layout.positions_m, land, asked)
    for other in planned.values():
        assert (found.layout.turbines_placed, found.mwh or 0.0) >= (
            other.layout.turbines_placed,
            other.mwh or 0.0,
        )


def test_land_keeps_its_setback_in_another_process() -> None:
    land = Land(LAND.boundary_m, LAND.buildable_m, 100.0)

    # A copy is made as the pipe makes one, of what ``__reduce__`` says.
    there = copy(land)

    points = np.array([[50.0, 50.0], [150.0, 150.0], [3350.0, 3350.0]])
    assert land.keeps_boundary(points).tolist() == [False, True, True]
    assert there.keeps_boundary(points).tolist() == [False, True, True]
    assert there.allowed_m.equals_exact(land.allowed_m)


def test_without_land_every_strategy_says_so() -> None:
    nowhere = Land(LAND.boundary_m, MultiPolygon())
    for name in STRATEGIES:
        planned = plan(
            name, nowhere, spec(), energy=ENERGY, simulate=mwh, budget=Budget(iterations=1)
        )

        assert planned.layout.turbines_placed == 0
        assert planned.mwh is None
        assert "8 of 8 turbines did not fit" in planned.layout.why_not_placed(0.0)


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(WindError, match="no strategy 'hexagon'; there are grid, offset_grid"):
        plan("hexagon", LAND, spec(), energy=ENERGY, simulate=mwh, budget=Budget(iterations=1))
