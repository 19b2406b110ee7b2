"""The sections on energy and losses."""

from collections.abc import Mapping
from typing import Any, Final

from siting.documents.report import energy_parts
from siting.documents.report.blocks import Block, Column, Numbering, paragraph
from siting.documents.report.inputs import (
    AEP_PER_TURBINE,
    ENERGY_BY_SECTOR,
    ENERGY_MAP,
    POWER_CURVE,
    WAKE_MAP,
    Inputs,
)
from siting.documents.report.maps import height_of
from siting.documents.report.wind import NO_WIND
from siting.documents.wording import decimal, plain


def energy(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """What the wind farm yields, by turbine, by direction, by month and by hour of the day."""
    energy = inputs.energy.data
    return (
        paragraph(
            f"{_in_which_wind(inputs)} {decimal(energy['aep_gwh'], 2)} GWh per year net of wakes, "
            f"from {decimal(energy['rated_power_mw'], 2)} MW: a capacity factor of "
            f"{decimal(100 * energy['capacity_factor'], 1)} %.{_at_the_grid(energy)}"
        ),
        *energy_parts.air(inputs),
        *number.chart(POWER_CURVE),
        *number.chart(ENERGY_BY_SECTOR),
        *number.chart(AEP_PER_TURBINE),
        number.figure(
            ENERGY_MAP,
            "The energy of each turbine, in GWh per year, by its name and in its colour.",
            inputs.layout,
            inputs.energy,
        ),
        number.table(
            "Energy by the direction the wind comes from, degrees from north, clockwise; "
            "sectors are centred on it. Energy is net of wakes.",
            (
                Column("Direction, °"),
                Column("Frequency, %"),
                Column("Speed, m/s"),
                Column("Energy, GWh"),
                Column("Wake loss, %"),
            ),
            [
                (
                    decimal(one["direction_degrees"], 1),
                    decimal(100 * one["frequency"], 1),
                    decimal(one["wind_speed_m_per_s"], 1) if one["frequency"] else NO_WIND,
                    decimal(one["aep_gwh"], 3),
                    decimal(one["wake_loss_percent"], 1) if one["frequency"] else NO_WIND,
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
        *energy_parts.calendar(inputs, number),
    )


def _at_the_grid(energy: Mapping[str, Any]) -> str:
    if not energy.get("net_aep_gwh"):
        return ""
    return (
        f" Of that {decimal(energy['net_aep_gwh'], 2)} GWh reach the grid (P50), a capacity factor "
        f"of {decimal(energy_parts.net_capacity_factor_percent(energy), 1)} %."
    )


def _in_which_wind(inputs: Inputs) -> str:
    if inputs.wind is None:
        return "In the wind assumed, which is not that of the place, the wind farm would yield"
    return "The wind farm yields"


#: What each loss is called, in the order in which it is taken off.
_LOSSES: Final = {
    "availability": "Availability",
    "electrical": "Electrical",
    "performance": "Turbine performance",
    "environmental": "Environment: ice, dirt and wear",
    "curtailment": "Curtailment",
}


def losses(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """From gross to net, and how sure that is."""
    energy = inputs.energy.data
    worst = max(energy["per_turbine"], key=lambda one: one["wake_loss_percent"])
    most = (
        f"Turbine {plain(worst['id'])} loses most to the wakes of the others: "
        f"{decimal(worst['wake_loss_percent'], 1)} % of what it would yield alone."
    )
    return (
        paragraph(most if worst["wake_loss_percent"] else "No turbine stands in another's wake."),
        *energy_parts.wakes_by_model(inputs, number),
        # In the middle: it floats to a page that has room, which is then one of this section's.
        *_wake_map(inputs, number),
        _from_gross_to_net(inputs, number),
        *_certainty(inputs, number),
    )


def _wake_map(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    if inputs.wakes is None:
        return ()
    return (
        number.figure(
            WAKE_MAP,
            f"Wakes at {height_of(inputs.wakes.data)} in the main wind, over the site with its "
            "boundary and zones: the darker, the more of the wind is missing. The file map.html "
            "has every direction.",
            inputs.layout,
            inputs.wakes,
        ),
    )


def _from_gross_to_net(inputs: Inputs, number: Numbering) -> Block:
    energy = inputs.energy.data
    gross_gwh, left_gwh = energy["gross_aep_gwh"], energy["aep_gwh"]
    rows = [
        ("Gross: every turbine in the free wind", "", decimal(gross_gwh, 3)),
        ("Wakes", decimal(energy["wake_loss_percent"], 1), _less(gross_gwh - left_gwh)),
    ]
    percents = energy.get("losses_percent")
    if percents is None:
        rows += [(title, "not taken off", "") for title in _LOSSES.values()]
        return number.table(
            "From gross energy to what the wakes leave, per year. No other loss is taken off: the "
            "energy is for comparing layouts.",
            _COLUMNS,
            rows,
            inputs.energy,
            totals=[("Net of wakes alone", "", decimal(left_gwh, 3))],
        )
    for name, title in _LOSSES.items():
        taken_gwh = left_gwh * percents[name] / 100.0
        rows.append((title, decimal(percents[name], 1), _less(taken_gwh)))
        left_gwh -= taken_gwh
    return number.table(
        "From gross to net energy, per year. Losses but wakes are planning assumptions unless the "
        "request named them; each is in percent of what the ones before it leave.",
        _COLUMNS,
        rows,
        inputs.energy,
        totals=[("Net: what reaches the grid (P50)", "", decimal(energy["net_aep_gwh"], 3))],
    )


_COLUMNS: Final = (
    Column("Loss", numeric=False),
    Column("Of what is left, %"),
    Column("Energy, GWh"),
)


def _less(gwh: float) -> str:
    return f"\u2212{decimal(gwh, 3)}" if gwh else decimal(0, 3)


def _certainty(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """What is exceeded with which probability; nothing where the wind is not the place's."""
    energy = inputs.energy.data
    uncertainty = energy.get("uncertainty_percent")
    if uncertainty is None:
        return ()
    years = uncertainty["years_seen"]
    seen = f"the means of {years} years" if years else "a usual value, for want of years"
    follows = decimal(energy["energy_percent_per_speed_percent"], 2)
    return (
        paragraph(
            f"Energy changes by {follows} % with each percent of wind speed. What does not even "
            f"out over the years (wind data, wakes, power curve, losses) has a standard deviation "
            f"of {decimal(uncertainty['lasting'], 1)} %, one year's wind of "
            f"{decimal(uncertainty['one_year'], 1)} %, by {seen}. Both are taken for normal and "
            "independent."
        ),
        number.table(
            "What the net energy exceeds with each probability.",
            (
                Column("Probability", numeric=False),
                Column("One year, GWh"),
                Column("Mean of ten years, GWh"),
            ),
            [
                (
                    f"P{one['probability_percent']}",
                    decimal(one["one_year_gwh"], 2),
                    decimal(one["ten_years_gwh"], 2),
                )
                for one in energy["exceeded"]
            ],
            inputs.energy,
        ),
    )
