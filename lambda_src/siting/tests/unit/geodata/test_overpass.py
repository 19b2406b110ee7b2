"""What Overpass is asked; what it answers is tested on the stand-in."""

import re
from typing import Any

import pytest

from siting.geodata.http import AnswerCache, JsonClient, Limits
from siting.geodata.overpass import OverpassClient
from siting.tests.unit.geodata.elements import LATITUDE, LONGITUDE
from siting.wind.errors import WindError
from siting.wind.features import DEFAULT_SETBACKS_M, FeatureClass
from tradewind.contracts.errors import DataSourceInvalid


class Recorded(JsonClient):
    """Answers with what it was given, and keeps the question."""

    answer: Any
    query = ""

    def ask(self, method: str, fields: Any, check: Any = None) -> Any:
        self.query = fields["data"]
        check(self.answer)
        return self.answer


def whole(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"elements": [{"type": "count", "tags": {"total": str(len(elements))}}, *elements]}


def client(answer: Any) -> Recorded:
    recorded = Recorded("Overpass", "https://overpass.test", Limits(1, 1, 1, 1), AnswerCache(0, 0))
    recorded.answer = answer
    return recorded


def query_at(
    longitude: float,
    latitude: float,
    radius_m: float = 5000.0,
    **reach: float,
) -> str:
    http = client(whole())
    chosen = {FeatureClass(kind): far for kind, far in reach.items()} or DEFAULT_SETBACKS_M
    OverpassClient(http).features_around(longitude, latitude, radius_m, chosen)
    return http.query


def boxes(query: str) -> list[tuple[float, ...]]:
    """Where features are looked for; names are looked for elsewhere."""
    return [
        tuple(float(part) for part in found.split(","))
        for line in query.splitlines()
        for found in re.findall(r"\((-?[\d.]+,-?[\d.]+,-?[\d.]+,-?[\d.]+)\);", line)
        if '["name"]' not in line
    ]


def test_each_class_has_a_rectangle_of_its_own_around_site_and_setback() -> None:
    wide = boxes(query_at(LONGITUDE, LATITUDE, building=500.0, airfield=3000.0))

    heights = sorted({round((n - s) * 111_195 / 1000, 1) for s, _, n, _ in wide})
    assert heights == [11.0, 16.0]
    assert all(s < LATITUDE < n and w < LONGITUDE < e for s, w, n, e in wide)


def test_every_class_is_asked_for() -> None:
    query = query_at(LONGITUDE, LATITUDE)

    for tag in ("building", "highway", "railway", "power", "natural", "boundary", "aeroway"):
        assert f'["{tag}"' in query
    assert query.startswith("[out:json][timeout:")


def test_areas_whose_edge_is_far_away_are_asked_for_too() -> None:
    query = query_at(LONGITUDE, LATITUDE)

    assert f"is_in({LATITUDE:.7f},{LONGITUDE:.7f})->.here;" in query
    assert 'rel(pivot.here)["boundary"' in query
    assert 'way(pivot.here)["natural"="water"]' in query


@pytest.mark.parametrize("longitude", [179.99, -179.99, 180.0])
def test_across_the_antimeridian_there_are_two_rectangles(longitude: float) -> None:
    found = boxes(query_at(longitude, -17.0, building=500.0))

    assert len(found) == 2
    for _, west, _, east in found:
        assert -180.0 <= west < east <= 180.0
    assert {west for _, west, _, _ in found} & {-180.0}
    assert {east for _, _, _, east in found} & {180.0}


@pytest.mark.parametrize("latitude", [83.9, -79.9])
def test_near_the_poles_the_rectangle_grows_wide(latitude: float) -> None:
    ((south, west, north, east),) = boxes(query_at(20.0, latitude, building=500.0))

    assert (east - west) > 4 * (north - south)


@pytest.mark.parametrize("latitude", [84.5, 90.0, -80.5])
def test_beyond_utm_a_place_is_refused(latitude: float) -> None:
    with pytest.raises(WindError, match="sites are planned between"):
        query_at(20.0, latitude)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([], "without a list of elements"),
        ({"elements": {}}, "without a list of elements"),
        ({"elements": []}, "announced None features and sent -1"),
        ({"elements": [{"type": "way"}]}, "announced None features and sent 0"),
        ({"elements": [{"type": "count", "tags": {"total": "2"}}]}, "announced 2 .* sent 0"),
        ({"elements": [{"type": "count", "tags": {"total": "1e9"}}]}, "announced None"),
        ({"elements": [{"type": "count", "tags": 7}]}, "announced None"),
    ],
)
def test_an_answer_that_does_not_count_up_is_refused(answer: Any, message: str) -> None:
    with pytest.raises(DataSourceInvalid, match=message):
        OverpassClient(client(answer)).features_around(8.0, 54.0, 1000.0, DEFAULT_SETBACKS_M)


def test_more_features_than_can_be_handled_ask_for_a_smaller_radius(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("siting.geodata.overpass.MAX_FEATURES", 0)
    one = {"type": "node", "lat": 54.0, "lon": 8.0, "tags": {"building": "yes"}}

    with pytest.raises(DataSourceInvalid, match="smaller radius"):
        OverpassClient(client(whole(one))).features_around(8.0, 54.0, 1000.0, DEFAULT_SETBACKS_M)


def test_nothing_on_the_map_is_an_answer() -> None:
    around = OverpassClient(client(whole())).features_around(8.0, 54.0, 1000.0, DEFAULT_SETBACKS_M)

    assert around.features == ()
    assert around.attribution == "OpenStreetMap contributors, ODbL"
