"""A streamed request: what its caller reads, and what stays of it however its caller goes."""

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from tests.agent_environment import agent_environment
from tests.dynamodb import LoopbackDynamoDB
from tests.frameworks import Sketch
from tests.integration.handler.conftest import CHAT, Build, Context, Harness
from tests.integration.handler.script import Script, calls, says
from tests.metric_lines import metrics_in
from tests.unit.handlers.test_server_sent_events import parsed
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Repeated
from tradewind.budgets.table import BudgetTable, end_of, new_entry
from tradewind.contracts.errors import ConfigurationError, StorageUnavailable
from tradewind.contracts.names import owned_project
from tradewind.handlers.event_kinds import is_completion, is_http
from tradewind.handlers.response_stream import HTTP_ANSWER, Runtime, StreamedAnswer
from tradewind.handlers.server_sent_events import Unread
from tradewind.handlers.stream_records import StreamRecords
from tradewind.handlers.streamed_requests import StreamedRequests
from tradewind.run.project import Project
from tradewind.telemetry.log_fields import REQUEST_DONE
from tradewind.telemetry.metric_names import MetricName

ROLE = "arn:aws:sts::000000000000:assumed-role/caller/session"
OWNER = "arn:aws:iam::000000000000:role/caller"
PROJECT = owned_project(owner=OWNER, project_id="p-1")
QUERY = {"query": "How windy is it?", "project_id": "p-1"}


def proxied(body: Any = None, *, agent: str = "terrain", **headers: str) -> dict[str, Any]:
    """The event of a request through the API."""
    return {
        "resource": "/agents/{agent}/stream",
        "path": f"/agents/{agent}/stream",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", **headers},
        "pathParameters": {"agent": agent},
        "requestContext": {"identity": {"userArn": ROLE}, "requestId": "gateway-request"},
        "body": body if isinstance(body, str) else json.dumps(body or QUERY),
        "isBase64Encoded": False,
    }


class Reader:
    """Reads a streamed answer as the runtime does, and API Gateway after it."""

    def __init__(self, answer: StreamedAnswer) -> None:
        assert answer.content_type == HTTP_ANSWER
        self.chunks: Iterator[bytes] = answer.chunks
        self.read = b""

    def until(self, found: bytes) -> None:
        while found not in self.read:
            self.read += next(self.chunks)

    def hang_up(self) -> None:
        self.chunks.close()  # type: ignore[attr-defined]

    def all(self) -> "Reader":
        for chunk in self.chunks:
            self.read += chunk
        return self

    @property
    def prelude(self) -> dict[str, Any]:
        prelude: dict[str, Any] = json.loads(self.read.partition(bytes(8))[0])
        return prelude

    @property
    def body(self) -> bytes:
        return self.read.partition(bytes(8))[2]

    @property
    def events(self) -> list[tuple[str, Any]]:
        assert self.prelude["statusCode"] == 200
        assert self.prelude["headers"]["Content-Type"] == "text/event-stream"
        return parsed(self.body)

    @property
    def problem(self) -> dict[str, Any]:
        assert self.prelude["headers"]["Content-Type"] == "application/problem+json"
        document: dict[str, Any] = json.loads(self.body)
        assert document["status"] == self.prelude["statusCode"]
        return document


Ask = Callable[..., Reader]


@pytest.fixture
def ask(build: Build) -> Callable[..., Ask]:
    """Returns what asks a service for streams."""
    s3 = AwsClients().create("s3", repeats=Repeated(may_run_twice=True))

    def asks(harness: Harness, runtime: Runtime = Runtime.HOOKED, signer: Any = s3) -> Ask:
        streamed = StreamedRequests(
            runtime=runtime,
            service=harness.service,
            records=StreamRecords(
                agent_environment(), harness.records, harness.sessions, signer, harness.budgets
            ),
        )

        def do(event: dict[str, Any] | None = None, context: Context | None = None) -> Reader:
            return Reader(streamed.handle(event or proxied(), context or Context()))

        return do

    return asks


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The closing line and the metrics of the one request since the last look."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [done] = [line for line in lines if line.get("message") == REQUEST_DONE]
    [metrics] = metrics_in(lines)
    return done, metrics


def write(project: Project) -> str:
    """Write a file."""
    project.save("wind.json", b"{}", "application/json")
    return "written"


def test_a_run_is_told_as_it_goes_and_ends_with_the_invocation(
    build: Build, ask: Callable[..., Ask], script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    harness = build(Sketch("You write.", (write,)))
    script(calls("write"), says("It blows."))
    events = ask(harness)().all().events
    names = [name for name, _ in events]
    assert names[0] == "invocation"
    assert names[-1] == "result"
    known = events[0][1]
    assert known["id"].startswith("terrain.i-")
    assert (known["project_id"], known["session_id"]) == (PROJECT, None)
    told = dict(events)
    assert told["tool_start"]["tool"] == "write"
    assert told["tool_end"] == {**told["tool_start"], "succeeded": True}
    assert names.index("tool_start") < names.index("tool_end") < names.index("text")
    text = "".join(data["text"] for name, data in events if name == "text")
    assert text == "It blows."
    result = events[-1][1]
    assert (result["id"], result["state"], result["error"]) == (known["id"], "succeeded", None)
    assert result["result"]["response"] == "It blows."
    (artifact,) = result["result"]["artifacts"]
    assert artifact["name"] == "wind.json"
    assert artifact["key"] in artifact["url"]
    assert "Signature=" in artifact["url"]
    request_id = known["id"].partition(".")[2]
    assert harness.records.status == {request_id: "succeeded"}
    assert harness.records.answer(request_id)["response"] == "It blows."
    done, metrics = printed(capsys)
    assert done["outcome"] == "succeeded"
    assert metrics[MetricName.INVOCATIONS] == [1]


def test_the_body_may_come_in_base64(build: Build, ask: Callable[..., Ask], script: Script) -> None:
    script(says("Windy."))
    event = proxied(base64.b64encode(json.dumps(QUERY).encode()).decode())
    reader = ask(build(CHAT))({**event, "isBase64Encoded": True}).all()
    assert reader.events[-1][1]["state"] == "succeeded"


@pytest.mark.parametrize(
    "refused",
    [
        (proxied("{"), 400, "INVALID_REQUEST"),
        (proxied({"query": ""}), 400, "INVALID_REQUEST"),
        (proxied({"query": "q", "owner": "somebody"}), 400, "INVALID_REQUEST"),
        (proxied({"query": "q", "request_id": "r"}), 400, "INVALID_REQUEST"),
        (proxied({"query": "q", "accepted": True}), 400, "INVALID_REQUEST"),
        (proxied(agent="layout"), 404, "NOT_FOUND"),
        ({**proxied(), "httpMethod": "GET"}, 404, "NOT_FOUND"),
        ({**proxied(), "requestContext": {}}, 403, "FORBIDDEN"),
        (proxied(**{"Idempotency-Key": ""}), 400, "INVALID_REQUEST"),
        (proxied(**{"Content-Type": "text/plain"}), 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
def test_what_cannot_be_served_is_a_problem_and_leaves_no_record(
    build: Build,
    ask: Callable[..., Ask],
    capsys: pytest.CaptureFixture[str],
    refused: tuple[dict[str, Any], int, str],
) -> None:
    event, status, code = refused
    harness = build(CHAT)
    reader = ask(harness)(event).all()
    assert (reader.prelude["statusCode"], reader.problem["code"]) == (status, code)
    assert harness.records.status == {}
    done, metrics = printed(capsys)
    assert done["error_code"] == code
    assert metrics[MetricName.INVOCATIONS] == [1]


def test_a_result_that_is_larger_than_what_is_kept_unread_is_told(
    build: Build, ask: Callable[..., Ask], script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Unread.__init__, "__kwdefaults__", {"limit": 500, "clock": time.monotonic})
    harness = build(CHAT)
    script(says("It blows."))
    name, result = ask(harness)().all().events[-1]
    assert (name, result["state"]) == ("result", "succeeded")
    assert len(json.dumps(result)) > 500


@pytest.mark.parametrize(
    ("wish", "field", "recorded"),
    [
        ({"max_tokens": 1025}, "max_tokens", []),
        # What only who has the library can see, when the record is open by then.
        ({"output_schema": {"type": "object", "required": 1}}, "output_schema", ["failed"]),
    ],
)
def test_a_wish_that_cannot_be_met_leaves_no_record_open(
    build: Build, ask: Callable[..., Ask], wish: dict[str, Any], field: str, recorded: list[str]
) -> None:
    harness = build(CHAT)
    reader = ask(harness)(proxied(QUERY | wish)).all()
    assert (reader.prelude["statusCode"], reader.problem["code"]) == (400, "INVALID_REQUEST")
    assert reader.problem["field"] == field
    assert list(harness.records.status.values()) == recorded


def test_a_failed_run_is_a_failure_though_its_stream_is_whole(
    build: Build, ask: Callable[..., Ask], script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    harness = build(CHAT)
    script(says(""))
    events = ask(harness)().all().events
    result = events[-1][1]
    assert (result["state"], result["error"]["code"]) == ("failed", "MODEL_FAILED")
    assert list(harness.records.codes.values()) == ["MODEL_FAILED"]
    done, metrics = printed(capsys)
    assert (done["outcome"], done["level"]) == ("failed", "ERROR")
    assert metrics[MetricName.ERRORS] == [1]


@pytest.mark.parametrize("error", [NoCredentialsError(), StorageUnavailable("away")])
def test_an_end_that_cannot_be_shown_is_not_told_as_another(
    build: Build, ask: Callable[..., Ask], script: Script, error: Exception
) -> None:
    class Signer:
        def generate_presigned_url(self, *_: object, **__: object) -> str:
            raise error

    harness = build(Sketch("You write.", (write,)))
    script(calls("write"), says("It blows."))
    event = proxied(**{"Idempotency-Key": "k1"})
    names = [name for name, _ in ask(harness, signer=Signer())(event).all().events]
    assert names[-1] == "message_end"  # and the body ends: who misses the result looks it up
    assert list(harness.records.status.values()) == ["succeeded"]
    # Before the first event there is a status to say so with, and the way to the record.
    problem = ask(harness, signer=Signer())(event).all()
    code = getattr(error, "code", "INTERNAL_ERROR")
    assert problem.problem["code"] == code
    assert (
        problem.prelude["headers"]["Location"] == f"/invocations/{problem.problem['invocation_id']}"
    )


def test_a_key_is_worked_on_once(build: Build, ask: Callable[..., Ask], script: Script) -> None:
    harness = build(CHAT)
    script(says("Windy."))
    event = proxied(**{"Idempotency-Key": "k1"})
    first = ask(harness)(event).all().events
    script(says("Something else."))
    again = ask(harness)(event).all().events
    assert [name for name, _ in again] == ["result"]
    for result in (first[-1][1], again[-1][1]):
        assert result["result"]["response"] == "Windy."
    other = ask(harness)(proxied({"query": "Other?"}, **{"Idempotency-Key": "k1"})).all()
    assert (other.problem["status"], other.problem["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_failure_stays_the_answer_of_its_key(
    build: Build, ask: Callable[..., Ask], script: Script
) -> None:
    harness = build(CHAT)
    event = proxied(**{"Idempotency-Key": "k1"})
    script(says(""))
    ask(harness)(event).all()
    script(says("Windy."))
    (only,) = ask(harness)(event).all().events
    assert only[1]["error"]["code"] == "MODEL_FAILED"


class Gate:
    """A tool that waits in the middle of a run."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def wait(self) -> str:
        """Wait."""
        self.reached.set()
        self.open.wait(180)
        return "waited"


def test_while_a_key_is_worked_on_it_is_refused(
    build: Build, ask: Callable[..., Ask], script: Script
) -> None:
    gate = Gate()
    harness = build(Sketch("You wait.", (gate.wait,)))
    script(calls("wait"), says("Done."))
    event = proxied(**{"Idempotency-Key": "k1"})
    reader = ask(harness)(event)
    reader.until(b"event: tool_start")
    assert gate.reached.wait(180)
    second = ask(harness)(event).all()
    assert (second.problem["status"], second.problem["code"]) == (409, "DUPLICATE_REQUEST")
    gate.open.set()
    assert reader.all().events[-1][1]["state"] == "succeeded"


def test_a_caller_that_hangs_up_cancels_and_leaves_nothing(
    build: Build, ask: Callable[..., Ask], script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = Gate()

    def write_and_wait(project: Project) -> str:
        """Write, and wait."""
        project.save("wind.json", b"{}", "application/json")
        return gate.wait()

    harness = build(Sketch("You wait.", (write_and_wait,)))
    script(calls("write_and_wait"), says("Never said."))
    reader = ask(harness)()
    reader.until(b"event: tool_start")
    assert gate.reached.wait(180)
    threading.Timer(0.2, gate.open.set).start()
    reader.hang_up()  # returns when the request has ended
    assert list(harness.records.codes.values()) == ["CANCELLED"]
    (request_id,) = harness.records.status
    assert harness.records.answer(request_id)["artifacts"] == []
    assert not any("manifest" in key for key in harness.store.objects)
    done, _ = printed(capsys)
    assert (done["error_code"], done["model_calls"]) == ("CANCELLED", 1)


def test_a_caller_that_hangs_up_after_the_end_cancels_nothing(
    build: Build, ask: Callable[..., Ask], script: Script
) -> None:
    harness = build(CHAT)
    script(says("Windy."))
    reader = ask(harness)()
    reader.until(b"event: result")
    reader.hang_up()
    assert list(harness.records.status.values()) == ["succeeded"]


def test_who_has_nothing_left_today_gets_a_problem_and_no_stream(
    build: Build,
    ask: Callable[..., Ask],
    script: Script,
    dynamodb: LoopbackDynamoDB,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = dynamodb.create_budgets_table(f"budgets-{uuid.uuid4().hex}")
    limits = json.dumps({"per_principal_day_usd": 1})
    harness = build(CHAT, BUDGETS_TABLE=name, TRADEWIND_BUDGETS=limits)
    asks, key = ask(harness), {"Idempotency-Key": "answered"}
    script(says("Windy."))
    answered = asks(proxied(**key)).all().events[-1][1]

    table, nano = BudgetTable(name, dynamodb.client()), 995_000_000
    spent = new_entry(OWNER, nano)
    assert table.reserve(spent, limit_nano=2 * nano, lease_s=900)[0]
    table.settle(spent, nano)
    capsys.readouterr()
    reader = asks().all()
    assert reader.prelude["statusCode"] == 402
    problem = reader.problem
    assert (problem["code"], problem["limit_usd"]) == ("BUDGET_EXCEEDED", 1)
    assert 0 < problem["left_usd"] < 0.006
    assert problem["resets_at"] == end_of(spent.day).isoformat().replace("+00:00", "Z")
    assert len(harness.records.status) == 1  # of the first alone
    done, metrics = printed(capsys)
    assert (done["error_code"], metrics[MetricName.BUDGET_REFUSALS]) == ("BUDGET_EXCEEDED", [1])
    # What was answered is told to its key whatever is left.
    [(name, again)] = asks(proxied(**key)).all().events
    assert (name, again["id"], again["result"]) == ("result", answered["id"], answered["result"])


def test_a_runtime_that_streams_by_itself_gets_the_chunks(
    build: Build, ask: Callable[..., Ask], script: Script
) -> None:
    script(says("Windy."))
    harness = build(CHAT)
    streamed = StreamedRequests(
        runtime=Runtime.NATIVE,
        service=harness.service,
        records=StreamRecords(
            agent_environment(),
            harness.records,
            harness.sessions,
            AwsClients().create("s3", repeats=Repeated(may_run_twice=True)),
            harness.budgets,
        ),
    )
    chunks = list(streamed.handle(proxied(), Context()))
    assert b"" not in chunks
    assert b"".join(chunks).count(bytes(8)) == 1


def test_a_runtime_that_cannot_stream_is_told_so(build: Build, ask: Callable[..., Ask]) -> None:
    with pytest.raises(ConfigurationError, match="cannot stream"):
        ask(build(CHAT), Runtime.UNKNOWN)()


@pytest.mark.parametrize(
    ("event", "completion", "http"),
    [
        ({"requestId": "r", "invokeCompletionStatus": "Success"}, True, False),
        (
            {"requestId": "r", "invokeCompletionStatus": "Failure", "errorCode": "X"},
            True,
            False,
        ),
        (
            {"requestId": "r", "invokeCompletionStatus": "Failure", "anything": {"else": 1}},
            True,
            False,
        ),
        ({"requestId": "r", "invokeCompletionStatus": "Success", "query": "q"}, False, False),
        ({"query": "q"}, False, False),
        (proxied(), False, True),
        ("requestId", False, False),
        (None, False, False),
    ],
)
def test_kinds_of_events(event: object, completion: bool, http: bool) -> None:
    assert (is_completion(event), is_http(event)) == (completion, http)
