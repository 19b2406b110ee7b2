"""The wind of IEA Wind Task 37, case study 1, and its baseline layouts.

Source: Baker et al., "Best Practices for Wake Model and Optimization Algorithm Selection in Wind
Farm Layout Optimization", AIAA 2019-0540, and the case study's own files.
"""

from collections.abc import Mapping
from math import cos, sin, tau
from typing import Final

import numpy as np

from siting.wind.turbines import IEA37_CASE_STUDY, FloatArray
from siting.wind.wake.energy import WindRose

#: The case study's turbine.
IEA37_TURBINE: Final = IEA37_CASE_STUDY

#: How often the wind comes from each of 16 directions, from north clockwise.
IEA37_FREQUENCIES: Final[tuple[float, ...]] = (
    0.025, 0.024, 0.029, 0.036, 0.063, 0.065, 0.100, 0.122,
    0.063, 0.038, 0.039, 0.083, 0.213, 0.046, 0.032, 0.022,
)  # fmt: skip

#: The one speed at which the case study's wind blows, whatever its direction.
IEA37_WIND_SPEED_M_PER_S: Final = 9.8

#: Radius of the round site, in metres, by the number of turbines on it.
IEA37_BOUNDARY_RADIUS_M: Final[Mapping[int, float]] = {16: 1300.0, 36: 2000.0, 64: 3000.0}

#: How many turbines stand on each ring of the baseline, from the centre; rings are equally wide.
_BASELINE_RINGS: Final[Mapping[int, tuple[int, ...]]] = {
    16: (1, 5, 10),
    36: (1, 5, 12, 18),
    64: (1, 5, 12, 18, 28),
}


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


def baseline(turbine_count: int) -> FloatArray:
    """Return a published baseline: (east, north) in metres from the site's centre.

    Args:
        turbine_count: 16, 36 or 64.
    """
    rings = _BASELINE_RINGS[turbine_count]
    width_m = IEA37_BOUNDARY_RADIUS_M[turbine_count] / (len(rings) - 1)
    places = [
        (ring * width_m * cos(tau * at / count), ring * width_m * sin(tau * at / count))
        for ring, count in enumerate(rings)
        for at in range(count)
    ]
    # The case study's files give coordinates to four decimals.
    return np.round(np.array(places), 4)
