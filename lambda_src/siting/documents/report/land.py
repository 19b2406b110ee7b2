"""The sections on the site and on what is excluded from it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from siting.documents.map_labels import class_label
from siting.documents.report.blocks import Block, Column, Numbering, paragraph
from siting.documents.report.inputs import SITE_MAP, Inputs
from siting.documents.wording import decimal, plain
from siting.project_land import (
    EMPTY_MAP,
    NOT_FOUND,
    SEARCHED,
    label_of,
    rules_of,
    setbacks_by_rules,
)
from siting.wind.features import FeatureClass

#: Square metres, as km²: what is smaller is no area in the table.
_AREA_DIGITS: Final = 3


def site(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """The map, and the areas."""
    areas = inputs.buildable.data["properties"]
    layout = inputs.layout.data
    return (
        paragraph(
            f"The site covers {decimal(areas['site_km2'], 2)} km². "
            f"{decimal(areas['buildable_km2'], 2)} km² of it lies outside of every exclusion zone, "
            f"and {decimal(layout['buildable_km2_within_setback'], 2)} km² of that within the "
            f"boundary's setback of {decimal(layout['boundary_setback_m'], 1)} m "
            f"({plain(layout['boundary_setback_reason'])})."
        ),
        number.figure(
            SITE_MAP,
            "The site with its exclusion zones and turbines. North is up; zones are "
            "drawn inside the boundary only. Degrees are WGS 84. "
            f"{map_data(inputs.site.data)}".rstrip(),
            inputs.site,
            inputs.zones,
            inputs.layout,
        ),
    )


def map_is_empty(inputs: Inputs) -> bool:
    """Whether nothing was found to keep away from, and the request took that for free land."""
    return inputs.site.data["features"][0]["properties"].get(EMPTY_MAP) is True


def exclusions(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """The zones by class, and what remains."""
    areas = inputs.buildable.data["properties"]
    site_km2 = areas["site_km2"]
    within_km2 = inputs.layout.data["buildable_km2_within_setback"]
    found = [one["properties"] for one in inputs.zones.data["features"]]
    zones = [one for one in found if round(one["area_km2"], _AREA_DIGITS)]
    if not found:
        return (
            paragraph("No features were found; the whole site counts as buildable."),
            _without_features(inputs),
        )
    return (
        number.table(
            "Areas within the boundary. Zones of different classes may overlap; the total "
            "counts each place once.",
            (
                Column("Class", numeric=False),
                Column("Features"),
                Column("Setback, m"),
                Column("Area, km²"),
                Column("Share of site, %"),
            ),
            [
                (
                    class_label(zone["class"]),
                    decimal(zone["feature_count"]),
                    f"{zone['setback_m']:,g}",
                    decimal(zone["area_km2"], _AREA_DIGITS),
                    decimal(100 * zone["area_km2"] / site_km2, 1),
                )
                for zone in zones
            ],
            inputs.zones,
            inputs.buildable,
            totals=[
                (
                    "Excluded in total",
                    "",
                    "",
                    decimal(areas["excluded_km2"], _AREA_DIGITS),
                    decimal(100 * areas["excluded_km2"] / site_km2, 1),
                ),
                (
                    "Buildable",
                    "",
                    "",
                    decimal(areas["buildable_km2"], _AREA_DIGITS),
                    decimal(100 * areas["buildable_share"], 1),
                ),
                (
                    "Of it within the boundary's setback",
                    "",
                    "",
                    decimal(within_km2, _AREA_DIGITS),
                    decimal(100 * within_km2 / site_km2, 1),
                ),
                ("Site", "", "", decimal(site_km2, _AREA_DIGITS), "100.0"),
            ],
        ),
        *_rules(inputs),
        *_out_of_reach([label_of(one["class"]) for one in found if one not in zones]),
        _without_features(inputs),
    )


def _out_of_reach(classes: Sequence[str]) -> tuple[Block, ...]:
    """What was found, and keeps nothing of the site."""
    if not classes:
        return ()
    return (
        paragraph(f"Found nearby, with a setback that ends before the site: {', '.join(classes)}."),
    )


def existing_turbines(inputs: Inputs) -> int:
    """How many wind turbines stand on and around the site already."""
    features = inputs.site.data["features"]
    return sum(one["properties"]["class"] == FeatureClass.WIND_TURBINE for one in features)


def _rules(inputs: Inputs) -> tuple[Block, ...]:
    """Which law or ordinance the setbacks are from, to be looked up."""
    rules = rules_of(inputs.buildable.data)
    if rules is None:
        return ()
    by_them = ", ".join(label_of(kind) for kind in setbacks_by_rules(inputs.buildable.data))
    return (
        paragraph(
            f"Setbacks by {rules.title}: {by_them or 'none, as the request names its own'}. "
            f"Source: {rules.source}; {rules.date}. {rules.simplified}"
        ),
    )


def _without_features(inputs: Inputs) -> Block:
    """What the site has none of, and whether anybody looked."""
    missing = ", ".join(label_of(kind) for kind in inputs.buildable.data["properties"][NOT_FOUND])
    searched = inputs.buildable.data["properties"].get(SEARCHED)
    if not missing:
        return paragraph("Every class of features that is looked for was found.")
    if searched:
        return paragraph(f"Looked for on the map and not found within their setback: {missing}.")
    return paragraph(
        f"The site came with the request and has none of these; no map was searched: {missing}."
    )


def map_data(site: Mapping[str, Any]) -> str:
    """Whose data a map of the site shows: its licence may ask to say so."""
    attribution = site["features"][0]["properties"].get("attribution")
    return f"Map data: {plain(attribution).rstrip('.')}." if attribution else ""
