"""Every fault at every point of a request's life: the right answer, or one typed error, in time.

The cases are made, not picked: each kind of fault, once or for good, on each call that a request
makes. What must be true of the end is the same for all of them.
"""

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any, Final

import pytest

from tests.frameworks import FRAMEWORKS
from tests.integration.bad_day.conftest import AGENT, SOURCE, Serve, Wire
from tests.integration.bad_day.fault_proxy import DONE, Call, Fault, Rule
from tests.metric_lines import metrics_in
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.records.item import RecordStatus, StoredRecord
from tradewind.telemetry.log_fields import REQUEST_DONE, Outcome
from tradewind.telemetry.metric_names import MetricName

#: What a request has. Only silences use it up: they are skipped, by the request's clock.
TIME_S: Final = 900.0
#: Real seconds after which a silence is ended that was not skipped, so that the test can fail.
WATCHED_S: Final = 120.0

WHOLE: Final = {"places.json": {"turbines": 12}, "rows.json": {"rows": 6.0}}


class Point(StrEnum):
    """A call of a request."""

    FIRST_CALL = "first model call"
    SECOND_CALL = "second model call"
    LOOK = "first look at a manifest"
    TOOL = "tool's read"
    RECORD_START = "record's start"
    RECORD_END = "record's end"
    ARTIFACT_WRITE = "artifact's write"
    COMMIT = "manifest's switch"


def _writes(ending: str) -> Callable[[Call], bool]:
    return lambda call: call.operation == "PutObject" and call.target.endswith(ending)


def _is_manifest(call: Call, agent: str) -> bool:
    """Whether a call is for an agent's manifest, of whatever project."""
    return re.fullmatch(rf"{agent}/[^/]+/manifest\.json", call.target) is not None


CHOOSES: Final[dict[Point, Callable[[Call], bool]]] = {
    Point.FIRST_CALL: lambda call: call.operation == "ConverseStream",
    Point.SECOND_CALL: lambda call: call.operation == "ConverseStream",
    Point.LOOK: lambda call: _is_manifest(call, SOURCE),
    Point.TOOL: lambda call: call.operation == "GetObject" and call.target.endswith("/site.json"),
    Point.RECORD_START: lambda call: call.operation == "PutItem",
    Point.RECORD_END: lambda call: call.operation == "UpdateItem",
    Point.ARTIFACT_WRITE: _writes("/rows.json"),
    Point.COMMIT: lambda call: call.operation == "PutObject" and _is_manifest(call, AGENT),
}
MODEL: Final = {Point.FIRST_CALL, Point.SECOND_CALL}
SILENT: Final = {Fault.SILENT, Fault.STALLED}


@dataclass(frozen=True)
class Case:
    """One bad day."""

    point: Point
    fault: Fault
    lasting: bool
    framework: str

    def __str__(self) -> str:
        how = "for good" if self.lasting else "once"
        return f"{self.point}: {self.fault} {how}, {self.framework}"

    @property
    def rule(self) -> Rule:
        skip = 1 if self.point is Point.SECOND_CALL else 0
        return Rule(self.fault, CHOOSES[self.point], skip, times=None if self.lasting else 1)

    @property
    def codes(self) -> set[str | None]:
        """How it may end; None is a success."""
        if self.point is Point.RECORD_END:
            return {None}  # a record never hides an answer
        return self._codes_of_the_model() if self.point in MODEL else self._codes_of_storage()

    def _codes_of_the_model(self) -> set[str | None]:
        if self.fault is Fault.DENIED:
            return {"MODEL_ACCESS_DENIED"}
        if self.fault in SILENT:
            return {"DEADLINE_EXCEEDED"}  # the model may take all the time there is
        return {_OF_THE_MODEL[self.fault] if self.lasting else None}

    def _codes_of_storage(self) -> set[str | None]:
        if self.fault is Fault.DENIED:
            return {"STORAGE_ACCESS_DENIED"}
        if not self.lasting:
            return {None}
        if self.point is Point.COMMIT:
            # What was written recognises itself, whether or not anybody said so.
            return {None} if self.fault in DONE else {"STORAGE_UNAVAILABLE"}
        at_the_deadline = {"DEADLINE_EXCEEDED"} if self.fault in SILENT else set()
        return {"STORAGE_UNAVAILABLE", *at_the_deadline}


_OF_THE_MODEL: Final = {
    Fault.THROTTLED: "MODEL_THROTTLED",
    Fault.UNAVAILABLE: "MODEL_UNAVAILABLE",
    Fault.FAILED_AFTER: "MODEL_UNAVAILABLE",
    Fault.RESET: "MODEL_STREAM_BROKEN",
    Fault.LOST: "MODEL_STREAM_BROKEN",
    Fault.CUT: "MODEL_STREAM_BROKEN",
}


def cases() -> Iterator[Case]:
    """All of them. What is below the frameworks is met by each of them in turn."""
    frameworks = list(FRAMEWORKS)
    for number, (point, fault, lasting) in enumerate(product(Point, Fault, (False, True))):
        for framework in frameworks if point in MODEL else frameworks[number % 2 :][:1]:
            yield Case(point, fault, lasting, framework)


@dataclass
class Clock:
    """Lambda's context object: some time, from now on."""

    remaining_ms: int
    aws_request_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass
class Ended:
    """How a request ended, as everybody was told.

    Attributes:
        answer: The answer, delivered or kept.
        delivered: Whether the invocation succeeded.
        metrics: Each metric's values.
        lines: The log's.
        silence_over: Whether a silence ended before the answer came.
    """

    answer: dict[str, Any]
    delivered: bool
    metrics: dict[str, list[float]]
    lines: list[dict[str, Any]]
    silence_over: bool

    @property
    def code(self) -> str | None:
        error: dict[str, str] | None = self.answer["error"]
        return error["code"] if error else None

    def total(self, metric: str) -> float:
        return sum(self.metrics[metric])


Ask = Callable[..., Ended]


@pytest.fixture
def ask(wire: Wire, serve: Serve, capfd: pytest.CaptureFixture[str]) -> Ask:
    """Serve a request and gather what was told of it."""
    services: dict[str, Any] = {}

    def asked(case: Case, event: Mapping[str, Any]) -> Ended:
        if case.framework not in services:
            services[case.framework] = serve(case.framework)
        over = threading.Event()

        def end_silence() -> None:
            over.set()
            wire.play()

        watchdog = threading.Timer(WATCHED_S, end_silence)
        watchdog.start()
        capfd.readouterr()
        try:
            answer = services[case.framework].handle(event, Clock(int(1000 * TIME_S)))
            delivered = True
        except InvocationFailed as failed:
            answer, delivered = failed.answer.model_dump(mode="json"), False
        silence_over = over.is_set()
        watchdog.cancel()
        said = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        metrics: dict[str, list[float]] = {}
        for line in metrics_in(said):
            metrics |= {name: line[name] for name in MetricName if name in line}
        return Ended(answer, delivered, metrics, said, silence_over)

    return asked


@pytest.mark.parametrize("case", list(cases()), ids=str)
def test_a_bad_day_ends_in_the_right_answer_or_in_one_typed_error(
    wire: Wire, ask: Ask, case: Case
) -> None:
    request_id = f"r-{uuid.uuid4().hex}"
    project_id = f"p-{uuid.uuid4().hex}"
    wire.play()
    wire.prepare(project_id)
    event = {"query": "Place them.", "project_id": project_id, "request_id": request_id}

    wire.play(case.rule)
    ended = ask(case, event)

    model_calls = wire.calls("ConverseStream")
    assert not ended.silence_over
    assert ended.code in case.codes
    _check_what_is_told(ended, model_calls)
    _check_record(case, ended, wire.record(request_id))
    wire.play()
    _check_files(wire, project_id, ended)

    _check_repeat(wire, lambda: ask(case, event), request_id, ended)
    assert _visible(wire, project_id) == WHOLE


def _check_what_is_told(ended: Ended, model_calls: int) -> None:
    """Metrics and log say of the request what its answer says."""
    code, answer = ended.code, ended.answer
    expected = {
        "Errors": not ended.delivered,
        "RejectedRequests": False,
        "DeadlineStops": code == "DEADLINE_EXCEEDED",
        "Invocations": True,
    }
    assert {name: ended.total(name) for name in expected} == expected
    assert answer["success"] is (code is None)
    assert ended.delivered is (code in {None, "DEADLINE_EXCEEDED"})
    assert ended.total("ModelCalls") == answer["usage"]["model_calls"] == model_calls
    assert ended.total("ToolCalls") == answer["usage"]["tool_calls"]
    [done] = [line for line in ended.lines if line.get("message") == REQUEST_DONE]
    outcome = {None: Outcome.SUCCEEDED, "DEADLINE_EXCEEDED": Outcome.STOPPED}
    assert done["outcome"] == outcome.get(code, Outcome.FAILED)
    assert done.get("error_code") == code
    # A fault that was foreseen is no defect.
    assert not [line for line in ended.lines if "error_causes" in line]


def _check_record(case: Case, ended: Ended, record: StoredRecord | None) -> None:
    """The record tells the truth, or stays to be settled, and then the metrics say so."""
    unfinished = ended.total("RecordsNotFinished")
    if record is None:
        assert case.point is Point.RECORD_START
        assert ended.code is not None
        return
    if record.status is RecordStatus.RUNNING:
        assert case.point in {Point.RECORD_END, Point.RECORD_START}
        assert unfinished == 1
        return
    assert record.error_code == ended.code
    assert record.status is (RecordStatus.FAILED if ended.code else RecordStatus.SUCCEEDED)
    assert record.answer == ended.answer
    if case.point is not Point.RECORD_END:
        assert not unfinished


def _visible(wire: Wire, project_id: str) -> dict[str, Any]:
    return {name: json.loads(body) for name, body in wire.visible(project_id).items()}


def _check_files(wire: Wire, project_id: str, ended: Ended) -> None:
    """All that the tool left is there, or nothing; what the answer lists is what is there."""
    visible = _visible(wire, project_id)
    assert visible in ({}, WHOLE)
    assert len(ended.answer["artifacts"]) == len(visible)
    if ended.code is None:
        assert visible == WHOLE
    elif ended.code != "DEADLINE_EXCEEDED":
        assert visible == {}


def _check_repeat(wire: Wire, again: Callable[[], Ended], request_id: str, ended: Ended) -> None:
    """On a good day the same request gets its answer, and costs nothing if it had one."""
    record = wire.record(request_id)
    if record is not None and record.status is RecordStatus.RUNNING:
        assert again().code == "DUPLICATE_REQUEST"
        wire.let_the_deadline_pass(request_id)
    repeat = again()
    assert repeat.code is None
    if record is not None and record.status is RecordStatus.SUCCEEDED:
        assert repeat.answer == ended.answer
        assert wire.calls("ConverseStream") == 0
