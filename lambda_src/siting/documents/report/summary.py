"""The cover's answers to what whoever decides asks first."""

from siting.documents.exports.farm import utm_zone
from siting.documents.report.blocks import Answer
from siting.documents.report.caveats import NOT_LOOKED_AT, ground, heard_at_home
from siting.documents.report.inputs import Inputs
from siting.documents.report.land import existing_turbines
from siting.documents.report.turbines import across_water, turbine_types
from siting.documents.wording import decimal, plain, position
from siting.project_land import GROUND


def summary(inputs: Inputs) -> tuple[Answer, ...]:
    """Say what is planned, where, how much it yields, how sure that is, and what is not known."""
    return (
        Answer("What", _what(inputs)),
        Answer("Where", _where(inputs)),
        Answer("How much", _how_much(inputs)),
        Answer("How sure", _how_sure(inputs)),
        Answer("What is not known", _not_known(inputs)),
    )


def _what(inputs: Inputs) -> str:
    layout, energy = inputs.layout.data, inputs.energy.data
    counted = turbine_types(layout)
    each = "; ".join(
        f"{f'{count} of ' if len(counted) > 1 else ''}{plain(one['name'])}, hub at "
        f"{decimal(one['hub_height_m'])} m, rotor of {decimal(one['rotor_diameter_m'])} m"
        for count, one in counted
    )
    return (
        f"{layout['turbines_placed']} wind turbine{_s(layout['turbines_placed'])}, "
        f"{decimal(energy['rated_power_mw'], 2)} MW in all: {each}."
        f"{across_water(layout)}"
    )


def _where(inputs: Inputs) -> str:
    layout, areas = inputs.layout.data, inputs.buildable.data["properties"]
    longitude, latitude = layout["grid"]["origin_deg"]
    return (
        f"Around {position(latitude, longitude)} (WGS 84; UTM zone "
        f"{utm_zone(layout['utm_epsg'])}), on a "
        f"site of {decimal(areas['site_km2'], 2)} km², of which "
        f"{decimal(layout['buildable_km2_within_setback'], 2)} km² can carry turbines: outside of "
        "every exclusion zone, and within the boundary's setback."
    )


def _how_much(inputs: Inputs) -> str:
    energy = inputs.energy.data
    wakes = f"wakes take {decimal(energy['wake_loss_percent'], 1)} %"
    if inputs.wind is None:
        return (
            f"No yield is known: the wind is not that of the place. In the wind assumed, {wakes}."
        )
    if "net_aep_gwh" not in energy:
        return (
            f"{decimal(energy['aep_gwh'], 1)} GWh per year net of wakes alone ({wakes}); no other "
            "loss is taken off."
        )
    others = 100 * (1 - energy["net_aep_gwh"] / energy["aep_gwh"])
    return (
        f"{decimal(energy['net_aep_gwh'], 1)} GWh per year reach the grid with even odds (P50): "
        f"{wakes}, and downtime, cables and all other losses {decimal(others, 1)} % of the rest."
    )


def _how_sure(inputs: Inputs) -> str:
    energy = inputs.energy.data
    if "exceeded" not in energy:
        return "Not assessed: without wind data of the place, layouts can be compared, no more."
    p90 = next(one for one in energy["exceeded"] if one["probability_percent"] == 90)  # noqa: PLR2004
    return (
        f"With nine chances in ten, the mean of ten years exceeds "
        f"{decimal(p90['ten_years_gwh'], 1)} GWh per year, and a single year "
        f"{decimal(p90['one_year_gwh'], 1)} GWh (P90). This rests on planning assumptions for "
        "losses and uncertainties, and on the limits of the wind data."
    )


def _not_known(inputs: Inputs) -> str:
    standing = existing_turbines(inputs)
    wakes = (
        f"The wakes of {standing} existing turbine{_s(standing)} nearby are not in the energy. "
        if standing
        else ""
    )
    wind = "" if inputs.wind is None else plain(inputs.wind.data["limits"][0]).rstrip(".") + ". "
    known = inputs.buildable.data["properties"].get(GROUND)
    slope = (
        f"{ground(inputs)} "
        if known is None
        else f"The ground lies between {decimal(known['lowest_m'])} and "
        f"{decimal(known['highest_m'])} m; the energy takes it for flat{_air_all_over(inputs)}. "
    )
    return (
        f"{wind}{wakes}{slope}{heard_at_home(inputs)}{NOT_LOOKED_AT} Section Limits has the whole "
        "list."
    )


def _air_all_over(inputs: Inputs) -> str:
    """Which height's air every turbine has in the energy, where the data say."""
    air = inputs.wind.data.get("air") if inputs.wind else None
    height_m = air.get("ground_m") if air else None
    if height_m is None:
        return ""
    return (
        f", with the air of {decimal(height_m)} m for all turbines (it thins by some 1 % with "
        "every 100 m)"
    )


def _s(count: int) -> str:
    return "" if count == 1 else "s"
