"""A year's energy by month and by hour of the day.

The wind data have a distribution of the speed for each, from all directions together. So what the
farm gives at a speed is taken as its mean over the year's directions; the parts sum to the year.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from siting.wind.errors import WindError
from siting.wind.turbines import FloatArray, Turbine
from siting.wind.wake.states import (
    MAX_WEIBULL_K,
    MIN_WEIBULL_K,
    WindStates,
    read_sectors,
    shares_by_bin,
    speed_bins,
)

#: A mean year's.
_DAYS: Final = (31.0, 28.25, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0)
_HOURS: Final = 24
_A: Final = "weibull_a_m_per_s"
_K: Final = "weibull_k"
_MAX_WEIBULL_A: Final = 60.0


class Calendar(NamedTuple):
    """A year's energy in parts, in MWh.

    Attributes:
        monthly_mwh: From January on.
        hourly_mwh: By hour of the day, from 0 to 1 o'clock in UTC on.
    """

    monthly_mwh: FloatArray
    hourly_mwh: FloatArray


def energy_calendar(
    document: Mapping[str, Any], states: WindStates, state_mwh: FloatArray, turbine: Turbine
) -> Calendar | None:
    """Return a year's energy by month and by hour of the day.

    Args:
        document: ``terrain/wind.json``.
        states: The wind states made from it for the turbine's hub.
        state_mwh: The farm's energy in each.
        turbine: The farm's.

    Returns:
        The parts; None if the wind data are a rose without a calendar.

    Raises:
        WindError: What the data say of a month or an hour is no wind.
    """
    months = _weibulls(document, "monthly", len(_DAYS))
    hours = _weibulls(document, "hourly", _HOURS)
    if months is None or hours is None:
        return None
    given = read_sectors(document)
    at_hub = given.at_height(turbine.hub_height_m)
    higher = np.dot(at_hub.a_m_per_s, given.frequency) / np.dot(given.a_m_per_s, given.frequency)
    edges, speeds = speed_bins(turbine)
    # States are made with their speeds along the last axis.
    frequency = states.rose.frequency.reshape(-1, len(speeds)).sum(axis=0)
    energy = state_mwh.reshape(-1, len(speeds)).sum(axis=0)
    at_speed = np.divide(energy, frequency, out=np.zeros_like(energy), where=frequency > 0.0)

    def parts(weibulls: FloatArray, weights: FloatArray) -> FloatArray:
        scale, shape = weibulls.T
        known = scale > 0.0
        share = np.zeros((len(scale), len(speeds)))
        share[known] = shares_by_bin(edges, higher * scale[known], shape[known])
        raw = weights * (share @ at_speed)
        total = raw.sum()
        return np.asarray(raw * (state_mwh.sum() / total) if total > 0.0 else raw)

    return Calendar(parts(months, np.array(_DAYS)), parts(hours, np.ones(_HOURS)))


def _weibulls(document: Mapping[str, Any], name: str, count: int) -> FloatArray | None:
    """A and k by part, 0 where it has no wind; None if the data have no such parts."""
    parts = document.get(name)
    if not isinstance(parts, list) or not parts or _A not in parts[0]:
        return None
    given = [one if isinstance(one, Mapping) else {} for one in parts]
    known = [(0.0, 1.0) if one.get(_A, "") is None else (one.get(_A), one.get(_K)) for one in given]
    if len(known) != count or not all(
        _within(a, 0.0, _MAX_WEIBULL_A) and _within(k, MIN_WEIBULL_K, MAX_WEIBULL_K)
        for a, k in known
    ):
        raise WindError(
            f"The wind data's {name} wind needs {count} entries with a Weibull A of up to "
            f"{_MAX_WEIBULL_A:g} m/s and k of up to {MAX_WEIBULL_K:g}. Run the "
            "terrain agent again."
        )
    return np.array(known, dtype=np.float64)


def _within(value: Any, low: float, high: float) -> bool:
    # The comparison refuses NaN and infinity.
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
