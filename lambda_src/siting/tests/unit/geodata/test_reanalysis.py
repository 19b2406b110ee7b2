from copy import deepcopy
from datetime import date
from typing import Any

import numpy as np
import pytest

from devtools.localcloud.geodata import wind
from siting.geodata.http import AnswerCache, JsonClient, Limits
from siting.geodata.reanalysis import ATTRIBUTION, PastWind, PowerClient, latest_years
from tradewind.contracts.errors import DataSourceInvalid

FIELDS = {
    "parameters": "WS50M,WS10M,WD50M,T2M,PS",
    "longitude": "8.9720",
    "latitude": "54.7365",
    "start": "20230101",
    "end": "20231231",
    "format": "JSON",
    "time-standard": "UTC",
}
_YEAR = wind.answer(FIELDS)


@pytest.fixture
def year() -> dict[str, Any]:
    return deepcopy(_YEAR)


class Recorded(JsonClient):
    """Answers with what it was given."""

    answer: Any

    def ask(self, method: str, fields: Any, check: Any = None) -> Any:
        check(self.answer)
        return self.answer


def read(answer: Any) -> PastWind:
    http = Recorded("POWER", "https://power.test", Limits(1, 1, 1, 1), AnswerCache(0, 0))
    http.answer = answer
    return PowerClient(http).wind_at(8.972, 54.7365, 2023, 2023)


def test_each_hour_keeps_its_place(year: dict[str, Any]) -> None:
    series = year["properties"]["parameter"]
    series["WS50M"]["2023030105"] = 31.5
    series["WD50M"]["2023030105"] = 360.0

    past = read(year)

    at = (31 + 28) * 24 + 5
    hours = past.hours
    assert (hours.month[at], hours.upper_m_per_s[at], hours.direction_degrees[at]) == (3, 31.5, 0)
    assert hours.hour[at] == 5
    assert len(hours.month) == 8760
    assert (hours.upper_height_m, hours.lower_height_m) == (50.0, 10.0)


def test_the_order_of_the_hours_in_the_answer_does_not_matter(year: dict[str, Any]) -> None:
    before = read(year)
    series = year["properties"]["parameter"]
    series["WS50M"] = dict(reversed(series["WS50M"].items()))

    assert np.array_equal(read(year).hours.upper_m_per_s, before.hours.upper_m_per_s)


@pytest.mark.parametrize("missing", [-999.0, None])
def test_missing_hours_are_left_out_and_counted(
    year: dict[str, Any], missing: float | None
) -> None:
    for hour in ("2023010100", "2023010101"):
        year["properties"]["parameter"]["WS10M"][hour] = missing

    past = read(year)

    assert (past.missing_hours, len(past.hours.month)) == (2, 8758)


def test_too_many_missing_hours_are_no_wind_data(year: dict[str, Any]) -> None:
    winter = year["properties"]["parameter"]["WS50M"]
    winter.update({hour: -999.0 for hour in winter if hour.startswith("202301")})

    with pytest.raises(DataSourceInvalid, match="lacks 744 of 8760 hours"):
        read(year)


def test_the_air_of_the_same_place_comes_with_the_wind(year: dict[str, Any]) -> None:
    year["properties"]["parameter"]["T2M"]["2023010100"] = -999.0

    past = read(year)

    assert (len(past.temperature_c), len(past.pressure_kpa)) == (8759, 8759)
    assert past.pressure_kpa.mean() == pytest.approx(101.2)
    assert past.grid_elevation_m == 3.5
    assert len(past.hours.month) == 8760


def _no_air(year: dict[str, Any]) -> None:
    del year["properties"]["parameter"]["PS"]


def _little_air(year: dict[str, Any]) -> None:
    series = year["properties"]["parameter"]["T2M"]
    series.update({hour: -999.0 for hour in series if hour.startswith("202301")})


@pytest.mark.parametrize("spoil", [_no_air, _little_air])
def test_wind_without_enough_air_is_wind_all_the_same(year: dict[str, Any], spoil: Any) -> None:
    spoil(year)

    past = read(year)

    assert (past.temperature_c.size, past.pressure_kpa.size) == (0, 0)
    assert len(past.hours.month) == 8760


def _without(name: str) -> Any:
    return lambda year: year.pop(name)


def _units(year: dict[str, Any]) -> None:
    year["parameters"]["WS50M"]["units"] = "km/h"


def _local_time(year: dict[str, Any]) -> None:
    year["header"]["time_standard"] = "LST"


def _gale(year: dict[str, Any]) -> None:
    year["properties"]["parameter"]["WS50M"]["2023010100"] = 400.0


def _fahrenheit(year: dict[str, Any]) -> None:
    year["parameters"]["T2M"]["units"] = "F"


def _vacuum(year: dict[str, Any]) -> None:
    year["properties"]["parameter"]["PS"]["2023010100"] = 0.0


def _backwards(year: dict[str, Any]) -> None:
    year["properties"]["parameter"]["WD50M"]["2023010100"] = -1.0


def _words(year: dict[str, Any]) -> None:
    year["properties"]["parameter"]["WS50M"]["2023010100"] = "strong"


def _other_hour(year: dict[str, Any]) -> None:
    series = year["properties"]["parameter"]["WS50M"]
    series["2024010100"] = series.pop("2023010100")


def _nowhere(year: dict[str, Any]) -> None:
    year["geometry"]["coordinates"] = ["8.75"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_without("header"), "without header"),
        (_without("parameters"), "without parameters"),
        (_without("properties"), "without properties"),
        (_without("geometry"), "without geometry"),
        (_units, "WS50M in km/h, not m/s"),
        (_local_time, "not in UTC"),
        (_gale, "WS50M out of 0 to 120"),
        (_fahrenheit, "T2M in F, not C"),
        (_vacuum, "PS out of 30 to 110"),
        (_backwards, "WD50M out of 0 to 360"),
        (_words, "not numbers by hour"),
        (_other_hour, "not numbers by hour"),
        (_nowhere, "no position"),
    ],
)
def test_what_is_not_the_years_wind_is_refused(
    year: dict[str, Any], spoil: Any, message: str
) -> None:
    spoil(year)

    with pytest.raises(DataSourceInvalid, match=message):
        read(year)


@pytest.mark.parametrize("answer", [[], None, "wind", {"header": 3}])
def test_what_is_no_answer_is_refused(answer: Any) -> None:
    with pytest.raises(DataSourceInvalid, match="answered JSON without"):
        read(answer)


def test_nasa_is_thanked_for_its_own_data_only(year: dict[str, Any]) -> None:
    assert "Made-up wind" in read(year).attribution
    year["header"] |= {"title": "NASA/POWER Source Native Resolution Hourly Data"}
    assert read(year).attribution == ATTRIBUTION


@pytest.mark.parametrize(
    ("today", "years"),
    [
        (date(2026, 11, 20), (2016, 2025)),
        (date(2026, 3, 31), (2015, 2024)),
        (date(2026, 4, 1), (2016, 2025)),
        (date(2005, 6, 1), (2001, 2004)),
    ],
)
def test_the_latest_whole_years_are_those_that_have_arrived(
    today: date, years: tuple[int, int]
) -> None:
    assert latest_years(10, today) == years
