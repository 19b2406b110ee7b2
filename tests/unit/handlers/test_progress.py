"""A request's progress is told while it runs, and never in its way."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tradewind.aws.deadline import call_time_left_s
from tradewind.bedrock.meter import ModelMeter
from tradewind.contracts.errors import StorageUnavailable
from tradewind.handlers.progress import PAUSE_S, TELLING_S, Progress, ProgressWriter
from tradewind.run.events import MessageBegun, TextDelta, ToolEnded, ToolStarted

#: So long that no telling of a test is for the pause's sake.
NEVER_S = 3600.0


class Store:
    """Keeps what it is told, and says when it was."""

    def __init__(self, on_tell: Callable[[int], bool] = lambda _number: False) -> None:
        self.told: list[Progress] = []
        self._on_tell = on_tell
        self._news = threading.Condition()

    def tell(self, progress: Progress) -> bool:
        with self._news:
            self.told.append(progress)
            self._news.notify_all()
        return self._on_tell(len(self.told))

    def wait_for(self, count: int) -> None:
        with self._news:
            assert self._news.wait_for(lambda: len(self.told) >= count, 60)


def never() -> None:
    raise AssertionError("nobody cancelled it")


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "progress"]


def test_it_tells_at_once_and_when_a_tool_starts_or_ends() -> None:
    store, meter = Store(), ModelMeter()
    writer = ProgressWriter(store, meter, NEVER_S)
    with writer.telling(never):
        store.wait_for(1)
        meter.call_sent()
        writer.heard(MessageBegun())
        writer.heard(TextDelta("It blows."))
        writer.heard(ToolStarted("c-1", "measure_wind"))
        store.wait_for(2)
        writer.heard(ToolEnded("c-1", "measure_wind", succeeded=True))
        store.wait_for(3)
    first, second, third = store.told
    assert (first["tools"], first["tool_calls"], first["model_calls"]) == ([], 0, 0)
    for later in (second, third):
        assert later["tools"] == ["measure_wind"]
        assert (later["tool_calls"], later["model_calls"]) == (1, 1)
    assert first["updated_at"] <= second["updated_at"] <= third["updated_at"]
    assert set(first) == {"tools", "tool_calls", "model_calls", "updated_at"}


def test_a_request_that_nobody_watches_has_no_thread() -> None:
    writer = ProgressWriter(None, ModelMeter(), NEVER_S)
    with writer.telling(never):
        writer.heard(ToolStarted("c-1", "measure_wind"))
        assert threads() == []


def test_it_tells_again_and_again_when_nothing_happens() -> None:
    store = Store()
    with ProgressWriter(store, ModelMeter(), 0.001).telling(never):
        store.wait_for(5)


def test_the_last_twenty_tools_are_named_and_all_are_counted() -> None:
    store = Store()
    writer = ProgressWriter(store, ModelMeter(), NEVER_S)
    for number in range(25):
        writer.heard(ToolStarted(f"c-{number}", f"tool_{number}"))
    writer.heard(ToolStarted("c", "x" * 5000))
    with writer.telling(never):
        store.wait_for(1)
    [progress, *_] = store.told
    assert progress["tool_calls"] == 26
    assert progress["tools"] == [*(f"tool_{number}" for number in range(6, 25)), "x" * 64]


def test_tellings_do_not_pile_up() -> None:
    """While one is under way, whatever happens makes for one more."""
    under_way, go_on = threading.Event(), threading.Event()

    def hold_up_the_first(number: int) -> bool:
        if number == 1:
            under_way.set()
            go_on.wait()
        return False

    store = Store(hold_up_the_first)
    writer = ProgressWriter(store, ModelMeter(), NEVER_S)
    with writer.telling(never):
        assert under_way.wait(180)
        for number in range(1000):
            writer.heard(ToolStarted(f"c-{number}", "measure"))
            writer.heard(ToolEnded(f"c-{number}", "measure", succeeded=True))
        go_on.set()
        store.wait_for(2)
    assert [progress["tool_calls"] for progress in store.told] == [0, 1000]


def test_a_cancellation_is_passed_on_once_and_ends_the_telling() -> None:
    cancelled = threading.Semaphore(0)
    store = Store(lambda number: number == 3)
    with ProgressWriter(store, ModelMeter(), 0.001).telling(cancelled.release):
        assert cancelled.acquire(timeout=180)
    assert len(store.told) == 3
    assert not cancelled.acquire(blocking=False)


def test_its_thread_ends_with_the_request(caplog: pytest.LogCaptureFixture) -> None:
    for body in (lambda: None, lambda: 1 / 0):
        store = Store()
        try:
            with ProgressWriter(store, ModelMeter(), NEVER_S).telling(never):
                store.wait_for(1)
                assert threads() == ["progress"]
                body()
        except ZeroDivisionError:
            pass
        assert threads() == []
    assert not caplog.records


def test_an_end_that_comes_as_it_looks_is_not_missed() -> None:
    store = Store()
    writer = ProgressWriter(store, ModelMeter(), 0.001)

    class EndsNow(threading.Event):
        def clear(self) -> None:
            writer._over = True
            self.set()
            super().clear()

    writer._changed = EndsNow()
    writer._work(store, never)
    assert store.told == []


@pytest.mark.parametrize(
    "error", [StorageUnavailable("down"), RuntimeError("Sauerland"), MemoryError("Sauerland")]
)
def test_failing_to_tell_is_said_once_and_stops_nothing(
    error: Exception, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(number: int) -> bool:
        if number < 6:
            raise error
        return False

    store = Store(fail)
    with (
        caplog.at_level(logging.INFO),
        ProgressWriter(store, ModelMeter(), 0.001).telling(never),
    ):
        store.wait_for(8)
    [record] = caplog.records
    assert "Progress not told" in record.getMessage()
    assert "Sauerland" not in capsys.readouterr().out + record.getMessage()
    assert threads() == []


def test_a_telling_has_little_time() -> None:
    left: list[float | None] = []

    def look(_number: int) -> bool:
        left.append(call_time_left_s())
        return False

    store = Store(look)
    with ProgressWriter(store, ModelMeter(), NEVER_S).telling(never):
        store.wait_for(1)
    assert left[0] is not None
    assert left[0] <= TELLING_S < PAUSE_S


def test_a_process_without_a_thread_to_give_serves_the_request_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_thread: Any) -> None:
        raise RuntimeError("can't start new thread")

    store, served = Store(), list[bool]()
    with monkeypatch.context() as patched, caplog.at_level(logging.INFO):
        patched.setattr(threading.Thread, "start", refuse)
        with ProgressWriter(store, ModelMeter(), NEVER_S).telling(never):
            served.append(True)
    assert (served, store.told, len(caplog.records)) == ([True], [], 1)
