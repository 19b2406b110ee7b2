"""The wake models by their names."""

from typing import Final

from siting.wind.wake.jensen import Jensen
from siting.wind.wake.models import Iea37Gaussian, TurbulentGaussian, WakeModel
from siting.wind.wake.turbopark import TurbOPark

WAKE_MODELS: Final = ("iea37_gaussian", "bastankhah_gaussian", "jensen", "turbopark")
#: Those that say how a wake meets a rotor of another height: of them a farm of several types has
#: its energy.
MODELS_OF_SEVERAL_TYPES: Final = ("iea37_gaussian", "bastankhah_gaussian")


def model_of(name: str, turbulence_intensity: float) -> WakeModel:
    """Return the wake model of one of ``WAKE_MODELS``.

    Args:
        name: Its name.
        turbulence_intensity: Of the free wind; of no use to models that do not ask.

    Raises:
        WindError: The turbulence intensity is out of range.
    """
    match name:
        case "iea37_gaussian":
            return Iea37Gaussian()
        case "bastankhah_gaussian":
            return TurbulentGaussian(turbulence_intensity)
        case "jensen":
            return Jensen()
        case _:
            return TurbOPark(turbulence_intensity)
