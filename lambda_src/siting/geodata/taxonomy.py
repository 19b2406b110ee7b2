"""Which tags of OpenStreetMap put an element in which class.

One table. Overpass is asked by it and its answer is read by it, so that nothing is asked for and
then dropped, and the page in the docs is written from it. Tags mean what OpenStreetMap's wiki says
of them (https://wiki.openstreetmap.org/wiki/Map_features).

Public roads only: a track or a driveway keeps no turbine away. Nor do ditches.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from siting.wind.features import FeatureClass

#: What Overpass calls kinds of elements, and the kinds they stand for.
ELEMENTS: Final[Mapping[str, frozenset[str]]] = {
    "nwr": frozenset({"node", "way", "relation"}),
    "wr": frozenset({"way", "relation"}),
    "nw": frozenset({"node", "way"}),
    "way": frozenset({"way"}),
}


@dataclass(frozen=True, slots=True)
class Tag:
    """A condition on one tag.

    Attributes:
        key: The tag's key.
        values: The values that will do, or that will not; any value if there are none.
        negated: Whether an element must not have one of the values. It may lack the tag.
    """

    key: str
    values: tuple[str, ...] = ()
    negated: bool = False

    def holds(self, tags: Mapping[str, str]) -> bool:
        """Whether an element with these tags meets the condition."""
        if self.negated:
            return tags.get(self.key) not in self.values
        return tags.get(self.key) in self.values if self.values else self.key in tags

    @property
    def as_overpass(self) -> str:
        """The condition in Overpass' language, which reads ``~`` as a regular expression."""
        if not self.values:
            return f'["{self.key}"]'
        no = "!" if self.negated else ""
        if len(self.values) == 1:
            return f'["{self.key}"{no}="{self.values[0]}"]'
        return f'["{self.key}"{no}~"^({"|".join(self.values)})$"]'

    @property
    def in_words(self) -> str:
        """The condition as OpenStreetMap's users write it."""
        return f"{self.key}{'≠' if self.negated else '='}{', '.join(self.values) or '*'}"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is looked for.

    Attributes:
        kind: The class it is put in.
        what: What it is.
        elements: The kinds of element it is drawn as, in Overpass' words.
        tags: The conditions, all of which an element meets.
        is_area: Whether a closed outline bounds an area; a roundabout does not.
    """

    kind: FeatureClass
    what: str
    elements: str
    tags: tuple[Tag, ...]
    is_area: bool = True

    def takes(self, element: str, tags: Mapping[str, str]) -> bool:
        """Whether an element of that type with these tags is such a thing."""
        return element in ELEMENTS[self.elements] and all(tag.holds(tags) for tag in self.tags)


#: Buildings that nobody sleeps in. Every other building, and one of unknown use, may be a home.
_OUTBUILDINGS: Final = (
    "barn", "shed", "garage", "garages", "carport", "farm_auxiliary", "stable", "sty", "cowshed",
    "greenhouse", "hangar", "hut", "roof", "silo", "slurry_tank", "storage_tank", "warehouse",
    "industrial", "service", "transformer_tower", "water_tower", "ruins", "collapsed", "bunker",
    "boathouse", "container", "tank", "digester",
)  # fmt: skip
_ROADS: Final = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "motorway_link", "trunk_link",
    "primary_link", "secondary_link", "tertiary_link", "unclassified", "residential",
    "living_street",
)  # fmt: skip
_NO_ROADS: Final = ("track", "service", "footway", "cycleway", "path", "steps", "pedestrian")
_RAILWAYS: Final = ("rail", "light_rail", "narrow_gauge", "tram", "monorail", "funicular")
_BURIED: Final = ("underground", "underwater")
_LANDSCAPE: Final = Tag("protect_class", ("5",))
_NOT_LANDSCAPE: Final = Tag("protect_class", ("5",), negated=True)

_OF: Final = FeatureClass
TAXONOMY: Final[tuple[Row, ...]] = (
    Row(_OF.BUILDING, "dwellings, and buildings of unknown use", "nwr", (
        Tag("building"), Tag("building", ("no", *_OUTBUILDINGS), negated=True))),
    Row(_OF.OUTBUILDING, "barns, sheds, halls and ruins", "nwr", (Tag("building", _OUTBUILDINGS),)),
    Row(_OF.SETTLEMENT, "residential land", "wr", (Tag("landuse", ("residential",)),)),
    Row(_OF.SETTLEMENT, "allotments", "wr", (Tag("landuse", ("allotments",)),)),
    Row(_OF.SENSITIVE_PLACE, "schools, hospitals and homes", "nwr", (
        Tag("amenity", ("school", "kindergarten", "college", "university", "hospital", "clinic",
                        "nursing_home", "social_facility", "prison")),)),
    Row(_OF.SENSITIVE_PLACE, "camp sites and other places to sleep", "nwr", (
        Tag("tourism", ("camp_site", "caravan_site", "chalet", "hotel", "guest_house", "hostel",
                        "motel", "alpine_hut", "wilderness_hut")),)),
    Row(_OF.ROAD, "public roads", "way", (Tag("highway", _ROADS),), is_area=False),
    Row(_OF.ROAD, "roads under construction, other than tracks and paths", "way", (
        Tag("highway", ("construction",)), Tag("construction", _NO_ROADS, negated=True)),
        is_area=False),
    Row(_OF.ROAD, "railways", "way", (Tag("railway", _RAILWAYS),), is_area=False),
    Row(_OF.ROAD, "railways under construction", "way", (
        Tag("railway", ("construction",)),), is_area=False),
    Row(_OF.ROAD, "cableways and ski lifts", "way", (
        Tag("aerialway", ("cable_car", "gondola", "mixed_lift", "chair_lift", "drag_lift",
                          "t-bar", "j-bar", "platter", "rope_tow", "goods")),), is_area=False),
    Row(_OF.POWER_LINE, "overhead lines", "way", (
        Tag("power", ("line", "minor_line")), Tag("location", _BURIED, negated=True)),
        is_area=False),
    Row(_OF.CABLE, "cables", "way", (Tag("power", ("cable",)),), is_area=False),
    Row(_OF.CABLE, "lines that are buried", "way", (
        Tag("power", ("line", "minor_line")), Tag("location", _BURIED)), is_area=False),
    Row(_OF.SUBSTATION, "substations and converters", "nwr", (
        Tag("power", ("substation", "station", "sub_station", "converter")),)),
    Row(_OF.SUBSTATION, "power plants other than wind farms", "nwr", (
        Tag("power", ("plant",)), Tag("plant:source", ("wind",), negated=True))),
    Row(_OF.PIPELINE, "pipelines", "way", (Tag("man_made", ("pipeline",)),), is_area=False),
    Row(_OF.MAST, "masts, towers and chimneys", "nwr", (
        Tag("man_made", ("mast", "tower", "communications_tower", "chimney", "lighthouse",
                         "water_tower", "observatory", "telescope", "radar", "antenna",
                         "satellite_dish")),)),
    Row(_OF.WIND_TURBINE, "wind turbines", "nw", (
        Tag("power", ("generator",)), Tag("generator:source", ("wind",)))),
    Row(_OF.WATER, "lakes, ponds and broad rivers", "wr", (Tag("natural", ("water",)),)),
    Row(_OF.WATER, "water without the tag natural", "wr", (
        Tag("water", ("lake", "pond", "reservoir", "basin", "river", "canal", "lagoon", "oxbow",
                      "stream_pool", "moat", "reflecting_pool", "harbour")),
        Tag("waterway", ("river", "stream", "canal"), negated=True))),
    Row(_OF.WATER, "reservoirs and basins", "wr", (Tag("landuse", ("reservoir", "basin")),)),
    Row(_OF.WATER, "broad rivers, docks", "wr", (Tag("waterway", ("riverbank", "dock")),)),
    Row(_OF.WATER, "rivers, streams and canals", "way", (
        Tag("waterway", ("river", "stream", "canal")),), is_area=False),
    Row(_OF.WATER, "the coast, and the sea beyond it", "way", (
        Tag("natural", ("coastline",)),), is_area=False),
    Row(_OF.WATER, "glaciers", "wr", (Tag("natural", ("glacier",)),)),
    Row(_OF.WETLAND, "wetlands", "wr", (Tag("natural", ("wetland",)),)),
    Row(_OF.WETLAND, "mud", "wr", (Tag("natural", ("mud",)),)),
    Row(_OF.FOREST, "woods", "wr", (Tag("natural", ("wood",)),)),
    Row(_OF.FOREST, "forests", "wr", (Tag("landuse", ("forest",)),)),
    Row(_OF.PROTECTED_AREA, "protected areas other than landscape", "wr", (
        Tag("boundary", ("protected_area", "national_park")), _NOT_LANDSCAPE)),
    Row(_OF.PROTECTED_AREA, "nature reserves", "wr", (
        Tag("leisure", ("nature_reserve",)), _NOT_LANDSCAPE)),
    Row(_OF.LANDSCAPE_PROTECTION, "landscape protection (IUCN category V)", "wr", (
        Tag("boundary", ("protected_area", "national_park")), _LANDSCAPE)),
    Row(_OF.LANDSCAPE_PROTECTION, "landscape protection, drawn as a reserve", "wr", (
        Tag("leisure", ("nature_reserve",)), _LANDSCAPE)),
    Row(_OF.MILITARY, "military land", "wr", (Tag("landuse", ("military",)),)),
    Row(_OF.MILITARY, "ranges, barracks, danger areas, bunkers", "nwr", (Tag("military"),)),
    Row(_OF.AIRFIELD, "aerodromes, heliports and their terminals", "nwr", (
        Tag("aeroway", ("aerodrome", "heliport", "helipad", "terminal", "apron", "hangar",
                        "spaceport")),)),
    Row(_OF.AIRFIELD, "runways", "nwr", (
        Tag("aeroway", ("runway", "airstrip", "taxiway", "stopway")), Tag("area", ("yes",)))),
    Row(_OF.AIRFIELD, "runways drawn as lines", "nwr", (
        Tag("aeroway", ("runway", "airstrip", "taxiway", "stopway")),
        Tag("area", ("yes",), negated=True)), is_area=False),
    Row(_OF.DEVELOPED_LAND, "industry, trade, pits, tips and building sites", "wr", (
        Tag("landuse", ("industrial", "commercial", "retail", "quarry", "landfill", "construction",
                        "railway", "port", "depot", "farmyard", "cemetery", "religious",
                        "institutional", "education", "recreation_ground", "winter_sports",
                        "brownfield", "salt_pond")),)),
    Row(_OF.DEVELOPED_LAND, "parks and sports", "wr", (
        Tag("leisure", ("park", "golf_course", "stadium", "sports_centre", "horse_riding",
                         "marina", "water_park")),)),
    Row(_OF.DEVELOPED_LAND, "works, tanks and wells", "nwr", (
        Tag("man_made", ("works", "wastewater_plant", "water_works", "storage_tank", "silo",
                         "gasometer", "petroleum_well", "mineshaft", "adit")),)),
    Row(_OF.DEVELOPED_LAND, "dams", "way", (Tag("waterway", ("dam",)),), is_area=False),
    Row(_OF.DEVELOPED_LAND, "graveyards, shelters and filling stations", "nwr", (
        Tag("amenity", ("grave_yard", "fuel", "place_of_worship", "animal_shelter")),)),
    Row(_OF.MONUMENT, "castles, monuments and digs", "nwr", (
        Tag("historic", ("castle", "monument", "archaeological_site", "fort", "ruins", "church",
                         "monastery", "manor", "city_gate", "tomb", "battlefield", "tower")),)),
    Row(_OF.MONUMENT, "listed heritage", "nwr", (Tag("heritage"),)),
)  # fmt: skip

#: Classes so small that a site cannot lie inside one of their areas.
_SMALL: Final = frozenset(
    {_OF.BUILDING, _OF.OUTBUILDING, _OF.MAST, _OF.WIND_TURBINE, _OF.SUBSTATION}
)


def surrounds(row: Row) -> bool:
    """Whether a site can lie inside such an area without coming near its edge.

    There a search by rectangle finds nothing of it.
    """
    return row.is_area and row.kind not in _SMALL


def classes_of(element: str, tags: Mapping[str, str]) -> dict[FeatureClass, bool]:
    """Return every class that an element is in, and whether its closed outline bounds an area."""
    found: dict[FeatureClass, bool] = {}
    for row in TAXONOMY:
        if row.takes(element, tags):
            found[row.kind] = found.get(row.kind, False) or row.is_area
    return found
