"""The oldest wake in use, the same all over its width."""

from dataclasses import dataclass

import numpy as np

from siting.wind.turbines import FloatArray
from siting.wind.wake.models import Hit, Made, SumOfSquares
from siting.wind.wake.rotors import overlap


@dataclass(frozen=True, slots=True)
class Jensen(SumOfSquares):
    """The wake of Jensen (Risø-M-2411, 1983), as wide as r = D / 2 + k x and equally deep all over.

    loss = 2 a (D / (2 r))^2 of the free speed, times the share of the rotor that lies in the wake;
    losses add up as the root of their sum of squares (Katic, Højstrup and Jensen, 1986). The
    induction a = 0.2460 CT + 0.0586 CT^2 + 0.0883 CT^3 (Madsen et al., Wind Energy Science 5,
    2020), as PyWake has it.

    Attributes:
        expansion: ``k``, the wake decay constant: 0.075 is usual on land, 0.04 to 0.05 at sea.
    """

    expansion: float = 0.075

    @property
    def key(self) -> str:
        """See ``WakeModel``."""
        return "jensen"

    @property
    def description(self) -> str:
        """See ``WakeModel``."""
        return (
            f"model of Jensen (1983), wake decay constant {self.expansion:g} (usual on land; 0.04 "
            "to 0.05 at sea), root-sum-square superposition"
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
        radius = np.ones_like(thrust[..., :1]) * (diameter_m / 2.0)
        induction = thrust * (0.2460 + thrust * (0.0586 + thrust * 0.0883))
        return radius, np.asarray(2.0 * induction * radius**2)

    def width(self, along_m: FloatArray, made: Made) -> FloatArray:
        """See ``WakeModel``."""
        return self.expansion * along_m + made[0]

    def widest(self, made: Made) -> Made:
        """See ``WakeModel``."""
        return (made[0].max(axis=1),)

    def reach(self, width_m: FloatArray, hit: Hit) -> FloatArray:
        """See ``WakeModel``."""
        return width_m + hit.radius_m

    def loss(self, width_m: FloatArray, across_m: FloatArray, made: Made, hit: Hit) -> FloatArray:
        """See ``WakeModel``."""
        share = overlap(width_m, hit.radius_m, across_m) if hit.radius_m else width_m > across_m
        return made[-1] * (share / width_m**2)
