"""What stands beside the energy: the air it was computed in, its calendar, and other wakes."""

from collections.abc import Mapping
from typing import Any, Final

from siting.documents.report.blocks import Block, Column, Numbering, paragraph
from siting.documents.report.inputs import Inputs
from siting.documents.wording import decimal, plain, words
from siting.project_land import GROUND

_WAKE_MODELS: Final = {
    "iea37_gaussian": "Gaussian, IEA Task 37",
    "bastankhah_gaussian": "Gaussian, Bastankhah and Porté-Agel, with turbulence",
    "jensen": "Jensen",
    "turbopark": "TurbOPark",
}
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DEGREES_PER_HOUR: Final = 15.0
#: 0.0065 K/m of 288.15 K, and the exponent that follows from it.
_LAPSE_PER_M: Final = 0.0065 / 288.15
_DENSITY_EXPONENT: Final = 9.80665 / (287.05 * 0.0065) - 1.0


def air(inputs: Inputs) -> tuple[Block, ...]:
    """The air's density and what it does; nothing where the energy is not for the place's wind."""
    given = inputs.energy.data.get("air")
    if given is None:
        return ()
    change = given["energy_change_percent"]
    does = (
        f": {decimal(abs(change), 1)} % {'less' if change < 0.0 else 'more'} energy than in the "
        "1.225 kg/m³ that power curves are given for"
        if change
        else ""
    )
    return (
        paragraph(
            f"The air at the hub has {decimal(given['density_kg_per_m3'], 3)} kg/m³, from "
            f"{plain(given['source'])}{does}.{_thins_uphill(inputs)}"
        ),
    )


def _thins_uphill(inputs: Inputs) -> str:
    """What the air of one height for all turbines leaves out, where heights are known."""
    ground = inputs.buildable.data["properties"].get(GROUND)
    air_m = (inputs.wind.data.get("air") or {}).get("ground_m") if inputs.wind else None
    by_speed = inputs.energy.data.get("energy_percent_per_speed_percent")
    if ground is None or air_m is None or by_speed is None:
        return ""
    ends = []
    for height_m in (ground["lowest_m"], ground["highest_m"]):
        denser = 100.0 * (_standard_density(height_m) / _standard_density(air_m) - 1.0)
        # Of a turbine's power curve the density does what its cube root of a change in speed does.
        energy = decimal(abs(denser) * by_speed / 3.0, 1)
        more = ("denser", "more") if denser > 0.0 else ("thinner", "less")
        ends.append(
            f"{decimal(height_m)} m, with {decimal(abs(denser), 1)} % {more[0]} air and {energy} % "
            f"{more[1]} energy"
        )
    return (
        f" All turbines have the air of ground at {decimal(air_m)} m. The site's lies between "
        f"{ends[0]}, and {ends[1]}: that is in no figure here."
    )


def _standard_density(over_sea_m: float) -> float:
    """The standard atmosphere's density (ISO 2533), as a share of that at sea level."""
    share: float = (1.0 - _LAPSE_PER_M * over_sea_m) ** _DENSITY_EXPONENT
    return share


def net_capacity_factor_percent(energy: Mapping[str, Any]) -> float:
    """The capacity factor of what reaches the grid."""
    share: float = energy["capacity_factor"] * energy["net_aep_gwh"] / energy["aep_gwh"]
    return 100.0 * share


def calendar(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """The energy by month and by hour of the day, where the wind of the place has both."""
    energy = inputs.energy.data
    if inputs.wind is None:
        return ()
    if "monthly" not in energy:
        return (
            paragraph(
                "How the energy falls on months and hours of the day is not known: the wind data "
                "have no distribution for each of them."
            ),
        )
    whole = energy["aep_gwh"]
    hourly = energy["hourly"]
    half = len(hourly) // 2
    solar_h = inputs.wind.data["longitude"] / _DEGREES_PER_HOUR
    return (
        number.table(
            "Energy by month, net of wakes: a mean year of the data's.",
            (Column("Month", numeric=False), Column("Energy, GWh"), Column("Share, %")),
            [
                (
                    _MONTHS[one["month"] - 1],
                    decimal(one["aep_gwh"], 3),
                    _share(one["aep_gwh"], whole),
                )
                for one in energy["monthly"]
            ],
            inputs.energy,
            totals=[("Year", decimal(whole, 3), "100.0")],
        ),
        number.table(
            "Energy by hour of the day over the year, net of wakes. Hours are UTC; the sun here is "
            f"{decimal(abs(solar_h), 1)} hours {'ahead' if solar_h >= 0.0 else 'behind'}.",
            (
                Column("Hour, UTC", numeric=False),
                Column("Energy, GWh"),
                Column("Share, %"),
                Column("Hour, UTC", numeric=False),
                Column("Energy, GWh"),
                Column("Share, %"),
            ),
            [
                (*_hour(morning, whole), *_hour(evening, whole))
                for morning, evening in zip(hourly[:half], hourly[half:], strict=True)
            ],
            inputs.energy,
        ),
    )


def wakes_by_model(inputs: Inputs, number: Numbering) -> tuple[Block, ...]:
    """What wakes take by each model; nothing where only one was computed."""
    energy = inputs.energy.data
    models = energy.get("wake_models")
    if models is None:
        return ()
    least, most = _least_and_most(models)
    left_out = (
        " The others do not say how a wake meets a rotor of another height, as farms of several "
        "types have."
        if len(models) < len(_WAKE_MODELS)
        else ""
    )
    at_grid = "net_aep_gwh" in models[0]
    return (
        paragraph(
            f"By {len(models)} models wakes take {decimal(least['wake_loss_percent'], 1)} % "
            f"({_name(least)}) to {decimal(most['wake_loss_percent'], 1)} % ({_name(most)}) of the "
            f"gross energy. This report's energy is by {_name(energy)}.{left_out}"
        ),
        number.table(
            "Wake loss and energy by wake model, for the same wind, turbines and other losses.",
            (
                Column("Model", numeric=False),
                Column("Wake loss, %"),
                Column("Net of wakes, GWh"),
                *((Column("Net (P50), GWh"),) if at_grid else ()),
            ),
            [
                (
                    _name(one),
                    decimal(one["wake_loss_percent"], 1),
                    decimal(one["aep_gwh"], 3),
                    *((decimal(one["net_aep_gwh"], 3),) if at_grid else ()),
                )
                for one in models
            ],
            inputs.energy,
        ),
    )


def wake_loss_range(inputs: Inputs) -> str:
    """What the models' wake losses are between, in words; nothing where only one was computed."""
    models = inputs.energy.data.get("wake_models")
    if models is None:
        return ""
    least, most = (decimal(one["wake_loss_percent"], 1) for one in _least_and_most(models))
    return f", {least} to {most} % by {len(models)} models"


def _least_and_most(models: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    ranked = sorted(models, key=lambda one: float(one["wake_loss_percent"]))
    return ranked[0], ranked[-1]


def _name(one: Any) -> str:
    key = one["wake_model"]
    return _WAKE_MODELS.get(key, words(key))


def _hour(one: dict[str, Any], whole_gwh: float) -> tuple[str, str, str]:
    hour = one["hour_utc"]
    return (
        f"{hour:02d} to {hour + 1:02d}",
        decimal(one["aep_gwh"], 3),
        _share(one["aep_gwh"], whole_gwh),
    )


def _share(gwh: float, whole_gwh: float) -> str:
    return decimal(100.0 * gwh / whole_gwh if whole_gwh else 0.0, 1)
