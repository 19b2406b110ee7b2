"""The wake models against PyWake's own implementations: the same farms, energies and times.

Installs PyWake into a throwaway environment, with pins of its own, or takes the Python of one that
is given. Fails if an energy differs by more than 0.1 %, or if less is left of a claimed lead over
PyWake's fastest way through a case.

Times are processor time of one whole energy calculation, the median of several after a first one:
for PyWake ``farm_model(x, y, ...).aep()``, for us ``annual_energy(...)``. Both take turns, a
few runs each with one thread, so that other work on the machine slows them alike.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

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
_MANY_SPEEDS: Final = "80 in rows, 72 directions, 20 speeds"
#: How many times as fast as PyWake is claimed, by the end of a case's name.
MIN_SPEED_RATIOS: Final = {"IEA 37 case study, 64 turbines": 6.0, _MANY_SPEEDS: 4.0}
_TURNS: Final = 3
_RUNS: Final = 5
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
            f"{model.key}, {turbine.key}, {_MANY_SPEEDS}",
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


class PyWake:
    """PyWake's side, in a process of its own, which ends with the ``with`` it is used in."""

    def __init__(self, python: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._process = subprocess.Popen(
            [str(python), str(Path(__file__).with_name("pywake_side.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ours calls nothing that would start threads.
            env=environment | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def energies(self, case: dict[str, Any]) -> dict[str, float]:
        """Take a case; return its energy in MWh by PyWake's models for it."""
        answer: dict[str, float] = self._answer(case)
        return answer

    def seconds(self, model: str) -> float:
        """Run the case once more with one of these models; return the processor time."""
        return float(self._answer(model))

    def _answer(self, asked: object) -> Any:
        questions, answers = self._process.stdin, self._process.stdout
        if questions is None or answers is None:
            raise AssertionError("The process was started with pipes.")
        questions.write(json.dumps(asked) + "\n")
        questions.flush()
        line = answers.readline()
        if not line:
            raise SystemExit("PyWake's side failed; what it said is above.")
        return json.loads(line)


def _installed(folder: Path) -> Path:
    """Install PyWake into a new environment; return its Python."""
    uv = ROOT / ".tools" / "bin" / "uv"
    command = str(uv) if uv.exists() else "uv"
    pins = Path(__file__).with_name("requirements-pywake.txt")
    python = folder / "pywake" / "bin" / "python"
    for step in (
        [command, "venv", "--quiet", "--python", sys.executable, str(folder / "pywake")],
        [command, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(pins)],
    ):
        subprocess.run(step, check=True)
    return python


def _in_turns(sides: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Return the median of each side's seconds, each having run as often."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(_TURNS):
        for name, seconds in sides.items():
            # The first finds what it needs where the other side left it.
            seconds()
            times[name] += [seconds() for _ in range(_RUNS)]
    return {name: statistics.median(some) for name, some in times.items()}


def _our_seconds(run: Callable[[], float]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def main() -> None:
    """Print a row per case; exit with 1 if a claim fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, help="of an environment that has PyWake")
    asked = parser.parse_args()
    console = Console(width=160)
    console.print(describe())
    with tempfile.TemporaryDirectory() as scratch:
        if not asked.python:
            console.print("Installing PyWake into a throwaway environment ...")
        with PyWake(asked.python or _installed(Path(scratch))) as pywake:
            table, failures = compared(pywake)
    console.print(table)
    if failures:
        console.print("\n".join(failures))
        raise SystemExit(1)
    claims = "; ".join(f"{name}: {least:g}" for name, least in MIN_SPEED_RATIOS.items())
    console.print(
        f"Every energy within {MAX_DIFFERENCE_PERCENT:g} %; times as fast as PyWake's fastest way, "
        f"at least: {claims}."
    )


def compared(pywake: PyWake) -> tuple[Table, list[str]]:
    """Return a row per case and model of PyWake's, and what went wrong."""
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
    for case in cases():
        run = case.ours()
        ours = run()
        energies = pywake.energies(case.theirs())
        sides = {name: partial(pywake.seconds, name) for name in energies}
        seconds = _in_turns({"": partial(_our_seconds, run), **sides})
        our_s = seconds.pop("")
        for name, theirs in energies.items():
            apart = 100.0 * abs(theirs / ours - 1.0)
            if apart > MAX_DIFFERENCE_PERCENT:
                failures.append(f"{case.name}: {apart:.3f} % apart")
            table.add_row(
                f"{case.name} ({name})",
                f"{theirs:.5f}",
                f"{ours:.5f}",
                f"{apart:.6f}",
                f"{1000 * seconds[name]:.2f}",
                f"{1000 * our_s:.2f}",
                f"{seconds[name] / our_s:.1f}",
            )
        ratio = min(seconds.values()) / our_s
        failures += [
            f"{case.name}: only {ratio:.1f} times as fast"
            for claimed, least in MIN_SPEED_RATIOS.items()
            if case.name.endswith(claimed) and ratio < least
        ]
    return table, failures


if __name__ == "__main__":
    main()
