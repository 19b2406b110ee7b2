"""The sea. OpenStreetMap maps no sea, only the coast, with land on its left."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from siting.wind.crs import FloatArray, GeometryArray

#: How far to the right of the coast the sea is asked after, in degrees: some ten centimetres.
_ASIDE_DEG: Final = 1e-6
#: Pieces of coast this short are asked one by one, so that every face of the window has some.
_PIECE_DEG: Final = 0.005


def sea_within(window_deg: Polygon, coast: Sequence[FloatArray]) -> list[BaseGeometry]:
    """Return the parts of a window that are sea; none where no coast runs through it.

    The coast cuts the window into faces. A face is sea when more of the coast along it has it on
    its right than on its left, so that a stray piece drawn backwards changes nothing.

    Args:
        window_deg: The window.
        coast: Lines of longitude and latitude, each with land on its left.
    """
    lines = [shapely.LineString(line) for line in coast if len(line) > 1]
    if not lines:
        return []
    pieces = shapely.segmentize(np.array(lines, dtype=object), _PIECE_DEG)
    # Not cut off at the window first: an end so computed may miss the window's edge by a hair, and
    # what should be two faces stays one.
    faces = shapely.get_parts(
        shapely.polygonize([shapely.union_all([window_deg.exterior, *pieces])])
    )
    inside = shapely.contains(window_deg, shapely.point_on_surface(faces))
    right, left = _beside(pieces)
    sea = []
    for face in faces[inside]:
        shapely.prepare(face)
        to_right = int(shapely.contains_xy(face, right).sum())
        if to_right > int(shapely.contains_xy(face, left).sum()):
            sea.append(face)
    return sea


def _beside(lines: GeometryArray) -> tuple[FloatArray, FloatArray]:
    """Return a point to the right and one to the left of each segment's middle."""
    right, left = [], []
    for line in lines:
        points = shapely.get_coordinates(line)
        steps = np.diff(points, axis=0)
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        moving = lengths > 0.0
        middles = (points[:-1] + points[1:])[moving] / 2.0
        aside = np.column_stack((steps[:, 1], -steps[:, 0]))[moving]
        aside *= _ASIDE_DEG / lengths[moving, np.newaxis]
        right.append(middles + aside)
        left.append(middles - aside)
    return np.concatenate(right), np.concatenate(left)
