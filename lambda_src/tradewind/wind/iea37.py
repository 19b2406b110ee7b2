"""The turbine and the wind of IEA Wind Task 37, case study 1.

Source: Baker et al., "Best Practices for Wake Model and Optimization Algorithm Selection in Wind
Farm Layout Optimization", AIAA 2019-0540, and the case study's own files.
"""

from typing import Final

import numpy as np

from tradewind.wind.wake import Turbine, WindRose

#: The IEA 3.35 MW onshore reference turbine, with the case study's cubic power curve.
IEA37_TURBINE: Final = Turbine(
    name="IEA 3.35 MW onshore reference turbine (IEA Task 37)",
    rotor_diameter_m=130.0,
    hub_height_m=110.0,
    rated_power_mw=3.35,
    cut_in_m_per_s=4.0,
    rated_m_per_s=9.8,
    cut_out_m_per_s=25.0,
    thrust_coefficient=8.0 / 9.0,
)

#: Wake expansion of the case study: the growth of the wake's standard deviation per metre.
IEA37_WAKE_EXPANSION: Final = 0.0324555

#: How often the wind comes from each of 16 directions, from north clockwise.
IEA37_FREQUENCIES: Final[tuple[float, ...]] = (
    0.025, 0.024, 0.029, 0.036, 0.063, 0.065, 0.100, 0.122,
    0.063, 0.038, 0.039, 0.083, 0.213, 0.046, 0.032, 0.022,
)  # fmt: skip

#: The one speed at which the case study's wind blows, whatever its direction.
IEA37_WIND_SPEED_M_PER_S: Final = 9.8


def wind_rose(
    frequencies: tuple[float, ...] = IEA37_FREQUENCIES,
    wind_speed_m_per_s: float = IEA37_WIND_SPEED_M_PER_S,
) -> WindRose:
    """Return a rose of equal sectors in which the wind has one speed.

    Args:
        frequencies: Share of the year per sector. The first sector is centred on north, the
            others follow clockwise.
        wind_speed_m_per_s: Free wind speed at hub height.
    """
    count = len(frequencies)
    return WindRose(
        direction_degrees=np.linspace(0.0, 360.0, count, endpoint=False),
        frequency=np.asarray(frequencies, dtype=np.float64),
        wind_speed_m_per_s=np.full(count, float(wind_speed_m_per_s)),
    )
