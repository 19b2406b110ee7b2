"""The land under a chart that is a map: boundary, zones, and where on the earth it lies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from siting.charts.graticule import Plane, graticule
from siting.charts.style import GRID, INK, TEAL
from siting.wind.features import SETBACK_RULES, FeatureClass
from siting.wind.turbines import FloatArray

_KM: Final = 1000.0
_STANDING: Final = SETBACK_RULES[FeatureClass.WIND_TURBINE].label.capitalize()
#: The scale bar is at most this share of the map's width.
_SCALE_BAR: Final = 0.25


@dataclass(frozen=True)
class FarmLand:
    """A project's land, in its layout's metres.

    Attributes:
        boundary: The rings of the site's boundary.
        setback: The rings that hubs keep within, so far from the boundary.
        zones: The rings of all exclusion zones.
        standing: (east, north) of the wind turbines that stand already.
        plane: How the metres become degrees.
    """

    boundary: tuple[FloatArray, ...]
    setback: tuple[FloatArray, ...]
    zones: tuple[FloatArray, ...]
    standing: FloatArray
    plane: Plane

    @classmethod
    def of(
        cls, site: Mapping[str, Any], zones: Mapping[str, Any], layout: Mapping[str, Any]
    ) -> "FarmLand":
        """Take ``site.geojson``, ``exclusions.geojson`` and ``layout.json``."""
        plane = Plane.of_layout(layout)
        areas = [one["geometry"] for one in zones["features"]]
        return cls(
            boundary=tuple(_rings([site["features"][0]["geometry"]], plane)),
            setback=tuple(_rings([layout["boundary_setback_line"]], plane)),
            zones=tuple(_rings(areas, plane)),
            standing=np.array(list(_standing(site, plane))).reshape(-1, 2),
            plane=plane,
        )

    def draw(self, axes: Any, west_m: float, south_m: float, size_km: tuple[float, float]) -> None:
        """Draw the land on a map in kilometres east and north of its corner, with degrees.

        Args:
            axes: Matplotlib's.
            west_m: The map's west edge, in the layout's metres.
            south_m: Its south edge.
            size_km: How wide and how high it is.
        """
        from matplotlib.patches import PathPatch  # noqa: PLC0415
        from matplotlib.path import Path  # noqa: PLC0415

        corner = np.array((west_m, south_m))
        if self.zones:
            paths = [Path((ring - corner) / _KM, closed=True) for ring in self.zones]
            look = {"facecolor": "#8a8f94", "alpha": 0.3, "edgecolor": INK, "linewidth": 0.3}
            areas = Path.make_compound_path(*paths)
            axes.add_patch(PathPatch(areas, label="Excluded land", **look))
        for rings, name, width, dashes in (
            (self.boundary, "Site boundary", 1.6, "-"),
            (self.setback, "Setback from the boundary", 0.8, "--"),
        ):
            for number, ring in enumerate(rings):
                # Once in the legend.
                label = "_" if number else name
                points = ((ring - corner) / _KM).T
                axes.plot(*points, color=INK, linewidth=width, linestyle=dashes, label=label)
        wide, high = size_km
        stand = (self.standing - corner) / _KM
        stand = stand[((stand > 0.0) & (stand < size_km)).all(axis=1)]
        if len(stand):
            look = {"s": 34, "color": TEAL, "edgecolor": "white", "linewidth": 0.8, "marker": "D"}
            axes.scatter(*stand.T, label=_STANDING, **look)
        axes.set_xlim(0.0, wide)
        axes.set_ylim(0.0, high)
        box = (west_m, west_m + _KM * wide, south_m, south_m + _KM * high)
        ticks: dict[bool, list[tuple[float, str]]] = {True: [], False: []}
        for line in graticule(self.plane, box):
            start, end = (np.array(line.start) - corner) / _KM, (np.array(line.end) - corner) / _KM
            axes.plot(*zip(start, end, strict=True), color=GRID, linewidth=0.6, alpha=0.6)
            at = float(start[0] if line.is_meridian else start[1])
            if 0.0 <= at <= (wide if line.is_meridian else high):
                ticks[line.is_meridian].append((at, line.label))
        axes.set_xticks(*_columns(ticks[True]), fontsize=8)
        axes.set_yticks(*_columns(ticks[False]), fontsize=8)
        _scale_and_north(axes, wide, self.plane.north_degrees)


def _scale_and_north(axes: Any, wide_km: float, north_degrees: float) -> None:
    length = next(one for one in (10, 5, 2, 1, 0.5, 0.2, 0.1) if one <= _SCALE_BAR * wide_km)
    share = length / wide_km
    axes.plot((0.97 - share, 0.97), (0.04, 0.04), color=INK, linewidth=3, transform=axes.transAxes)
    white = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5}
    axes.text(
        0.97 - share / 2, 0.055, f"{length:g} km", transform=axes.transAxes, ha="center",
        va="bottom", fontsize=8, bbox=white,
    )  # fmt: skip
    axes.text(
        0.97, 0.97, "N\n\u25b2", transform=axes.transAxes, ha="center", va="top", fontsize=9,
        linespacing=0.9, bbox=white,
        # True north; the map's own is the grid's. Matplotlib turns to the left.
        rotation=north_degrees,
    )  # fmt: skip


def _columns(ticks: Sequence[tuple[float, str]]) -> tuple[list[float], list[str]]:
    return [at for at, _ in ticks], [label for _, label in ticks]


def _standing(site: Mapping[str, Any], plane: Plane) -> Iterator[tuple[float, float]]:
    """Yield where turbines stand already; of one that is mapped by its outline, a corner."""
    for one in site["features"][1:]:
        if one["properties"]["class"] == FeatureClass.WIND_TURBINE:
            at = one["geometry"]["coordinates"]
            while isinstance(at[0], Sequence):
                at = at[0]
            yield plane.to_plane(at[0], at[1])


def _rings(geometries: Sequence[Mapping[str, Any]], plane: Plane) -> Iterator[FloatArray]:
    for geometry in geometries:
        polygons = geometry["coordinates"]
        for polygon in [polygons] if geometry["type"] == "Polygon" else polygons:
            for ring in polygon:
                yield np.array([plane.to_plane(one[0], one[1]) for one in ring])
