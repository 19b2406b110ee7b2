"""The server answers this machine's own pages, and nobody else."""

import http.client
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from devtools.dashboard.preview import Preview
from devtools.dashboard.server import DashboardServer
from devtools.dashboard.sources import SeriesQuery, SeriesResult, SourceError
from tests.integration.dashboard.conftest import serving


def get(
    server: DashboardServer, path: str, headers: Mapping[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=120)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_the_page_and_its_data(server: DashboardServer) -> None:
    status, headers, body = get(server, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert body.startswith(b"<!doctype html>")
    status, headers, body = get(server, "/api/dashboard?dashboard=shop-test-overview&range=900")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    document = json.loads(body)
    assert document["range"]["end"] - document["range"]["start"] == 900_000
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": "127.0.0.1"},
        {"Host": ""},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_sites_are_refused(server: DashboardServer, headers: dict[str, str]) -> None:
    status, _, body = get(server, "/api/dashboard", headers)
    assert status == 403
    assert b"widgets" not in body


def test_this_machine_may_be_called_localhost(server: DashboardServer) -> None:
    status, _, _ = get(server, "/", {"Host": f"localhost:{server.server_port}"})
    assert status == 200


def test_it_listens_on_loopback_only(server: DashboardServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"
    with socket.socket() as outside:
        # Any other address of this machine: all of 127/8 is, and none but the first is served.
        assert outside.connect_ex(("127.0.0.2", server.server_port)) != 0


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("dashboard=gone", 404, "no dashboard 'gone'"),
        ("range=0", 400, "time range"),
        ("range=soon", 400, "time range"),
        ("range=99999999999999999999", 400, "time range"),
        ("start=yesterday", 400, "time range"),
        ("start=2026-11-20T12:00Z&end=2026-11-20T11:00Z", 400, "time range"),
    ],
)
def test_wrong_questions(server: DashboardServer, query: str, status: int, words: str) -> None:
    answered, _, body = get(server, f"/api/dashboard?{query}")
    assert answered == status
    assert words in json.loads(body)["error"]


def test_a_custom_range(server: DashboardServer) -> None:
    query = "start=2026-11-20T10:00Z&end=2026-11-20T10:30Z"
    _, _, body = get(server, f"/api/dashboard?{query}")
    span = json.loads(body)["range"]
    assert span["end"] - span["start"] == 1_800_000


def test_other_paths_and_methods(server: DashboardServer) -> None:
    assert get(server, "/etc/passwd")[0] == 404
    assert get(server, "/../page.py")[0] == 404
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=120)
    connection.request("POST", "/api/dashboard", body=b"")
    assert connection.getresponse().status == 501
    connection.close()


class Silent:
    label = "nobody"

    def read(self, wanted: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        raise SourceError("CloudWatch: no answer")

    def query(self, *_arguments: Any) -> Any:
        raise SourceError("CloudWatch Logs: no answer")

    def alarms(self, names: Sequence[str]) -> Any:
        raise SourceError("CloudWatch: no answer")


def test_a_source_that_does_not_answer_is_said(preview: Preview) -> None:
    with serving(replace(preview, source=Silent())) as server:
        status, _, body = get(server, "/api/dashboard")
    assert status == 502
    assert json.loads(body) == {"error": "CloudWatch: no answer"}
