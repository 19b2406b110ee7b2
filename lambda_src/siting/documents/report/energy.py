"""The sections on energy and losses."""

from siting.documents.report.blocks import Block, Column, Numbering, paragraph
from siting.documents.report.inputs import (
    AEP_PER_TURBINE,
    ENERGY_BY_SECTOR,
    POWER_CURVE,
    WAKE_MAP,
    Inputs,
)
from siting.documents.wording import decimal, plain


def energy(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """What the wind farm yields, by turbine and by direction."""
    energy = inputs.energy.data
    return (
        paragraph(
            f"The wind farm yields {decimal(energy['aep_gwh'], 2)} GWh per year net of wakes, "
            f"from {decimal(energy['rated_power_mw'], 2)} MW: a capacity factor of "
            f"{decimal(100 * energy['capacity_factor'], 1)} %."
        ),
        *number.chart(POWER_CURVE),
        *number.chart(AEP_PER_TURBINE),
        *number.chart(ENERGY_BY_SECTOR),
        number.table(
            "Energy by the direction the wind comes from, degrees from north, clockwise; "
            "sectors are centred on it. Energy is net of wakes.",
            (
                Column("Direction, °"),
                Column("Frequency, %"),
                Column("Speed, m/s"),
                Column("AEP, GWh"),
                Column("Wake loss, %"),
            ),
            [
                (
                    decimal(one["direction_degrees"], 1),
                    decimal(100 * one["frequency"], 1),
                    decimal(one["wind_speed_m_per_s"], 1),
                    decimal(one["aep_gwh"], 3),
                    decimal(one["wake_loss_percent"], 1),
                )
                for one in energy["per_direction"]
            ],
            inputs.energy,
            totals=[
                (
                    "All",
                    "100.0",
                    "",
                    decimal(energy["aep_gwh"], 3),
                    decimal(energy["wake_loss_percent"], 1),
                )
            ],
        ),
    )


def losses(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """From gross to net."""
    energy = inputs.energy.data
    gross_gwh, net_gwh = energy["gross_aep_gwh"], energy["aep_gwh"]
    worst = max(energy["per_turbine"], key=lambda one: one["wake_loss_percent"])
    return (
        paragraph(
            f"Turbine {plain(worst['id'])} loses most to the wakes of the others: "
            f"{decimal(worst['wake_loss_percent'], 1)} % of what it would yield alone."
        ),
        number.table(
            "From gross to net energy, per year. What is not modelled is not in the net figure "
            "and has to be taken off it.",
            (Column("Loss", numeric=False), Column("Energy, GWh"), Column("Share of gross, %")),
            [
                ("Gross: every turbine in the free wind", decimal(gross_gwh, 3), "100.0"),
                (
                    "Wakes",
                    f"\u2212{decimal(gross_gwh - net_gwh, 3)}",
                    f"\u2212{decimal(energy['wake_loss_percent'], 1)}",
                ),
                ("Electrical losses", "not modelled", "not modelled"),
                ("Availability and curtailment", "not modelled", "not modelled"),
                ("Icing, soiling and wear of blades", "not modelled", "not modelled"),
            ],
            inputs.energy,
            totals=[
                (
                    "Net of wakes",
                    decimal(net_gwh, 3),
                    decimal(100 - energy["wake_loss_percent"], 1),
                )
            ],
        ),
        *number.chart(WAKE_MAP),
    )
