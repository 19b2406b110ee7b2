"""The section on the layout."""

from siting.documents.report.blocks import Block, Column, Numbering, paragraph
from siting.documents.report.inputs import Inputs
from siting.documents.wording import decimal, plain, words


def layout(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """The turbines, and how they were placed."""
    layout, energy = inputs.layout.data, inputs.energy.data
    places = {one["id"]: one for one in layout["turbines"]}
    strategy = words(plain(layout["strategy"])) if "strategy" in layout else "grid"
    return (
        paragraph(
            f"{layout['turbines_placed']} turbine{'' if layout['turbines_placed'] == 1 else 's'} "
            "with a rotor of "
            f"{decimal(layout['rotor_diameter_m'])} m, strategy: {strategy}. Spacing asked "
            f"for, hub to hub: {decimal(layout['spacing_along_wind_m'])} m along the main "
            f"wind, which comes from {decimal(layout['wind_direction_degrees'])}°, and "
            f"{decimal(layout['spacing_across_wind_m'])} m across it."
        ),
        *_compared(inputs, number),
        number.table(
            f"Turbines. Coordinates: UTM on WGS 84 (EPSG:{layout['utm_epsg']}), and degrees. "
            "Energy is net of wakes.",
            (
                Column("Turbine", numeric=False),
                Column("East, m"),
                Column("North, m"),
                Column("Longitude, °"),
                Column("Latitude, °"),
                Column("AEP, GWh"),
                Column("Wake loss, %"),
            ),
            [
                (
                    plain(one["id"]),
                    decimal(one["x_m"], 1),
                    decimal(one["y_m"], 1),
                    f"{places[one['id']]['longitude_deg']:.6f}",
                    f"{places[one['id']]['latitude_deg']:.6f}",
                    decimal(one["aep_gwh"], 3),
                    decimal(one["wake_loss_percent"], 1),
                )
                for one in energy["per_turbine"]
            ],
            inputs.layout,
            inputs.energy,
            totals=[
                (
                    "Wind farm",
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
            f"{plain(layout['estimate_assumption'])}"
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
