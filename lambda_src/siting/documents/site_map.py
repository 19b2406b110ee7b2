"""A site as a map: GeoJSON in, shapes for an SVG out. Standard library only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from siting.charts.graticule import GridLine
from siting.documents.map_frame import Frame, Matrix, ScaleBar, Shape
from siting.documents.map_labels import (
    MAX_PLACES,
    RANKED,
    Label,
    Labels,
    place_name,
    says_no_more,
)
from siting.documents.wording import decimal, plain
from siting.wind.features import DRAWN_IN_ORDER, PLACE, FeatureClass

#: Turbines and the size of their names, in pixels: many are written smaller.
_LABEL_SIZES: Final = ((60, 11.0), (120, 9.0))
_SMALLEST_LABEL: Final = 7.5
_TURBINE_PX: Final = 7.0
_PLACE_SIZE: Final = 14.0
#: From little energy to much: light to dark in grey as well, and told apart by the colour-blind.
_SCALE: Final = ((253, 231, 37), (33, 145, 140), (68, 1, 84))

#: Areas that zones are drawn over: under the sea nobody would see a reserve's. All else is small.
_WIDE: Final = frozenset(
    DRAWN_IN_ORDER[: DRAWN_IN_ORDER.index(FeatureClass.SENSITIVE_PLACE)],
)
_ORDER: Final[Mapping[str, int]] = {kind: at for at, kind in enumerate(DRAWN_IN_ORDER)}

View = Literal["land", "energy", "wakes"]


@dataclass(frozen=True, slots=True)
class Marker:
    """A turbine on the map.

    Attributes:
        label: Its name, and where that is set.
        name: Its id.
        x: Where it stands, in pixels.
        y: The same.
        colour: What it is filled with, as ``#rrggbb``.
    """

    label: Label
    name: str
    x: float
    y: float
    colour: str


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture of a part of the map.

    Attributes:
        png: As a ``data:`` address.
        width: Its own pixels.
        height: The same.
        matrix: What puts it in its place.
    """

    png: str
    width: int
    height: int
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class Scale:
    """What a map's colours mean.

    Attributes:
        title: What is shown, with its unit.
        low: The lowest value.
        high: The highest.
        colours: From low to high.
    """

    title: str
    low: str
    high: str
    colours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SiteMap:
    """Everything a map of the report shows, in pixels from its upper left corner.

    Attributes:
        view: What the map is about.
        width: Of the map.
        height: Of the map.
        boundary: The site's boundary.
        setback_line: What hubs keep within, so far from the boundary.
        zones: Exclusion zones, one shape per class.
        features: What the zones are kept from.
        turbines: Where turbines stand.
        places: Names of places.
        label_size: Of the turbines' names, in pixels.
        graticule: Lines of equal longitude and latitude.
        scale_bar: The map's scale.
        frame: What it shows of the earth.
        raster: A picture over the land, if any.
        scale: What the colours mean, where they are no kinds.
    """

    view: View
    width: float
    height: float
    boundary: Shape
    setback_line: Shape
    zones: tuple[Shape, ...]
    features: tuple[Shape, ...]
    turbines: tuple[Marker, ...]
    places: tuple[Label, ...]
    label_size: float
    graticule: tuple[GridLine, ...]
    scale_bar: ScaleBar
    frame: Frame
    raster: Raster | None = None
    scale: Scale | None = None

    @property
    def wide_areas(self) -> tuple[Shape, ...]:
        """The features that lie under the zones."""
        return tuple(one for one in self.features if one.kind in _WIDE and not one.is_line)

    @property
    def small_features(self) -> tuple[Shape, ...]:
        """The features that lie over them."""
        return tuple(one for one in self.features if one.kind not in _WIDE or one.is_line)

    @property
    def feature_kinds(self) -> tuple[Shape, ...]:
        """One feature of each class that is drawn, in order."""
        return tuple({shape.kind: shape for shape in self.features}.values())

    @property
    def legend_zones(self) -> tuple[Shape, ...]:
        """The zones that a legend tells apart: one without a setback is the feature itself."""
        told = {shape.label for shape in self.features}
        return tuple(zone for zone in self.zones if zone.label not in told)


def draw_site(
    site: Mapping[str, Any],
    zones: Mapping[str, Any],
    turbines: Sequence[Mapping[str, Any]],
    setback_line: Mapping[str, Any],
) -> SiteMap:
    """Draw a site.

    Args:
        site: The site's FeatureCollection, its boundary first.
        zones: The exclusion zones' FeatureCollection.
        turbines: Objects with ``id``, ``longitude_deg`` and ``latitude_deg``.
        setback_line: The geometry that hubs keep within, so far from the boundary.
    """
    boundary, *others = site["features"]
    frame = Frame.around(boundary["geometry"])
    points = [frame.to_pixels((one["longitude_deg"], one["latitude_deg"])) for one in turbines]
    size = next((px for most, px in _LABEL_SIZES if len(points) <= most), _SMALLEST_LABEL)
    labels = Labels(frame.width, frame.height, points, _TURBINE_PX)
    markers = tuple(
        _marker(plain(one["id"]), x, y, labels=labels, size=size)
        for one, (x, y) in zip(turbines, points, strict=True)
    )
    return SiteMap(
        view="land",
        width=frame.width,
        height=frame.height,
        boundary=frame.shape(boundary),
        setback_line=frame.shape(
            {"properties": {"class": "boundary_setback"}, "geometry": setback_line}
        ),
        zones=frame.shapes(zones["features"]),
        features=_drawn(others, frame),
        turbines=markers,
        places=tuple(_places(others, frame, labels)),
        label_size=size,
        graticule=frame.graticule(),
        scale_bar=frame.scale_bar(),
        frame=frame,
    )


def with_energy(land: SiteMap, energy_gwh: Mapping[str, float], title: str) -> SiteMap:
    """Return the map with each turbine in the colour of its energy, and the energy by its name.

    Args:
        land: The site's map.
        energy_gwh: Each turbine's energy per year, by its id.
        title: What the energy is net of, for the scale.
    """
    low, high = min(energy_gwh.values()), max(energy_gwh.values())
    # Turbines of different colours have different figures.
    digits = 1 if high - low >= 1.0 else 2
    points = [(one.x, one.y) for one in land.turbines]
    labels = Labels(land.width, land.height, points, _TURBINE_PX)
    markers = []
    for one in land.turbines:
        gwh = energy_gwh[one.name]
        share = (gwh - low) / (high - low) if high > low else 0.5
        text = f"{one.name}: {decimal(gwh, digits)}"
        marker = _marker(one.name, one.x, one.y, labels=labels, size=land.label_size, text=text)
        markers.append(replace(marker, colour=_colour(share)))
    scale = Scale(
        title, decimal(low, 2), decimal(high, 2), tuple(_colour(at / 4) for at in range(5))
    )
    return replace(land, view="energy", turbines=tuple(markers), scale=scale, places=())


def with_wakes(land: SiteMap, raster: Raster, scale: Scale) -> SiteMap:
    """Return the map with the wakes of one wind over the land."""
    return replace(land, view="wakes", raster=raster, scale=scale, places=())


def _marker(
    name: str, x: float, y: float, *, labels: Labels, size: float, text: str = ""
) -> Marker:
    label = labels.beside(text or name, x, y, size=size)
    return Marker(label, name, x, y, "#ffffff")


def _places(features: Sequence[Mapping[str, Any]], frame: Frame, labels: Labels) -> Iterator[Label]:
    """Yield the names of places that there is room for, each once."""
    told: set[str] = set()
    ranked = [
        (RANKED.index(kind), kind, one)
        for one in features
        if one["properties"].get("name") and (kind := _kind_of(one["properties"])) in RANKED
    ]
    for _, kind, one in sorted(ranked, key=lambda each: each[0]):
        name = plain(one["properties"]["name"])
        if says_no_more(kind, name, told):
            continue
        middle = frame.middle_of(one["geometry"])
        placed = middle and labels.over(place_name(name), *middle, size=_PLACE_SIZE)
        if placed:
            told.add(name)
            yield placed
        if len(told) == MAX_PLACES:
            return


def _drawn(features: Sequence[Mapping[str, Any]], frame: Frame) -> tuple[Shape, ...]:
    """Draw what is on the map: areas, then lines, and what is small over what is wide.

    Steep ground is a zone as it is, and would hide what lies on it.
    """
    known = [one for one in features if one["properties"]["class"] in _ORDER]
    shapes = frame.shapes(known)
    return tuple(sorted(shapes, key=lambda one: (one.is_line, _ORDER[one.kind])))


def _kind_of(properties: Mapping[str, Any]) -> str:
    """Return what ranks a name: of a place its kind, of a feature its class."""
    return str(properties["kind"] if properties["class"] == PLACE else properties["class"])


def _colour(share: float) -> str:
    """Return the colour of a value between the lowest, 0, and the highest, 1."""
    first = 0 if share < 0.5 else 1  # noqa: PLR2004  the middle of three
    within = 2.0 * share - first
    mixed = (
        round(low + within * (high - low))
        for low, high in zip(_SCALE[first], _SCALE[first + 1], strict=True)
    )
    return "#" + "".join(f"{one:02x}" for one in mixed)
