"""Hourly wind of past years at a place, by NASA POWER, which serves the MERRA-2 reanalysis.

POWER gives wind at 10 and 50 m over ground, temperature at 2 m and pressure at the ground, on a
grid of 0.5 by 0.625 degrees, from 2001 on. It is
asked year by year: its longest answers are its slowest, and a year that fails is asked again alone.
"""

import re
from calendar import isleap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final

import numpy as np

from siting.geodata.http import Limits, ServiceClient
from siting.wind.rose import FloatArray, WindHours
from tradewind.contracts.errors import DataSourceInvalid

SERVICE: Final = "NASA POWER"
ATTRIBUTION: Final = (
    "These data were obtained from the NASA Langley Research Center POWER Project, funded through "
    "the NASA Earth Science Directorate Applied Science Program."
)
TERMS: Final = "Free for any use, without a key; NASA asks for the acknowledgement."

FIRST_YEAR: Final = 2001
MAX_YEARS: Final = 20
UPPER_HEIGHT_M: Final = 50.0
LOWER_HEIGHT_M: Final = 10.0
_UPPER_SPEED: Final = "WS50M"
_UPPER_DIRECTION: Final = "WD50M"
_LOWER_SPEED: Final = "WS10M"
_TEMPERATURE: Final = "T2M"
_PRESSURE: Final = "PS"
#: A year without them is wind all the same; without the others it is not.
_AIR: Final = (_TEMPERATURE, _PRESSURE)
_UNITS: Final[Mapping[str, str]] = {
    _UPPER_SPEED: "m/s",
    _LOWER_SPEED: "m/s",
    _UPPER_DIRECTION: "degrees",
    _TEMPERATURE: "C",
    _PRESSURE: "kPa",
}
#: Of winds, faster than any ever measured at a surface station; of air, beyond all records.
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    _UPPER_SPEED: (0.0, 120.0),
    _LOWER_SPEED: (0.0, 120.0),
    _UPPER_DIRECTION: (0.0, 360.0),
    _TEMPERATURE: (-95.0, 65.0),
    _PRESSURE: (30.0, 110.0),
}

#: A year is some 1.1 MB.
LIMITS: Final = Limits(answer_s=60.0, silence_s=45.0, total_s=120.0, answer_bytes=4_000_000)
CACHE_BYTES: Final = 32_000_000
#: The past does not change; a process seldom lives this long.
CACHE_AGE_S: Final = 7 * 24 * 3600.0

#: More missing hours than this would bend the rose towards the seasons that are there.
_MAX_MISSING_SHARE: Final = 0.05
#: Metres over sea level that ground may have.
_HIGHEST_M: Final = 9000.0
#: A year's last months arrive with the next spring.
_LATEST_MONTH_MISSING: Final = 4
_MAX_WORDS: Final = 200
_NASAS: Final = re.compile(r"NASA|POWER|MERRA", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PastWind:
    """Hours of wind and where they come from.

    Attributes:
        hours: The hours, without the missing ones.
        first_year: The first calendar year, whole.
        last_year: The last calendar year, whole.
        missing_hours: How many hours of these years the service has no wind for.
        grid_longitude_deg: Of the grid point, as the service says it.
        grid_latitude_deg: Of the grid point.
        grid_elevation_m: Of the ground there over sea level, if the service says it.
        temperature_c: By hour, at 2 m over ground; empty if the service has too few.
        pressure_kpa: By hour, at the ground; as many.
        dataset: What the data are made from, in the service's own words.
        attribution: Whom to name with them.
    """

    hours: WindHours
    first_year: int
    last_year: int
    missing_hours: int
    grid_longitude_deg: float
    grid_latitude_deg: float
    grid_elevation_m: float | None
    temperature_c: FloatArray
    pressure_kpa: FloatArray
    dataset: str
    attribution: str


class PowerClient(ServiceClient):
    """Fetches hours of wind from one NASA POWER endpoint."""

    service = SERVICE
    limits = LIMITS
    cache_bytes = CACHE_BYTES
    cache_age_s = CACHE_AGE_S

    def wind_at(
        self, longitude_deg: float, latitude_deg: float, first_year: int, last_year: int
    ) -> PastWind:
        """Return the wind of whole years.

        Raises:
            DataSourceError: The service gave no whole answer.
        """
        years = [
            self._year(longitude_deg, latitude_deg, year)
            for year in range(first_year, last_year + 1)
        ]
        columns = np.concatenate([year.columns for year in years], axis=1)
        air = np.concatenate([year.air for year in years], axis=1)
        air = air[:, np.isfinite(air).all(axis=0)]
        if air.shape[1] < (1.0 - _MAX_MISSING_SHARE) * columns.shape[1]:
            air = air[:, :0]
        present = np.isfinite(columns).all(axis=0)
        missing = int((~present).sum())
        if missing > _MAX_MISSING_SHARE * columns.shape[1]:
            raise DataSourceInvalid(
                f"{SERVICE} lacks {missing} of {columns.shape[1]} hours of wind from {first_year} "
                f"to {last_year} here; that is too much to plan on."
            )
        year, month, hour, upper, lower, direction = columns[:, present]
        return PastWind(
            hours=WindHours(
                year, month, hour, direction % 360.0, upper, lower, UPPER_HEIGHT_M, LOWER_HEIGHT_M
            ),
            first_year=first_year,
            last_year=last_year,
            missing_hours=missing,
            grid_longitude_deg=years[-1].longitude_deg,
            grid_latitude_deg=years[-1].latitude_deg,
            grid_elevation_m=years[-1].elevation_m,
            temperature_c=air[0],
            pressure_kpa=air[1],
            dataset=years[-1].dataset,
            # NASA is thanked for what says it is NASA's, and for nothing else.
            attribution=ATTRIBUTION if _NASAS.search(years[-1].dataset) else years[-1].dataset,
        )

    def _year(self, longitude_deg: float, latitude_deg: float, year: int) -> "_Year":
        fields = {
            "community": "RE",
            "parameters": ",".join(_UNITS),
            "longitude": f"{longitude_deg:.4f}",
            "latitude": f"{latitude_deg:.4f}",
            "start": f"{year}0101",
            "end": f"{year}1231",
            "format": "JSON",
            "time-standard": "UTC",
        }
        check = partial(_read_year, year=year)
        return check(self._http.ask("GET", fields, check))


def latest_years(count: int, today: date) -> tuple[int, int]:
    """Return the first and last of the latest whole years that the service has."""
    last = today.year - (1 if today.month >= _LATEST_MONTH_MISSING else 2)
    return max(FIRST_YEAR, last - count + 1), last


@dataclass(frozen=True, slots=True)
class _Year:
    """A year at a grid point, NaN where an hour has no value.

    Attributes:
        columns: Each hour's year, month, hour of the day, upper and lower speed, and direction.
        air: Its temperature and pressure.
    """

    columns: FloatArray
    air: FloatArray
    longitude_deg: float
    latitude_deg: float
    elevation_m: float | None
    dataset: str


def _read_year(answer: Any, year: int) -> _Year:
    """Read a year, hour by hour.

    Raises:
        DataSourceInvalid: It is not the year's wind, in the units and times asked for.
    """
    header = _object(answer, "header")
    if header.get("time_standard") != "UTC":
        raise _malformed("hours that are not in UTC")
    fill_value = header.get("fill_value")
    units = _object(answer, "parameters")
    series = _object(_object(answer, "properties"), "parameter")
    by_name = {}
    hours = _hours_of(year)
    for name, unit in _UNITS.items():
        if name in _AIR and name not in series:
            by_name[name] = np.full(len(hours), np.nan)
            continue
        given = _object(units, name).get("units")
        if not isinstance(given, str) or given.lower() != unit.lower():
            raise _malformed(f"{name} in {str(given)[:20]}, not {unit}")
        by_name[name] = _values(_object(series, name), hours, fill_value, name)
    years = np.full(len(hours), float(year))
    months = np.array([float(hour[4:6]) for hour in hours])
    of_day = np.array([float(hour[8:10]) for hour in hours])
    wind = (by_name[name] for name in (_UPPER_SPEED, _LOWER_SPEED, _UPPER_DIRECTION))
    longitude, latitude, elevation = _grid_point(answer)
    return _Year(
        np.stack([years, months, of_day, *wind]),
        np.stack([by_name[name] for name in _AIR]),
        longitude,
        latitude,
        elevation,
        _dataset(header),
    )


def _values(
    series: Mapping[str, Any], hours: list[str], fill_value: object, name: str
) -> FloatArray:
    if len(series) != len(hours):
        raise _malformed(f"{len(series)} hours of {name}, where the year has {len(hours)}")
    try:
        given = [series[hour] for hour in hours]
        values = np.array([np.nan if v is None or v == fill_value else v for v in given], float)
    except (KeyError, TypeError, ValueError, OverflowError) as wrong:
        raise _malformed(f"hours of {name} that are not numbers by hour") from wrong
    low, high = _RANGES[name]
    present = values[~np.isnan(values)]
    if not ((present >= low) & (present <= high)).all():
        raise _malformed(f"a value of {name} out of {low:g} to {high:g}")
    return values


def _hours_of(year: int) -> list[str]:
    """Return the service's names of a year's hours, in order."""
    start = np.datetime64(f"{year}-01-01T00", "h")
    stamps = start + np.arange((366 if isleap(year) else 365) * 24)
    return [f"{stamp[:4]}{stamp[5:7]}{stamp[8:10]}{stamp[11:13]}" for stamp in stamps.astype(str)]


def _grid_point(answer: Mapping[str, Any]) -> tuple[float, float, float | None]:
    position = _object(answer, "geometry").get("coordinates")
    match position:
        case [int() | float() as longitude, int() | float() as latitude, *rest]:
            # The height is the service's own addition to a position.
            known = rest and isinstance(rest[0], int | float) and abs(rest[0]) <= _HIGHEST_M
            return float(longitude), float(latitude), float(rest[0]) if known else None
    raise _malformed("no position of its own")


def _dataset(header: Mapping[str, Any]) -> str:
    sources = header.get("sources")
    named = sources if isinstance(sources, list) else []
    words = [header.get("title"), *named]
    return ", ".join(word for word in words if isinstance(word, str))[:_MAX_WORDS] or SERVICE


def _object(holder: object, name: str) -> Mapping[str, Any]:
    value = holder.get(name) if isinstance(holder, Mapping) else None
    if not isinstance(value, Mapping):
        raise _malformed(f"JSON without {name}")
    return value


def _malformed(what: str) -> DataSourceInvalid:
    return DataSourceInvalid(f"{SERVICE} answered {what}.")
