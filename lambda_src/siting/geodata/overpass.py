"""OpenStreetMap features around a place, by the Overpass API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shapely.geometry import Polygon, box

from siting.geodata.http import Limits, ServiceClient
from siting.geodata.osm import map_features, named_places, read_element
from siting.geodata.taxonomy import TAXONOMY, Row, Tag, surrounds
from siting.wind.crs import wrap_longitude
from siting.wind.features import PLACE_KINDS, FeatureClass
from siting.wind.geojson import MAX_FEATURES
from siting.wind.site import MapFeature, NamedPlace, site_around
from tradewind.contracts.errors import DataSourceInvalid

SERVICE: Final = "The Overpass API"

#: What Overpass itself may take, in seconds and bytes; it sets the query's place in the queue.
_QUERY_TIMEOUT_S: Final = 60
_QUERY_BYTES: Final = 256 * 1024 * 1024
LIMITS: Final = Limits(answer_s=90.0, silence_s=75.0, total_s=180.0, answer_bytes=64_000_000)
#: Maps change by the day, not by the hour; two towns' worth of answers.
CACHE_BYTES: Final = 64_000_000
CACHE_AGE_S: Final = 24 * 3600.0
#: A circle's corners lie on it and its sides inside, and UTM is up to 0.1 % off the ground.
_WIDER: Final = 1.003
#: Names are looked for within this many radii of the site: what a map's margin shows.
_NAMES_REACH: Final = 1.1
#: And the coast within so many, or what is beyond the site would be drawn as land: from its middle,
#: the corners of a map of the report are 1.76 radii away.
_SEA_REACH: Final = 1.8
_COAST: Final = Tag("natural", ("coastline",)).as_overpass
_NAMED: Final = Tag("place", PLACE_KINDS).as_overpass + Tag("name").as_overpass
#: Characters of a service's own words that are passed on.
_MAX_WORDS: Final = 300


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the map shows around a place.

    Attributes:
        features: Everything that keeps turbines away, as far as asked for.
        incomplete_areas: Areas whose outline the map leaves open. What there is of it is kept.
        attribution: Whose data it is, in the service's own words.
        data_of: The moment the data are of, as the service says it; may be empty.
        places: Names of places, on the site and as far beyond as a map of it shows.
    """

    features: tuple[MapFeature, ...]
    incomplete_areas: int
    attribution: str
    data_of: str
    places: tuple[NamedPlace, ...] = ()


class OverpassClient(ServiceClient):
    """Fetches features from one Overpass API endpoint."""

    service = SERVICE
    limits = LIMITS
    cache_bytes = CACHE_BYTES
    cache_age_s = CACHE_AGE_S

    def features_around(
        self,
        longitude_deg: float,
        latitude_deg: float,
        radius_m: float,
        reach_m: Mapping[FeatureClass, float],
    ) -> Surroundings:
        """Return what keeps turbines away within a radius and, per class, some way beyond.

        Args:
            longitude_deg: Of the place.
            latitude_deg: Of the place.
            radius_m: How far the site reaches.
            reach_m: How far beyond the site each class is looked for: its setback.

        Raises:
            WindError: The place is out of UTM's reach.
            DataSourceError: The service gave no whole answer.
        """
        # As the site's own projection counts: windows and features must be on the same side of the
        # antimeridian.
        longitude_deg = wrap_longitude(longitude_deg)
        windows = {
            kind: _circle(longitude_deg, latitude_deg, radius_m + far_m)
            for kind, far_m in reach_m.items()
        }
        named = _circle(longitude_deg, latitude_deg, _NAMES_REACH * radius_m)
        sea = (
            _circle(
                longitude_deg,
                latitude_deg,
                max(_SEA_REACH * radius_m, radius_m + reach_m[FeatureClass.WATER]),
            )
            if FeatureClass.WATER in reach_m
            else None
        )
        query = _query(longitude_deg, latitude_deg, windows, named, sea)
        answer = self._http.ask("POST", {"data": query}, self._check)
        elements = [read_element(one) for one in answer["elements"][1:]]
        found = map_features(elements, sea, longitude_deg)
        # A coast that is drawn far off is no sign that anybody mapped the site.
        mapped = any(one.shape_deg.intersects(windows[one.feature_class]) for one in found.features)
        head = answer.get("osm3s")
        head = head if isinstance(head, Mapping) else {}
        return Surroundings(
            features=tuple(found.features) if mapped else (),
            incomplete_areas=found.incomplete_areas,
            attribution=_words(head.get("copyright")) or "OpenStreetMap contributors, ODbL",
            data_of=_words(head.get("timestamp_osm_base")),
            places=tuple(named_places(elements, longitude_deg)),
        )

    def _check(self, answer: Any) -> None:
        """Refuse what is not the whole answer; a part of it would pass for free land.

        Overpass reports run-time errors, such as its own timeout, in a ``remark`` of an HTTP 200
        answer that holds what it had found until then. The count, which the query asks for first,
        also shows an answer that was cut without a word.
        """
        if not isinstance(answer, dict) or not isinstance(answer.get("elements"), list):
            raise DataSourceInvalid(f"{SERVICE} answered JSON without a list of elements.")
        remark = answer.get("remark")
        if remark is not None:
            self._http.overloaded(
                f"{' '.join(str(remark).split())} A smaller radius asks less of it."
            )
        elements = answer["elements"]
        counted = _counted(elements[0]) if elements else None
        if counted != len(elements) - 1:
            raise DataSourceInvalid(
                f"{SERVICE} announced {counted} features and sent {len(elements) - 1}; the answer "
                "is not whole."
            )
        if counted > MAX_FEATURES:
            raise DataSourceInvalid(
                f"{SERVICE} has {counted} features here; at most {MAX_FEATURES} are taken. Ask "
                "for a smaller radius."
            )


def _circle(longitude_deg: float, latitude_deg: float, radius_m: float) -> Polygon:
    """Return a circle in degrees, a little wide; longitudes may run past 180 degrees."""
    site = site_around(longitude_deg, latitude_deg, radius_m * _WIDER)
    assert isinstance(site.boundary_deg, Polygon)  # noqa: S101  a circle is in one piece
    return site.boundary_deg


def _query(
    longitude_deg: float,
    latitude_deg: float,
    windows: Mapping[FeatureClass, Polygon],
    named_deg: Polygon,
    sea_deg: Polygon | None,
) -> str:
    searches = [
        f"{row.elements}{_tags(row)}({_bounds(part)});"
        for row in TAXONOMY
        if row.kind in windows
        for part in _on_the_globe(windows[row.kind])
    ]
    around = [
        f"{element}(pivot.here){_tags(row)};"
        for row in TAXONOMY
        if row.kind in windows and surrounds(row)
        for element in ("way", "rel")
    ]
    lines = [
        f"[out:json][timeout:{_QUERY_TIMEOUT_S}][maxsize:{_QUERY_BYTES}];",
        f"is_in({latitude_deg:.7f},{longitude_deg:.7f})->.here;",
        "(",
        *searches,
        *around,
        *(f"node{_NAMED}({_bounds(part)});" for part in _on_the_globe(named_deg)),
        *(f"way{_COAST}({_bounds(part)});" for part in (_on_the_globe(sea_deg) if sea_deg else ())),
        ")->.all;",
        ".all out count;",
        ".all out geom qt;",
    ]
    return "\n".join(lines)


def _tags(row: Row) -> str:
    return "".join(tag.as_overpass for tag in row.tags)


def _on_the_globe(window_deg: Polygon) -> Iterator[Polygon]:
    """Return the rectangles around a window, cut where its longitudes run past 180 degrees."""
    around = box(*window_deg.bounds)
    for turn_deg in (-360.0, 0.0, 360.0):
        part = around.intersection(box(turn_deg - 180.0, -90.0, turn_deg + 180.0, 90.0))
        if part.area > 0.0:
            west, south, east, north = part.bounds
            yield box(west - turn_deg, south, east - turn_deg, north)


def _bounds(part_deg: Polygon) -> str:
    west, south, east, north = part_deg.bounds
    return f"{south:.6f},{west:.6f},{north:.6f},{east:.6f}"


def _counted(first: object) -> int | None:
    """Read Overpass' count element."""
    if not isinstance(first, dict) or first.get("type") != "count":
        return None
    tags = first.get("tags")
    total = tags.get("total") if isinstance(tags, dict) else None
    return int(total) if isinstance(total, str) and total.isdecimal() and len(total) < 10 else None  # noqa: PLR2004


def _words(value: object) -> str:
    return " ".join(value.split())[:_MAX_WORDS] if isinstance(value, str) else ""
