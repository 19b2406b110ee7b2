"""A Gaussian wake that was made for farms of many rows, averaged over the rotors that it hits."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from siting.wind.turbines import FloatArray
from siting.wind.wake.models import (
    Hit,
    Made,
    SumOfSquares,
    blockage,
    depth,
    require_turbulence,
    sigma_at_rotor,
)
from siting.wind.wake.rotors import gaussian_over_disc

#: Discs farther from a wake's axis, in sigma, see nothing of it: less than 2e-8 of its depth.
_REACH_SIGMA: Final = 6.0


@dataclass(frozen=True, slots=True)
class TurbOPark(SumOfSquares):
    """Ørsted's wake (Nygaard et al., J. Phys. Conf. Ser. 2265, 022008, 2022), made for many rows.

    It widens with the free wind's turbulence and that of the wake itself (Frandsen 2007):

        sigma = e D + A I0 D / beta (s(x) - s(0) - ln((s(x) + 1) alpha / ((s(0) + 1) t(x))))
        t(x) = alpha + beta x / D,  s(x) = sqrt(t(x)^2 + 1)

    alpha = 1.5 I0, beta = 0.8 I0 / sqrt(CT), A = 0.04; e = 0.25 sqrt(b), b as in
    ``TurbulentGaussian`` with CT held below 0.96. Losses are shares of the free speed, averaged
    over the rotor that is hit; they, and those of each wake's mirror image below the ground, add up
    as the root of their sum of squares.

    Attributes:
        turbulence_intensity: I0, of the free wind at hub height.
    """

    turbulence_intensity: float = 0.10

    def __post_init__(self) -> None:
        require_turbulence(self.turbulence_intensity)

    @property
    def key(self) -> str:
        """See ``WakeModel``."""
        return "turbopark"

    @property
    def description(self) -> str:
        """See ``WakeModel``."""
        return (
            "TurbOPark of Nygaard et al. (2022), Gaussian, A = 0.04, averaged over the rotor, with "
            "ground and root-sum-square superposition, ambient turbulence intensity "
            f"{self.turbulence_intensity:g}"
        )

    @property
    def ambient_turbulence(self) -> float | None:
        """See ``WakeModel``."""
        return self.turbulence_intensity

    def growth(self, turbulence: FloatArray) -> FloatArray:
        """See ``WakeModel``."""
        return 0.04 * turbulence

    def made(
        self, thrust: FloatArray, turbulence: FloatArray, diameter_m: float | FloatArray
    ) -> Made:
        """See ``WakeModel``."""
        # Without thrust there is no wake whose width would matter.
        root_thrust = np.sqrt(np.maximum(thrust, 1e-20))
        beta_by_metre = 0.8 * self.turbulence_intensity / (root_thrust * diameter_m)
        at_rotor = sigma_at_rotor(0.25, thrust, 0.96) * diameter_m
        return at_rotor, beta_by_metre, blockage(thrust, diameter_m)

    def width(self, along_m: FloatArray, made: Made) -> FloatArray:
        """See ``WakeModel``."""
        at_rotor, beta_by_metre, *_ = made
        alpha = 1.5 * self.turbulence_intensity
        here = alpha + beta_by_metre * along_m
        root, first = np.sqrt(here**2 + 1.0), np.sqrt(alpha**2 + 1.0)
        wider = root - first - np.log((root + 1.0) * alpha / ((first + 1.0) * here))
        wider *= 0.04 * self.turbulence_intensity / beta_by_metre
        wider += at_rotor
        return np.asarray(wider)

    def widest(self, made: Made) -> Made:
        """See ``WakeModel``."""
        # Both go with the thrust: up, and down.
        return made[0].max(axis=1), made[1].min(axis=1)

    def reach(self, width_m: FloatArray, hit: Hit) -> FloatArray:
        """See ``WakeModel``."""
        return _REACH_SIGMA * width_m + hit.radius_m

    def loss(self, width_m: FloatArray, across_m: FloatArray, made: Made, hit: Hit) -> FloatArray:
        """See ``WakeModel``."""
        radius = hit.radius_m / width_m
        image_m = np.hypot(across_m, 2.0 * hit.hub_height_m)
        seen = np.hypot(
            _over_rotor(radius, across_m / width_m), _over_rotor(radius, image_m / width_m)
        )
        return np.asarray(depth(width_m, made[-1]) * seen)


def _over_rotor(radius: FloatArray, distance: FloatArray) -> FloatArray:
    """The mean of exp(-r^2 / 2) over rotors; most see nothing of most wakes."""
    radius, distance = np.broadcast_arrays(radius, distance)
    seen = np.zeros(distance.shape)
    near = distance < _REACH_SIGMA + radius
    seen[near] = gaussian_over_disc(radius[near], distance[near])
    return seen
