"""From the energy that wakes leave to what reaches the grid, and how sure that is.

The kinds of losses and of uncertainty are those of IEC 61400-15, as Lee and Fields list them: "An
overview of wind-energy-production prediction bias, losses, and uncertainties", Wind Energy Science
6, 311-365 (2021). The values are planning assumptions for a modern farm on land whose wind nobody
has measured; whoever knows better gives their own.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import prod, sqrt
from statistics import NormalDist, fmean, stdev
from typing import Any, Final, Protocol

import numpy as np

from siting.wind.turbines import FloatArray
from siting.wind.wake.energy import WindRose

#: Percent of years, or of spans of ten years, that yield more.
PROBABILITIES: Final = (50, 75, 90, 99)
#: What a loan runs for, about: good and bad years even out over it.
LONG_TERM_YEARS: Final = 10
#: Between years whose own means are not at hand: the trade's rule of thumb. Records say less on
#: plain land and more among hills: "Interannual wind variation from observations and numerical
#: weather analyses", EWEA Annual Event 2012.
USUAL_VARIATION_PERCENT: Final = 6.0
#: With fewer years their spread is chance.
MIN_YEARS: Final = 5
#: By which a speed is changed to see how energy follows.
_STEP: Final = 0.01


class GivesPower(Protocol):
    """A turbine, or several together."""

    def power_mw(self, wind_speed_m_per_s: FloatArray, /) -> FloatArray:
        """Power at each of a rose's speeds, in megawatts."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What is lost behind the rotors, each in percent of what is left of the others.

    Attributes:
        availability: Turbines, the farm's own grid and the utility's that stand still.
        electrical: In cables and transformers, and the farm's own use.
        performance: Turbines that do less than their curve: turbulence, yaw, high-wind control.
        environmental: Ice, dirt and wear of the blades, heat and lightning.
        curtailment: For noise, shadow, bats and birds, and the grid. None unless somebody asks.
    """

    availability: float = 3.0
    electrical: float = 2.0
    performance: float = 2.0
    environmental: float = 2.0
    curtailment: float = 0.0

    @property
    def kept_share(self) -> float:
        """What is left, 0 to 1."""
        return float(prod(1.0 - percent / 100.0 for percent in asdict(self).values()))


@dataclass(frozen=True, slots=True)
class Uncertainties:
    """Standard deviations, independent of each other.

    Attributes:
        wind_speed: Of the long-term mean at the hub, in percent of it. A reanalysis by itself knows
            no hill and no forest; a good year of a mast on the site brings it to some 3.
        wakes: In percent of the energy that the wakes take.
        power_curve: In percent of the energy.
        losses: In percent of the energy.
    """

    wind_speed: float = 6.0
    wakes: float = 20.0
    power_curve: float = 3.0
    losses: float = 1.5


@dataclass(frozen=True, slots=True)
class NetYield:
    """A year's energy at the grid, and how sure it is.

    Attributes:
        net_mwh: What half of all years exceed (P50).
        losses: What is between it and the energy that wakes leave.
        energy_by_speed: By how many percent the energy changes with each percent of wind speed.
        lasting_percent: Standard deviation of what does not even out over the years.
        yearly_percent: Standard deviation of one year's energy for the wind's sake.
        years: How many years' means the latter is from; 0 where it is the usual one.
    """

    net_mwh: float
    losses: Losses
    energy_by_speed: float
    lasting_percent: float
    yearly_percent: float
    years: int

    def spread_percent(self, years: int) -> float:
        """Standard deviation of the mean of so many years."""
        return sqrt(self.lasting_percent**2 + self.yearly_percent**2 / years)

    def exceeded_mwh(self, probability_percent: float, years: int) -> float:
        """What the mean of so many years exceeds with a probability; never less than nothing."""
        below = NormalDist().inv_cdf(probability_percent / 100.0) * self.spread_percent(years)
        return self.net_mwh * max(0.0, 1.0 - below / 100.0)

    def describe(self) -> dict[str, Any]:
        """Its figures for a document: energy in GWh, everything else in percent."""
        return {
            "net_aep_gwh": round(self.net_mwh / 1000.0, 6),
            "losses_percent": asdict(self.losses),
            "kept_percent": round(100.0 * self.losses.kept_share, 4),
            "energy_percent_per_speed_percent": round(self.energy_by_speed, 4),
            "uncertainty_percent": {
                "lasting": round(self.lasting_percent, 4),
                "one_year": round(self.yearly_percent, 4),
                "years_seen": self.years,
            },
            "exceeded": [
                {
                    "probability_percent": probability,
                    "one_year_gwh": round(self.exceeded_mwh(probability, 1) / 1000.0, 4),
                    "ten_years_gwh": round(
                        self.exceeded_mwh(probability, LONG_TERM_YEARS) / 1000.0, 4
                    ),
                }
                for probability in PROBABILITIES
            ],
        }


def net_yield(
    *,
    aep_mwh: float,
    wake_loss_percent: float,
    turbine: GivesPower,
    rose: WindRose,
    yearly_mean_m_per_s: Sequence[float],
    losses: Losses,
    uncertainties: Uncertainties,
) -> NetYield:
    """Take losses off a farm's energy, and say how sure it is.

    Args:
        aep_mwh: Annual energy, net of wakes.
        wake_loss_percent: What they took.
        turbine: The farm's, or all of its turbines together.
        rose: The wind.
        yearly_mean_m_per_s: Mean wind speeds of whole years, of any height.
        losses: Behind the rotors.
        uncertainties: Of what the energy was computed from.
    """
    follows = energy_by_speed(turbine, rose)
    wakes_percent = uncertainties.wakes * wake_loss_percent / max(100.0 - wake_loss_percent, 1.0)
    lasting = (
        follows * uncertainties.wind_speed,
        wakes_percent,
        uncertainties.power_curve,
        uncertainties.losses,
    )
    seen = len(yearly_mean_m_per_s) >= MIN_YEARS
    variation = (
        100.0 * stdev(yearly_mean_m_per_s) / fmean(yearly_mean_m_per_s)
        if seen
        else USUAL_VARIATION_PERCENT
    )
    return NetYield(
        net_mwh=aep_mwh * losses.kept_share,
        losses=losses,
        energy_by_speed=follows,
        lasting_percent=sqrt(sum(percent**2 for percent in lasting)),
        yearly_percent=follows * variation,
        years=len(yearly_mean_m_per_s) if seen else 0,
    )


def energy_by_speed(turbine: GivesPower, rose: WindRose) -> float:
    """By how many percent a free turbine's energy changes with each percent of wind speed.

    Between 3, far below the rated speed, and 0 above it; 0 for a turbine that stands still.
    """

    def energy(factor: float) -> float:
        power = turbine.power_mw(factor * rose.wind_speed_m_per_s)
        return float(np.dot(rose.frequency, power))

    usual = energy(1.0)
    if usual == 0.0:
        return 0.0
    return (energy(1.0 + _STEP) - energy(1.0 - _STEP)) / (2.0 * _STEP * usual)
