"""What a report says, as text, tables and figures: the page and the PDF show the same.

Standard library only. Numbers are written here, once, with their units; the templates set them.
Areas in km2, distances in metres, energy in GWh per year, power in MW, speeds in m/s, directions in
degrees from north, clockwise, where the wind comes from.
"""

from datetime import datetime
from typing import Final

from siting.documents.report import (
    caveats,
    energy,
    energy_parts,
    land,
    provenance,
    summary,
    turbines,
    wind,
)
from siting.documents.report.blocks import KeyFigure, Numbering, Report, Section
from siting.documents.report.contradictions import contradictions
from siting.documents.report.inputs import Inputs
from siting.documents.wording import decimal, plain

_ABOUT: Final = (
    "Put together from what the terrain, layout and simulation agents left in this project. Every "
    "figure and table names the artifacts it shows. Read the assumptions and the limits before "
    "using a number."
)
_EMPTY_MAP: Final = (
    "The map shows nothing at all at this place, neither a house nor a road nor water, and the "
    "request took that for free land. Nothing here says that it is."
)

#: The probability that loans are mostly sized by, in percent.
_BANKERS: Final = 90
#: More than any wind farm has reached over years, at sea or on land.
_QUESTIONABLE_CAPACITY_FACTOR: Final = 0.6


def write_report(title: str, project_id: str, written_at: datetime, inputs: Inputs) -> Report:
    """Write the report.

    Args:
        title: Its title.
        project_id: The project it is about.
        written_at: In UTC.
        inputs: What it is made from.
    """
    placed, yields = inputs.layout.data, inputs.energy.data
    areas = inputs.buildable.data["properties"]
    land_km2 = placed["buildable_km2_within_setback"]
    key_figures = (
        KeyFigure(
            "Turbines placed",
            str(placed["turbines_placed"]),
            f"of {placed['turbines_requested']} asked for",
        ),
        KeyFigure("Rated power", decimal(yields["rated_power_mw"], 2), "MW"),
        KeyFigure(
            "Land for turbines",
            decimal(land_km2, 2),
            f"km², {decimal(100 * land_km2 / areas['site_km2'], 1)} % of the site",
        ),
        *_yield(inputs),
        KeyFigure(
            "Wake loss",
            decimal(yields["wake_loss_percent"], 1),
            f"% of the energy{energy_parts.wake_loss_range(inputs)}",
        ),
    )
    why_not = placed.get("reason_not_placed")
    notes = (
        *((_EMPTY_MAP,) if land.map_is_empty(inputs) else ()),
        *_conditions(inputs),
        *contradictions(inputs),
        *((plain(why_not),) if placed["turbines_not_placed"] and why_not else ()),
    )
    number = Numbering(inputs)
    sections = (
        Section("Site", land.site(inputs, number)),
        Section("Excluded land", land.exclusions(inputs, number)),
        Section("Layout", turbines.layout(inputs, number)),
        Section("Wind", wind.wind(inputs, number)),
        Section("Energy", energy.energy(inputs, number)),
        Section("Losses", energy.losses(inputs, number)),
        Section("Assumptions", caveats.assumptions(inputs)),
        Section("Limits", caveats.limits(inputs)),
        Section("Files", provenance.exports(number)),
        Section("Sources", provenance.sources(inputs, number, project_id)),
    )
    return Report(
        title=title,
        project_id=project_id,
        written_at=f"{written_at:%Y-%m-%d %H:%M} UTC",
        key_figures=key_figures,
        notes=notes,
        summary=summary.summary(inputs),
        about=_ABOUT,
        sections=sections,
    )


def _yield(inputs: Inputs) -> tuple[KeyFigure, ...]:
    """What the farm yields; nothing where the wind is not that of the place."""
    if inputs.wind is None:
        return ()
    energy = inputs.energy.data
    if "exceeded" not in energy:  # simulated before losses were taken off
        return (
            KeyFigure(
                "Annual energy, net of wakes alone", decimal(energy["aep_gwh"], 2), "GWh per year"
            ),
        )
    (p90,) = (one for one in energy["exceeded"] if one["probability_percent"] == _BANKERS)
    return (
        KeyFigure(
            "Annual energy, net of wakes and losses (P50)",
            decimal(energy["net_aep_gwh"], 2),
            "GWh per year",
        ),
        KeyFigure(
            f"P{_BANKERS}, mean of ten years", decimal(p90["ten_years_gwh"], 2), "GWh per year"
        ),
        KeyFigure(
            "Capacity factor, net of wakes and losses",
            decimal(energy_parts.net_capacity_factor_percent(energy), 1),
            "%",
        ),
    )


def _conditions(inputs: Inputs) -> tuple[str, ...]:
    """What the cover's figures are to be read with."""
    energy = inputs.energy.data
    if inputs.wind is None:
        return (
            "There is no yield on this cover: the energy was computed for a wind that is not that "
            "of the place. It compares layouts.",
        )
    of_the_wind = tuple(plain(one) for one in inputs.wind.data.get("notes", ()))
    if energy["capacity_factor"] > _QUESTIONABLE_CAPACITY_FACTOR:
        return (
            *of_the_wind,
            f"A capacity factor of {decimal(100 * energy['capacity_factor'], 1)} %, net of wakes "
            "alone, is more than wind farms reach over years: look at the wind data, the height "
            "they are of, and the turbine, before using any figure here.",
        )
    return of_the_wind
