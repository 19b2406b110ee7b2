"""Heights of the ground that somebody brings, and where it is too steep.

The format is Esri's ASCII raster, which every GIS writes: a header of five or six lines, then the
heights, row by row from the north. It says neither unit nor coordinate system. Coordinates within
180 and 90 with cells of less than a degree are read as WGS 84, others as metres of the site's own
UTM zone; heights are metres.
(https://desktop.arcgis.com/en/arcmap/latest/manage-data/raster-and-images/esri-ascii-raster-format.htm)
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from siting.wind.crs import FloatArray, SiteProjection, mended
from siting.wind.errors import WindError
from siting.wind.geojson import polygons_of

#: 15 km in cells of 30 m.
MAX_CELLS: Final = 250_000
#: A file of that many heights with their decimals.
MAX_CHARACTERS: Final = 2_000_000
#: Wider cells flatten the slopes that a crane meets.
MAX_CELL_M: Final = 100.0
MIN_CELL_M: Final = 1.0
#: Nothing on land is lower or higher; feet would be, in the mountains.
LOWEST_M: Final = -500.0
HIGHEST_M: Final = 9_000.0
_NO_DATA: Final = -9999.0
_EARTH_RADIUS_M: Final = 6_371_000.0
#: Of the site without heights: rounding, and the corners of its outline.
_MISSING_SHARE: Final = 1e-4
_LEAST_SIDE: Final = 3
_SHOWN: Final = 40

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Elevation:
    """A grid of heights.

    Attributes:
        heights_m: Row by row from the north; not a number where there is none.
        west: Of the first column's edge, in degrees or metres.
        south: Of the last row's edge.
        cell: A cell's side, in the same.
        in_degrees: Whether they are degrees.
    """

    heights_m: FloatArray
    west: float
    south: float
    cell: float
    in_degrees: bool

    @property
    def sides_m(self) -> tuple[FloatArray, float]:
        """How wide the cells of each row are, and how high, in metres."""
        rows = len(self.heights_m)
        if not self.in_degrees:
            return np.full(rows, self.cell), self.cell
        middles = np.radians(self.south + self.cell * (np.arange(rows)[::-1] + 0.5))
        high_m = np.radians(self.cell) * _EARTH_RADIUS_M
        return high_m * np.cos(middles), float(high_m)


class Ground(NamedTuple):
    """What heights say of a site.

    Attributes:
        steep_m: Where it is steeper than the limit, in metres of the site's zone.
        lowest_m: Its lowest height within the boundary.
        highest_m: Its highest.
        steepest_percent: Its steepest slope within the boundary.
        cell_m: How high a cell is.
    """

    steep_m: MultiPolygon
    lowest_m: float
    highest_m: float
    steepest_percent: float
    cell_m: float


def read_elevation(text: object) -> Elevation:
    """Read an ASCII raster.

    Raises:
        WindError: It is none, or larger, coarser, higher or lower than any that is meant.
    """
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        raise WindError(
            f"The elevation is no text of up to {MAX_CHARACTERS} characters. Send an Esri ASCII "
            "raster (.asc): its header and its heights in metres."
        )
    words = text.split()
    header: dict[str, float] = {}
    while len(words) > 2 * len(header) + 1 and words[2 * len(header)][:1].isalpha():
        key = words[2 * len(header)].lower()
        if key in header or key not in _KEYS:
            raise WindError(
                f"The elevation's header has {key[:_SHOWN]!r}; it has each of ncols, nrows, "
                "xllcorner or xllcenter, yllcorner or yllcenter, cellsize, and nodata_value."
            )
        header[key] = _number(words[2 * len(header) + 1], key)
    columns, rows, cell = (_of(header, key) for key in ("ncols", "nrows", "cellsize"))
    _require_size(columns, rows)
    west, south = _corner(header, "x", cell), _corner(header, "y", cell)
    heights = words[2 * len(header) :]
    if len(heights) != columns * rows:
        raise WindError(
            f"The elevation has {len(heights)} heights; its header says {rows:g} rows of "
            f"{columns:g}."
        )
    heights_m = _heights(heights, header.get("nodata_value", _NO_DATA))
    east, north = west + cell * columns, south + cell * rows
    in_degrees = cell < 1.0 and max(abs(south), abs(north)) <= 90.0 and -180.0 <= west <= 180.0  # noqa: PLR2004
    found = Elevation(heights_m.reshape(int(rows), int(columns)), west, south, cell, in_degrees)
    high_m = found.sides_m[1]
    if not MIN_CELL_M <= high_m <= MAX_CELL_M:
        raise WindError(
            f"The elevation's cells are {high_m:.4g} m high, from {south:g} to {north:g} and from "
            f"{west:g} to {east:g}; give cells of {MIN_CELL_M:g} to {MAX_CELL_M:g} m. Wider ones "
            "flatten the slopes."
        )
    return found


_KEYS: Final = frozenset(
    {"ncols", "nrows", "xllcorner", "xllcenter", "yllcorner", "yllcenter", "cellsize",
     "nodata_value"}
)  # fmt: skip


def ground_of(
    elevation: Elevation,
    boundary_m: BaseGeometry,
    projection: SiteProjection,
    max_slope_percent: float,
) -> Ground:
    """Find where a site is too steep.

    Slopes are Horn's (1981), of each cell's eight neighbours, as GIS compute them.

    Args:
        elevation: The heights.
        boundary_m: The site's boundary, in metres of its zone.
        projection: The site's.
        max_slope_percent: What is steeper is too steep.

    Raises:
        WindError: There are not heights all over the site.
    """
    corners_m = _corners_m(elevation, projection)
    slopes = _slopes_percent(elevation)
    known = np.isfinite(slopes)
    covered = _area_of(known, corners_m)
    missing = boundary_m.difference(covered).area / boundary_m.area
    if missing > _MISSING_SHARE:
        read_as = "degrees" if elevation.in_degrees else f"metres of EPSG:{projection.zone.epsg}"
        raise WindError(
            f"The elevation has no slope for {100.0 * missing:.1f} % of the site. It begins in the "
            f"south-west at ({elevation.west:.10g}, {elevation.south:.10g}), read as {read_as}. "
            "Send heights for all of it and a cell more on each side, in WGS 84 or in those metres."
        )
    middles_m = (corners_m[:-1, :-1] + corners_m[1:, 1:]) / 2.0
    within = known & np.asarray(
        shapely.contains_xy(boundary_m, middles_m[..., 0], middles_m[..., 1])
    )
    if not within.any():  # a site smaller than a cell
        within = known
    return Ground(
        _area_of(known & (slopes > max_slope_percent), corners_m),
        float(elevation.heights_m[within].min()),
        float(elevation.heights_m[within].max()),
        float(slopes[within].max()),
        elevation.sides_m[1],
    )


def _number(word: str, key: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise WindError(f"The elevation's {key} is {word[:_SHOWN]!r}, which is no number.")
    return number


def _of(header: dict[str, float], key: str) -> float:
    if key not in header or header[key] <= 0.0:
        raise WindError(f"The elevation's header needs a {key} above 0.")
    return header[key]


def _corner(header: dict[str, float], axis: str, cell: float) -> float:
    corner, centre = header.get(f"{axis}llcorner"), header.get(f"{axis}llcenter")
    if (corner is None) == (centre is None):
        raise WindError(f"The elevation's header needs one of {axis}llcorner and {axis}llcenter.")
    return corner if centre is None else centre - cell / 2.0  # type: ignore[return-value]


def _require_size(columns: float, rows: float) -> None:
    if columns % 1 or rows % 1 or min(columns, rows) < _LEAST_SIDE or columns * rows > MAX_CELLS:
        raise WindError(
            f"The elevation has {rows:g} rows of {columns:g}; give {_LEAST_SIDE} of each at least, "
            f"and {MAX_CELLS} heights at most. Cut it to the site, or take wider cells."
        )


def _heights(words: list[str], no_data: float) -> FloatArray:
    try:
        heights_m = np.array(words, dtype=np.float64)
    except ValueError:
        raise WindError("The elevation has a height that is no number.") from None
    known_m = heights_m[heights_m != no_data]
    # Comparisons refuse what is no number, too.
    if not ((known_m >= LOWEST_M) & (known_m <= HIGHEST_M)).all():
        raise WindError(
            f"The elevation reaches from {known_m.min():g} to {known_m.max():g}; heights are "
            f"metres between {LOWEST_M:g} and {HIGHEST_M:g}, and {no_data:g} where there is none "
            "(nodata_value)."
        )
    heights_m[heights_m == no_data] = np.nan
    return heights_m


def _slopes_percent(elevation: Elevation) -> FloatArray:
    """The slope of each cell; not a number at the grid's edge and next to unknown heights."""
    wide_m, high_m = elevation.sides_m
    heights = elevation.heights_m
    slopes = np.full(heights.shape, np.nan)
    # Sums of three neighbours with the middle one twice, east of each cell, west of it, and so on.
    down = heights[:-2] + 2.0 * heights[1:-1] + heights[2:]
    along = heights[:, :-2] + 2.0 * heights[:, 1:-1] + heights[:, 2:]
    eastwards = (down[:, 2:] - down[:, :-2]) / (8.0 * wide_m[1:-1, np.newaxis])
    southwards = (along[2:] - along[:-2]) / (8.0 * high_m)
    slopes[1:-1, 1:-1] = 100.0 * np.hypot(eastwards, southwards)
    slopes[np.isnan(heights)] = np.nan
    return slopes


def _corners_m(elevation: Elevation, projection: SiteProjection) -> FloatArray:
    """The corners of all cells in metres of the site's zone: rows + 1, columns + 1, 2."""
    rows, columns = elevation.heights_m.shape
    x = elevation.west + elevation.cell * np.arange(columns + 1)
    y = elevation.south + elevation.cell * np.arange(rows, -1, -1)
    corners = np.stack(np.meshgrid(x, y), axis=-1)
    if elevation.in_degrees:
        return projection.points_to_metres(corners.reshape(-1, 2)).reshape(corners.shape)
    return corners


def _area_of(cells: BoolArray, corners_m: FloatArray) -> MultiPolygon:
    """Join cells to areas, row by row: each run of them is one shape."""
    runs = []
    for row, ends in enumerate(np.diff(np.pad(cells, ((0, 0), (1, 1))).astype(np.int8))):
        upper, lower = corners_m[row], corners_m[row + 1]
        starts, stops = np.flatnonzero(ends == 1), np.flatnonzero(ends == -1)
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            ring = np.concatenate((upper[start : stop + 1], lower[start : stop + 1][::-1]))
            runs.append(Polygon(ring))
    # Their edges match corner by corner, so that nothing need be looked for but common ones.
    return polygons_of(mended(shapely.coverage_union_all(runs)))
