"""The wake models against PyWake's own implementations: the same farms, energies and times.

Installs PyWake into a throwaway environment, with pins of its own, and runs both in one go. Fails
if an energy differs by more than 0.1 %, or the 64-turbine case study is less than 10 times as fast
as PyWake's fastest way through it.

Times are processor time of one whole energy calculation, the median of several after a first one:
for PyWake ``farm_model(x, y, ...).aep()``, for us ``annual_energy(...)``. Other work on the machine
changes processor time less than a clock's.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.machine import describe
from siting.wind import iea37
from siting.wind.turbines import TURBINES, FloatArray, Turbine
from siting.wind.wake import energy as wake
from siting.wind.wake.energy import WindRose
from siting.wind.wake.jensen import Jensen
from siting.wind.wake.models import Iea37Gaussian, TurbulentGaussian, WakeModel
from siting.wind.wake.turbopark import TurbOPark

ROOT: Final = Path(__file__).resolve().parents[3]
MAX_DIFFERENCE_PERCENT: Final = 0.1
MIN_SPEED_RATIO: Final = 10.0
#: The case that the ratio is claimed for.
CLAIMED: Final = "IEA 37 case study, 64 turbines"
_RUNS: Final = 15
_TURBULENCE: Final = 0.075


class Case:
    """A farm, a wind and a wake, for both sides."""

    def __init__(
        self,
        name: str,
        *,
        positions_m: FloatArray,
        turbine: Turbine,
        model: WakeModel,
        speeds: FloatArray,
        speed_shares: FloatArray,
        directions: int = 16,
    ) -> None:
        self.name = name
        self._positions_m = positions_m
        self._turbine = turbine
        self._model = model
        self._directions = np.arange(directions) * (360.0 / directions)
        self._speeds = speeds
        sector = np.round(self._directions / 22.5).astype(np.int64) % 16
        shares = np.array(iea37.IEA37_FREQUENCIES)[sector]
        # directions times speeds
        self._shares = (shares / shares.sum())[:, np.newaxis] * speed_shares

    def rose(self) -> WindRose:
        """Return every direction with every speed."""
        return WindRose(
            direction_degrees=np.repeat(self._directions, len(self._speeds)),
            frequency=self._shares.ravel(),
            wind_speed_m_per_s=np.tile(self._speeds, len(self._directions)),
        )

    def ours(self) -> Callable[[], float]:
        """Return our side's calculation, in MWh."""
        x, y = self._positions_m.T
        rose = self.rose()

        def run() -> float:
            farm = wake.annual_energy(x, y, turbine=self._turbine, rose=rose, model=self._model)
            return farm.aep_mwh

        return run

    def theirs(self) -> dict[str, Any]:
        """Return the case as PyWake's side reads it."""
        turbine = self._turbine
        # Steps at cut-in and cut-out are steps for both sides.
        speed = np.concatenate(
            (
                np.arange(0.0, 30.0, 0.01),
                [turbine.cut_in_m_per_s - 1e-9, turbine.cut_in_m_per_s],
                [turbine.cut_out_m_per_s, turbine.cut_out_m_per_s + 1e-9],
                [point[0] for point in getattr(turbine.curves, "points", ())],
            )
        )
        speed = np.unique(speed)
        return {
            "positions": self._positions_m.tolist(),
            "turbine": {
                "key": turbine.key,
                "rotor_diameter_m": turbine.rotor_diameter_m,
                "hub_height_m": turbine.hub_height_m,
                "rated_power_mw": turbine.rated_power_mw,
                "cut_in_m_per_s": turbine.cut_in_m_per_s,
                "rated_m_per_s": turbine.rated_m_per_s,
                "cut_out_m_per_s": turbine.cut_out_m_per_s,
                "constant_thrust": turbine.constant_thrust,
                "speed": speed.tolist(),
                "power_mw": turbine.power_mw(speed).tolist(),
                "thrust": turbine.thrust(speed).tolist(),
            },
            "model": self._model.key,
            "expansion": getattr(self._model, "expansion", None),
            "is_case_study": turbine.constant_thrust is not None,
            "turbulence_intensity": self._model.ambient_turbulence or _TURBULENCE,
            "directions": self._directions.tolist(),
            "speeds": self._speeds.tolist(),
            "frequency": self._shares.tolist(),
            "runs": _RUNS,
        }


def cases() -> list[Case]:
    """Return the case study's farms, and farms of 9 to 80 turbines in a wind of many speeds."""
    one_speed = np.array([iea37.IEA37_WIND_SPEED_M_PER_S])
    found = [
        Case(
            f"{label}, {count} turbines",
            positions_m=iea37.baseline(count),
            turbine=iea37.IEA37_TURBINE,
            model=model,
            speeds=one_speed,
            speed_shares=np.ones(1),
        )
        for label, model in (
            ("IEA 37 case study", Iea37Gaussian()),
            ("Bastankhah, case-study wind", TurbulentGaussian(_TURBULENCE)),
            ("Jensen, case-study wind", Jensen()),
            ("TurbOPark, case-study wind", TurbOPark(_TURBULENCE)),
        )
        for count in (16, 36, 64)
    ]
    speeds = np.arange(3.0, 26.0)
    shares = speeds * np.exp(-((speeds / 9.5) ** 2))
    grids = ((9, "iea_3_4mw_130m"), (25, "iea_10mw_198m"), (80, "iea_15mw_240m"))
    models = (Iea37Gaussian(), TurbulentGaussian(_TURBULENCE), Jensen(), TurbOPark(_TURBULENCE))
    for model in models:
        for count, key in grids:
            turbine = TURBINES[key]
            found.append(
                Case(
                    f"{model.key}, {turbine.key}, {count} in rows, 23 speeds",
                    positions_m=_rows(count, turbine.rotor_diameter_m),
                    turbine=turbine,
                    model=model,
                    speeds=speeds,
                    speed_shares=shares / shares.sum(),
                )
            )
    speeds = np.arange(4.0, 24.0)
    shares = speeds * np.exp(-((speeds / 9.5) ** 2))
    turbine = TURBINES["iea_15mw_240m"]
    found += [
        Case(
            f"{model.key}, {turbine.key}, 80 in rows, 72 directions, 20 speeds",
            positions_m=_rows(80, turbine.rotor_diameter_m),
            turbine=turbine,
            model=model,
            speeds=speeds,
            speed_shares=shares / shares.sum(),
            directions=72,
        )
        for model in (Iea37Gaussian(), TurbulentGaussian(_TURBULENCE))
    ]
    return found


def _rows(count: int, diameter_m: float) -> FloatArray:
    """Return rows that lean, so that wakes hit rotors fully, partly and not at all."""
    columns = round(count**0.5)
    at = np.arange(count)
    row, column = at // columns, at % columns
    return np.column_stack(
        ((6.0 * column + 0.7 * row) * diameter_m, (4.5 * row + 0.3 * column) * diameter_m)
    )


def _pywake(folder: Path, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    uv = ROOT / ".tools" / "bin" / "uv"
    command = str(uv) if uv.exists() else "uv"
    pins = Path(__file__).with_name("requirements-pywake.txt")
    python = folder / "pywake" / "bin" / "python"
    for step in (
        [command, "venv", "--quiet", "--python", sys.executable, str(folder / "pywake")],
        [command, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(pins)],
    ):
        subprocess.run(step, check=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(python), str(Path(__file__).with_name("pywake_side.py"))],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise SystemExit(f"PyWake's side failed:\n{done.stderr[-2000:]}")
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def _seconds(work: Callable[[], float]) -> float:
    work()
    times = []
    for _ in range(5 * _RUNS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def main() -> None:
    """Print a row per case; exit with 1 if a claim fails."""
    console = Console(width=160)
    table = Table(title="Annual energy and time, PyWake and ours", title_justify="left")
    table.add_column("case")
    for column in (
        "PyWake MWh",
        "ours MWh",
        "apart %",
        "PyWake CPU ms",
        "ours CPU ms",
        "times as fast",
    ):
        table.add_column(column, justify="right")
    failures = []
    chosen = cases()
    with tempfile.TemporaryDirectory() as scratch:
        console.print("Installing PyWake into a throwaway environment and running it ...")
        answers = _pywake(Path(scratch), [case.theirs() for case in chosen])
    for case, answer in zip(chosen, answers, strict=True):
        run = case.ours()
        ours, our_s = run(), _seconds(run)
        fastest = min(answer.values(), key=lambda one: float(one["seconds"]))["seconds"]
        for name, theirs in answer.items():
            apart = 100.0 * abs(theirs["mwh"] / ours - 1.0)
            if apart > MAX_DIFFERENCE_PERCENT:
                failures.append(f"{case.name}: {apart:.3f} % apart")
            table.add_row(
                f"{case.name} ({name})",
                f"{theirs['mwh']:.5f}",
                f"{ours:.5f}",
                f"{apart:.6f}",
                f"{1000 * theirs['seconds']:.2f}",
                f"{1000 * our_s:.2f}",
                f"{theirs['seconds'] / our_s:.1f}",
            )
        if case.name == CLAIMED and fastest / our_s < MIN_SPEED_RATIO:
            failures.append(f"{case.name}: only {fastest / our_s:.1f} times as fast")
    console.print(describe())
    console.print(table)
    if failures:
        console.print("\n".join(failures))
        raise SystemExit(1)
    console.print(
        f"Every energy within {MAX_DIFFERENCE_PERCENT:g} %; {CLAIMED}: at least "
        f"{MIN_SPEED_RATIO:g} times as fast as PyWake's fastest way through it."
    )


if __name__ == "__main__":
    main()
