"""The map and weather stand-in on loopback, and clients of it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from devtools.localcloud.geodata import GeodataStandIn, wind
from devtools.localcloud.geodata.landscape import LATITUDE, LONGITUDE
from devtools.localcloud.tls import TlsFiles
from siting.geodata import overpass, reanalysis
from siting.geodata.http import AnswerCache, JsonClient, Limits
from siting.geodata.overpass import OverpassClient
from siting.geodata.reanalysis import PowerClient
from tests.integration.conftest import tls_files

__all__ = ["tls_files"]

#: No machine is so busy that these run out.
PATIENT = Limits(answer_s=120.0, silence_s=60.0, total_s=2000.0, answer_bytes=8_000_000)
#: For faults that last until the client loses patience. Whatever else takes so long ends alike.
SHORT_OF_SILENCE = replace(PATIENT, silence_s=0.5)
SHORT_OF_TIME = replace(PATIENT, answer_s=1.0)


@pytest.fixture(scope="session")
def _wind_is_made() -> None:
    """Making up a year takes longer than a client here is patient; it is then kept."""
    for year in (2023, 2024):
        wind.answer(
            {
                "parameters": "WS50M",
                "longitude": str(LONGITUDE),
                "latitude": str(LATITUDE),
                "start": f"{year}0101",
                "end": f"{year}1231",
                "format": "JSON",
                "time-standard": "UTC",
            }
        )


@pytest.fixture
def stand_in(
    tls_files: TlsFiles, monkeypatch: pytest.MonkeyPatch, _wind_is_made: None
) -> Iterator[GeodataStandIn]:
    """A running stand-in whose certificate this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_files.ca))
    with GeodataStandIn(tls=tls_files) as running:
        yield running


class Naps(list[float]):
    """Pauses that are noted instead of slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def naps() -> Naps:
    """The pauses that a client made between its attempts."""
    return Naps()


@pytest.fixture
def limits() -> Limits:
    """What the clients put up with."""
    return PATIENT


@pytest.fixture
def overpass_client(stand_in: GeodataStandIn, naps: Naps, limits: Limits) -> OverpassClient:
    """A client of the stand-in's map."""
    cache = AnswerCache(overpass.CACHE_BYTES, overpass.CACHE_AGE_S)
    return OverpassClient(
        JsonClient(overpass.SERVICE, stand_in.overpass_url, limits, cache, sleep=naps)
    )


@pytest.fixture
def power_client(stand_in: GeodataStandIn, naps: Naps, limits: Limits) -> PowerClient:
    """A client of the stand-in's wind."""
    cache = AnswerCache(reanalysis.CACHE_BYTES, reanalysis.CACHE_AGE_S)
    limits = replace(limits, answer_bytes=reanalysis.LIMITS.answer_bytes)
    return PowerClient(
        JsonClient(reanalysis.SERVICE, stand_in.wind_data_url, limits, cache, sleep=naps)
    )
