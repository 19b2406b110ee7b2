"""What a wake is like, and the two Gaussian models whose wakes are seen from the hub.

Gaussian wakes give, ``x`` metres behind a rotor of diameter D and ``r`` to the side, a loss ::

    loss = u (1 - sqrt(1 - CT / (8 sigma^2 / D^2))) exp(-r^2 / (2 sigma^2))

of wind speed (Bastankhah and Porté-Agel, Renewable Energy 70, 2014). They differ in ``sigma``, the
speed ``u`` and in how the losses of several turbines add up; each class says how.
"""

from dataclasses import dataclass
from math import isfinite
from typing import Final, NamedTuple, Protocol

import numpy as np

from siting.wind.errors import WindError
from siting.wind.turbines import FloatArray

MIN_TURBULENCE: Final = 0.03
MAX_TURBULENCE: Final = 0.30
#: exp of less is nothing for a wake (1e-26), but takes a processor several times as long.
LEAST_EXPONENT: Final = -60.0
#: Beyond so many sigma a wake is nothing (2e-11 of what it is at its axis).
_REACH_SIGMA: Final = 7.0
#: A wake takes no more than this share of the wind. Only CT above 1 would ask for it.
_ALL: Final = 1.0


#: What of a wake is the same wherever it is looked at: arrays that its model makes for itself.
Made = tuple[FloatArray, ...]


class Hit(NamedTuple):
    """What a wake hits.

    Attributes:
        radius_m: Of the rotor; 0 for a point.
        hub_height_m: Over ground, of it and of the rotor that makes the wake.
    """

    radius_m: float
    hub_height_m: float


class WakeModel(Protocol):
    """What tells one wake from another."""

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
    def adds_turbulence(self) -> bool:
        """Whether a wake adds turbulence on which the wakes of those it hits depend."""

    @property
    def adds_linearly(self) -> bool:
        """Whether losses add up, each of the speed its turbine sees.

        Otherwise they add up as the root of their sum of squares, each of the free speed.
        """

    def growth(self, turbulence: FloatArray) -> FloatArray:
        """How much wider the wake gets per metre, far behind its rotor."""

    def made(
        self, thrust: FloatArray, turbulence: FloatArray, diameter_m: float | FloatArray
    ) -> Made:
        """What ``width`` and ``loss`` take of a rotor, worked out once for all that it hits.

        Args:
            thrust: CT of the rotor.
            turbulence: Turbulence intensity there.
            diameter_m: Of the rotor.

        Returns:
            Arrays of the shape of the arguments; of one column if they are the same in all.
        """

    def width(self, along_m: FloatArray, made: Made) -> FloatArray:
        """How wide the wake is, so far behind its rotor: sigma, or Jensen's radius, in metres."""

    def widest(self, made: Made) -> Made:
        """What makes a wake no narrower than at any of the speeds in columns, without columns."""

    def reach(self, width_m: FloatArray, hit: Hit) -> FloatArray:
        """How far from its axis the wake is nothing any more to what it hits, in metres."""

    def loss(self, width_m: FloatArray, across_m: FloatArray, made: Made, hit: Hit) -> FloatArray:
        """The share of the wind that is lost where the wake is so wide.

        Args:
            width_m: As ``width`` gives it.
            across_m: How far from the wake's axis, to the side, 0 or more.
            made: As ``made`` gives it.
            hit: What it hits.
        """

    def stirred(self, thrust: FloatArray) -> FloatArray:
        """Turbulence intensity that a rotor adds, one diameter behind it."""

    def calmed(self, diameters_behind: FloatArray) -> FloatArray:
        """Which share of that is left, so many diameters behind it."""


class SumOfSquares:
    """Wakes whose losses add up as the root of their sum of squares, and that add no turbulence."""

    __slots__ = ()

    @property
    def adds_turbulence(self) -> bool:
        """See ``WakeModel``."""
        return False

    @property
    def adds_linearly(self) -> bool:
        """See ``WakeModel``."""
        return False

    def stirred(self, thrust: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        return np.zeros(thrust.shape)

    def calmed(self, diameters_behind: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        return np.ones(diameters_behind.shape)


class SeenFromHub:
    """Gaussian wakes that count as they are at the hub of the rotor that they hit."""

    __slots__ = ()

    def width(self, along_m: FloatArray, made: Made) -> FloatArray:
        """See ``WakeModel``."""
        at_rotor, growth, *_ = made
        sigma = growth * along_m
        sigma += at_rotor
        return sigma

    def widest(self, made: Made) -> Made:
        """See ``WakeModel``."""
        return tuple(one.max(axis=1) for one in made[:2])

    def reach(self, width_m: FloatArray, hit: Hit) -> FloatArray:
        """See ``WakeModel``."""
        return _REACH_SIGMA * width_m

    def loss(self, width_m: FloatArray, across_m: FloatArray, made: Made, hit: Hit) -> FloatArray:
        """See ``WakeModel``."""
        return gaussian_at_hub(width_m, across_m, made[-1])


@dataclass(frozen=True, slots=True)
class Iea37Gaussian(SumOfSquares, SeenFromHub):
    """The simplified wake of IEA Wind Task 37: sigma = k x + D / sqrt(8), free wind speed.

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

    def growth(self, turbulence: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        return np.full(turbulence.shape, self.expansion)

    def made(
        self, thrust: FloatArray, turbulence: FloatArray, diameter_m: float | FloatArray
    ) -> Made:
        """See ``WakeModel``."""
        growth = self.growth(thrust[..., :1])
        at_rotor = np.ones_like(growth) * (diameter_m / np.sqrt(8.0))
        return at_rotor, growth, blockage(thrust, diameter_m)


@dataclass(frozen=True, slots=True)
class TurbulentGaussian(SeenFromHub):
    """The wake of Niayifar and Porté-Agel (Energies 9, 741, 2016), which widens with turbulence.

    sigma = k x + e D with k = 0.3837 I + 0.003678, I the turbulence intensity at the rotor that
    makes the wake; e = 0.2 sqrt(b) with b = (1 + sqrt(1 - CT)) / (2 sqrt(1 - CT)), CT held below
    0.9 there; losses are shares of the speed that rotor sees, and add up. I is the free wind's, and
    in wakes

        I^2 = I0^2 + max((overlap 0.73 a^0.8325 I0^0.0325 (x / D)^-0.32)^2),

    a the induction (1 - sqrt(1 - CT)) / 2, and overlap the share of the rotor that lies within two
    sigma of the wake's axis (Crespo and Hernández 1996, as the paper uses it). Speeds are those at
    the hub, not averaged over the rotor.

    Attributes:
        turbulence_intensity: I0, of the free wind at hub height.
    """

    turbulence_intensity: float = 0.10

    def __post_init__(self) -> None:
        require_turbulence(self.turbulence_intensity)

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
    def adds_turbulence(self) -> bool:
        """See ``WakeModel``."""
        return True

    @property
    def adds_linearly(self) -> bool:
        """See ``WakeModel``."""
        return True

    def growth(self, turbulence: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        return 0.3837 * turbulence + 0.003678

    def made(
        self, thrust: FloatArray, turbulence: FloatArray, diameter_m: float | FloatArray
    ) -> Made:
        """See ``WakeModel``."""
        at_rotor = sigma_at_rotor(0.2, thrust, 0.899) * diameter_m
        return at_rotor, self.growth(turbulence), blockage(thrust, diameter_m)

    def stirred(self, thrust: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        induction = 0.5 * (1.0 - np.sqrt(1.0 - np.minimum(thrust, 1.0)))
        return np.asarray(0.73 * induction**0.8325 * self.turbulence_intensity**0.0325)

    def calmed(self, diameters_behind: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        return np.asarray(diameters_behind**-0.32)


def require_turbulence(intensity: float) -> None:
    """Refuse a turbulence intensity that no site has.

    Raises:
        WindError: It is out of range.
    """
    if not (isfinite(intensity) and MIN_TURBULENCE <= intensity <= MAX_TURBULENCE):
        raise WindError(
            f"turbulence_intensity is {intensity:g}; give {MIN_TURBULENCE:g} to "
            f"{MAX_TURBULENCE:g}, a share of the wind speed (0.06 offshore, 0.10 on land)."
        )


def sigma_at_rotor(share: float, thrust: FloatArray, most: float) -> FloatArray:
    """Sigma at the rotor, in its diameters: share sqrt(b), CT held below the most."""
    root = np.sqrt(1.0 - np.minimum(thrust, most))
    return np.asarray(share * np.sqrt(0.5 * (1.0 + root) / root))


def blockage(thrust: FloatArray, diameter: float | FloatArray) -> FloatArray:
    """CT D^2 / 8, which by sigma^2 says how deep a wake is."""
    return np.asarray(thrust * (diameter**2 / 8.0))


def depth(sigma: FloatArray, blocked: FloatArray) -> FloatArray:
    """The share of the wind that is lost on the wake's axis, of its ``blockage``."""
    return np.asarray(1.0 - np.sqrt(1.0 - np.minimum(blocked / sigma**2, _ALL)))


def gaussian_at_hub(sigma: FloatArray, across: FloatArray, blocked: FloatArray) -> FloatArray:
    """The share of the wind that is lost so far from the wake's axis, all lengths in metres.

    Args:
        sigma: Of the wakes.
        across: How far from their axes, broadcast with it.
        blocked: Their ``blockage``, of the shape of what is returned.
    """
    # In place: the time goes into memory, not into arithmetic.
    inverse = np.square(sigma)
    np.divide(1.0, inverse, out=inverse)
    exponent = inverse * (-0.5 * np.square(across))
    np.maximum(exponent, LEAST_EXPONENT, out=exponent)
    loss = inverse * blocked
    np.minimum(loss, _ALL, out=loss)
    np.subtract(1.0, loss, out=loss)
    np.sqrt(loss, out=loss)
    np.subtract(1.0, loss, out=loss)
    loss *= np.exp(exponent, out=exponent)
    return loss
