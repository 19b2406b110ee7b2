"""One request at a time: what others are told, and what happens to one that is at work."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tradewind.agentcore_serving.desk import Desk, Invocation, Job
from tradewind.agentcore_serving.ids import request_id_of
from tradewind.handlers.lambda_context import LambdaContext
from tradewind.handlers.watcher import Watcher
from tradewind.run.events import RunEvent, TextDelta

Work = Callable[[Any, LambdaContext, Watcher], dict[str, Any]]
#: For a thread to come to where it is waited for, on a machine that is busy.
PATIENCE_S = 60.0


class Service:
    """Does what a test says in place of an agent."""

    init_ms = 1.0

    def __init__(self, work: Work) -> None:
        self._work = work

    def serve(self, event: Any, context: LambdaContext, watcher: Watcher) -> Any:
        return SimpleNamespace(document=self._work(event, context, watcher))


def desk_of(work: Work) -> Desk:
    return Desk(Service(work), "terrain", 600)  # type: ignore[arg-type]


def taken(desk: Desk, event: Any = None, job: Job | None = None) -> Job:
    job = job or Job()
    desk.take(event, "request", job)
    return job


class Gate:
    """Work that waits until it may end, or is cancelled."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ends = threading.Event()
        self.cancelled = False

    def work(self, _event: Any, _context: LambdaContext, watcher: Watcher) -> dict[str, Any]:
        watcher.begun("project", self._cancel)
        self.begun.set()
        assert self.ends.wait(PATIENCE_S)
        return {"cancelled": self.cancelled}

    def _cancel(self) -> None:
        self.cancelled = True
        self.ends.set()


def test_another_is_told_at_once_and_the_first_goes_on() -> None:
    gate = Gate()
    desk = desk_of(gate.work)
    first = taken(desk)
    assert gate.begun.wait(PATIENCE_S)
    assert desk.is_busy
    told = taken(desk).done.result(0)
    assert (told["error"]["code"], told["status_code"]) == ("AGENT_BUSY", 429)
    assert (told["agent"], told["request_id"]) == ("terrain", "request")
    gate.ends.set()
    assert first.done.result(PATIENCE_S) == {"cancelled": False}
    assert not desk.is_busy


def test_who_has_the_answer_may_ask_again_at_once() -> None:
    desk = desk_of(lambda event, _context, _watcher: {"said": event})
    busy_when_told = []
    first = Job()
    first.done.add_done_callback(lambda _done: busy_when_told.append(desk.is_busy))
    assert taken(desk, 1, first).done.result(PATIENCE_S) == {"said": 1}
    assert taken(desk, 2).done.result(PATIENCE_S) == {"said": 2}
    assert busy_when_told == [False]


def test_a_defect_is_logged_once_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: Any) -> dict[str, Any]:
        raise KeyError("a secret of the caller")

    desk = desk_of(fail)
    answer = taken(desk).done.result(PATIENCE_S)
    assert answer["error"]["code"] == "INTERNAL_ERROR"
    assert not desk.is_busy
    logged = capsys.readouterr().out
    assert logged.count("A request failed unexpectedly") == 1
    assert "secret" not in logged + str(answer)


def test_one_that_is_cancelled_before_it_begins_is_cancelled_when_it_does() -> None:
    gate = Gate()
    job = Job()
    job.cancel()
    assert taken(desk_of(gate.work), job=job).done.result(PATIENCE_S) == {"cancelled": True}


def test_a_closed_desk_cancels_what_is_at_work_and_takes_no_more() -> None:
    gate = Gate()
    desk = desk_of(gate.work)
    first = taken(desk)
    assert gate.begun.wait(PATIENCE_S)
    desk.close()
    desk.wait_until_free(PATIENCE_S)
    assert first.done.result(0) == {"cancelled": True}
    assert taken(desk).done.result(0)["error"]["code"] == "AGENT_BUSY"


def test_a_job_tells_what_happens() -> None:
    told: list[Any] = []

    def work(_event: Any, _context: LambdaContext, watcher: Watcher) -> dict[str, Any]:
        watcher.begun("project", lambda: None)
        watcher.heard(TextDelta("word"))
        return {}

    heard: Callable[[RunEvent], object] = told.append
    taken(desk_of(work), job=Job(told.append, heard)).done.result(PATIENCE_S)
    assert told == ["project", TextDelta("word")]


def test_the_time_that_is_left_ends_at_nothing() -> None:
    now = [0.0]
    invocation = Invocation("request", 2.5, lambda: now[0])
    assert invocation.get_remaining_time_in_millis() == 2500
    now[0] = 3.0
    assert invocation.get_remaining_time_in_millis() == 0


@pytest.mark.parametrize("chosen", ["", None])
def test_where_nothing_was_chosen_there_is_no_id(chosen: str | None) -> None:
    assert request_id_of(chosen) is None


def test_an_id_stays_where_it_can_and_stands_for_itself_where_not() -> None:
    assert request_id_of("a-1_B") == "a-1_B"
    made = request_id_of("id with spaces")
    assert made is not None
    assert made == request_id_of("id with spaces") != request_id_of("id with space")
    assert request_id_of(made) == made
    assert request_id_of("\ud800") is not None


def test_a_request_without_room_for_its_thread_leaves_the_desk_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = desk_of(lambda *_: {"well": True})

    def no_room(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", no_room)
        refused = taken(desk).done.result(0)
    assert refused["error"]["code"] == "INTERNAL_ERROR"
    assert taken(desk).done.result(PATIENCE_S) == {"well": True}
