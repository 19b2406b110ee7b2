"""What the optimiser makes of IEA Wind Task 37's case study 1 in 60 seconds each.

Starts from the published baselines, brought two centimetres inside the round boundary that they
touch. The result is checked against the case study's own rules and energy, apart from the
optimiser's. Fails if the 16 turbines yield less than 400,000 MWh.
"""

import sys
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table
from shapely.geometry import MultiPolygon, Point

from bench.machine import describe
from siting.wind import iea37
from siting.wind.layout.budget import Budget, Watch
from siting.wind.layout.constraints import EDGE_CLEARANCE_M, Land, LayoutSpec
from siting.wind.layout.energy import LayoutEnergy
from siting.wind.layout.optimise import Optimised, optimise
from siting.wind.turbines import FloatArray
from siting.wind.wake import energy as wake
from siting.wind.wake.models import Iea37Gaussian

SECONDS: Final = 60.0
GOAL_MWH: Final = {16: 400_000.0}
#: What participant 4 (SNOPT with wake expansion continuation) submitted to the case study, in MWh;
#: from the files of the case study's results.
SUBMITTED_MWH: Final = {16: 418_924.4064, 36: 863_676.2993, 64: 1_513_311.1936}
_MODEL: Final = Iea37Gaussian()


def case_study_mwh(positions_m: FloatArray) -> float:
    """Return a layout's annual energy as the case study defines it."""
    farm = wake.annual_energy(
        positions_m[:, 0],
        positions_m[:, 1],
        turbine=iea37.IEA37_TURBINE,
        rose=iea37.wind_rose(),
        model=_MODEL,
    )
    return farm.aep_mwh


def run(turbine_count: int, seconds: float, seed: int = 0) -> Optimised:
    """Optimise one of the case study's farms from its baseline."""
    diameter = iea37.IEA37_TURBINE.rotor_diameter_m
    # Turbines may stand on the circle itself, so the clearance that land keeps comes on top.
    radius = iea37.IEA37_BOUNDARY_RADIUS_M[turbine_count] + EDGE_CLEARANCE_M
    circle = MultiPolygon([Point(0.0, 0.0).buffer(radius, quad_segs=256)])
    land = Land(circle, circle)
    spec = LayoutSpec(
        turbine_count=turbine_count,
        rotor_diameter_m=diameter,
        spacing_along_wind_diameters=wake.MIN_SPACING_DIAMETERS,
        spacing_across_wind_diameters=wake.MIN_SPACING_DIAMETERS,
        wind_direction_degrees=270.0,
    )
    return optimise(
        [land.nearest(iea37.baseline(turbine_count))],
        land,
        spec,
        LayoutEnergy(iea37.IEA37_TURBINE, iea37.wind_rose(), _MODEL),
        Watch(Budget(ceiling_s=seconds)),
        seed=seed,
        simulate=case_study_mwh,
    )


def broken(positions_m: FloatArray, turbine_count: int) -> list[str]:
    """Say which of the case study's rules a layout breaks."""
    rules = []
    reach = float(np.hypot(*positions_m.T).max())
    if reach > iea37.IEA37_BOUNDARY_RADIUS_M[turbine_count]:
        rules.append(f"a turbine stands {reach:.3f} m from the centre")
    gap = positions_m[:, np.newaxis] - positions_m
    apart = np.hypot(gap[..., 0], gap[..., 1])
    np.fill_diagonal(apart, np.inf)
    least = wake.MIN_SPACING_DIAMETERS * iea37.IEA37_TURBINE.rotor_diameter_m
    if apart.min() < least:
        rules.append(f"two turbines stand {apart.min():.3f} m apart")
    if len(positions_m) != turbine_count:
        rules.append(f"{len(positions_m)} turbines stand")
    return rules


def main() -> None:
    """Print a row per farm; exit with 1 if a layout is infeasible or the goal is missed."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    console = Console(width=120)
    table = Table(
        title=f"IEA 37 case study 1, {seconds:g} s from the baseline", title_justify="left"
    )
    table.add_column("turbines", justify="right")
    for column in ("baseline MWh", "reached MWh", "gain %", "submitted* MWh", "climbs"):
        table.add_column(column, justify="right")
    failures = []
    for count in iea37.IEA37_BOUNDARY_RADIUS_M:
        found = run(count, seconds)
        baseline = case_study_mwh(iea37.baseline(count))
        failures += [f"{count}: {rule}" for rule in broken(found.positions_m, count)]
        if found.mwh < GOAL_MWH.get(count, baseline):
            failures.append(f"{count}: only {found.mwh:.0f} MWh")
        table.add_row(
            str(count),
            f"{baseline:.3f}",
            f"{found.mwh:.3f}",
            f"{100.0 * (found.mwh / baseline - 1.0):.2f}",
            f"{SUBMITTED_MWH[count]:.3f}",
            str(found.iterations),
        )
    console.print(describe())
    console.print(table)
    console.print("* by participant 4 of the case study, SNOPT with wake expansion continuation")
    if failures:
        console.print("\n".join(failures))
        raise SystemExit(1)


if __name__ == "__main__":
    main()
