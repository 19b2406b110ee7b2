"""Made-up hours of wind in the shape of NASA POWER's answer. The same question, the same wind."""

import datetime
from functools import lru_cache
from math import cos, pi, radians
from random import Random
from typing import Any, Final, NamedTuple

TITLE: Final = "Made-up wind of Tradewind's stand-in; no measurement, no reanalysis"
_LONG_NAMES: Final = {
    "WS50M": ("m/s", "Wind Speed at 50 Meters"),
    "WD50M": ("Degrees", "Wind Direction at 50 Meters"),
    "WS10M": ("m/s", "Wind Speed at 10 Meters"),
    "T2M": ("C", "Temperature at 2 Meters"),
    "PS": ("kPa", "Surface Pressure"),
}


class _Weather(NamedTuple):
    direction_degrees: float
    spread_degrees: float
    share: float
    weibull_a_m_per_s: float
    weibull_k: float


_WEATHERS: Final = (
    _Weather(245.0, 32.0, 0.46, 9.2, 2.3),
    _Weather(300.0, 25.0, 0.20, 8.4, 2.2),
    _Weather(95.0, 30.0, 0.22, 7.1, 2.1),
    _Weather(10.0, 45.0, 0.12, 5.9, 1.9),
)
_SHEAR: Final = 0.19
#: How much windier than the year the windiest month is.
_SEASON: Final = 0.16


def answer(fields: dict[str, str]) -> dict[str, Any]:
    """Answer a question for hourly wind at a point.

    Raises:
        ValueError: It is not one.
    """
    if fields.get("format") != "JSON" or fields.get("time-standard") != "UTC":
        raise ValueError("only JSON in UTC is served here")
    names = fields["parameters"].split(",")
    if not set(names) <= set(_LONG_NAMES):
        raise ValueError(f"only {', '.join(_LONG_NAMES)} are served here")
    longitude, latitude = float(fields["longitude"]), float(fields["latitude"])
    grid = (round(longitude / 0.625) * 0.625, round(latitude / 0.5) * 0.5)
    series = _series(grid, fields["start"], fields["end"])
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [*grid, 3.5]},
        "properties": {"parameter": {name: series[name] for name in names}},
        "header": {
            "title": TITLE,
            "api": {"version": "v2.8.0", "name": "POWER Hourly API"},
            "sources": ["MADE UP"],
            "fill_value": -999.0,
            "time_standard": "UTC",
            "start": fields["start"],
            "end": fields["end"],
        },
        "messages": [],
        "parameters": {
            name: {"units": _LONG_NAMES[name][0], "longname": _LONG_NAMES[name][1]}
            for name in names
        },
        "times": {"data": 0.1, "process": 0.1},
    }


@lru_cache(maxsize=40)
def _series(grid: tuple[float, float], first: str, last: str) -> dict[str, dict[str, float]]:
    start = datetime.datetime.strptime(first, "%Y%m%d").replace(tzinfo=datetime.UTC)
    end = datetime.datetime.strptime(last, "%Y%m%d").replace(tzinfo=datetime.UTC)
    series: dict[str, dict[str, float]] = {name: {} for name in _LONG_NAMES}
    random = Random(f"{grid} {first} {last}")  # noqa: S311  wind, not a secret
    for hour in range(int((end - start).total_seconds()) // 3600 + 24):
        moment = start + datetime.timedelta(hours=hour)
        for name, value in _hour(random, moment).items():
            series[name][f"{moment:%Y%m%d%H}"] = value
    return series


def _hour(random: Random, moment: datetime.datetime) -> dict[str, float]:
    (weather,) = random.choices(_WEATHERS, weights=[one.share for one in _WEATHERS])
    direction = random.gauss(weather.direction_degrees, weather.spread_degrees) % 360.0
    season = 1.0 + _SEASON * cos(2 * pi * (moment.month - 1) / 12)
    speed = random.weibullvariate(weather.weibull_a_m_per_s, weather.weibull_k) * season
    # Rougher land in the east than over the sea in the west.
    shear = _SHEAR + 0.05 * cos(radians(direction - 90.0)) + random.gauss(0.0, 0.02)
    return {
        "WS50M": round(speed, 2),
        "WD50M": round(direction, 1),
        "WS10M": round(speed * 0.2**shear, 2),
        "T2M": round(9.0 - 8.0 * cos(2 * pi * (moment.month - 1) / 12), 2),
        "PS": 101.2,
    }
