"""A connection that died in a freeze is told as what it was: no fault of the model's."""

import json
import socket
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn
from tests.black_holes import swallow_requests
from tests.integration.handler.conftest import CHAT, Build
from tests.metric_lines import metrics_in
from tradewind.aws import sockets
from tradewind.telemetry.metric_names import MetricName


def port_of(standin: BedrockStandIn) -> int:
    return int(standin.endpoint_url.rpartition(":")[2])


def metrics(output: str) -> dict[str, Any]:
    lines: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines()]
    return metrics_in(lines)[-1]


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    user_timeout = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000)
    monkeypatch.setattr(sockets, "SOCKET_OPTIONS", (user_timeout,))


def test_a_model_connection_in_a_black_hole_is_replaced_within_the_request(
    build: Build, standin: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    harness = build(CHAT, read_timeout_s=60)
    harness.handle({"query": "x", "request_id": "1"})
    swallow_requests(port_of(standin))
    capsys.readouterr()
    assert harness.handle({"query": "x", "request_id": "2"})["success"]
    assert (standin.stats().connections_opened, standin.stats().requests) == (2, 2)
    emitted = metrics(capsys.readouterr().out)
    assert emitted[MetricName.RETIRED_CONNECTIONS] == [1.0]
    assert emitted[MetricName.MODEL_ERRORS] == [0.0]
    # Nothing proves that the short call had not arrived: bedrock.retry sent it again.
    assert emitted[MetricName.MODEL_CALLS] == [2.0]
    assert emitted[MetricName.MODEL_RETRIES] == [1.0]
    assert emitted[MetricName.CONNECTIONS_OPENED] == [1.0]


def test_a_request_without_a_dead_connection_says_none(
    build: Build, standin: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    build(CHAT).handle({"query": "x", "request_id": "1"})
    emitted = metrics(capsys.readouterr().out)
    assert emitted[MetricName.RETIRED_CONNECTIONS] == [0.0]
    assert standin.stats().connections_opened == 1
