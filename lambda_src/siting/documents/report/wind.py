"""The section on the wind."""

from collections.abc import Mapping
from typing import Any, Final

from siting.documents.report.blocks import Block, Column, Numbering, paragraph
from siting.documents.report.inputs import WIND_ROSE, Inputs
from siting.documents.wording import decimal, plain, position

#: In place of what a sector without an hour does not have; its curve is the whole year's.
NO_WIND: Final = "\u2013"


def wind(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """The wind at hub height."""
    return (*_climate(inputs, number), *number.chart(WIND_ROSE))


def _period(wind: Mapping[str, Any]) -> str:
    """What the data cover, to end a sentence with; what was brought says so in its own."""
    if "data" in wind:
        return "."
    return (
        f", from {decimal(wind['hours'])} hours of {wind['first_year']} to {wind['last_year']} "
        f"({decimal(wind['missing_hours'])} missing)."
    )


def _climate(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    if inputs.wind is None:
        return (
            paragraph(
                "The energy below was not computed from wind data of this place, but for the "
                "wind named among the assumptions."
            ),
        )
    wind = inputs.wind.data
    return (
        paragraph(
            f"At {position(wind['latitude'], wind['longitude'])}, "
            f"{decimal(wind['hub_height_m'])} m over ground: a mean of "
            f"{decimal(wind['mean_wind_speed_m_per_s'], 2)} m/s, Weibull A "
            f"{decimal(wind['weibull_a_m_per_s'], 2)} m/s and k "
            f"{decimal(wind['weibull_k'], 2)}{_period(wind)}"
        ),
        *((paragraph(plain(wind["data"])),) if "data" in wind else ()),
        paragraph(f"Wind data: {plain(wind['source']['attribution'])}"),
        number.table(
            "Wind at hub height by the direction it comes from, degrees from north, "
            f"clockwise. Sectors are {decimal(wind['sector_width_degrees'], 1)}° wide and "
            "centred on their direction.",
            (
                Column("Direction, °"),
                Column("Frequency, %"),
                Column("Mean speed, m/s"),
                Column("Weibull A, m/s"),
                Column("Weibull k"),
            ),
            [
                (
                    decimal(one["direction_degrees"], 1),
                    decimal(100 * one["frequency"], 1),
                    *(
                        decimal(one[name], 2) if one["frequency"] else NO_WIND
                        for name in ("mean_wind_speed_m_per_s", "weibull_a_m_per_s", "weibull_k")
                    ),
                )
                for one in wind["sectors"]
            ],
            inputs.wind,
            totals=[
                (
                    "All",
                    "100.0",
                    decimal(wind["mean_wind_speed_m_per_s"], 2),
                    decimal(wind["weibull_a_m_per_s"], 2),
                    decimal(wind["weibull_k"], 2),
                )
            ],
        ),
    )
