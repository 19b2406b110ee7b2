"""The clients of public data on real connections, on good days and on every bad one."""

import ssl
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import urllib3

from devtools.localcloud.geodata import Fault, FaultKind, GeodataStandIn
from devtools.localcloud.geodata.landscape import LATITUDE, LONGITUDE
from siting.geodata.http import MAX_ATTEMPTS, AnswerCache, JsonClient, Limits
from siting.geodata.overpass import OverpassClient, Surroundings
from siting.geodata.reanalysis import PowerClient
from siting.tests.integration.conftest import (
    PATIENT,
    SHORT_OF_SILENCE,
    SHORT_OF_TIME,
    Naps,
)
from siting.wind.features import DEFAULT_SETBACKS_M, ON_MAPS, FeatureClass
from tradewind.aws.deadline import Deadline, calls_within
from tradewind.aws.sockets import SOCKET_OPTIONS
from tradewind.contracts.errors import (
    DataSourceError,
    DataSourceInvalid,
    DataSourceRejected,
    DataSourceThrottled,
    DataSourceUnavailable,
    DeadlineExceeded,
)

#: Whatever goes wrong, what the caller is told, and how often the service is asked.
FAULTS = {
    FaultKind.THROTTLED: (DataSourceThrottled, "answered HTTP 429", MAX_ATTEMPTS),
    FaultKind.GATEWAY_TIMEOUT: (DataSourceUnavailable, "answered HTTP 504", MAX_ATTEMPTS),
    FaultKind.CUT: (DataSourceUnavailable, "broke off", MAX_ATTEMPTS),
    FaultKind.STALL: (DataSourceUnavailable, "fell silent", MAX_ATTEMPTS),
    FaultKind.TRICKLE: (DataSourceUnavailable, "did not finish within 1 s", MAX_ATTEMPTS),
    FaultKind.SERVER_ERROR: (DataSourceUnavailable, "answered HTTP 500", 1),
    FaultKind.BAD_REQUEST: (DataSourceRejected, "answered HTTP 400", 1),
    FaultKind.REDIRECT: (DataSourceRejected, "answered HTTP 302", 1),
    FaultKind.HTML: (DataSourceInvalid, "answered text/html, not JSON", 1),
    FaultKind.MALFORMED: (DataSourceInvalid, "not JSON, or only a part of it", 1),
    FaultKind.EMPTY: (DataSourceInvalid, "not JSON, or only a part of it", 1),
    FaultKind.NESTED: (DataSourceInvalid, "not JSON, or only a part of it", 1),
    FaultKind.WITHOUT_DATA: (DataSourceInvalid, "answered JSON without", 1),
    FaultKind.HUGE: (DataSourceInvalid, "answered more than", 1),
    FaultKind.HUGE_UNPACKED: (DataSourceInvalid, "answered more than", 1),
}


def around(client: OverpassClient, radius_m: float = 5000.0) -> Surroundings:
    return client.features_around(LONGITUDE, LATITUDE, radius_m, DEFAULT_SETBACKS_M)


@pytest.fixture(params=FAULTS, ids=str)
def fault(request: pytest.FixtureRequest) -> FaultKind:
    kind: FaultKind = request.param
    return kind


class TestABadDay:
    """Each fault, whatever goes on: what the caller is told, and how often the service is asked."""

    @pytest.fixture
    def limits(self, fault: FaultKind) -> Limits:
        """Short only where the fault is that nothing comes, or too slowly."""
        impatient = {FaultKind.STALL: SHORT_OF_SILENCE, FaultKind.TRICKLE: SHORT_OF_TIME}
        return impatient.get(fault, PATIENT)

    def test_of_the_map_is_a_clear_error(
        self, stand_in: GeodataStandIn, overpass_client: OverpassClient, fault: FaultKind
    ) -> None:
        expected, message, asked = FAULTS[fault]
        stand_in.inject(Fault(fault, count=None))

        with pytest.raises(expected, match=message) as raised:
            around(overpass_client)

        assert type(raised.value) is expected
        assert "Overpass" in raised.value.message
        assert len(stand_in.asked) == asked

    def test_of_the_wind_is_a_clear_error(
        self, stand_in: GeodataStandIn, power_client: PowerClient, fault: FaultKind
    ) -> None:
        expected, message, asked = FAULTS[fault]
        stand_in.inject(Fault(fault, count=None))

        with pytest.raises(expected, match=message):
            power_client.wind_at(LONGITUDE, LATITUDE, 2024, 2024)

        assert len(stand_in.asked) == asked


def test_the_map_comes_with_everything_that_keeps_turbines_away(
    stand_in: GeodataStandIn, overpass_client: OverpassClient
) -> None:
    found = around(overpass_client)

    kinds = Counter(one.feature_class for one in found.features)
    assert set(kinds) == ON_MAPS
    assert kinds[FeatureClass.BUILDING] > 70
    assert {"Salzwiesen Moorkoog", "Moorsee", "Segelflugplatz Ost"} <= {
        one.name for one in found.features
    }
    assert all(one.shape_deg.is_valid and not one.shape_deg.is_empty for one in found.features)
    assert found.incomplete_areas == 1
    assert "made-up" in found.attribution
    (asked,) = stand_in.asked
    assert asked.user_agent.startswith("tradewind/")


def test_a_track_and_what_is_no_building_are_left_alone(overpass_client: OverpassClient) -> None:
    found = around(overpass_client)

    roads = [one for one in found.features if one.feature_class is FeatureClass.ROAD]
    # Road, lane, roundabout and railway; not the track.
    assert len(roads) == 4


def test_classes_are_looked_for_as_far_as_their_setbacks_reach(
    stand_in: GeodataStandIn, overpass_client: OverpassClient
) -> None:
    narrow = overpass_client.features_around(
        LONGITUDE, LATITUDE, 500.0, {FeatureClass.BUILDING: 100.0}
    )
    wide = overpass_client.features_around(
        LONGITUDE, LATITUDE, 500.0, {FeatureClass.BUILDING: 1500.0}
    )

    assert len(narrow.features) == 0
    assert {one.name for one in wide.features} >= {"Muehlenhof"}
    assert len(stand_in.asked) == 2


def test_the_same_place_is_asked_for_once(
    stand_in: GeodataStandIn, overpass_client: OverpassClient
) -> None:
    first, second = around(overpass_client), around(overpass_client)
    around(overpass_client, 4000.0)

    assert len(first.features) == len(second.features)
    assert len(stand_in.asked) == 2


def test_the_wind_comes_year_by_year(stand_in: GeodataStandIn, power_client: PowerClient) -> None:
    wind = power_client.wind_at(LONGITUDE, LATITUDE, 2023, 2024)

    assert len(wind.hours.month) == 8760 + 8784
    assert wind.missing_hours == 0
    assert (wind.grid_longitude_deg, wind.grid_latitude_deg) == (8.75, 54.5)
    assert "Made-up wind" in wind.dataset
    assert [asked.fields["start"] for asked in stand_in.asked] == ["20230101", "20240101"]


def test_a_fault_that_passes_is_not_seen(
    stand_in: GeodataStandIn, overpass_client: OverpassClient, naps: Naps
) -> None:
    stand_in.inject(Fault(FaultKind.GATEWAY_TIMEOUT), Fault(FaultKind.CUT))

    assert around(overpass_client).features
    assert len(stand_in.asked) == 3
    assert 0.5 <= naps[0] <= 2.0
    assert 1.0 <= naps[1] <= 4.0


def test_an_answer_that_ran_out_of_time_is_asked_for_again_and_never_believed(
    stand_in: GeodataStandIn, overpass_client: OverpassClient
) -> None:
    stand_in.inject(Fault(FaultKind.REMARK))
    assert around(overpass_client).features

    stand_in.inject(Fault(FaultKind.REMARK, count=None))
    with pytest.raises(DataSourceUnavailable, match=r"runtime error: Query timed out.*smaller"):
        around(overpass_client, 4000.0)
    assert len(stand_in.asked) == 2 + MAX_ATTEMPTS


def test_an_answer_that_lacks_a_feature_is_never_believed(
    stand_in: GeodataStandIn, overpass_client: OverpassClient, power_client: PowerClient
) -> None:
    stand_in.inject(Fault(FaultKind.FEWER, count=2))

    with pytest.raises(DataSourceInvalid, match=r"announced (\d+) features and sent \d+"):
        around(overpass_client)
    with pytest.raises(DataSourceInvalid, match="8783 hours"):
        power_client.wind_at(LONGITUDE, LATITUDE, 2024, 2024)
    # And not kept as if it were an answer.
    assert around(overpass_client).features


@pytest.mark.parametrize("as_date", [False, True])
def test_the_pause_is_the_one_the_service_asks_for(
    stand_in: GeodataStandIn, overpass_client: OverpassClient, naps: Naps, as_date: bool
) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=1000)
    stand_in.inject(
        Fault(
            FaultKind.THROTTLED,
            retry_after=format_datetime(moment, usegmt=True) if as_date else "999",
        )
    )

    around(overpass_client)

    # The date is whole seconds, and some have passed when it is read.
    assert 800.0 <= naps[0] <= 1003.0


def test_a_pause_longer_than_the_time_there_is_ends_it(
    stand_in: GeodataStandIn, overpass_client: OverpassClient, naps: Naps
) -> None:
    stand_in.inject(Fault(FaultKind.THROTTLED, count=None, retry_after="3600"))

    with pytest.raises(DataSourceThrottled, match="asks to wait 3600 s"):
        around(overpass_client)

    assert (len(stand_in.asked), naps) == (1, [])


@pytest.mark.parametrize("kind", [FaultKind.STALL, FaultKind.TRICKLE])
def test_the_end_of_the_request_ends_the_exchange(
    stand_in: GeodataStandIn, overpass_client: OverpassClient, kind: FaultKind
) -> None:
    stand_in.inject(Fault(kind, count=None))
    deadline = Deadline(2.0)

    with calls_within(deadline.remaining_s), pytest.raises(DeadlineExceeded):
        around(overpass_client)
    assert len(stand_in.asked) == 1

    with calls_within(lambda: 0.0), pytest.raises(DeadlineExceeded):
        around(overpass_client)
    assert len(stand_in.asked) == 1


def test_a_pause_longer_than_the_requests_time_is_not_begun(
    stand_in: GeodataStandIn, overpass_client: OverpassClient, naps: Naps
) -> None:
    stand_in.inject(Fault(FaultKind.THROTTLED, count=None, retry_after="300"))

    with calls_within(lambda: 200.0), pytest.raises(DataSourceThrottled):
        around(overpass_client)
    assert (len(stand_in.asked), naps) == (1, [])


def test_the_kernel_gives_a_kept_connection_up_whose_peer_is_gone(
    stand_in: GeodataStandIn, overpass_client: OverpassClient
) -> None:
    around(overpass_client)

    pool = overpass_client._http.pool.connection_from_url(stand_in.overpass_url)
    connection: Any = pool._get_conn()
    with closing(connection):
        for level, option, value in SOCKET_OPTIONS:
            assert connection.sock.getsockopt(level, option) == value


def test_nobody_listening_is_unavailable(stand_in: GeodataStandIn, naps: Naps) -> None:
    url = stand_in.overpass_url
    stand_in.stop()
    client = JsonClient("The map", url, Limits(60, 60, 300, 1000), AnswerCache(0, 0), sleep=naps)

    with pytest.raises(DataSourceUnavailable, match="could not be reached"):
        client.ask("GET", {})
    assert len(naps) == MAX_ATTEMPTS - 1


def test_a_server_that_cannot_prove_who_it_is_gets_no_question(
    stand_in: GeodataStandIn, naps: Naps
) -> None:
    strangers = urllib3.PoolManager(ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    client = JsonClient(
        "The map",
        stand_in.overpass_url,
        Limits(60, 60, 300, 1000),
        AnswerCache(0, 0),
        pool=strangers,
        sleep=naps,
    )

    with pytest.raises(DataSourceRejected, match="could not prove who it is"):
        client.ask("GET", {})
    assert (stand_in.asked, naps) == ([], [])


def test_a_stock_user_agent_is_refused(
    stand_in: GeodataStandIn, monkeypatch: pytest.MonkeyPatch, overpass_client: OverpassClient
) -> None:
    monkeypatch.setattr("siting.geodata.http.USER_AGENT", "python-urllib3/2.8.0")

    with pytest.raises(DataSourceError, match="HTTP 406"):
        around(overpass_client)


def test_a_query_nobody_thought_about_is_refused(stand_in: GeodataStandIn) -> None:
    client = JsonClient(
        "The map", stand_in.overpass_url, Limits(60, 60, 300, 1000), AnswerCache(0, 0)
    )

    with pytest.raises(DataSourceRejected, match="HTTP 400"):
        client.ask("POST", {"data": "[out:json][timeout:60][maxsize:1];\nnode(1);"})
