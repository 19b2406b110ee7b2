"""What bounds the turbines of a site, as layers to draw.

Shapes are metres east and north of the site's middle, in its UTM zone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
import shapely
from shapely.geometry import Point, box
from shapely.geometry.base import BaseGeometry

from siting.charts.graticule import Plane
from siting.documents.map_labels import (
    NAMED_KINDS,
    RANKED,
    class_label,
    place_name,
    says_no_more,
    zone_label,
)
from siting.documents.wording import plain
from siting.wind.exclusions import Exclusions, inset
from siting.wind.features import DRAWN_IN_ORDER, FeatureClass

#: Of a class, as many features get a shape and a word of their own; the others share one.
_MAX_NAMED: Final = 1_000
#: Kept around the boundary when the map opens, as a share of its size.
_PADDING: Final = 0.06

#: Colour of each class, as in the report's map.
_COLOURS: Final[Mapping[FeatureClass, str]] = {
    FeatureClass.BUILDING: "#d1495b",
    FeatureClass.OUTBUILDING: "#b98a7e",
    FeatureClass.SETTLEMENT: "#e58fa0",
    FeatureClass.SENSITIVE_PLACE: "#a3123f",
    FeatureClass.ROAD: "#7d8790",
    FeatureClass.POWER_LINE: "#e0a100",
    FeatureClass.CABLE: "#c9b458",
    FeatureClass.SUBSTATION: "#b36b00",
    FeatureClass.PIPELINE: "#a0522d",
    FeatureClass.MAST: "#4a4a4a",
    FeatureClass.WIND_TURBINE: "#0f6e84",
    FeatureClass.WATER: "#3a86c8",
    FeatureClass.WETLAND: "#6fb7c9",
    FeatureClass.FOREST: "#4f7f3a",
    FeatureClass.PROTECTED_AREA: "#2f8f5b",
    FeatureClass.LANDSCAPE_PROTECTION: "#9ccf9f",
    FeatureClass.MILITARY: "#7a7a3d",
    FeatureClass.AIRFIELD: "#8a5cc2",
    FeatureClass.DEVELOPED_LAND: "#c2a9a0",
    FeatureClass.MONUMENT: "#6b3fa0",
    FeatureClass.STEEP_GROUND: "#8b6f4e",
}
_BUILDABLE: Final = "#8cc63f"
_BOUNDARY: Final = "#1d2a35"
_SETBACK: Final = "#7b8894"
_HALF_A_ROTOR: Final = (
    "Turbines also keep half a rotor from the boundary, which is not drawn: the turbine is chosen "
    "with the layout."
)

Kind = Literal["area", "zone", "feature", "outline"]


class LabelledShape(NamedTuple):
    """A shape and what it says about itself when pointed at."""

    shape: BaseGeometry
    text: str


@dataclass(frozen=True, slots=True)
class Layer:
    """Something the map shows or hides as one.

    Attributes:
        key: Its name in the page.
        kind: How it is drawn.
        label: What it is, in the legend.
        detail: How much of it, in the legend.
        colour: As ``#rrggbb``.
        shapes: Its shapes.
    """

    key: str
    kind: Kind
    label: str
    detail: str
    colour: str
    shapes: tuple[LabelledShape, ...]


@dataclass(frozen=True, slots=True)
class BoundaryMap:
    """A map of a site.

    Attributes:
        title: What it shows.
        headline: The areas, in words.
        notes: Whose data it is, and what the setbacks are.
        layers: From the bottom up.
        places: Names of places, the most telling first, and where they are.
        bounds: West, south, east and north of what is shown at first, in metres.
        origin_deg: Longitude and latitude of the middle.
        degrees_per_metre: Longitude and latitude gained by a metre east, and by a metre north.
    """

    title: str
    headline: str
    notes: tuple[str, ...]
    layers: tuple[Layer, ...]
    places: tuple[tuple[str, float, float], ...]
    bounds: tuple[float, float, float, float]
    origin_deg: tuple[float, float]
    degrees_per_metre: tuple[tuple[float, float], tuple[float, float]]

    @property
    def plane(self) -> Plane:
        """How metres east and north of the middle become degrees."""
        return Plane((0.0, 0.0), self.origin_deg, *self.degrees_per_metre)


def lay_out(
    found: Exclusions,
    *,
    title: str,
    attribution: str,
    boundary_setback_m: float | None,
    rules: str | None,
) -> BoundaryMap:
    """Lay out the map of a site's exclusions.

    Args:
        found: The site and what is excluded from it.
        title: The map's title.
        attribution: Whose map data it shows.
        boundary_setback_m: What hubs keep from the boundary; half a rotor, not known yet, if None.
        rules: What the rules are called that setbacks follow, if they follow any.
    """
    west, south, east, north = found.site.boundary_m.bounds
    middle = np.array(((west + east) / 2.0, (south + north) / 2.0))
    margin = _PADDING * max(east - west, north - south)
    half_width, half_height = (east - west) / 2.0 + margin, (north - south) / 2.0 + margin
    corners = found.site.projection.points_to_degrees(middle + np.array(((0, 0), (1, 0), (0, 1))))
    (longitude, latitude), *steps = corners.tolist()
    (east_x, east_y), (north_x, north_y) = ((x - longitude, y - latitude) for x, y in steps)
    return BoundaryMap(
        title=plain(title),
        headline=(
            f"Site {found.site_km2:.2f} km², excluded {found.excluded_km2:.2f} km², "
            f"buildable {found.buildable_km2:.2f} km² ({100.0 * found.buildable_share:.1f} %)"
        ),
        notes=(
            f"Map data: {plain(attribution)}",
            "Setbacks are distances from the centre of a turbine and planning assumptions, not "
            "law. Areas are in the site's UTM zone; zones of different classes may overlap. Zones "
            "are drawn on the site alone.",
            *((f"Setbacks follow {rules} where it gives one.",) if rules else ()),
            *(() if boundary_setback_m is not None else (_HALF_A_ROTOR,)),
        ),
        layers=tuple(_layers(found, middle, boundary_setback_m or 0.0)),
        places=tuple(_places(found, middle, (half_width, half_height))),
        bounds=(-half_width, -half_height, half_width, half_height),
        origin_deg=(longitude, latitude),
        degrees_per_metre=((east_x, east_y), (north_x, north_y)),
    )


def _layers(found: Exclusions, middle: np.ndarray, boundary_setback_m: float) -> Iterator[Layer]:
    def placed(shape_m: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shape_m, lambda points: points - middle)

    buildable = LabelledShape(
        placed(found.buildable_m), f"Buildable, {found.buildable_km2:.2f} km²"
    )
    yield Layer(
        "buildable",
        "area",
        "Buildable",
        f"{found.buildable_km2:.2f} km²",
        _BUILDABLE,
        (buildable,),
    )
    for zone in found.zones:
        if zone.area_m.is_empty:  # what is there keeps nothing of the site
            continue
        colour = _COLOURS[zone.feature_class]
        kept = zone_label(zone.feature_class, zone.setback_m)
        text = f"{kept}, {zone.area_km2:.2f} km² of the site"
        yield Layer(
            f"zone-{zone.feature_class}",
            "zone",
            kept,
            f"{zone.area_km2:.2f} km²",
            colour,
            (LabelledShape(placed(zone.area_m), text),),
        )
    known = [one for one in found.zones if one.feature_class in DRAWN_IN_ORDER]
    for zone in sorted(known, key=lambda one: DRAWN_IN_ORDER.index(one.feature_class)):
        kind = zone.feature_class
        colour, name = _COLOURS[kind], class_label(kind)
        features = [one for one in found.site.features if one.feature_class is kind]
        named = [one for one in features if one.name][:_MAX_NAMED]
        own = {id(one) for one in named}
        others = [one.shape_m for one in features if id(one) not in own]
        shapes = [
            LabelledShape(placed(one.shape_m), f"{plain(one.name)} ({_singular(kind)})")
            for one in named
        ]
        if others:
            shapes.insert(0, LabelledShape(placed(shapely.geometrycollections(others)), name))
        yield Layer(
            f"feature-{kind}", "feature", name, f"{zone.feature_count} on the map", colour,
            tuple(shapes),
        )  # fmt: skip
    if boundary_setback_m:
        line = LabelledShape(placed(inset(found.site.boundary_m, boundary_setback_m)), "")
        yield Layer(
            "boundary-setback",
            "outline",
            "Setback from the boundary",
            f"{boundary_setback_m:g} m",
            _SETBACK,
            (line,),
        )
    boundary = LabelledShape(placed(found.site.boundary_m), "")
    yield Layer(
        "boundary",
        "outline",
        "Site boundary",
        f"{found.site_km2:.2f} km²",
        _BOUNDARY,
        (boundary,),
    )


def _places(
    found: Exclusions, middle: np.ndarray, half: tuple[float, float]
) -> Iterator[tuple[str, float, float]]:
    """Yield each name of a place once, in the middle of what the map shows of it."""
    shown = box(*(middle - half), *(middle + half))
    named: list[tuple[str, str, BaseGeometry]] = [
        (one.feature_class, one.name, one.shape_m)
        for one in found.site.features
        if one.name and one.feature_class in NAMED_KINDS
    ]
    for place in found.site.places:
        at = Point(place.longitude_deg, place.latitude_deg)
        named.append((place.kind, place.name, found.site.projection.to_metres(at)))
    told: set[str] = set()
    for kind, full_name, shape_m in sorted(named, key=lambda each: RANKED.index(each[0])):
        name = plain(full_name)
        part = shape_m.intersection(shown)
        if not part.is_empty and not says_no_more(kind, name, told):
            told.add(name)
            x, y = shapely.get_coordinates(part.centroid)[0] - middle
            yield place_name(name), round(float(x), 1), round(float(y), 1)


def _singular(kind: FeatureClass) -> str:
    return kind.value.replace("_", " ")
