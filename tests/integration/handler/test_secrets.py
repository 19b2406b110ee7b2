"""No word of a request leaves by the back door, whatever goes wrong.

Looked at are the logs of function, libraries and Lambda's runtime, the metrics, the spans, the
exception, what X-Ray is told of it, and the record's attributes beside the kept answer.
"""

import asyncio
import gzip
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.dynamodb import LoopbackDynamoDB, TableFault
from tests.frameworks import Sketch
from tests.integration.handler.conftest import Build, Harness
from tradewind.aws.repeats import MAX_ATTEMPTS
from tradewind.contracts.errors import StorageAccessDenied, StorageUnavailable, ToolInputError
from tradewind.contracts.names import session_key
from tradewind.records.kept_answer import DELIVERY_LIMIT
from tradewind.run.agent_run import AgentRun
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.telemetry.metrics import RequestMetrics
from tradewind.telemetry.wordless_logs import WordlessLines
from tradewind.telemetry.wordless_spans import WordlessExporter

WORD, CARD, MAIL, KEY = (
    "Zephyrhorst",
    "4111 1111 1111 1111",
    "jane.roe@example.org",
    "AKIAIOSFODNN7EXAMPLE",
)
SECRETS = (WORD, CARD, MAIL, KEY)
SECRET = f"The {WORD} farm, for {MAIL}: card {CARD}, key {KEY}."
EVENT = {
    "query": f"{SECRET} How windy is it at 80 m?",
    "parameters": {"project_name": SECRET, "note": {"mail": MAIL}, "height_m": 80},
    "request_id": "r",
    "owner": MAIL,
    "system_prompt": f"{SECRET} Be brief.",
    "context": f"{SECRET} It lies behind a dike.",
}


@dataclass
class Told:
    """What the runtime sends to Lambda."""

    answers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    marshaller: LambdaMarshaller = field(default_factory=LambdaMarshaller)

    def post_invocation_result(self, _id: str, result: str, *_: object) -> None:
        self.answers.append(result)

    def post_invocation_error(self, _id: str, error: str, xray: str, *_: object) -> None:
        self.errors += [error, xray]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """The spans as they are exported."""
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_unredacted_attributes=")
    exported = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(WordlessExporter(exported)))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    monkeypatch.setattr("strands.telemetry.tracer._tracer_instance", None)
    yield exported
    provider.shutdown()


Check = Callable[..., Told]


@pytest.fixture
def check(
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    spans: InMemorySpanExporter,
) -> Iterator[Check]:
    """Serve the event as Lambda's runtime does, and look everywhere for its words."""

    def serve(
        harness: Harness, event: dict[str, Any] = EVENT, *, remaining_ms: int = 60_000
    ) -> Told:
        told = Told()
        caplog.set_level(logging.WARNING)  # as the runtime sets it
        bootstrap.handle_event_request(
            told,
            harness.service.handle,
            "lambda-request",
            json.dumps(event).encode(),
            "application/json",
            None,
            None,
            "arn",
            int((time.time() * 1000) + remaining_ms),
            None,
            bootstrap.StandardLogSink(),
        )
        printed = capfd.readouterr()
        items = [
            {name: value for name, value in item.items() if name not in {"answer", "owner"}}
            for item in harness.records.items().values()
        ]
        places = {
            "standard output": printed.out,
            "standard error": printed.err,
            "the libraries' logs": caplog.text,
            "the exception and X-Ray": "".join(told.errors),
            "the spans": "".join(span.to_json() for span in spans.get_finished_spans()),
            "the record": repr(items),
            "the conversation": repr(
                [
                    {name: value for name, value in item.items() if name != "content"}
                    for item in harness.records.database.client().scan(
                        TableName=harness.sessions.name
                    )["Items"]
                ]
            ),
        }
        leaks = [
            (secret, place)
            for place, text in places.items()
            for secret in SECRETS
            if secret in text
        ]
        assert leaks == []
        assert printed.out  # it was looked at
        return told

    wordless = WordlessLines()  # as the entry point sets it
    caplog.handler.addFilter(wordless)
    yield serve
    caplog.handler.removeFilter(wordless)


def measure(project_name: str, height_m: float) -> str:
    """Measure the wind.

    Args:
        project_name: The farm.
        height_m: Metres.
    """
    return f"{SECRET} 8 m/s at {height_m} m for {project_name}"


MEASURES = Sketch("You measure. Call measure once.", (measure,))


def code_of(told: Told) -> str | None:
    """The code of the one answer or error."""
    if told.answers:
        (answer,) = map(json.loads, told.answers)
        return answer["error"] and str(answer["error"]["code"])
    return str(json.loads(json.loads(told.errors[0])["errorMessage"])["code"])


def test_a_good_answer_has_the_words_and_nothing_else_has(build: Build, check: Check) -> None:
    told = check(build(MEASURES))
    assert code_of(told) is None
    assert WORD in told.answers[0]  # the needle is in the haystack


def test_a_conversation_has_its_words_in_its_turns_alone(build: Build, check: Check) -> None:
    harness = build(MEASURES)
    for number in range(3):
        told = check(harness, EVENT | {"request_id": f"r-{number}", "session_id": "s-1"})
        assert code_of(told) is None
        assert WORD in told.answers[0]
    head = harness.sessions.head(session_key(owner=MAIL, session_id="s-1"))
    assert head is not None
    assert [WORD in turn.content.query for turn in harness.sessions.turns(head)] == [True] * 3


@pytest.mark.parametrize("fault", [TableFault.ERROR_BEFORE, TableFault.DENIED])
@pytest.mark.parametrize("operation", ["PutItem", "Query", "UpdateItem"])
def test_faults_of_the_table_of_conversations(
    build: Build, check: Check, dynamodb: LoopbackDynamoDB, operation: str, fault: TableFault
) -> None:
    harness = build(MEASURES)
    assert code_of(check(harness, EVENT | {"session_id": "s-1"})) is None
    for number in range(MAX_ATTEMPTS):
        dynamodb.inject(fault, operation, count=number + 1)
        check(harness, EVENT | {"request_id": f"r-{number}", "session_id": "s-1"})
        dynamodb.heal()


def test_a_conversation_that_cannot_be_read(build: Build, check: Check) -> None:
    harness = build(MEASURES)
    event = EVENT | {"session_id": "s-1"}
    assert code_of(check(harness, event)) is None
    [[turn]] = [
        [item for item in page["Items"] if "content" in item]
        for page in [harness.records.database.client().scan(TableName=harness.sessions.name)]
    ]
    turn["content"] = {"B": gzip.compress(json.dumps({"query": SECRET}).encode())}
    harness.records.database.client().put_item(TableName=harness.sessions.name, Item=turn)
    assert code_of(check(harness, event | {"request_id": "r-2"})) == "SESSION_UNREADABLE"


def schema_of(**properties: Any) -> dict[str, Any]:
    """A schema with the words wherever a schema has some."""
    return {
        "type": "object",
        "title": SECRET,
        "description": SECRET,
        "properties": {SECRET: {"type": "string"}, **properties},
        "required": [WORD],
        "examples": [{SECRET: SECRET}],
    }


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        (schema_of(**{WORD: {"const": SECRET}}), None),
        (schema_of(**{WORD: {"type": "integer", "minimum": 1e9}}), None),
        (schema_of(**{WORD: {"type": "string", "pattern": f"^{MAIL}$"}}), "OUTPUT_INVALID"),
        (schema_of(**{WORD: {"not": {}}}), "OUTPUT_INVALID"),
        (schema_of(**{WORD: {"type": SECRET}}), "INVALID_REQUEST"),
        (schema_of(**{WORD: {"$ref": f"#/{SECRET}"}}), "INVALID_REQUEST"),
        (schema_of(**{WORD: {"$ref": f"https://{SECRET}"}}), "INVALID_REQUEST"),
        (schema_of(**{WORD: {"pattern": f"({SECRET}"}}), "INVALID_REQUEST"),
        ({"type": SECRET}, "INVALID_REQUEST"),
    ],
)
def test_an_output_and_its_schema(
    build: Build, check: Check, schema: dict[str, Any], code: str | None
) -> None:
    told = check(build(MEASURES), {**EVENT, "output_schema": schema})
    assert code_of(told) == code


STALLS = {FaultKind.STALL, FaultKind.LATENCY, FaultKind.SLOW_FIRST_BYTE}
IDLE = {FaultKind.IDLE_CLOSE, FaultKind.IDLE_RESET, FaultKind.IDLE_SILENCE}


@pytest.mark.parametrize("calls_before", [0, 1])
@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind not in IDLE | STALLS])
def test_faults_of_the_model_service(
    build: Build, standin: BedrockStandIn, check: Check, kind: FaultKind, calls_before: int
) -> None:
    def turn_bad(project: Project) -> str:
        """Turn bad."""
        standin.inject(Fault(kind, count=None, message=SECRET))
        return SECRET

    if not calls_before:
        standin.inject(Fault(kind, count=None, message=SECRET))
    told = check(build(Sketch("Call turn_bad once.", (turn_bad,))))
    assert code_of(told) is not None


@pytest.mark.parametrize("kind", sorted(STALLS))
def test_a_service_that_does_not_answer_in_time(
    build: Build, standin: BedrockStandIn, check: Check, kind: FaultKind
) -> None:
    standin.inject(Fault(kind, count=None, seconds=None if kind is FaultKind.STALL else 30))
    told = check(build(MEASURES), remaining_ms=5_000)
    assert code_of(told) == "DEADLINE_EXCEEDED"


FAULTS_OF_TOOLS: list[type[BaseException]] = [
    RuntimeError,
    KeyError,
    RecursionError,
    UnicodeError,
    ToolInputError,
    StorageAccessDenied,
    StorageUnavailable,
]


@pytest.mark.parametrize("error", FAULTS_OF_TOOLS)
@pytest.mark.parametrize("caused", [False, True])
def test_tools_that_fail(
    build: Build, check: Check, error: type[BaseException], caused: bool
) -> None:
    def fail(project: Project) -> str:
        """Fail."""
        if caused:
            try:
                json.loads(SECRET)
            except ValueError as cause:
                raise error(SECRET) from cause
        raise error(SECRET)

    check(build(Sketch("Call fail once.", (fail,))))


def test_a_tool_that_is_left_behind(build: Build, check: Check) -> None:
    def stay(project: Project) -> str:
        """Stay."""
        time.sleep(3)
        raise RuntimeError(SECRET)

    told = check(build(Sketch("Call stay once.", (stay,))), remaining_ms=1_000)
    assert code_of(told) == "DEADLINE_EXCEEDED"


def test_a_tool_that_fails_after_its_request(build: Build, check: Check) -> None:
    over = threading.Event()

    def stay(project: Project) -> str:
        """Stay."""
        over.wait()
        raise RuntimeError(SECRET)

    harness = build(Sketch("Call stay once.", (stay,)))
    assert code_of(check(harness, remaining_ms=1_000)) == "DEADLINE_EXCEEDED"
    over.set()
    for thread in threading.enumerate():
        if thread.name.startswith("tool"):
            thread.join(5)
    check(harness, {**EVENT, "request_id": "another"})  # looks at what was logged since


def test_what_a_tool_leaves_on_the_loop(build: Build, check: Check) -> None:
    async def leave(project: Project) -> str:
        """Leave."""

        async def fail() -> None:
            raise RuntimeError(SECRET)

        def fail_at_once() -> None:
            raise RuntimeError(SECRET)

        loop = asyncio.get_running_loop()
        loop.call_soon(fail_at_once)
        loop.create_task(fail())  # noqa: RUF006  lost: asyncio tells of it when it goes
        await asyncio.sleep(0.01)
        return "left"

    assert code_of(check(build(Sketch("Call leave once.", (leave,))))) is None


@pytest.mark.parametrize("fault", [one for one in TableFault if "SILENT" not in one.name])
@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
def test_faults_of_the_record(
    build: Build, dynamodb: LoopbackDynamoDB, check: Check, fault: TableFault, operation: str
) -> None:
    harness = build(MEASURES)
    dynamodb.inject(fault, operation, count=MAX_ATTEMPTS)
    check(harness)


def keep(project: Project) -> str:
    """Keep a note."""
    project.save("note.txt", SECRET.encode(), "text/plain")
    return SECRET


@pytest.mark.parametrize("error", [StorageAccessDenied, StorageUnavailable, RuntimeError])
@pytest.mark.parametrize("method", ["put", "get", "replace"])
def test_faults_of_the_artifacts(
    build: Build, check: Check, method: str, error: type[Exception], monkeypatch: Any
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error(SECRET)

    store = MemoryArtifactStore()
    monkeypatch.setattr(store, method, fail)
    check(build(Sketch("Call keep once.", (keep,)), store=store))


@dataclass
class Agent:
    """An agent that needs no model."""

    text: str = SECRET
    error: BaseException | None = None
    fact: Any = SECRET

    has_tools = True

    async def answer(self, run: AgentRun) -> None:
        run.transcript.begin_message()
        run.transcript.write(self.text)
        run.transcript.end_message()
        run.project._facts |= {"fact": self.fact}
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    "agent",
    [
        Agent(error=RuntimeError(SECRET)),
        Agent(error=ExceptionGroup(SECRET, [ValueError(SECRET)])),
        Agent(error=UnicodeEncodeError("utf-8", SECRET, 0, 1, SECRET)),
        Agent(text=SECRET * (DELIVERY_LIMIT // 50)),
        Agent(fact=object()),
        Agent(text=f"{SECRET} \ud800"),
        Agent(text=""),
    ],
    ids=lambda agent: repr(agent)[:60],
)
def test_ends_of_the_agent(build: Build, check: Check, agent: Agent) -> None:
    check(build(agent))


@pytest.mark.parametrize(
    "changes",
    [
        {SECRET: 1},
        {"query": [SECRET]},
        {"query": SECRET * 1000},
        {"parameters": SECRET},
        {"parameters": {"x": SECRET * 60_000}},
        {"project_id": SECRET},
        {"request_id": SECRET},
        {"owner": SECRET},
        {"agent": SECRET},
    ],
    ids=lambda changes: repr(changes)[:60],
)
def test_requests_that_are_refused(build: Build, check: Check, changes: dict[str, Any]) -> None:
    told = check(build(MEASURES), {**EVENT, **changes})
    (answer,) = map(json.loads, told.answers)
    assert answer["success"] is False


def test_repeats(build: Build, check: Check) -> None:
    harness = build(MEASURES)
    assert check(harness).answers == check(harness).answers
    told = check(harness, {**EVENT, "query": f"{SECRET} Another question."})
    assert code_of(told) == "REQUEST_ID_REUSED"


def test_a_report_that_fails(build: Build, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(RequestMetrics, "flush", fail)
    assert code_of(check(build(MEASURES))) is None


def test_a_request_that_comes_too_late(build: Build, check: Check) -> None:
    told = check(build(MEASURES), remaining_ms=0)
    assert code_of(told) == "DEADLINE_EXCEEDED"
