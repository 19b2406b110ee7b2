import time

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box

from siting.wind.errors import WindError
from siting.wind.iea37 import IEA37_TURBINE, baseline, wind_rose
from siting.wind.layout.budget import Budget, Ending, Watch
from siting.wind.layout.constraints import EDGE_CLEARANCE_M, Land, LayoutSpec, is_feasible
from siting.wind.layout.energy import LayoutEnergy
from siting.wind.layout.optimise import Optimised, optimise
from siting.wind.layout.patterns import grid
from siting.wind.layout.strategies import STRATEGIES, plan
from siting.wind.turbines import TURBINES, FloatArray
from siting.wind.wake import energy as wake
from siting.wind.wake.models import Iea37Gaussian, TurbulentGaussian

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


def search(iterations: int, seed: int = 0, asked: LayoutSpec | None = None) -> Optimised:
    asked = asked or spec()
    start = grid(LAND, asked).positions_m
    return optimise(
        [start], LAND, asked, ENERGY, Watch(Budget(iterations=iterations)), seed=seed, simulate=mwh
    )


def test_the_energy_is_the_simulations() -> None:
    for count in (16, 36):
        assert ENERGY.mwh(baseline(count)) == pytest.approx(mwh(baseline(count)), rel=1e-5)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 1.7, 3.0]))
@example(7137, 1.7)
@example(275, 3.0)
def test_the_slope_is_the_energys(seed: int, widening: float) -> None:
    random = np.random.default_rng(seed)
    place = random.uniform(0.0, 2500.0, (7, 2))
    here, slope = ENERGY.mwh_and_slope(place, widening)
    way = random.normal(size=(7, 2))
    step_m = 0.01

    ahead, _ = ENERGY.mwh_and_slope(place + step_m * way, widening)
    behind, _ = ENERGY.mwh_and_slope(place - step_m * way, widening)

    # Where one turbine passes another on this step, its wake begins at once: there is no slope.
    assume(abs(ahead - 2.0 * here + behind) < 0.1 * step_m * (1.0 + abs(ahead - behind) / step_m))
    # The tables are steps, the slope is between them.
    difference = (ahead - behind) / (2.0 * step_m)
    assert (slope * way).sum() == pytest.approx(difference, rel=0.02, abs=1.0)


def test_one_more_turbine_adds_what_the_whole_layout_says() -> None:
    others, candidates = baseline(16)[1:], baseline(16)[:1] + np.array([[0.0, 0.0], [90.0, 40.0]])

    with_one = ENERGY.mwh_with_one_at(others, candidates)

    for place, energy in zip(candidates, with_one, strict=True):
        assert energy == pytest.approx(ENERGY.mwh(np.vstack((others, place))), rel=1e-12)


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


def test_the_case_study_passes_its_goal_in_a_few_climbs() -> None:
    circle = MultiPolygon([Point(0, 0).buffer(1300.0 + EDGE_CLEARANCE_M, quad_segs=256)])
    land, asked = Land(circle, circle), LayoutSpec(16, 130.0, 2.0, 2.0, 270.0)

    found = optimise(
        [land.nearest(baseline(16))],
        land,
        asked,
        ENERGY,
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

    start = grid(LAND, spec()).positions_m
    found = optimise(
        [start], LAND, spec(), ENERGY, Watch(Budget(ceiling_s=3600.0, stop=stop)), simulate=mwh
    )

    # It stopped in its first climb, and settled what it had.
    assert found.iterations <= 1
    assert found.ended is Ending.REQUEST
    assert is_feasible(found.positions_m, LAND, spec())
    assert found.mwh >= found.start_mwh


def test_time_that_is_up_ends_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10_000_000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))
    start = grid(LAND, spec()).positions_m

    found = optimise([start], LAND, spec(), ENERGY, Watch(Budget(ceiling_s=50.0)), simulate=mwh)

    assert found.iterations <= 1
    assert found.ended is Ending.CEILING
    assert found.mwh >= found.start_mwh


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


def test_the_simulation_has_the_last_word() -> None:
    start = grid(LAND, spec()).positions_m

    found = optimise(
        [start], LAND, spec(), ENERGY, Watch(Budget(iterations=4)), simulate=lambda _: 1.0
    )

    assert found.positions_m.tolist() == start.tolist()
    assert found.mwh == found.start_mwh == 1.0


def test_what_cannot_be_settled_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    # Unsettled, a climb ends with turbines too near to each other and on the land's very edge.
    monkeypatch.setattr("siting.wind.layout.optimise._SETTLE_STEPS", 0)
    crowded = spec(30)
    start = grid(LAND, crowded).positions_m

    found = optimise([start], LAND, crowded, ENERGY, Watch(Budget(iterations=6)), simulate=mwh)

    assert is_feasible(found.positions_m, LAND, crowded)
    assert found.mwh >= found.start_mwh


def test_a_search_needs_a_start_and_a_limit() -> None:
    with pytest.raises(WindError, match="iterations or seconds"):
        Budget()
    too_near = np.array([(100.0, 100.0), (150.0, 100.0)])
    with pytest.raises(WindError, match="no feasible layout"):
        optimise([too_near], LAND, spec(), ENERGY, Watch(Budget(iterations=1)))


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


def test_a_stand_in_thrust_is_that_of_winds_that_matter() -> None:
    turbine = TURBINES["iea_3_4mw_130m"]
    pair = np.array([(0.0, 0.0), (700.0, 0.0)])

    def loss(speed: float) -> float:
        rose = wind_rose((0.0, 0.0, 0.0, 1.0), speed)
        energy = LayoutEnergy(turbine, rose, TurbulentGaussian(0.1))
        return 1.0 - energy.mwh(pair) / (2.0 * energy.mwh(pair[:1]))

    assert loss(8.0) > 0.1
    assert loss(16.0) == pytest.approx(0.0, abs=1e-9)
