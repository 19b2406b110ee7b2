"""The log of requests says what the record says, of runs that ask a person and of ends in doubt."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.dynamodb import LoopbackDynamoDB
from tests.frameworks import FRAMEWORKS
from tests.integration.handler.asking_agents import asking
from tests.integration.handler.conftest import Build
from tests.integration.handler.front_door import FrontDoor
from tests.integration.handler.script import Script, says
from tests.integration.handler.test_request_log import entries, table
from tradewind.contracts.errors import StorageUnavailable
from tradewind.conversations.table import SessionTable
from tradewind.telemetry.metric_names import MetricName

__all__ = ["table"]

Log = Callable[[], list[dict[str, Any]]]


@pytest.fixture(params=list(FRAMEWORKS))
def name(request: pytest.FixtureRequest) -> str:
    """What the agents of a test are written with."""
    return str(request.param)


@pytest.fixture
def framework(name: str) -> Any:
    """The agents here are of their own making."""
    return FRAMEWORKS[name]


@pytest.fixture
def door(build: Build, name: str, table: str) -> FrontDoor:
    """Of an agent that asks, and whose requests are logged."""
    return FrontDoor(build(asking(name), REQUEST_LOG_TABLE=table, REQUEST_LOG_DAYS="7"))


@pytest.fixture
def log(dynamodb: LoopbackDynamoDB, table: str) -> Log:
    """The entries, the oldest first."""
    return lambda: entries(dynamodb, table)


def not_logged(capsys: pytest.CaptureFixture[str]) -> list[float]:
    """The metric of each run since the last look."""
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    name = MetricName.REQUESTS_NOT_LOGGED
    return [value for line in lines if "_aws" in line for value in line.get(name, [])]


def test_an_end_in_doubt_is_the_records_alone(
    door: FrontDoor,
    log: Log,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its turn is appended, the reply is lost, and nobody can say so before its time is over."""
    append = SessionTable.append

    def lost(*given: Any, **named: Any) -> None:
        append(*given, **named)
        raise StorageUnavailable("The reply was lost.")

    def away(*_given: Any) -> bool:
        raise StorageUnavailable("The table is away.")

    script(says("Windy."))
    with monkeypatch.context() as faults:
        faults.setattr(SessionTable, "append", lost)
        faults.setattr(SessionTable, "release", away)
        asks = {"query": "Plan.", "session_id": "s-1"}
        headers = {"Idempotency-Key": "one", "Prefer": "respond-async"}
        door("POST", "/agents/terrain/invocations", asks, headers=headers)
        door.deliver()
    assert door.answers[0]["error"]["code"] == "STORAGE_UNAVAILABLE"
    [item] = door.harness.records.items().values()
    [entry] = log()
    assert (item["status"], entry["status"]) == ({"S": "running"}, {"S": "running"})
    assert not {"ended_at", "answer", "error_code"} & set(entry)
    assert not_logged(capsys) == [1]
