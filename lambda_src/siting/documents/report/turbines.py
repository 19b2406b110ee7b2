"""The section on the layout."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from siting.documents.report.blocks import Block, Column, Numbering, paragraph
from siting.documents.report.inputs import Inputs
from siting.documents.wording import decimal, plain, words

#: Turbines that a sentence names; the table has all.
_MAX_LISTED: Final = 12


def layout(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """The turbines, and how they were placed."""
    layout, energy = inputs.layout.data, inputs.energy.data
    places = {one["id"]: one for one in layout["turbines"]}
    several = len(turbine_types(layout)) > 1
    strategy = words(plain(layout["strategy"])) if "strategy" in layout else "grid"
    return (
        paragraph(
            f"{_farm(layout)}, strategy: {strategy}. Spacing asked "
            f"for, hub to hub: {decimal(layout['spacing_along_wind_m'])} m along the main "
            f"wind, which comes from {decimal(layout['wind_direction_degrees'])}°, and "
            f"{decimal(layout['spacing_across_wind_m'])} m across it.{across_water(layout)}"
        ),
        *_compared(inputs, number),
        number.table(
            f"Turbines. Coordinates: UTM on WGS 84 (EPSG:{layout['utm_epsg']}), and degrees. "
            "To homes: from the tower to the nearest house or residential land on the map. Energy "
            "is net of wakes.",
            (
                Column("Turbine", numeric=False),
                *((Column("Type", numeric=False),) if several else ()),
                Column("East, m"),
                Column("North, m"),
                Column("Longitude, °"),
                Column("Latitude, °"),
                Column("To homes, m"),
                Column("Energy, GWh"),
                Column("Wake loss, %"),
            ),
            [
                (
                    plain(one["id"]),
                    *((plain(one["turbine_model"]),) if several else ()),
                    decimal(one["x_m"], 1),
                    decimal(one["y_m"], 1),
                    f"{places[one['id']]['longitude_deg']:.6f}",
                    f"{places[one['id']]['latitude_deg']:.6f}",
                    _or_none(places[one["id"]].get("nearest_home_m")),
                    decimal(one["aep_gwh"], 3),
                    decimal(one["wake_loss_percent"], 1),
                )
                for one in energy["per_turbine"]
            ],
            inputs.layout,
            inputs.energy,
            totals=[
                (
                    "All",
                    *(("",) if several else ()),
                    "",
                    "",
                    "",
                    "",
                    "",
                    decimal(energy["aep_gwh"], 3),
                    decimal(energy["wake_loss_percent"], 1),
                )
            ],
        ),
    )


def turbine_types(layout: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """How many turbines there are of each type, and the type's data."""
    return [
        (count, layout["turbine_types"][key]) for key, count in layout["turbines_by_model"].items()
    ]


def across_water(layout: Mapping[str, Any]) -> str:
    """Which turbines nothing on the map leads to over land, in a sentence to go on with."""
    apart = [plain(one["id"]) for one in layout["turbines"] if one.get("across_water")]
    if not apart:
        return ""
    stand = "stands" if len(apart) == 1 else "stand"
    return (
        f" {listed(apart)} {stand} across water: on the map neither land nor a road leads "
        "there from the largest piece of land."
    )


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence; of very many the first, and how many more."""
    shown, more = names[:_MAX_LISTED], len(names) - _MAX_LISTED
    *first, last = [*shown, f"{more} more"] if more > 0 else shown or ["none"]
    return f"{', '.join(first)} and {last}" if first else last


def _or_none(metres: float | None) -> str:
    return "\u2013" if metres is None else decimal(metres)


def _farm(layout: Mapping[str, Any]) -> str:
    """The turbines, in the words to begin a sentence with."""
    counted = turbine_types(layout)
    total = layout["turbines_placed"]
    spaced_m = layout["rotor_diameter_m"]
    farm = f"{total} turbine{'' if total == 1 else 's'} "
    if len(counted) > 1:
        each = ", ".join(f"{count} of {plain(one['turbine_model'])}" for count, one in counted)
        return (
            f"{farm}of {len(counted)} types ({each}), spaced for a rotor of {decimal(spaced_m)} m"
        )
    ((_, only),) = counted
    rotor_m = only["rotor_diameter_m"]
    spaced = "" if rotor_m == spaced_m else f", spaced for one of {decimal(spaced_m)} m"
    return f"{farm}with a rotor of {decimal(rotor_m)} m{spaced}"


def _starts(search: Mapping[str, Any]) -> str:
    """Say how far apart climbs from different starts ended, where there were several."""
    starts = search.get("starts")
    if starts is None:
        return ""
    return (
        f"Its {decimal(starts['climbed_from'])} climbs from different starts ended within "
        f"{decimal(starts['spread_percent'], 2)} % of each other, before the best was improved. "
    )


def _compared(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """What an optimised layout was chosen from, and what the search gained."""
    layout = inputs.layout.data
    if "compared" not in layout or "search" not in layout:
        return ()
    search = layout["search"]
    return (
        paragraph(
            f"The search began with {decimal(search['start_aep_gwh'], 2)} GWh per year, the "
            f"best of the patterns, and gained {decimal(search['gain_percent'], 2)} % in "
            f"{decimal(search['iterations'])} climbs ({plain(layout['search_ended'])}). "
            f"{_starts(search)}{plain(layout['estimate_assumption'])}"
        ),
        number.table(
            "Patterns that were compared. Their energy is an estimate to choose by; section "
            "Energy has the simulation's.",
            (Column("Pattern", numeric=False), Column("Turbines"), Column("Estimate, GWh")),
            [
                (
                    words(one["strategy"]),
                    decimal(one["turbines_placed"]),
                    "none"
                    if one["estimated_aep_gwh"] is None
                    else decimal(one["estimated_aep_gwh"], 2),
                )
                for one in layout["compared"]
            ],
            inputs.layout,
        ),
    )
