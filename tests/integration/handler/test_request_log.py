"""The log of requests and answers: whole, its owner's, and never in an answer's way."""

import gzip
import json
import os
import uuid
from dataclasses import replace
from typing import Any, Final

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.frameworks import Sketch
from tests.integration.handler.conftest import CHAT, Build, Harness
from tests.integration.handler.script import Script, calls, says
from tests.integration.handler.test_streams import ask, proxied
from tests.integration.records.requests import REQUEST, encoded
from tests.metric_lines import metrics_in
from tradewind.aws.repeats import MAX_ATTEMPTS
from tradewind.contracts.names import LOG_ENTRY, LOG_KEY, log_owner
from tradewind.contracts.request import parse_request
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.records.item import RecordedRequest, content_sha256
from tradewind.records.openings import Openings
from tradewind.records.request_log import (
    ANSWER_LIMIT,
    QUESTION_LIMIT,
    LogEntry,
    RequestLog,
    pack_within,
)
from tradewind.run.project import Project
from tradewind.telemetry.metric_names import MetricName

__all__ = ["ask"]

ADA: Final = "arn:aws:iam::123456789012:user/ada"
BOB: Final = "arn:aws:iam::123456789012:user/bob"
SECRET: Final = "How windy is it at Moorkoog?"


@pytest.fixture
def table(dynamodb: LoopbackDynamoDB) -> str:
    return dynamodb.create_log_table(f"log-{uuid.uuid4().hex}")


@pytest.fixture
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewind.handlers.logged_request.LOG_WAIT_S", 0.5)


def entries(dynamodb: LoopbackDynamoDB, table: str, owner: str = ADA) -> list[dict[str, Any]]:
    """An owner's, the oldest first."""
    return dynamodb.client().query(
        TableName=table,
        KeyConditionExpression=f"{LOG_KEY} = :owner",
        ExpressionAttributeValues={":owner": {"S": log_owner(owner=owner, agent="terrain")}},
    )["Items"]


def unpacked(item: dict[str, Any], name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(gzip.decompress(bytes(item[name]["B"])))
    return document


def logging(build: Build, table: str, sketch: Any = CHAT, **more: Any) -> Harness:
    return build(sketch, REQUEST_LOG_TABLE=table, REQUEST_LOG_DAYS="7", **more)


def serve(harness: Harness, **fields: Any) -> dict[str, Any]:
    try:
        return harness.handle({"query": SECRET, "owner": ADA, **fields})
    except InvocationFailed as failed:
        return failed.answer.model_dump(mode="json")


def not_logged(capsys: pytest.CaptureFixture[str]) -> list[float]:
    """The metric of the one request since the last look, in whose log no word is found."""
    printed = capsys.readouterr().out
    assert "Moorkoog" not in printed
    [metrics] = metrics_in(map(json.loads, printed.splitlines()))
    found: list[float] = metrics.get(MetricName.REQUESTS_NOT_LOGGED, [])
    return found


def test_a_request_is_there_with_its_answer_among_its_owners_alone(
    build: Build,
    table: str,
    dynamodb: LoopbackDynamoDB,
    capsys: pytest.CaptureFixture[str],
) -> None:
    harness = logging(build, table)
    first = serve(harness, request_id="r-1", context="It is dark.", session_id="s-1")
    assert not_logged(capsys) == [0]
    serve(harness, request_id="r-2", owner=BOB)
    serve(harness, request_id="r-3")
    assert serve(harness, request_id="r-1", context="It is dark.", session_id="s-1") == first
    mine = entries(dynamodb, table)
    assert [item["request_id"]["S"] for item in mine] == ["r-1", "r-3"]  # a repeat is no other one
    assert [item["request_id"]["S"] for item in entries(dynamodb, table, BOB)] == ["r-2"]
    assert entries(dynamodb, table, "") == []
    item = mine[0]
    assert unpacked(item, "question") == {
        "query": SECRET,
        "context": "It is dark.",
        "session_id": "s-1",
        "parameters": {},
    }
    assert unpacked(item, "answer") == first
    assert (item["owner"]["S"], item["status"]["S"]) == (ADA, "succeeded")
    assert item["cut"] == {"L": []}
    lasts = int(item["expires_at"]["N"]) - int(harness.records.items()["r-1"]["expires_at"]["N"])
    assert abs(lasts + (30 - 7) * 86_400) <= 60


def test_without_the_setting_nothing_is_written_and_nothing_counted(
    build: Build, dynamodb: LoopbackDynamoDB, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(build(CHAT), request_id="r-1")
    assert dynamodb.calls.count("PutItem") == 1  # its record's
    assert not_logged(capsys) == []


def test_failures_are_there_and_what_the_api_took(
    build: Build, table: str, dynamodb: LoopbackDynamoDB, standin: BedrockStandIn
) -> None:
    harness = logging(build, table)
    standin.inject(Fault(FaultKind.VALIDATION, count=2))
    serve(harness, request_id="r-1")
    event: dict[str, Any] = {"project_id": "p-1", "request_id": "r-2", "accepted": True}
    event |= {"query": SECRET, "owner": ADA}
    opening = RecordedRequest(
        owner=ADA,
        agent="terrain",
        request_id="r-2",
        project_id="p-1",
        model_id="m",
        sha256=content_sha256(parse_request(event, "terrain")),
        attempt="api",
        accepted=True,
    )
    Openings(harness.records.table).open(opening, life_s=900, ttl_days=1)
    serve(harness, **event)
    assert serve(harness, query="")["error"]["code"] == "INVALID_REQUEST"  # and whose is unknown
    found = entries(dynamodb, table)
    assert [item["request_id"]["S"] for item in found] == ["r-1", "r-2"]
    for item in found:
        assert item["status"] == {"S": "failed"}
        assert item["error_code"] == {"S": "MODEL_REQUEST_REJECTED"}
        assert unpacked(item, "question")["query"] == SECRET
        assert unpacked(item, "answer")["error"]["code"] == "MODEL_REQUEST_REJECTED"


def test_a_stream_and_one_that_its_caller_left_are_there(
    build: Build, table: str, dynamodb: LoopbackDynamoDB, ask: Any, script: Script
) -> None:
    asks = ask(logging(build, table))
    owner = "arn:aws:iam::000000000000:role/caller"
    script(says("Windy."), says("Windy."))
    assert asks(proxied()).all().events[-1][0] == "result"
    left = asks(proxied({"query": "And now?"}))
    left.until(b"event: invocation")
    left.hang_up()
    one, other = entries(dynamodb, table, owner)
    assert one["status"]["S"] == "succeeded"
    # However far it had come when its caller left.
    assert other["status"]["S"] in {"succeeded", "failed"}
    assert "answer" in other


def test_a_run_that_dies_has_left_its_question(
    build: Build, table: str, dynamodb: LoopbackDynamoDB, script: Script
) -> None:
    seen: list[dict[str, Any]] = []

    def look(project: Project) -> str:
        """Look."""
        seen.extend(entries(dynamodb, table))
        return "looked"

    script(calls("look"), says("Done."))
    serve(logging(build, table, Sketch("Call look.", (look,))), request_id="r-1")
    [item] = seen
    assert unpacked(item, "question") == {"query": SECRET, "parameters": {}}
    assert item["status"]["S"] == "running"
    assert "answer" not in item


@pytest.mark.parametrize("fault", [TableFault.REPLY_LOST, TableFault.ERROR_AFTER])
def test_a_write_that_is_repeated_puts_one_entry(
    build: Build, table: str, dynamodb: LoopbackDynamoDB, script: Script, fault: TableFault
) -> None:
    def lose(project: Project) -> str:
        """Lose."""
        dynamodb.inject(fault, "PutItem")
        return "lost"

    script(calls("lose"), says("Done."))
    answer = serve(logging(build, table, Sketch("Call lose.", (lose,))), request_id="r-1")
    [item] = entries(dynamodb, table)
    assert unpacked(item, "answer") == answer


@pytest.mark.parametrize("fault", [TableFault.DENIED, TableFault.SILENT, TableFault.THROTTLED])
@pytest.mark.usefixtures("_short_wait")
def test_a_table_that_takes_nothing_changes_no_answer_and_is_counted(
    build: Build,
    table: str,
    script: Script,
    capsys: pytest.CaptureFixture[str],
    fault: TableFault,
) -> None:

    def break_it(project: Project) -> str:
        """Break it."""
        harness.records.database.inject(fault, "PutItem", MAX_ATTEMPTS * 9)
        return "broken"

    script(calls("break_it"), says("Windy."))
    harness = logging(build, table, Sketch("Call break_it.", (break_it,)))
    answer = serve(harness, request_id="r-1")
    assert (answer["success"], answer["response"]) == (True, "Windy.")
    assert harness.records.answer("r-1") == answer
    assert not_logged(capsys) == [1]
    harness.records.database.heal()
    [item] = entries(harness.records.database, table)
    assert "answer" not in item


def test_a_table_that_is_not_there_changes_no_answer(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve(logging(build, "there-is-none"), request_id="r-1")["success"]
    assert not_logged(capsys) == [1]


def test_a_beginning_that_comes_late_replaces_no_end(
    dynamodb: LoopbackDynamoDB, table: str
) -> None:
    log = RequestLog(table, dynamodb.client(), days=1)
    entry = LogEntry(replace(REQUEST, owner=ADA), {"query": "q"}, None)
    log.end(entry, encoded())
    log.begin(entry)
    [item] = entries(dynamodb, table)
    assert item["status"]["S"] == "succeeded"
    assert item[LOG_ENTRY]["S"].endswith("#terrain#r-1#first")


def test_what_is_too_large_is_cut_with_a_mark_and_fits_an_item(
    dynamodb: LoopbackDynamoDB, table: str
) -> None:
    noise = os.urandom(400_000).hex()
    log = RequestLog(table, dynamodb.client(), days=1)
    question = {"query": noise, "context": "short", "parameters": {"list": [1.5] * 3}}
    answer = encoded()
    answer = replace(answer, document={**answer.document, "response": noise})
    log.end(LogEntry(replace(REQUEST, owner=ADA), question, None), answer)
    [item] = entries(dynamodb, table)
    assert item["cut"] == {"L": [{"S": "question"}, {"S": "answer"}]}
    asked = unpacked(item, "question")
    assert asked["query"] == f"{noise[:20_000]} [cut: 780000 more characters]"
    assert (asked["context"], asked["parameters"]) == ("short", {"list": [1.5] * 3})
    assert unpacked(item, "answer")["response"].endswith("[cut: 780000 more characters]")


@pytest.mark.parametrize(
    "document",
    [
        {"list": [os.urandom(8).hex() for _ in range(100_000)]},
        {"facts": {os.urandom(8).hex(): n for n in range(100_000)}},
        {os.urandom(300_000).hex(): 1},
        {"nested": [[os.urandom(4_000).hex()] * 1 for _ in range(900)]},
    ],
)
def test_whatever_is_large_is_made_to_fit_and_says_so(document: dict[str, Any]) -> None:
    for limit in (QUESTION_LIMIT, ANSWER_LIMIT):
        packed, cut = pack_within(document, limit)
        assert cut
        assert len(packed) <= limit
        assert b"cut" in gzip.decompress(packed)
