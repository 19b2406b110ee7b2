"""Two Gaussian wakes.

Both give, ``x`` metres behind a rotor of diameter D and ``r`` to the side, a loss ::

    sigma = k x + e D
    loss  = u (1 - sqrt(1 - CT / (8 sigma^2 / D^2))) exp(-r^2 / (2 sigma^2))

of wind speed (Bastankhah and Porté-Agel, Renewable Energy 70, 2014). They differ in ``k``, ``e``,
the speed ``u`` and in how the losses of several turbines add up; each class says how.
"""

from dataclasses import dataclass
from math import isfinite
from typing import Final, Protocol

import numpy as np

from siting.wind.errors import WindError
from siting.wind.turbines import FloatArray

MIN_TURBULENCE: Final = 0.03
MAX_TURBULENCE: Final = 0.30


class WakeModel(Protocol):
    """What tells one Gaussian wake from another."""

    @property
    def key(self) -> str:
        """Its name."""

    @property
    def description(self) -> str:
        """The model, its source and its parameters, in a sentence."""

    @property
    def ambient_turbulence(self) -> float | None:
        """Turbulence intensity of the free wind, 0 to 1; None if wakes do not depend on it."""

    @property
    def adds_linearly(self) -> bool:
        """Whether losses add up, each of the speed its turbine sees.

        Otherwise they add up as the root of their sum of squares, each of the free speed.
        """

    def growth(self, turbulence: FloatArray) -> FloatArray:
        """``k`` for the turbulence intensity at the rotor."""

    def initial_width(self, thrust: FloatArray) -> FloatArray:
        """``e`` for the thrust coefficient."""

    def added_turbulence(self, thrust: FloatArray, diameters_behind: FloatArray) -> FloatArray:
        """Turbulence intensity that a wake adds, so many rotor diameters behind its turbine."""


@dataclass(frozen=True, slots=True)
class Iea37Gaussian:
    """The simplified wake of IEA Wind Task 37: constant ``k``, e = 1 / sqrt(8), free wind speed.

    Attributes:
        expansion: ``k``, the growth of the wake's standard deviation per metre.
    """

    expansion: float = 0.0324555

    @property
    def key(self) -> str:
        """See ``WakeModel``."""
        return "iea37_gaussian"

    @property
    def description(self) -> str:
        """See ``WakeModel``."""
        return (
            "simplified Gaussian model of IEA Task 37, "
            f"expansion {self.expansion:g} per metre, root-sum-square superposition"
        )

    @property
    def ambient_turbulence(self) -> float | None:
        """See ``WakeModel``."""
        return None

    @property
    def adds_linearly(self) -> bool:
        """See ``WakeModel``."""
        return False

    def growth(self, turbulence: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        return np.full(turbulence.shape, self.expansion)

    def initial_width(self, thrust: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        return np.full(thrust.shape, 1.0 / np.sqrt(8.0))

    def added_turbulence(self, thrust: FloatArray, diameters_behind: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        return np.zeros(np.broadcast_shapes(thrust.shape, diameters_behind.shape))


@dataclass(frozen=True, slots=True)
class TurbulentGaussian:
    """The wake of Niayifar and Porté-Agel (Energies 9, 741, 2016), which widens with turbulence.

    k = 0.3837 I + 0.003678 with the turbulence intensity I at the rotor that makes the wake;
    e = 0.2 sqrt(b) with b = (1 + sqrt(1 - CT)) / (2 sqrt(1 - CT)), CT held below 0.9 there; losses
    are shares of the speed that rotor sees, and add up. I is the free wind's, and in wakes

        I^2 = I0^2 + max((overlap 0.73 a^0.8325 I0^0.0325 (x / D)^-0.32)^2),

    a the induction (1 - sqrt(1 - CT)) / 2, and overlap the share of the rotor that lies within two
    sigma of the wake's axis (Crespo and Hernández 1996, as the paper uses it). Speeds are those at
    the hub, not averaged over the rotor.

    Attributes:
        turbulence_intensity: I0, of the free wind at hub height.
    """

    turbulence_intensity: float = 0.10

    def __post_init__(self) -> None:
        intensity = self.turbulence_intensity
        if not (isfinite(intensity) and MIN_TURBULENCE <= intensity <= MAX_TURBULENCE):
            raise WindError(
                f"turbulence_intensity is {intensity:g}; give {MIN_TURBULENCE:g} to "
                f"{MAX_TURBULENCE:g}, a share of the wind speed (0.06 offshore, 0.10 on land)."
            )

    @property
    def key(self) -> str:
        """See ``WakeModel``."""
        return "bastankhah_gaussian"

    @property
    def description(self) -> str:
        """See ``WakeModel``."""
        return (
            "Gaussian model of Bastankhah and Porté-Agel (2014) with the turbulence-dependent "
            "expansion and linear superposition of Niayifar and Porté-Agel (2016), ambient "
            f"turbulence intensity {self.turbulence_intensity:g}"
        )

    @property
    def ambient_turbulence(self) -> float | None:
        """See ``WakeModel``."""
        return self.turbulence_intensity

    @property
    def adds_linearly(self) -> bool:
        """See ``WakeModel``."""
        return True

    def growth(self, turbulence: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        return 0.3837 * turbulence + 0.003678

    def initial_width(self, thrust: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        root = np.sqrt(1.0 - np.minimum(thrust, 0.899))
        return np.asarray(0.2 * np.sqrt(0.5 * (1.0 + root) / root))

    def added_turbulence(self, thrust: FloatArray, diameters_behind: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        induction = 0.5 * (1.0 - np.sqrt(1.0 - np.minimum(thrust, 1.0)))
        at_rotor = 0.73 * induction**0.8325 * self.turbulence_intensity**0.0325
        return np.asarray(at_rotor * diameters_behind**-0.32)
