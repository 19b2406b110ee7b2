"""Turbines: power and thrust by wind speed, and a small library of published reference turbines.

No maker's curve is public in a form that could be shipped; reference turbines are, and they are
what studies compare layouts with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from siting.wind.errors import WindError

FloatArray = NDArray[np.float64]


class Curves(Protocol):
    """What a turbine gives and takes while it runs, between cut-in and cut-out."""

    def power_share(self, speed_m_per_s: FloatArray) -> FloatArray:
        """Power as a share of the rated power, 0 to 1."""

    def thrust(self, speed_m_per_s: FloatArray) -> FloatArray:
        """Thrust coefficient CT, without unit."""

    @property
    def constant_thrust(self) -> float | None:
        """CT if it is the same at every speed, or None."""


@dataclass(frozen=True)
class CubicCurves:
    """Power that grows with the cube of the speed over cut-in, and one thrust coefficient.

    Attributes:
        cut_in_m_per_s: Where the cube starts.
        rated_m_per_s: Where it reaches the rated power.
        thrust_coefficient: CT, whatever the speed, in a calm too: so IEA Task 37 defines it.
    """

    cut_in_m_per_s: float
    rated_m_per_s: float
    thrust_coefficient: float

    def power_share(self, speed_m_per_s: FloatArray) -> FloatArray:
        """See ``Curves``."""
        span = self.rated_m_per_s - self.cut_in_m_per_s
        share: FloatArray = np.clip((speed_m_per_s - self.cut_in_m_per_s) / span, 0.0, 1.0) ** 3
        return share

    def thrust(self, speed_m_per_s: FloatArray) -> FloatArray:
        """See ``Curves``."""
        return np.full(np.shape(speed_m_per_s), self.thrust_coefficient)

    @property
    def constant_thrust(self) -> float | None:
        """See ``Curves``."""
        return self.thrust_coefficient


@dataclass(frozen=True)
class TabulatedCurves:
    """Published points, joined by straight lines.

    Attributes:
        points: (speed in m/s, power in kW, CT), speeds rising, the last power the rated one.
    """

    points: tuple[tuple[float, float, float], ...]

    @cached_property
    def _columns(self) -> FloatArray:
        return np.array(self.points, dtype=np.float64).T

    def power_share(self, speed_m_per_s: FloatArray) -> FloatArray:
        """See ``Curves``."""
        speed, power, _ = self._columns
        return np.asarray(np.interp(speed_m_per_s, speed, power / power[-1]))

    def thrust(self, speed_m_per_s: FloatArray) -> FloatArray:
        """See ``Curves``."""
        speed, _, thrust = self._columns
        return np.asarray(np.interp(speed_m_per_s, speed, thrust))

    @property
    def constant_thrust(self) -> float | None:
        """See ``Curves``."""
        return None


@dataclass(frozen=True)
class Turbine:
    """A type of turbine.

    Attributes:
        key: Its name in this library.
        name: What it is called.
        rotor_diameter_m: Diameter of the rotor, in metres.
        hub_height_m: Height of the hub over ground, in metres.
        rated_power_mw: Power at and above the rated speed, in megawatts.
        cut_in_m_per_s: Below this speed it gives nothing.
        rated_m_per_s: From this speed on it gives its rated power.
        cut_out_m_per_s: Above this speed it is shut down.
        curves: Power and thrust in between.
        source: Where its data are published.
    """

    key: str
    name: str
    rotor_diameter_m: float
    hub_height_m: float
    rated_power_mw: float
    cut_in_m_per_s: float
    rated_m_per_s: float
    cut_out_m_per_s: float
    curves: Curves = field(repr=False)
    source: str = field(repr=False)

    @property
    def tip_height_m(self) -> float:
        """The highest point a blade reaches over ground."""
        return self.hub_height_m + self.rotor_diameter_m / 2.0

    @property
    def constant_thrust(self) -> float | None:
        """CT if it is the same at every speed, or None."""
        return self.curves.constant_thrust

    def describe(self) -> dict[str, Any]:
        """Return its data for a model to read."""
        return {
            "turbine_model": self.key,
            "name": self.name,
            "rated_power_mw": self.rated_power_mw,
            "rotor_diameter_m": self.rotor_diameter_m,
            "hub_height_m": self.hub_height_m,
            "tip_height_m": self.tip_height_m,
            "cut_in_m_per_s": self.cut_in_m_per_s,
            "rated_m_per_s": self.rated_m_per_s,
            "cut_out_m_per_s": self.cut_out_m_per_s,
            "source": self.source,
        }

    def power_mw(self, wind_speed_m_per_s: FloatArray) -> FloatArray:
        """Return the power at each speed, in megawatts."""
        speed = np.asarray(wind_speed_m_per_s, dtype=np.float64)
        power = self.rated_power_mw * self.curves.power_share(speed)
        runs = (speed >= self.cut_in_m_per_s) & (speed <= self.cut_out_m_per_s)
        return np.where(runs, power, 0.0)

    def thrust(self, wind_speed_m_per_s: FloatArray) -> FloatArray:
        """Return the thrust coefficient at each speed, 0 where the turbine stands still."""
        speed = np.asarray(wind_speed_m_per_s, dtype=np.float64)
        thrust = self.curves.thrust(speed)
        if self.constant_thrust is not None:
            return np.where(speed <= self.cut_out_m_per_s, thrust, 0.0)
        runs = (speed >= self.cut_in_m_per_s) & (speed <= self.cut_out_m_per_s)
        return np.where(runs, thrust, 0.0)


# Speed m/s, power kW, CT. Small variations above the rated power, of the simulations that the
# tables come from, are levelled.
_IEA_3_4MW: Final = (
    (3, 51.6, 0.814), (3.5392, 123.4, 0.8042), (4.0485, 213.2, 0.7982), (4.5267, 318.8, 0.7945),
    (4.973, 436, 0.7913), (5.3862, 560.9, 0.7861), (5.7654, 688.9, 0.776), (6.1098, 819.1, 0.7664),
    (6.4186, 949.7, 0.7664), (6.6912, 1075.9, 0.7664), (6.9269, 1193.7, 0.7664),
    (7.1252, 1299.2, 0.7664), (7.2857, 1389, 0.7664), (7.408, 1460.1, 0.7664),
    (7.4919, 1510.2, 0.7664), (7.5371, 1537.7, 0.7664), (7.5435, 1541.7, 0.7664),
    (7.5758, 1561.6, 0.7664), (7.6468, 1605.9, 0.7664), (7.7563, 1675.9, 0.7664),
    (7.9041, 1773.5, 0.7664), (8.0899, 1901.5, 0.7664), (8.3132, 2063.3, 0.7664),
    (8.5735, 2263.3, 0.7664), (8.8703, 2506.6, 0.7664), (9.203, 2799.3, 0.7664),
    (9.5707, 3148.5, 0.7664), (9.8127, 3370, 0.8068), (10.408, 3370, 0.5306),
    (10.8757, 3370, 0.4467), (11.3748, 3370, 0.3801), (11.9041, 3370, 0.3254),
    (12.4625, 3370, 0.2798), (13.0487, 3370, 0.2415), (13.6615, 3370, 0.209),
    (14.2995, 3370, 0.1816), (14.9612, 3370, 0.1583), (15.6452, 3370, 0.1384),
    (16.35, 3370, 0.1214), (17.074, 3370, 0.1069), (17.8155, 3370, 0.0945), (18.5731, 3370, 0.0839),
    (19.3448, 3370, 0.0748), (20.1292, 3370, 0.0669), (20.9244, 3370, 0.0601),
    (21.7286, 3370, 0.0542), (22.5401, 3370, 0.0491), (23.357, 3370, 0.0446),
    (24.1776, 3370, 0.0406), (25, 3370, 0.0372),
)  # fmt: skip

# The published power is the rotor's; the generator turns 94 % of it into the rated 10 MW.
_IEA_10MW: Final = (
    (3, 35.6, 0.915), (4, 414.1, 0.926), (5, 1009.9, 0.921), (6, 1855, 0.895), (7, 2963, 0.885),
    (8, 4440.3, 0.873), (9, 6330.8, 0.827), (9.5, 7392.1, 0.789), (10, 8514.3, 0.754),
    (10.5, 9691.1, 0.721), (11, 10000, 0.591), (11.5, 10000, 0.49), (12, 10000, 0.418),
    (13, 10000, 0.318), (14, 10000, 0.251), (15, 10000, 0.203), (16, 10000, 0.167),
    (18, 10000, 0.119), (20, 10000, 0.088), (25, 10000, 0.049),
)  # fmt: skip

_IEA_15MW: Final = (
    (3, 70, 0.8197), (3.5, 302, 0.8011), (4, 595.1, 0.8083), (4.5, 964.9, 0.8219),
    (5, 1429.2, 0.8233), (5.25, 1695.2, 0.831), (6, 2656.3, 0.8349), (6.5, 3442.7, 0.829),
    (6.7, 3791.2, 0.8204), (6.9, 4155.6, 0.8112), (7, 4339.3, 0.8067), (7.5, 5338.8, 0.8055),
    (8, 6481.1, 0.8046), (8.5, 7774.6, 0.8039), (9, 9229.2, 0.8039), (9.5, 10855, 0.8037),
    (10, 12661.3, 0.8035), (10.25, 13638.1, 0.8017), (10.5, 14660.7, 0.8018), (10.6, 15000, 0.7687),
    (10.7, 15000, 0.7073), (10.8, 15000, 0.6676), (10.9, 15000, 0.6353), (11, 15000, 0.6073),
    (11.25, 15000, 0.549), (11.5, 15000, 0.5014), (11.75, 15000, 0.461), (12, 15000, 0.426),
    (13, 15000, 0.3212), (14, 15000, 0.2511), (15, 15000, 0.2014), (17.5, 15000, 0.1257),
    (20, 15000, 0.0851), (22.5, 15000, 0.061), (25, 15000, 0.0458),
)  # fmt: skip

_TASK_37_REPORT: Final = (
    "Bortolotti et al. (2019), IEA Wind TCP Task 37: Systems Engineering in Wind Energy, WP2.1 "
    "Reference Wind Turbines, NREL/TP-5000-73492; table of the turbine-models collection of NREL."
)

#: The onshore reference turbine as case study 1 of IEA Wind Task 37 simplifies it.
IEA37_CASE_STUDY: Final = Turbine(
    key="iea37_3_35mw_130m",
    name="IEA 3.35 MW onshore reference turbine (IEA Task 37 case study)",
    rotor_diameter_m=130.0,
    hub_height_m=110.0,
    rated_power_mw=3.35,
    cut_in_m_per_s=4.0,
    rated_m_per_s=9.8,
    cut_out_m_per_s=25.0,
    curves=CubicCurves(cut_in_m_per_s=4.0, rated_m_per_s=9.8, thrust_coefficient=8.0 / 9.0),
    source="IEA Wind Task 37, case study 1: Baker et al. (2019), AIAA 2019-0540.",
)

_LIBRARY: Final = (
    IEA37_CASE_STUDY,
    Turbine(
        key="iea_3_4mw_130m",
        name="IEA 3.4 MW onshore reference turbine",
        rotor_diameter_m=130.0,
        hub_height_m=110.0,
        rated_power_mw=3.37,
        cut_in_m_per_s=4.0,
        rated_m_per_s=9.8127,
        cut_out_m_per_s=25.0,
        curves=TabulatedCurves(_IEA_3_4MW),
        source=_TASK_37_REPORT,
    ),
    Turbine(
        key="iea_10mw_198m",
        name="IEA 10 MW offshore reference turbine",
        rotor_diameter_m=198.0,
        hub_height_m=119.0,
        rated_power_mw=10.0,
        cut_in_m_per_s=4.0,
        rated_m_per_s=11.0,
        cut_out_m_per_s=25.0,
        curves=TabulatedCurves(_IEA_10MW),
        source=_TASK_37_REPORT,
    ),
    Turbine(
        key="iea_15mw_240m",
        name="IEA 15 MW offshore reference turbine",
        rotor_diameter_m=240.0,
        hub_height_m=150.0,
        rated_power_mw=15.0,
        cut_in_m_per_s=3.0,
        rated_m_per_s=10.6,
        cut_out_m_per_s=25.0,
        curves=TabulatedCurves(_IEA_15MW),
        source=(
            "Gaertner et al. (2020), Definition of the IEA Wind 15-Megawatt Offshore Reference "
            "Wind Turbine, NREL/TP-5000-75698; table of the turbine-models collection of NREL."
        ),
    ),
)

#: The library, by key.
TURBINES: Final[Mapping[str, Turbine]] = {turbine.key: turbine for turbine in _LIBRARY}


def turbine_of(key: str) -> Turbine:
    """Return the turbine of a key.

    Raises:
        WindError: There is no such turbine; the message names those there are.
    """
    if key not in TURBINES:
        raise WindError(f"There is no turbine {key[:40]!r}; there are {', '.join(TURBINES)}.")
    return TURBINES[key]
