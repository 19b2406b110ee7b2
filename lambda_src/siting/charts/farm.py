"""The charts of one simulation."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from siting.charts.curves import power_curve
from siting.charts.field import WindField
from siting.charts.land import FarmLand
from siting.charts.style import (
    BLUE,
    INK,
    ORANGE,
    SEQUENCE,
    SKY,
    Sheet,
    colours,
    headline,
    horizontal_grid,
    outlined,
)
from siting.charts.wakes import wakes_by_direction
from siting.wind.turbines import FloatArray

#: Upper ends of a wind rose's speed classes, in m/s; one more class holds what is faster.
_SPEED_CLASSES: Final = (4.0, 7.0, 10.0, 13.0)
_COMPASS: Final = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
#: Points of a wake map, along its longer side.
_MAP_POINTS: Final = 260
_MAP_MARGIN: Final = 0.12
#: Length of the arrow that shows where the wind blows.
_ARROW_POINTS: Final = 28.0
#: Rotor diameters, at least, around the farm on its map.
_MAP_MARGIN_DIAMETERS: Final = 6.0
#: Of the free wind. Slower is only the air close behind a rotor, where no such model holds.
_SLOWEST_DRAWN: Final = 0.5
#: Turbines, and the size that their names are written in on a map, in points.
_NAME_SIZES: Final = ((40, 7.0), (120, 5.5), (300, 4.0))
_MAX_NAMES_ON_BARS: Final = 60
_SIDEWAYS_NAMES_FROM: Final = 16


@dataclass(frozen=True)
class FarmCharts:
    """What the charts show.

    Attributes:
        energy: ``simulation/energy.json``.
        field: The turbines, and the wind in and around them.
        main_direction_degrees: Where the wind most often comes from.
        weibull: (A in m/s, k) by sector; None if the wind has one speed.
        land: The land under the turbines; None where they are no project's.
    """

    energy: Mapping[str, Any]
    field: WindField
    main_direction_degrees: float
    weibull: FloatArray | None
    land: FarmLand | None = None

    @classmethod
    def of(
        cls,
        energy: Mapping[str, Any],
        setup: Mapping[str, Any],
        land: FarmLand | None = None,
    ) -> "FarmCharts":
        """Take what a simulation saved: ``energy.json`` and ``simulation.json``."""
        sectors = setup["wind"]["sectors"]
        return cls(
            energy=energy,
            field=WindField.of(energy, setup),
            main_direction_degrees=setup["wind"]["main_direction_degrees"],
            weibull=None
            if sectors is None
            else np.array([(one["weibull_a_m_per_s"], one["weibull_k"]) for one in sectors]),
            land=land,
        )

    def draw(self) -> dict[str, bytes]:
        """Return every chart as a PNG, by file name."""
        return {
            "wind_rose.png": self.wind_rose(),
            "wake_map.png": self.wake_map(),
            "aep_per_turbine.png": self.aep_per_turbine(),
            "power_curve.png": self.power_curve(),
            "energy_by_sector.png": self.energy_by_sector(),
        }

    def wakes(self) -> dict[str, Any]:
        """Draw the wakes for each direction, to lay over a map."""
        return wakes_by_direction(
            self.energy["per_direction"], self.field, self.main_direction_degrees
        )

    def wind_rose(self) -> bytes:
        """Draw how often the wind comes from each sector, and how fast it is."""
        rows = self.energy["per_direction"]
        directions = np.radians([one["direction_degrees"] for one in rows])
        percent = 100.0 * np.array([one["frequency"] for one in rows])
        shares, names = self._speed_shares(len(rows))
        with Sheet(6.0, 4.4) as sheet:
            axes: Any = sheet.figure.add_subplot(projection="polar")
            axes.set_theta_zero_location("N")
            axes.set_theta_direction(-1)
            floor = np.zeros(len(rows))
            for share, name, colour in zip(shares, names, colours(len(names)), strict=True):
                height = percent * share
                axes.bar(
                    directions,
                    height,
                    width=0.86 * 2.0 * np.pi / len(rows),
                    bottom=floor,
                    color=colour,
                    edgecolor="white",
                    linewidth=0.4,
                    label=name,
                )
                floor += height
            axes.set_xticks(np.radians(np.arange(0, 360, 45)), _COMPASS)
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
            # Numbers where the fewest bars are, and between two letters of the compass.
            fewest = np.degrees(directions[int(percent.argmin())])
            axes.set_rlabel_position(45.0 * np.floor(fewest / 45.0) + 22.5)
            axes.grid(visible=True)
            # The scale's numbers stay readable on bars.
            axes.set_axisbelow("line")
            for number in axes.get_yticklabels():
                number.set_path_effects(outlined("white", 2.5))
            headline(sheet, "Wind rose\nshare of the year by direction the wind comes from")
            axes.legend(
                title="Wind speed\nat hub height", loc="center left", bbox_to_anchor=(1.1, 0.5)
            )
            return sheet.png()

    def _speed_shares(self, sectors: int) -> tuple[list[FloatArray], list[str]]:
        if self.weibull is None:
            speed = self.energy["per_direction"][0]["wind_speed_m_per_s"]
            return [np.ones(sectors)], [f"{speed:g} m/s"]
        scale, shape = self.weibull.T
        exceeding = [np.ones(sectors)]
        exceeding += [np.exp(-((edge / scale) ** shape)) for edge in _SPEED_CLASSES]
        exceeding.append(np.zeros(sectors))
        shares = [more - less for more, less in pairwise(exceeding)]
        names = [f"below {_SPEED_CLASSES[0]:g} m/s"]
        names += [f"{low:g} to {high:g} m/s" for low, high in pairwise(_SPEED_CLASSES)]
        names.append(f"above {_SPEED_CLASSES[-1]:g} m/s")
        return shares, names

    def wake_map(self) -> bytes:
        """Draw the wind speed at hub height, in and around the farm, in the main wind."""
        rows = self.energy["per_turbine"]
        east, north = self.field.east_m, self.field.north_m
        main, free = self._map_wind()
        # All of the site, not the turbines' part of it alone.
        edge = np.vstack(self.land.boundary) if self.land else np.empty((0, 2))
        columns, lines = _map_lines(
            np.append(east, edge[:, 0]), np.append(north, edge[:, 1]), self.field.largest_rotor_m
        )
        points = np.stack(np.meshgrid(columns, lines), axis=-1).reshape(-1, 2)
        speed = self.field.speeds_at(points, main, self.main_direction_degrees, free).reshape(
            len(lines), len(columns)
        )
        width_km = (columns[-1] - columns[0]) / 1000.0
        height_km = (lines[-1] - lines[0]) / 1000.0
        scale = 6.4 / max(width_km, height_km)
        with Sheet(max(5.4, width_km * scale) + 1.6, max(4.2, height_km * scale) + 1.1) as sheet:
            axes = sheet.figure.add_subplot()
            picture = axes.imshow(
                speed,
                origin="lower",
                extent=(0.0, width_km, 0.0, height_km),
                cmap=SEQUENCE,
                vmin=_SLOWEST_DRAWN * free,
                vmax=free,
                interpolation="bilinear",
            )
            x_km, y_km = (east - columns[0]) / 1000.0, (north - lines[0]) / 1000.0
            axes.scatter(
                x_km, y_km, s=22, color="white", edgecolor=INK, linewidth=0.9, label="Turbine"
            )
            size = next(points for most, points in _NAME_SIZES if len(rows) <= most)
            for one, x, y in zip(rows, x_km, y_km, strict=True):
                axes.annotate(
                    one["id"],
                    (x, y),
                    xytext=(0, 5),
                    textcoords="offset points",
                    ha="center",
                    va="bottom",
                    fontsize=size,
                    color="white",
                    path_effects=outlined(),
                )
            self._wind_arrow(axes)
            if self.land is None:
                axes.set_xlabel("East, km")
                axes.set_ylabel("North, km")
            else:
                self.land.draw(axes, columns[0], lines[0], (width_km, height_km))
                # Below the map, on which everything would be under it.
                axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=3, fontsize=8)
            headline(sheet, f"Wakes at {self.field.height}\n{free:.3g} m/s {self._from_text()}")
            sheet.figure.colorbar(
                picture,
                ax=axes,
                label="Wind speed, m/s",
                shrink=0.85,
                extend="min",
            )
            return sheet.png()

    def _map_wind(self) -> tuple[int, float]:
        """Return the main sector and its mean speed, where wakes are deep: below the rated one."""
        rows = self.energy["per_direction"]
        main = min(
            range(len(rows)),
            key=lambda at: abs(rows[at]["direction_degrees"] - self.main_direction_degrees),
        )
        return main, round(rows[main]["wind_speed_m_per_s"], 1)

    def _from_text(self) -> str:
        at = round(self.main_direction_degrees / 45.0) % len(_COMPASS)
        return f"from {self.main_direction_degrees:g}° (about {_COMPASS[at]})"

    def _wind_arrow(self, axes: Any) -> None:
        direction = np.radians(self.main_direction_degrees - self.field.north_degrees)
        half = _ARROW_POINTS / 2.0 * np.array((-np.sin(direction), -np.cos(direction)))
        middle = np.array((0.8 * _ARROW_POINTS, 1.25 * _ARROW_POINTS))
        # In points, so that the map's proportions do not turn it.
        axes.annotate(
            "",
            xy=middle + half,
            xytext=middle - half,
            xycoords="axes points",
            arrowprops={"arrowstyle": "-|>", "color": ORANGE, "linewidth": 3, "mutation_scale": 18},
        )
        axes.annotate(
            "Wind",
            middle - np.array((0.0, 0.8 * _ARROW_POINTS)),
            xycoords="axes points",
            ha="center",
            va="center",
            fontsize=9,
        )

    def aep_per_turbine(self) -> bytes:
        """Draw each turbine's energy and what wakes take from it."""
        rows = self.energy["per_turbine"]
        net = np.array([one["aep_gwh"] for one in rows])
        loss = np.array([one["wake_loss_percent"] for one in rows])
        lost = _lost(net, loss)
        names = [one["id"] for one in rows]
        with Sheet(min(14.0, max(5.4, 0.24 * len(rows) + 2.0)), 3.7) as sheet:
            axes = sheet.figure.add_subplot()
            at = np.arange(len(rows))
            axes.bar(at, net, color=BLUE, width=0.78, label="Annual energy, net of wakes")
            axes.bar(at, lost, bottom=net, color=SKY, width=0.78, label="Lost to wakes")
            axes.axhline(
                float(net.mean()),
                color=ORANGE,
                linewidth=1.6,
                linestyle="--",
                label=f"Mean: {net.mean():.2f} GWh",
            )
            if len(rows) <= _MAX_NAMES_ON_BARS:
                sideways = 90 if len(rows) > _SIDEWAYS_NAMES_FROM else 0
                axes.set_xticks(at, names, rotation=sideways, fontsize=8)
            else:
                few = at[:: max(1, len(at) // 30)]
                axes.set_xticks(few, [names[one] for one in few], rotation=90, fontsize=8)
            axes.set_xlim(-0.7, len(rows) - 0.3)
            _finish_bars(axes, float((net + lost).max()))
            axes.set_xlabel("Turbine")
            axes.set_ylabel("Energy, GWh per year")
            axes.set_title("Annual energy per turbine")
            return sheet.png()

    def power_curve(self) -> bytes:
        """Draw the turbines' power and thrust by wind speed."""
        return power_curve(self.field.types)

    def energy_by_sector(self) -> bytes:
        """Draw the energy by the direction the wind comes from, and what wakes take of it."""
        rows = self.energy["per_direction"]
        net = np.array([one["aep_gwh"] for one in rows])
        loss = np.array([one["wake_loss_percent"] for one in rows])
        lost = _lost(net, loss)
        with Sheet(min(14.0, max(5.4, 0.34 * len(rows) + 1.3)), 3.5) as sheet:
            axes = sheet.figure.add_subplot()
            at = np.arange(len(rows))
            axes.bar(at, net, color=BLUE, width=0.78, label="Annual energy, net of wakes")
            axes.bar(at, lost, bottom=net, color=SKY, width=0.78, label="Lost to wakes")
            names = [f"{one['direction_degrees']:g}°" for one in rows]
            sideways = 90 if len(rows) > _SIDEWAYS_NAMES_FROM else 0
            axes.set_xticks(at, names, rotation=sideways, fontsize=8)
            tallest = float((net + lost).max())
            blows = np.array([one["frequency"] for one in rows]) > 0.0
            for x, top, percent in zip(at[blows], (net + lost)[blows], loss[blows], strict=True):
                if len(rows) <= _SIDEWAYS_NAMES_FROM:
                    axes.annotate(
                        f"{percent:.1f} %",
                        (x, top),
                        xytext=(0, 2),
                        textcoords="offset points",
                        ha="center",
                        fontsize=7.5,
                    )
            _finish_bars(axes, tallest)
            axes.set_xlabel("Direction the wind comes from (sector's middle)")
            axes.set_ylabel("Energy, GWh per year")
            percent_note = "\nfigures: wake loss" if len(rows) <= _SIDEWAYS_NAMES_FROM else ""
            axes.set_title(f"Annual energy by wind direction{percent_note}")
            return sheet.png()


def _finish_bars(axes: Any, tallest: float) -> None:
    """Leave room over the bars for the legend."""
    axes.set_ylim(0.0, 1.22 * tallest if tallest > 0.0 else 1.0)
    axes.legend(loc="upper left", ncols=3, fontsize=8, columnspacing=1.2, handlelength=1.4)
    horizontal_grid(axes)


def _lost(net: FloatArray, loss_percent: FloatArray) -> FloatArray:
    """Return what wakes took; where they took all, net tells nothing, and nothing is drawn."""
    return np.asarray(net * loss_percent / np.maximum(100.0 - loss_percent, 1e-9))


def _map_lines(
    east: FloatArray, north: FloatArray, rotor_diameter_m: float
) -> tuple[FloatArray, FloatArray]:
    """Return the columns and lines of a map around a farm, in metres."""
    span = max(float(np.ptp(east)), float(np.ptp(north)))
    margin = max(_MAP_MARGIN * span, _MAP_MARGIN_DIAMETERS * rotor_diameter_m)
    step = (span + 2.0 * margin) / _MAP_POINTS
    return (
        np.arange(east.min() - margin, east.max() + margin + step, step),
        np.arange(north.min() - margin, north.max() + margin + step, step),
    )
