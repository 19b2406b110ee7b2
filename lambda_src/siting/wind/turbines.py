"""Turbines: power and thrust by wind speed, and a small library of published reference turbines.

No maker's curve is public in a form that could be shipped; reference turbines are, and they are
what studies compare layouts with.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources import files
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from siting.wind.errors import WindError

FloatArray = NDArray[np.float64]

#: The air that power curves are given for (IEC 61400-12-1).
STANDARD_DENSITY_KG_PER_M3: Final = 1.225


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
        points: (speed in m/s, power in kW, CT), speeds rising, the highest power the rated one.
    """

    points: tuple[tuple[float, float, float], ...]

    @cached_property
    def _columns(self) -> FloatArray:
        return np.array(self.points, dtype=np.float64).T

    def power_share(self, speed_m_per_s: FloatArray) -> FloatArray:
        """See ``Curves``."""
        speed, power, _ = self._columns
        return np.asarray(np.interp(speed_m_per_s, speed, power / power.max()))

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
        air_density_kg_per_m3: Of the air it stands in.
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
    air_density_kg_per_m3: float = STANDARD_DENSITY_KG_PER_M3

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

    def in_air(self, density_kg_per_m3: float) -> "Turbine":
        """Return the turbine as it works in air of another density."""
        return replace(self, air_density_kg_per_m3=density_kg_per_m3)

    def as_document(self) -> dict[str, Any]:
        """Return all that ``turbine_from`` makes it from again, whatever air it stands in."""
        curves = (
            {"curve": [list(point) for point in self.curves.points]}
            if isinstance(self.curves, TabulatedCurves)
            else {"thrust_coefficient": self.constant_thrust}
        )
        return {**self.describe(), **curves}

    def power_mw(self, wind_speed_m_per_s: FloatArray) -> FloatArray:
        """Return the power at each speed, in megawatts."""
        speed = np.asarray(wind_speed_m_per_s, dtype=np.float64)
        power = self.rated_power_mw * self.curves.power_share(self._normalised(speed))
        runs = (speed >= self.cut_in_m_per_s) & (speed <= self.cut_out_m_per_s)
        return np.where(runs, power, 0.0)

    def thrust(self, wind_speed_m_per_s: FloatArray) -> FloatArray:
        """Return the thrust coefficient at each speed, 0 where the turbine stands still."""
        speed = np.asarray(wind_speed_m_per_s, dtype=np.float64)
        thrust = self.curves.thrust(self._normalised(speed))
        if self.constant_thrust is not None:
            return np.where(speed <= self.cut_out_m_per_s, thrust, 0.0)
        runs = (speed >= self.cut_in_m_per_s) & (speed <= self.cut_out_m_per_s)
        return np.where(runs, thrust, 0.0)

    @property
    def rated_in_its_air_m_per_s(self) -> float:
        """From this speed on it gives its rated power in the air it stands in."""
        return self.rated_m_per_s / self._dense_speed_ratio

    @property
    def _dense_speed_ratio(self) -> float:
        """A speed in air of the curves' density that does the same, per speed in its own air.

        By IEC 61400-12-1, for turbines that control their power by pitch.
        """
        return float(np.cbrt(self.air_density_kg_per_m3 / STANDARD_DENSITY_KG_PER_M3))

    def _normalised(self, speed_m_per_s: FloatArray) -> FloatArray:
        ratio = self._dense_speed_ratio
        # Exactly what it was, and no pass over many speeds, in the usual air.
        return speed_m_per_s if ratio == 1.0 else np.asarray(speed_m_per_s * ratio)


#: What a turbine's data say beside its curves.
_FIELDS: Final = (
    "name",
    "rotor_diameter_m",
    "hub_height_m",
    "rated_power_mw",
    "cut_in_m_per_s",
    "rated_m_per_s",
    "cut_out_m_per_s",
    "source",
)


def turbine_from(key: str, data: Mapping[str, Any]) -> Turbine:
    """Make a turbine of its data: those of the library, or ``as_document``'s."""
    curves: Curves = (
        TabulatedCurves(tuple((v, kw, ct) for v, kw, ct in data["curve"]))
        if "curve" in data
        else CubicCurves(data["cut_in_m_per_s"], data["rated_m_per_s"], data["thrust_coefficient"])
    )
    return Turbine(key=key, curves=curves, **{name: data[name] for name in _FIELDS})


def _read_library(text: str) -> dict[str, Turbine]:
    return {key: turbine_from(key, data) for key, data in tomllib.loads(text).items()}


#: The library, by key.
TURBINES: Final[Mapping[str, Turbine]] = _read_library(
    (files("siting.wind") / "turbines.toml").read_text(encoding="utf-8")
)
#: The onshore reference turbine as case study 1 of IEA Wind Task 37 simplifies it.
IEA37_CASE_STUDY: Final = TURBINES["iea37_3_35mw_130m"]


def turbine_of(key: str) -> Turbine:
    """Return the turbine of a key.

    Raises:
        WindError: There is no such turbine; the message names those there are.
    """
    if key not in TURBINES:
        raise WindError(f"There is no turbine {key[:40]!r}; there are {', '.join(TURBINES)}.")
    return TURBINES[key]
