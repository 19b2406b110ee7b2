"""A landscape as the map and the weather service that the terrain agent asks, in the process."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from unittest.mock import patch

import numpy as np

from agents.terrain.tools import areas, wind
from devtools.localcloud.geodata import overpass as stand_in
from siting.geodata import overpass, reanalysis
from siting.geodata.http import AnswerCache, JsonClient
from siting.geodata.overpass import OverpassClient
from siting.geodata.reanalysis import PowerClient
from siting.tests.landscapes.landscape import Landscape, Weather

_ADDRESS: Final = "https://landscape.invalid"
#: The standard deviation of a year's mean speed, as a share of it.
_ONE_YEARS_WIND: Final = 0.05
_UNITS: Final = {"WS50M": "m/s", "WS10M": "m/s", "WD50M": "Degrees", "T2M": "C", "PS": "kPa"}


class _Asked(JsonClient):
    """Asks a function instead of a service."""

    answer: Callable[[Mapping[str, str]], Any]

    def ask(
        self,
        method: str,
        fields: Mapping[str, str],
        check: Callable[[Any], object] = lambda _answer: None,
    ) -> Any:
        answer = self.answer(fields)
        check(answer)
        return answer


def _asking(service: str, answer: Callable[[Mapping[str, str]], Any]) -> JsonClient:
    client = _Asked(service, _ADDRESS, overpass.LIMITS, AnswerCache(0, 0.0))
    client.answer = answer
    return client


@contextmanager
def served(landscape: Landscape) -> Iterator[None]:
    """Let the terrain agent's tools see a landscape."""
    the_map = OverpassClient(
        _asking(
            overpass.SERVICE,
            lambda fields: stand_in.answer(fields["data"], landscape.elements),
        )
    )
    the_wind = PowerClient(
        _asking(reanalysis.SERVICE, lambda fields: _year(landscape.weather, fields))
    )
    with (
        patch.object(areas, "overpass", lambda: the_map),
        patch.object(wind, "power", lambda: the_wind),
    ):
        yield


def _year(weather: Weather, fields: Mapping[str, str]) -> dict[str, Any]:
    """Make up a year of hours; the same year, the same hours."""
    first, last = (
        datetime.strptime(fields[end], "%Y%m%d").replace(tzinfo=UTC) for end in ("start", "end")
    )
    at = np.arange(((last - first).days + 1) * 24)
    chance = np.random.default_rng(first.year)
    summer = -np.cos(2 * np.pi * (at / 24.0 - 20.0) / 365.25) * np.sign(float(fields["latitude"]))
    of_the_year = 1.0 + _ONE_YEARS_WIND * chance.standard_normal()
    speed = weather.weibull_a_m_per_s * chance.weibull(weather.weibull_k, len(at)) * of_the_year
    speed *= 1.0 - 0.12 * summer
    shear = weather.shear * np.where((at % 24 > 7) & (at % 24 < 18), 1.0, 1.5)
    direction = weather.from_degrees + weather.spread_degrees * chance.standard_normal(len(at))
    series = {
        "WS50M": speed,
        "WD50M": direction % 360.0,
        "WS10M": speed * 0.2**shear,
        "T2M": weather.temperature_c + 9.0 * summer,
        "PS": np.full(len(at), weather.pressure_kpa),
    }
    hours = (np.datetime64(first.replace(tzinfo=None), "h") + at).astype(str)
    stamps = [re.sub("[-T]", "", hour) for hour in hours]
    place = [float(fields["longitude"]), float(fields["latitude"]), weather.ground_m]
    return {
        "geometry": {"coordinates": place},
        "header": {
            "title": "Made-up wind of a made-up landscape",
            "fill_value": -999.0,
            "time_standard": "UTC",
        },
        "parameters": {name: {"units": unit} for name, unit in _UNITS.items()},
        "properties": {
            "parameter": {
                name: dict(zip(stamps, np.round(values, 2).tolist(), strict=True))
                for name, values in series.items()
            }
        },
    }
