"""A turbine that people bring: its power and thrust curve as CSV, checked against physics."""

from collections.abc import Sequence
from itertools import pairwise
from math import pi
from typing import Final

import numpy as np

from siting.wind.brought.table import read_table
from siting.wind.errors import WindError
from siting.wind.turbines import FloatArray, TabulatedCurves, Turbine

_SPEED: Final = "speed_m_per_s"
_POWER: Final = "power_kw"
_THRUST: Final = "ct"
#: The columns of a curve, and how their headers may be spelled.
COLUMNS: Final = {
    _SPEED: ("speed_m_s", "wind_speed_m_s"),
    _POWER: ("power_kw",),
    _THRUST: ("ct", "thrust_coefficient"),
}
_MIN_ROWS, _MAX_ROWS = 5, 500
_MAX_SPEED_M_PER_S: Final = 40.0
_MIN_RATED_KW, _MAX_RATED_KW = 50.0, 30_000.0
#: Some published curves go a little over 1 next to cut-in.
_MAX_THRUST: Final = 1.1
_AIR_KG_PER_M3: Final = 1.225
_BETZ: Final = 16.0 / 27.0
#: Steps back that measured curves have below the rated power, as a share of it.
_DIP: Final = 0.005
#: From here on it counts as the rated power.
_RATED: Final = 0.995
#: How far a stated rated power may be from the curve's highest.
_SAME_POWER: Final = 0.02


def read_turbine(
    text: object,
    *,
    key: str,
    name: str,
    rotor_diameter_m: float,
    hub_height_m: float,
    rated_power_mw: float | None,
    source: str,
) -> Turbine:
    """Read a turbine's curve: a row per wind speed with power in kW and the thrust coefficient.

    It starts at the last speed without power, or at the first row, and shuts down after the last
    row with power.

    Args:
        text: The file.
        key: The turbine's key from now on.
        name: What it is called.
        rotor_diameter_m: Its rotor.
        hub_height_m: Its hub over ground.
        rated_power_mw: Its rated power, if it is stated: the curve's highest has to be that.
        source: Where the curve is from.

    Raises:
        WindError: It is no turbine's curve; the message says where it is not.
    """
    table = read_table(text, COLUMNS)
    speed, power, thrust = (table.numbers(one) for one in (_SPEED, _POWER, _THRUST))
    _require(table.lines, speed, power, thrust)
    area_m2 = pi * rotor_diameter_m**2 / 4.0
    wind_kw = 0.5 * _AIR_KG_PER_M3 * area_m2 * speed**3 / 1000.0
    _require_possible(table.lines, speed, power, thrust=thrust, wind_kw=wind_kw)
    highest_kw = float(power.max())
    if rated_power_mw is not None and abs(highest_kw / 1000.0 - rated_power_mw) > (
        _SAME_POWER * rated_power_mw
    ):
        raise WindError(
            f"rated_power_mw is {rated_power_mw:g}, and the curve's highest power is "
            f"{highest_kw:g} kW. Is it the curve of another turbine, or not in kW?",
            field="rated_power_mw",
        )
    running = np.flatnonzero(power > 0.0)
    first, last = max(int(running[0]) - 1, 0), int(running[-1])
    points = np.column_stack((speed, power, thrust))[first : last + 1]
    rated = int(np.flatnonzero(points[:, 1] >= _RATED * highest_kw)[0])
    return Turbine(
        key=key,
        name=name,
        rotor_diameter_m=rotor_diameter_m,
        hub_height_m=hub_height_m,
        rated_power_mw=highest_kw / 1000.0,
        cut_in_m_per_s=float(points[0, 0]),
        rated_m_per_s=float(points[rated, 0]),
        cut_out_m_per_s=float(points[-1, 0]),
        curves=TabulatedCurves(tuple((v, kw, ct) for v, kw, ct in points.tolist())),
        source=source,
    )


def _require(
    lines: Sequence[int], speed: FloatArray, power: FloatArray, thrust: FloatArray
) -> None:
    count = len(speed)
    if not _MIN_ROWS <= count <= _MAX_ROWS:
        raise WindError(f"The curve has {count} rows; give {_MIN_ROWS} to {_MAX_ROWS}.")
    for at, (low, high) in enumerate(pairwise(speed.tolist()), start=1):
        if low >= high:
            raise WindError(
                f"Line {lines[at]}: speed {high:g} m/s follows {low:g}; speeds must rise."
            )
    if speed[0] < 0.0 or speed[-1] > _MAX_SPEED_M_PER_S:
        raise WindError(
            f"The curve's speeds are {speed[0]:g} to {speed[-1]:g} m/s; they lie within 0 to "
            f"{_MAX_SPEED_M_PER_S:g}."
        )
    highest = float(power.max())
    if not _MIN_RATED_KW <= highest <= _MAX_RATED_KW:
        raise WindError(
            f"The curve's highest power is {highest:g} kW; {_MIN_RATED_KW:g} to "
            f"{_MAX_RATED_KW:g} are taken. Is it in kW?"
        )
    if (power < 0.0).any():
        raise WindError(
            f"Line {lines[int((power < 0.0).argmax())]}: power is negative; give 0 where the "
            "turbine stands still."
        )
    rising = power[: int(power.argmax()) + 1]
    back = np.flatnonzero(np.diff(rising) < -_DIP * highest)
    if back.size:
        raise WindError(
            f"Line {lines[int(back[0]) + 1]}: power falls to {rising[back[0] + 1]:g} kW before the "
            f"highest, {highest:g} kW, is reached."
        )
    runs = power > 0.0
    if not runs[int(runs.argmax()) : len(runs) - int(runs[::-1].argmax())].all():
        raise WindError("The curve has rows without power in between rows with power.")
    wrong = runs & ~((thrust > 0.0) & (thrust <= _MAX_THRUST))
    if wrong.any() or (thrust < 0.0).any():
        at = int(wrong.argmax()) if wrong.any() else int((thrust < 0.0).argmax())
        raise WindError(
            f"Line {lines[at]}: ct is {thrust[at]:g}; a running turbine's lies above 0 and up to "
            f"{_MAX_THRUST:g}."
        )


def _require_possible(
    lines: Sequence[int],
    speed: FloatArray,
    power: FloatArray,
    *,
    thrust: FloatArray,
    wind_kw: FloatArray,
) -> None:
    """Refuse more power than the wind has, or than the thrust can have taken from it."""
    over = np.flatnonzero(power > _BETZ * wind_kw)
    if over.size:
        at = int(over[0])
        raise WindError(
            f"Line {lines[at]}: {power[at]:g} kW at {speed[at]:g} m/s is more than the wind has "
            f"for this rotor (Betz: {_BETZ * wind_kw[at]:.0f} kW). Is the power in kW, the speed "
            "in m/s, the rotor right?"
        )
    # A rotor's power is its thrust times the wind that passes it, which is slower than the free.
    over = np.flatnonzero(power > thrust * wind_kw)
    if over.size:
        at = int(over[0])
        raise WindError(
            f"Line {lines[at]}: with ct {thrust[at]:g} at {speed[at]:g} m/s no rotor of this size "
            f"gives {power[at]:g} kW. Is ct the thrust coefficient, as a share?"
        )
