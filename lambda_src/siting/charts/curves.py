"""Power and thrust of turbines by wind speed."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any, Final

import numpy as np

from siting.charts.style import BLUE, INK, ORANGE, SKY, Sheet
from siting.wind.turbines import Turbine

#: As many of each as tell twenty types apart.
_COLOURS: Final = (BLUE, ORANGE, SKY, INK)
_LINES: Final = ("-", "--", "-.", ":", (0, (6, 2)))


def power_curve(types: Sequence[Turbine]) -> bytes:
    """Draw the curves of a farm's types as a PNG."""
    return _one_curve(types[0]) if len(types) == 1 else _several_curves(types)


def _several_curves(types: Sequence[Turbine]) -> bytes:
    speed = np.arange(0.0, max(one.cut_out_m_per_s for one in types) + 2.0, 0.02)
    with Sheet(5.4, 4.0) as sheet:
        power, thrust = sheet.figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        for turbine, colour, line in zip(types, cycle(_COLOURS), cycle(_LINES), strict=False):
            look: dict[str, Any] = {"color": colour, "linestyle": line, "linewidth": 2.2}
            power.plot(speed, turbine.power_mw(speed), label=turbine.key, **look)
            thrust.plot(speed, turbine.thrust(speed), **look)
        power.set_ylabel("Power, MW")
        power.set_ylim(0.0, 1.12 * max(one.rated_power_mw for one in types))
        power.set_title(f"Power and thrust by type {_in_air(types[0])}")
        power.legend(loc="upper left", fontsize=9)
        thrust.set_ylabel("Thrust\ncoefficient", fontsize=9)
        thrust.set_ylim(0.0, 1.15)
        thrust.set_xlabel("Wind speed at hub height, m/s")
        thrust.set_xlim(0.0, float(speed[-1]))
        for axes in (power, thrust):
            axes.grid(visible=True)
        return sheet.png()


def _one_curve(turbine: Turbine) -> bytes:
    speed = np.arange(0.0, turbine.cut_out_m_per_s + 2.0, 0.02)
    with Sheet(5.4, 3.5) as sheet:
        power, thrust = sheet.figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        power.plot(speed, turbine.power_mw(speed), color=BLUE, linewidth=2.2)
        power.set_ylabel("Power, MW")
        power.set_ylim(0.0, 1.12 * turbine.rated_power_mw)
        power.set_title(f"{turbine.name}\nPower and thrust {_in_air(turbine)}")
        power.axhline(turbine.rated_power_mw, color=INK, linewidth=0.8, linestyle=":")
        power.annotate(
            f"rated {turbine.rated_power_mw:g} MW from {turbine.rated_in_its_air_m_per_s:.3g} m/s",
            (turbine.cut_out_m_per_s / 2.0 + 5.0, turbine.rated_power_mw),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
        thrust.plot(speed, turbine.thrust(speed), color=ORANGE, linewidth=2.2)
        thrust.set_ylabel("Thrust\ncoefficient", fontsize=9)
        thrust.set_ylim(0.0, 1.05)
        thrust.set_xlabel("Wind speed at hub height, m/s")
        thrust.set_xlim(0.0, float(speed[-1]))
        for axes in (power, thrust):
            axes.grid(visible=True)
            for edge in (turbine.cut_in_m_per_s, turbine.cut_out_m_per_s):
                axes.axvline(edge, color=INK, linewidth=0.8, linestyle=":")
        for edge, name, side in (
            (turbine.cut_in_m_per_s, "cut-in", "right"),
            (turbine.cut_out_m_per_s, "cut-out", "right"),
        ):
            power.annotate(
                f"{name} {edge:g} m/s",
                (edge, 0.5 * turbine.rated_power_mw),
                xytext=(-4, 0),
                textcoords="offset points",
                ha=side,
                va="center",
                rotation=90,
                fontsize=9,
            )
        return sheet.png()


def _in_air(turbine: Turbine) -> str:
    return f"in air of {turbine.air_density_kg_per_m3:.3f} kg/m³"
