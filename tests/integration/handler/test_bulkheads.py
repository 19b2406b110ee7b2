"""What one request leaves behind stays its own: the next ones are served as if it had not been."""

import asyncio
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.answers import calling, calling_each
from tests.frameworks import Sketch
from tests.integration.handler.conftest import Build, Context, Harness
from tests.metric_lines import values_of
from tests.scripted_model import ScriptedClients
from tradewind.handlers.leftovers import MAX_WAITING
from tradewind.handlers.service import InvocationFailed
from tradewind.run.project import Project
from tradewind.run.threads import MAX_TOOLS_AT_ONCE

#: Seconds of a request that is to run into its deadline with its tools at work; the next ones are
#: for a machine that is too busy to come so far within the first.
SHORT_S = (1, 2, 4, 8, 16, 32)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What stuck tools wait for; it comes when the test is over."""
    event = threading.Event()
    yield event
    event.set()


class Stuck:
    """Tools that do not come back before they are released."""

    def __init__(self, release: threading.Event) -> None:
        self.release = release
        self.entered = 0
        self._entering = threading.Lock()

    def enter(self) -> None:
        with self._entering:
            self.entered += 1

    def survey(self, project: Project) -> str:
        """Survey the site."""
        self.enter()
        self.release.wait()
        return "done"

    async def block(self, project: Project) -> str:
        """Block the event loop."""
        self.enter()
        self.release.wait()
        return "done"

    async def cling(self, project: Project) -> str:
        """Stay, whatever is said."""
        self.enter()
        while not self.release.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue
        return "done"


@pytest.fixture
def stuck(release: threading.Event) -> Stuck:
    return Stuck(release)


def ask(harness: Harness, query: str, remaining_s: float = 60) -> dict[str, Any]:
    return harness.handle(
        {"query": query, "request_id": uuid.uuid4().hex},
        Context(remaining_ms=round(remaining_s * 1000)),
    )


def leave_behind(harness: Harness, query: str, stuck: Stuck, tools: int) -> None:
    """Ask what makes tools hang, until as many as that were at work at the deadline."""
    for remaining_s in SHORT_S:
        before = stuck.entered
        try:
            answer = ask(harness, query, remaining_s)
        except InvocationFailed:  # not even its record had the time
            continue
        assert answer["error"]["code"] == "DEADLINE_EXCEEDED"
        if stuck.entered == before + tools:
            return
    raise AssertionError("the tools were never reached")


@pytest.mark.parametrize(("times", "tools"), [(1, 12), (10, 1)])
def test_stuck_tools_keep_no_later_request_from_its_model(
    build: Build, stuck: Stuck, times: int, tools: int
) -> None:
    clients = ScriptedClients(hang=calling_each(*["survey"] * tools))
    harness = build(Sketch("You survey.", (stuck.survey,)), clients=clients)
    assert ask(harness, "Windy?")["success"]
    for _ in range(times):
        leave_behind(harness, "hang", stuck, tools)
    before = len(clients.requests)
    for number in range(3):
        answer = ask(harness, "Windy?")
        assert (answer["success"], answer["response"]) == (True, "Windy.")
        assert len(clients.requests) == before + 1 + number
    assert not stuck.release.is_set()


@pytest.mark.parametrize("tool", ["block", "cling"])
def test_a_coroutine_that_never_ends_is_left_behind_too(
    build: Build, stuck: Stuck, tool: str
) -> None:
    clients = ScriptedClients(hang=calling(tool))
    harness = build(Sketch("You hang.", (getattr(stuck, tool),)), clients=clients)
    assert ask(harness, "Windy?")["success"]
    leave_behind(harness, "hang", stuck, 1)
    assert ask(harness, "Windy?")["success"]
    assert not stuck.release.is_set()


def test_a_turn_of_many_tools_has_them_all_at_work_at_once(build: Build) -> None:
    everybody = threading.Barrier(MAX_TOOLS_AT_ONCE)

    def meet(project: Project) -> str:
        """Wait for all the others."""
        everybody.wait(180)
        return "met"

    clients = ScriptedClients(meet=calling_each(*["meet"] * MAX_TOOLS_AT_ONCE))
    assert ask(build(Sketch("You meet.", (meet,)), clients=clients), "Do meet")["success"]
    assert not everybody.broken


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, list[float]]]:
    """What the metrics of the requests since the last look were, in order."""

    def look() -> dict[str, list[float]]:
        values: dict[str, list[float]] = {}
        for line in capsys.readouterr().out.splitlines():
            document = json.loads(line)
            for name in ("LeftoverThreads", "ProcessesRetired"):
                if name in document:
                    values.setdefault(name, []).extend(values_of(document, name))
        return values

    return look


def test_what_is_left_behind_is_counted_until_it_ends(
    build: Build, stuck: Stuck, printed: Callable[[], dict[str, list[float]]]
) -> None:
    clients = ScriptedClients(hang=calling_each("survey", "survey"))
    harness = build(Sketch("You survey.", (stuck.survey,)), clients=clients)
    ask(harness, "Windy?")
    assert printed()["LeftoverThreads"] == [0]
    leave_behind(harness, "hang", stuck, 2)
    left = printed()["LeftoverThreads"][-1]
    assert left == stuck.entered
    ask(harness, "Windy?")
    assert printed()["LeftoverThreads"] == [left]
    stuck.release.set()
    for thread in harness.service._leftovers._threads:
        thread.join(60)
    ask(harness, "Windy?")
    assert printed() == {"LeftoverThreads": [0], "ProcessesRetired": [0]}


def test_a_process_that_carries_too_much_ends_after_the_answer_and_says_so(
    build: Build, stuck: Stuck, printed: Callable[[], dict[str, list[float]]]
) -> None:
    ended: list[int] = []
    clients = ScriptedClients(hang=calling_each(*["survey"] * (MAX_WAITING + 1)))
    harness = build(
        Sketch("You survey.", (stuck.survey,)), clients=clients, retire=lambda: ended.append(1)
    )
    ask(harness, "Windy?")
    assert (ended, printed()["ProcessesRetired"]) == ([], [0])
    leave_behind(harness, "hang", stuck, MAX_WAITING + 1)
    assert ended
    assert printed()["ProcessesRetired"][-2:] == [0, 1]


@pytest.mark.parametrize(
    "ending",
    [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, StopIteration],
)
@pytest.mark.parametrize("kind", ["function", "coroutine"])
def test_a_tool_that_raises_what_is_not_its_to_raise_fails_its_request_alone(
    build: Build, ending: type[BaseException], kind: str
) -> None:
    def leave(project: Project) -> str:
        """Leave."""
        raise ending("secret detail")

    async def leave_slowly(project: Project) -> str:
        """Leave, too."""
        raise ending("secret detail")

    tool = leave if kind == "function" else leave_slowly
    clients = ScriptedClients(leave=calling(tool.__name__))
    harness = build(Sketch("You leave.", (tool,)), clients=clients)
    with pytest.raises(InvocationFailed) as caught:
        ask(harness, "Do leave")
    error = caught.value.answer.error
    assert error is not None
    assert error.code == "INTERNAL_ERROR"
    assert "secret" not in json.dumps(caught.value.answer.model_dump(mode="json"))
    assert ask(harness, "Windy?")["success"]
