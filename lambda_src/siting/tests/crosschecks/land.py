"""What is assumed of the land, by every step that comes after it."""

from collections.abc import Mapping
from typing import Final

from siting.tests.crosschecks.cases import (
    AS_IT_IS,
    BROUGHT_BACK,
    NOT_READ,
    OTHER_LAND,
    Call,
    Cells,
    Step,
    answers,
    in_report,
    laid,
    moved,
    no_matter,
    on_cover,
    recomputes,
    refuses,
    simulated,
    stale,
    typed,
    zones,
)

_HIGH: Final = "iea_15mw_240m"
#: A layout of high turbines, kept, on land that is cut for lower ones again.
_TOO_HIGH: Final = (
    zones(turbine_model=_HIGH),
    laid(turbine_count=2, turbine_model=_HIGH),
    Call("save_layout", {"layout_name": "high"}),
    zones(),
)


LAND: Final[Mapping[str, Cells]] = {
    "How high turbines reach": {
        Step.LAND: (
            recomputes("zones", zones(turbine_model=_HIGH)),
            refuses("Give one of the two", zones(turbine_model=_HIGH, tip_height_m=175)),
        ),
        Step.WIND: NOT_READ,
        Step.LAYOUT: (
            refuses("The land was cut for turbines that reach 175 m", laid(turbine_model=_HIGH)),
        ),
        Step.CHANGED: (
            refuses("iea_15mw_240m reaches 270 m", *_TOO_HIGH, moved()),
            refuses("iea_15mw_240m reaches 270 m", *_TOO_HIGH, typed("own_2mw")),
            refuses(
                "iea_15mw_240m reaches 270 m",
                *_TOO_HIGH,
                Call("load_layout", {"layout_name": "high"}),
            ),
        ),
        **stale(zones(tip_height_m=200)),
    },
    "Setbacks, and the rules they follow": {
        Step.LAND: (recomputes("zones", zones(setback_rules="denmark_4h")),),
        Step.WIND: NOT_READ,
        Step.LAYOUT: no_matter("keeps those of the land that it reads, and takes no others"),
        Step.CHANGED: (
            recomputes("moves", zones(building_setback_m=900), moved()),
            refuses(
                "Call relocate_turbines first", zones(building_setback_m=900), typed("own_2mw")
            ),
            refuses("no longer fits the land", zones(building_setback_m=900), BROUGHT_BACK),
        ),
        **stale(zones(setback_rules="denmark_4h")),
    },
    "The setback from the boundary": {
        Step.LAND: (
            refuses(
                "Give one of",
                zones(boundary_setback_m=100, boundary_setback_tip_heights=1),
            ),
        ),
        Step.WIND: NOT_READ,
        Step.LAYOUT: (recomputes("boundary_setback_m", zones(boundary_setback_m=400), laid()),),
        Step.CHANGED: (
            recomputes("moves", zones(boundary_setback_m=400), moved()),
            refuses("no longer fits the land", zones(boundary_setback_m=400), BROUGHT_BACK),
        ),
        **stale(zones(boundary_setback_m=400)),
    },
    "Classes that turbines may stand on": {
        Step.LAND: (
            refuses(
                "Give one of the two",
                zones(turbines_allowed_on=["forest"], forest_setback_m=100),
            ),
            answers(
                '"turbines_allowed_on": []',
                zones("a forest", turbines_allowed_on=["forest"]),
                zones(),
            ),
        ),
        Step.WIND: NOT_READ,
        Step.LAYOUT: no_matter("keeps what the land that it reads leaves"),
        Step.CHANGED: no_matter("as new layouts"),
        Step.ENERGY: (
            refuses(OTHER_LAND, zones("a forest", turbines_allowed_on=["forest"]), simulated()),
        ),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: (
            in_report(
                "The request lets turbines stand on: forests.",
                zones("a forest", turbines_allowed_on=["forest"]),
                laid(),
                simulated(),
            ),
        ),
    },
    "How far the map was searched": {
        Step.LAND: (refuses("was searched for class", zones("a map, searched for 300 m")),),
        Step.WIND: NOT_READ,
        Step.LAYOUT: no_matter(
            "classes that were not found count for higher turbines all the same"
        ),
        Step.CHANGED: no_matter("as new layouts"),
        Step.ENERGY: NOT_READ,
        Step.CHARTS: NOT_READ,
        Step.REPORT: (
            in_report(
                "Looked for on the map and not found within their setback",
                zones("a map, searched for 5 km"),
                laid(),
                simulated(),
            ),
        ),
    },
    "A map without anything on it": {
        Step.LAND: (
            refuses("no feature of any kind", zones("an empty map")),
            answers('"map_is_empty": true', zones("an empty map", accept_empty_map=True), zones()),
        ),
        Step.WIND: NOT_READ,
        Step.LAYOUT: no_matter("somebody said that the land is free; the cover repeats it"),
        Step.CHANGED: no_matter("as new layouts"),
        Step.ENERGY: NOT_READ,
        Step.CHARTS: NOT_READ,
        Step.REPORT: (
            on_cover(
                "The map shows nothing at all at this place",
                zones("an empty map", accept_empty_map=True),
                laid(),
                simulated(),
            ),
        ),
    },
    "Heights of the ground": {
        Step.LAND: (
            answers('"lowest_m": 1900.0', zones("heights of 1,900 m"), zones()),
            refuses("has no slope for", zones("heights of another place")),
        ),
        Step.WIND: no_matter("takes the ground of its data or of elevation_m; the cover compares"),
        Step.LAYOUT: no_matter("compares layouts in the same air"),
        Step.CHANGED: NOT_READ,
        Step.ENERGY: no_matter("no energy knows hills; the report says so"),
        Step.CHARTS: NOT_READ,
        Step.REPORT: (
            on_cover(
                "The air's density is that over the sea, and the site lies between 1,900 and 1,900",
                zones("heights of 1,900 m"),
                laid(),
                simulated(),
            ),
        ),
    },
    "The site and its place": {
        Step.LAND: (
            refuses(
                "The request brings a site of its own",
                Call("get_unbuildable_areas", {"latitude": 54.7, "longitude": 9.0}, "a forest"),
            ),
        ),
        Step.WIND: no_matter("layout and simulation compare its place with the site's"),
        Step.LAYOUT: (refuses("is of a place", zones("the site 5 degrees east"), laid()),),
        Step.CHANGED: (
            recomputes("moves", zones("the site 1 km east"), moved()),
            refuses("no longer fits the land", zones("the site 1 km east"), BROUGHT_BACK),
        ),
        **stale(zones("the site 1 km east")),
    },
    "The coordinate system": {
        Step.LAND: (refuses("has no slope for", zones("heights in metres of zone 33")),),
        Step.WIND: NOT_READ,
        Step.LAYOUT: no_matter("takes the zone of the site that is there"),
        Step.CHANGED: tuple(
            refuses("lies in EPSG:32633 now", zones("the site 5 degrees east"), again)
            for again in (moved(), typed("own_2mw"), BROUGHT_BACK)
        ),
        **stale(zones("the site 5 degrees east")),
    },
}
