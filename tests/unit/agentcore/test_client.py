"""One call in, events or one typed error out: what is repeated, how often, and who is told.

The transport is a script in memory; the real one is in ``tests/integration/agentcore``.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.runtime_calls import SESSION, make_call
from tradewind.agentcore import client as client_module
from tradewind.agentcore.answers import RuntimeEvent, Text, Value
from tradewind.agentcore.calls import ConnectionWasDead, RuntimeCall
from tradewind.agentcore.client import AgentCoreClient
from tradewind.agentcore.observer import ABANDONED, COMPLETED, RuntimeOutcome
from tradewind.agentcore.retries import Retries
from tradewind.contracts.errors import (
    BudgetExceeded,
    ConfigurationError,
    DeadlineExceeded,
    InvalidRuntimeRequest,
    RuntimeAnswerUnreadable,
    RuntimeFailed,
    RuntimeInterrupted,
    RuntimeNotFound,
    RuntimeRefused,
    RuntimeSilent,
    RuntimeThrottled,
    RuntimeUnavailable,
    StorageUnavailable,
    TradewindError,
)

GOOD = [b'data: "how "\n\nda', b'ta: {"a": 1}\n\n', b'data: "windy"\n\n']


@dataclass
class Answer:
    """An answer that begins. Its chunks, and what it breaks off with."""

    parts: list[bytes] = field(default_factory=lambda: list(GOOD))
    failure: Exception | None = None
    content_type: str = "text/event-stream"
    session_id: str | None = "answered"
    given: int = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            self.given += 1
            yield part
        if self.failure is not None:
            raise self.failure


@dataclass
class Script:
    """A transport whose calls end as they are told to."""

    ends: deque[Answer | Exception]
    sent: list[RuntimeCall] = field(default_factory=list)
    open_now: int = 0

    @asynccontextmanager
    async def open(self, call: RuntimeCall) -> AsyncGenerator[Answer]:
        self.sent.append(call)
        end = self.ends.popleft()
        if isinstance(end, Exception):
            raise end
        self.open_now += 1
        try:
            yield end
        finally:
            self.open_now -= 1


@dataclass
class Observer:
    """Keeps what it is told."""

    repeated: list[tuple[int, str]] = field(default_factory=list)
    outcomes: list[RuntimeOutcome] = field(default_factory=list)

    def call_repeated(self, call: RuntimeCall, attempt: int, code: str) -> None:
        self.repeated.append((attempt, code))

    def call_ended(self, call: RuntimeCall, outcome: RuntimeOutcome) -> None:
        self.outcomes.append(outcome)


@dataclass
class Setting:
    """A client over a script, its pauses and its observer."""

    script: Script
    pauses: list[float]
    bounds: list[tuple[float, float]]
    observer: Observer
    client: AgentCoreClient


def make_setting(*ends: Answer | Exception, draw: Callable[[float, float], float] = max) -> Setting:
    script, observer = Script(deque(ends)), Observer()
    pauses: list[float] = []
    bounds: list[tuple[float, float]] = []

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)

    def drawn(low: float, high: float) -> float:
        bounds.append((low, high))
        return draw(low, high)

    client = AgentCoreClient(script, observer=observer, retries=Retries(sleep, drawn))
    return Setting(script, pauses, bounds, observer, client)


async def read(setting: Setting, call: RuntimeCall) -> list[RuntimeEvent]:
    return [event async for event in setting.client.stream(call)]


def fail(setting: Setting, call: RuntimeCall | None = None) -> TradewindError:
    with pytest.raises(TradewindError) as caught:
        asyncio.run(read(setting, call or make_call()))
    assert setting.script.open_now == 0
    [outcome] = setting.observer.outcomes
    assert outcome.ending == caught.value.code
    assert outcome.attempts == caught.value.extensions["attempts"]
    return caught.value


def test_an_answer_is_streamed_as_it_arrives() -> None:
    setting = make_setting(Answer())
    events = asyncio.run(read(setting, make_call()))
    assert events == [Text("how "), Value({"a": 1}), Text("windy")]
    [outcome] = setting.observer.outcomes
    assert outcome.ending == COMPLETED
    assert (outcome.attempts, outcome.chunks) == (1, 3)
    assert outcome.received_bytes == sum(map(len, GOOD))
    assert outcome.first_chunk_s is not None
    assert 0 <= outcome.first_chunk_s <= outcome.duration_s


def test_an_answer_is_kept_whole() -> None:
    setting = make_setting(RuntimeUnavailable("503"), Answer())
    answer = asyncio.run(setting.client.invoke(make_call()))
    assert (answer.values, answer.text) == (({"a": 1},), "how windy")
    assert (answer.session_id, answer.attempts, answer.chunks) == ("answered", 2, 3)
    assert answer.received_bytes == sum(map(len, GOOD))


def test_a_session_that_is_not_named_is_the_one_that_was_asked_for() -> None:
    setting = make_setting(Answer(session_id=None))
    assert asyncio.run(setting.client.invoke(make_call())).session_id == SESSION


def test_an_answer_without_an_event_is_an_empty_one() -> None:
    answer = asyncio.run(make_setting(Answer([])).client.invoke(make_call()))
    assert (answer.values, answer.text, answer.chunks) == ((), "", 0)


def test_an_answer_that_is_too_large_is_not_kept_but_streamed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "MAX_KEPT_BYTES", 20)
    setting = make_setting(Answer(), Answer())
    with pytest.raises(RuntimeAnswerUnreadable):
        asyncio.run(setting.client.invoke(make_call()))
    assert setting.script.open_now == 0
    assert len(asyncio.run(read(setting, make_call()))) == 3


@pytest.mark.parametrize("failure", [RuntimeUnavailable, RuntimeThrottled])
def test_what_may_pass_is_repeated_after_growing_pauses(failure: type[TradewindError]) -> None:
    setting = make_setting(failure("1"), failure("2"), Answer())
    assert len(asyncio.run(read(setting, make_call()))) == 3
    assert setting.pauses == [1.0, 2.0]
    assert setting.bounds == [(0.0, 1.0), (0.0, 2.0)]
    assert setting.observer.repeated == [(2, failure.code), (3, failure.code)]
    assert [one.attempts for one in setting.observer.outcomes] == [3]


def test_a_call_is_sent_three_times_at_most_and_its_error_says_so() -> None:
    failures = [RuntimeUnavailable(text) for text in ("first.", "second.", "third.")]
    setting = make_setting(*failures, Answer())
    error = fail(setting)
    assert error is failures[2]
    assert error.extensions["attempts"] == 3
    assert error.message == str(error) == "third. The call was sent 3 times."
    assert len(setting.script.sent) == 3
    assert len(setting.pauses) == 2


@pytest.mark.parametrize(
    "failure",
    [
        RuntimeRefused,
        RuntimeNotFound,
        RuntimeSilent,
        RuntimeFailed,
        RuntimeInterrupted,
        InvalidRuntimeRequest,
        RuntimeAnswerUnreadable,
        DeadlineExceeded,
    ],
)
def test_what_a_repeat_cannot_help_is_not_repeated(failure: type[TradewindError]) -> None:
    setting = make_setting(failure("no"), Answer())
    assert fail(setting).extensions["attempts"] == 1
    assert len(setting.script.sent) == 1
    assert setting.observer.repeated == []


@pytest.mark.parametrize("given", [0, 1, 3])
@pytest.mark.parametrize("failure", [RuntimeInterrupted, RuntimeUnavailable, DeadlineExceeded])
def test_an_answer_that_has_begun_is_never_asked_for_again(
    failure: type[TradewindError], given: int
) -> None:
    setting = make_setting(Answer(GOOD[:given], failure("broke off")), Answer())
    assert fail(setting).extensions["attempts"] == 1
    assert len(setting.script.sent) == 1
    assert setting.observer.outcomes[0].chunks == given


def test_what_came_before_a_break_is_given() -> None:
    setting = make_setting(Answer(GOOD[:2], RuntimeInterrupted("broke off")))
    events = []

    async def collect() -> None:
        async for event in setting.client.stream(make_call()):
            events.append(event)

    with pytest.raises(RuntimeInterrupted):
        asyncio.run(collect())
    assert events == [Text("how "), Value({"a": 1})]


def test_a_repeat_that_there_is_no_time_for_is_not_begun() -> None:
    setting = make_setting(RuntimeUnavailable("503"), Answer())
    error = fail(setting, make_call(time_left_s=lambda: 1.1))
    assert isinstance(error, RuntimeUnavailable)
    assert setting.pauses == []
    setting = make_setting(RuntimeUnavailable("503"), Answer())
    asyncio.run(read(setting, make_call(time_left_s=lambda: 1.2)))
    assert setting.pauses == [1.0]


def test_a_dead_connection_costs_no_attempt_and_no_pause() -> None:
    setting = make_setting(
        ConnectionWasDead(), RuntimeUnavailable("1"), RuntimeUnavailable("2"), Answer()
    )
    assert asyncio.run(setting.client.invoke(make_call())).attempts == 3
    assert len(setting.script.sent) == 4
    assert setting.pauses == [1.0, 2.0]


def test_dead_connections_without_end_are_an_end() -> None:
    setting = make_setting(*(ConnectionWasDead() for _ in range(10)))
    assert isinstance(fail(setting), RuntimeUnavailable)
    assert len(setting.script.sent) == 3


@pytest.mark.parametrize(
    "refusal", [BudgetExceeded("No."), StorageUnavailable("No."), ConfigurationError("No.")]
)
def test_what_is_refused_before_it_is_sent_is_no_attempt(refusal: TradewindError) -> None:
    assert fail(make_setting(refusal)).extensions["attempts"] == 0
    setting = make_setting(RuntimeUnavailable("503"), refusal)
    assert fail(setting).extensions["attempts"] == 1


def test_what_agentcore_would_refuse_is_not_sent() -> None:
    setting = make_setting(Answer())
    error = fail(setting, make_call(session_id="short"))
    assert isinstance(error, InvalidRuntimeRequest)
    assert error.attempts == 0
    assert setting.script.sent == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (
            "text/event-stream",
            b'data: "a"\n\ndata: {"error": "boom", "error_type": "T"}\n\ndata: "b"\n\n',
        ),
        ("application/json", b'{"error": "boom", "error_type": "T", "message": "m"}'),
    ],
)
def test_a_failure_inside_a_good_answer_is_one(content_type: str, body: bytes) -> None:
    setting = make_setting(Answer([body], content_type=content_type), Answer())
    error = fail(setting)
    assert isinstance(error, RuntimeFailed)
    assert error.message == "The agent failed: T: boom"


def test_of_a_long_failure_a_part_is_repeated() -> None:
    body = b'{"error": "' + b"x" * 100_000 + b'", "error_type": "T"}'
    error = fail(make_setting(Answer([body], content_type="application/json")))
    assert len(error.message) < 1100


def test_an_answer_of_an_unknown_kind_is_given_up() -> None:
    error = fail(make_setting(Answer(content_type="image/png")))
    assert isinstance(error, RuntimeAnswerUnreadable)
    assert "image/png" in error.message


def test_nothing_is_read_before_it_is_asked_for_and_leaving_ends_the_call() -> None:
    answer = Answer([b'data: "a"\n\n'] * 100)
    setting = make_setting(answer)

    async def read_two() -> None:
        async with aclosing(setting.client.stream(make_call())) as events:
            assert setting.script.sent == []
            for count in (1, 2):
                await anext(events)
                assert answer.given == count
            assert setting.script.open_now == 1
        assert setting.script.open_now == 0

    asyncio.run(read_two())
    [outcome] = setting.observer.outcomes
    assert (outcome.ending, outcome.chunks) == (ABANDONED, 2)


def test_a_call_that_is_cancelled_in_its_pause_is_over() -> None:
    setting = make_setting(RuntimeUnavailable("503"))
    waiting = asyncio.Event()

    async def for_ever(_pause_s: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    client = AgentCoreClient(
        setting.script, observer=setting.observer, retries=Retries(sleep=for_ever)
    )

    async def cancel() -> None:
        call = asyncio.create_task(client.invoke(make_call()))
        await waiting.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(cancel())
    assert [one.ending for one in setting.observer.outcomes] == [ABANDONED]


def test_a_defect_is_told_as_one() -> None:
    setting = make_setting(KeyError("defect"))
    with pytest.raises(KeyError):
        asyncio.run(read(setting, make_call()))
    assert [one.ending for one in setting.observer.outcomes] == ["INTERNAL_ERROR"]


def test_pauses_are_drawn_and_never_above_eight_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewind.agentcore.retries.MAX_ATTEMPTS", 10)
    retries = Retries(draw=max)
    pauses = [retries.pause_after(attempts, 100.0) for attempts in range(1, 11)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0, None]
    drawn = {Retries().pause_after(1, 100.0) for _ in range(100)}
    assert len(drawn) > 50
    assert all(pause is not None and 0 <= pause <= 1 for pause in drawn)
