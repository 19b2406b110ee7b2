"""What a simulation leaves for later steps."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.simulation.farm import Farm
from tradewind.run.tools import Source

if TYPE_CHECKING:
    from siting.wind.air import Air
    from siting.wind.net import NetYield
    from siting.wind.scenarios import Wind
    from siting.wind.turbines import FloatArray, Turbine
    from siting.wind.wake.energy import EnergyYield


def per_turbine(farm: Farm, wind: "Wind", energy: "EnergyYield") -> list[dict[str, Any]]:
    """Each turbine's place and energy, and what wakes take of it by the sector of the wind."""
    from siting.wind.wake.energy import loss_percent  # noqa: PLC0415

    by_sector = wind.states.by_sector
    columns = zip(
        farm.ids,
        farm.x_m,
        farm.y_m,
        energy.turbine_aep_mwh.tolist(),
        energy.turbine_wake_loss_percent.tolist(),
        (
            loss_percent(by_sector(net), by_sector(gross)).round(2).tolist()
            for net, gross in zip(energy.net_mwh.T, energy.gross_mwh.T, strict=True)
        ),
        energy.rated_mwh.tolist(),
        farm.types,
        strict=True,
    )
    return [
        {
            "id": identity,
            "turbine_model": turbine.key,
            "x_m": x_m,
            "y_m": y_m,
            "aep_gwh": round(aep_mwh / 1000.0, 8),
            "wake_loss_percent": round(lost_percent, 4),
            "capacity_factor": round(aep_mwh / rated_mwh, 6),
            "wake_loss_percent_by_direction": by_direction,
        }
        for identity, x_m, y_m, aep_mwh, lost_percent, by_direction, rated_mwh, turbine in columns
    ]


def per_direction(wind: "Wind", energy: "EnergyYield") -> list[dict[str, Any]]:
    """The energy by the sector that the wind comes from."""
    from siting.wind.wake.energy import loss_percent  # noqa: PLC0415

    states = wind.states
    net = states.by_sector(energy.state_aep_mwh)
    gross = states.by_sector(energy.gross_mwh.sum(axis=1))
    columns = zip(
        states.sector_degrees.tolist(),
        states.by_sector(states.rose.frequency).tolist(),
        states.sector_speed_m_per_s.tolist(),
        net.tolist(),
        loss_percent(net, gross).tolist(),
        strict=True,
    )
    return [
        {
            "direction_degrees": direction,
            "frequency": round(frequency, 8),
            "wind_speed_m_per_s": round(speed, 4),
            "aep_gwh": round(aep_mwh / 1000.0, 8),
            "wake_loss_percent": round(loss, 4),
        }
        for direction, frequency, speed, aep_mwh, loss in columns
    ]


def by_model(energies: "Mapping[str, EnergyYield]", net: "NetYield | None") -> list[dict[str, Any]]:
    """What wakes take by each model; the other losses, where they are taken off, are the same."""
    return [
        {
            "wake_model": key,
            "wake_loss_percent": round(energy.wake_loss_percent, 4),
            "aep_gwh": round(energy.aep_mwh / 1000.0, 8),
            **(
                {}
                if net is None
                else {"net_aep_gwh": round(net.losses.kept_share * energy.aep_mwh / 1000.0, 6)}
            ),
        }
        for key, energy in energies.items()
    ]


def air_of(air: "Air | None", energy_change_percent: float) -> dict[str, Any]:
    """The air at the hub and what it does; nothing for a wind of one speed."""
    if air is None:
        return {}
    return {
        "air": {
            "density_kg_per_m3": round(air.density_kg_per_m3, 4),
            "source": air.source,
            "energy_change_percent": round(energy_change_percent, 4),
        }
    }


def by_time(
    measured: Source | None, wind: "Wind", energy: "EnergyYield", laid_out_for: "Turbine"
) -> dict[str, Any]:
    """The energy, net of wakes, by month and by hour of the day; nothing without such wind.

    Args:
        measured: The project's wind.
        wind: The states it was made to.
        energy: In these states.
        laid_out_for: The turbine whose hub and range of speeds they were made for.
    """
    from siting.wind.wake.calendar import energy_calendar  # noqa: PLC0415

    if measured is None:
        return {}
    found = energy_calendar(measured.data, wind.states, energy.state_aep_mwh, laid_out_for)
    if found is None:
        return {}
    months, hours = found.monthly_mwh.tolist(), found.hourly_mwh.tolist()
    return {
        "monthly": [
            {"month": month, "aep_gwh": round(mwh / 1000.0, 8)}
            for month, mwh in enumerate(months, start=1)
        ],
        "hourly": [
            {"hour_utc": hour, "aep_gwh": round(mwh / 1000.0, 8)} for hour, mwh in enumerate(hours)
        ],
    }


def setup(
    farm: Farm, wind: "Wind", document: Mapping[str, Any], ratio: "FloatArray | None"
) -> dict[str, Any]:
    """Return what a later step needs to draw the simulation again, beside ``energy.json``.

    Args:
        farm: The turbines.
        wind: The wind at the lowest of their hubs.
        document: ``energy.json``.
        ratio: Of several types, the lowest hub first: the free speed at each one's hub by sector,
            as a multiple of the lowest's.
    """
    sectors = wind.sectors
    return {
        "turbine_types": {one.key: one.as_document() for one in farm.types},
        "air_density_kg_per_m3": farm.types[0].air_density_kg_per_m3,
        "free_speed_ratio": None if ratio is None else ratio.round(6).tolist(),
        "wake_model": document["wake_model"],
        "turbulence_intensity": document["turbulence_intensity"],
        "grid_north_degrees": farm.north_degrees,
        "wind": {
            "assumption": wind.assumption,
            "main_direction_degrees": float(
                wind.states.sector_degrees[
                    wind.states.by_sector(wind.states.rose.frequency).argmax()
                ]
            ),
            "sectors": None
            if sectors is None
            else [
                {"weibull_a_m_per_s": round(a, 4), "weibull_k": round(k, 4)}
                for a, k in zip(sectors.a_m_per_s.tolist(), sectors.k.tolist(), strict=True)
            ],
        },
        "aep_mwh": document["aep_mwh"],
        "sources": document["sources"],
    }
