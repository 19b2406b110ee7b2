"""What of a simulated energy reaches the grid: the project's wind and the request's own values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from siting.wind.errors import require_within

if TYPE_CHECKING:
    from siting.wind.net import NetYield
    from siting.wind.scenarios import Wind
    from siting.wind.turbines import Turbine
    from siting.wind.wake.energy import EnergyYield
    from siting.wind.wake.mixed import MixInWind

_MAX_LOSS_PERCENT: Final = 50.0
_MAX_WIND_UNCERTAINTY_PERCENT: Final = 30.0


def net_of_all(
    energy: "EnergyYield",
    wind: "Wind",
    measured: Mapping[str, Any],
    *,
    turbine: "Turbine | MixInWind",
    losses_percent: Mapping[str, float | None],
    wind_speed_percent: float | None,
) -> "NetYield":
    """Take the losses off, and say how sure the rest is.

    Args:
        energy: Net of wakes.
        wind: What it was computed for.
        measured: ``terrain/wind.json``, which that is from.
        turbine: What gives the energy of the free wind.
        losses_percent: What the request says of each loss; None for the default.
        wind_speed_percent: What it says of the uncertainty of the wind speed; None as before.

    Raises:
        WindError: A value is out of range.
    """
    from siting.wind.net import Losses, Uncertainties, net_yield  # noqa: PLC0415

    given = {name: percent for name, percent in losses_percent.items() if percent is not None}
    for name, percent in given.items():
        require_within(f"{name}_loss_percent", percent, 0.0, _MAX_LOSS_PERCENT, "%")
    uncertain = Uncertainties()
    if wind_speed_percent is not None:
        require_within(
            "wind_speed_uncertainty_percent",
            wind_speed_percent,
            0.0,
            _MAX_WIND_UNCERTAINTY_PERCENT,
            "%",
        )
        uncertain = Uncertainties(wind_speed=wind_speed_percent)
    return net_yield(
        aep_mwh=energy.aep_mwh,
        wake_loss_percent=energy.wake_loss_percent,
        turbine=turbine,
        rose=wind.states.rose,
        yearly_mean_m_per_s=[
            float(one["mean_wind_speed_m_per_s"]) for one in measured.get("yearly", ())
        ],
        losses=Losses(**given),
        uncertainties=uncertain,
    )
