"""A run that is cancelled ends at its next await, wherever it is, and says so."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.agent_environment import agent_environment
from tests.answers import calling, saying
from tests.driven_loop import DrivenClock, DrivenLoop
from tests.frameworks import FRAMEWORKS, Framework, Sketch
from tests.scripted_model import ScriptedClients
from tradewind.aws.deadline import Deadline
from tradewind.contracts.errors import Cancelled, ModelStreamBroken
from tradewind.run.agent_run import AgentRun
from tradewind.run.cancellation import Cancellation
from tradewind.run.events import (
    Listener,
    MessageEnded,
    RunEvent,
    ToolEnded,
    ToolStarted,
    both,
    nobody,
)
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.options import RunOptions
from tradewind.run.output import OUTPUT_TOOL
from tradewind.run.project import Project
from tradewind.run.runner import run_agent, run_to_its_end

ENVIRONMENT = agent_environment()
#: The last answer of the model.
LAST = "It blows 8 m/s."


def measure(project: Project) -> str:
    """Measure."""
    project.save("wind.json", b"{}", "application/json")
    return "8 m/s"


async def wait_and_measure(project: Project) -> str:
    """Measure, after a while."""
    await asyncio.sleep(0)
    return measure(project)


def new_run(
    clients: ScriptedClients,
    *,
    listener: Listener = nobody,
    options: RunOptions | None = None,
    deadline: Deadline | None = None,
) -> AgentRun:
    return AgentRun(
        prompt="How does it blow?",
        project=Project("p-1", "terrain", {}, MemoryArtifactStore()),
        deadline=deadline or Deadline(900),
        environment=ENVIRONMENT,
        bedrock_client=clients.get(),
        options=options or RunOptions(),
        listener=listener,
    )


class CancellingLoop(asyncio.SelectorEventLoop):
    """Cancels a run after so many rounds: each is what happens between two awaits."""

    def __init__(self, run: AgentRun, after: int) -> None:
        super().__init__()
        self._run = run
        self._left = after

    def _run_once(self) -> None:
        if self._left == 0:
            self._run.cancel()
        self._left -= 1
        super()._run_once()  # type: ignore[misc]


#: What each run does: an agent, what the model answers, what is wanted.
SCENES: dict[str, tuple[Sketch, dict[str, Any], RunOptions]] = {
    "words": (Sketch("You talk."), {"blow": saying("It ", "blows.")}, RunOptions()),
    "a tool in a thread": (
        Sketch("You measure.", (measure,)),
        {"blow": calling("measure")},
        RunOptions(),
    ),
    "a tool that awaits": (
        Sketch("You measure.", (wait_and_measure,)),
        {"blow": calling("wait_and_measure")},
        RunOptions(),
    ),
    "a repeated call": (Sketch("You talk."), {"blow": saying("It ")[:2]}, RunOptions()),
    "an output": (
        Sketch("You talk."),
        {"blow": calling(OUTPUT_TOOL, strong=1)},
        RunOptions(output_schema={"type": "object", "required": ["strong"]}),
    ),
}


@pytest.mark.parametrize("scene", SCENES)
def test_wherever_it_is(framework: Framework, scene: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each of its awaits in turn, until it ends before it is cancelled."""
    monkeypatch.setattr("tradewind.bedrock.retry.BASE_PAUSE_S", 0.0)
    sketch, answers, options = SCENES[scene]
    definition = framework(sketch)
    clients = ScriptedClients(**answers)
    cancelled, ended, after = 0, False, 0
    while not ended:
        run = new_run(clients, options=options)
        loop = CancellingLoop(run, after)
        try:
            loop.run_until_complete(run_agent(definition, run))
            ended = not run.cancellation.requested
            assert ended, "a run that was cancelled passed for one that was not"
        except Cancelled:
            cancelled += 1
            assert not run.stopped
            # No word is lost, and none is new.
            assert run.text == run.transcript.everything
        except ModelStreamBroken:
            assert scene == "a repeated call"
            ended = True
        finally:
            run.threads.end()
            for left in asyncio.all_tasks(loop):
                left.cancel()
            with contextlib.suppress(Exception):
                loop.run_until_complete(asyncio.sleep(0))
            loop.close()
        # Nothing comes after the end, from whichever thread.
        assert run.stop.is_set()
        assert run.project._closed
        after += 1
    assert cancelled >= 5


def test_before_it_begins_and_no_model_is_asked(framework: Framework) -> None:
    clients = ScriptedClients(blow=saying(LAST))
    run = new_run(clients)
    run.cancel()
    with pytest.raises(Cancelled):
        run_to_its_end(framework(Sketch("You talk.")), run)
    assert clients.requests == []
    assert run.threads.left_behind() == []


def test_after_its_end_nothing_changes(framework: Framework) -> None:
    run = new_run(ScriptedClients(blow=saying(LAST)))
    run_to_its_end(framework(Sketch("You talk.")), run)
    run.cancel()
    run.cancel()
    assert (run.text, run.cancellation.requested) == (LAST, False)


def test_from_within_by_whoever_listens(framework: Framework) -> None:
    """What was said by then is the answer, and what a tool left is not committed by the run."""

    def cancel_at_the_end_of_a_message(event: RunEvent) -> None:
        if isinstance(event, MessageEnded):
            run.cancel()

    clients = ScriptedClients(blow=saying("It ", "blows."))
    run = new_run(clients, listener=cancel_at_the_end_of_a_message)
    with pytest.raises(Cancelled):
        run_to_its_end(framework(Sketch("You talk.")), run)
    assert run.text == "It blows."


class Stalled(ScriptedClients):
    """A model that has not answered yet when it is cancelled."""

    def __init__(self, release: threading.Event) -> None:
        super().__init__()
        self.asked = threading.Event()
        self._release = release

    def _answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.set()
        self._release.wait()
        return super()._answer(operation, request)


def cancel_when(happened: threading.Event, run: AgentRun) -> threading.Thread:
    def cancel() -> None:
        assert happened.wait(180)
        run.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    return thread


def test_during_a_model_call_that_stalls(framework: Framework, release: threading.Event) -> None:
    clients = Stalled(release)
    run = new_run(clients)
    thread = cancel_when(clients.asked, run)
    with pytest.raises(Cancelled):  # and not after the read's timeout, which never comes here
        run_to_its_end(framework(Sketch("You talk.")), run)
    thread.join()
    # PydanticAI sends in threads of its own, which end with the call.
    left_behind = run.threads.left_behind()
    assert len(left_behind) == (framework is FRAMEWORKS["strands"])
    release.set()
    for left in left_behind:
        left.join(60)
        assert not left.is_alive()


def test_during_a_tool_that_does_not_return(framework: Framework, release: threading.Event) -> None:
    entered = threading.Event()

    def block(project: Project) -> str:
        """Block."""
        entered.set()
        release.wait()
        project.save("late.json", b"{}", "application/json")
        return "done"

    clients = ScriptedClients(blow=calling("block"))
    run = new_run(clients)
    thread = cancel_when(entered, run)
    with pytest.raises(Cancelled):
        run_to_its_end(framework(Sketch("You block.", (block,))), run)
    thread.join()
    [left] = run.threads.left_behind()
    assert (run.tool_calls, run.tools_succeeded) == (1, 0)
    release.set()
    left.join(60)
    assert run.project.artifacts == []
    assert len(clients.requests) == 1


def test_during_a_tool_that_blocks_the_runs_own_loop(
    framework: Framework, release: threading.Event
) -> None:
    """Nothing on that loop can end any more; the request does."""
    entered = threading.Event()

    async def block(project: Project) -> str:
        """Block."""
        entered.set()
        release.wait()
        return "done"

    run = new_run(ScriptedClients(blow=calling("block")))
    run.deadline.grace_s = 0.01
    thread = cancel_when(entered, run)
    with pytest.raises(Cancelled):
        run_to_its_end(framework(Sketch("You block.", (block,))), run)
    thread.join()
    assert run.deadline.remaining_s() > 0
    assert not run.stopped
    assert [one.name for one in run.threads.left_behind()] == ["run-loop"]


def test_a_cancellation_wins_over_the_failure_that_it_causes(framework: Framework) -> None:
    """A model call that breaks off because it was cancelled is no failure of the service."""
    clients = ScriptedClients(blow=saying("It ")[:2])
    run = new_run(clients, listener=lambda _event: run.cancel())
    with pytest.raises(Cancelled):
        run_to_its_end(framework(Sketch("You talk.")), run)
    assert len(clients.requests) <= 1


def test_time_that_runs_out_first_is_a_deadline(framework: Framework) -> None:
    clock = DrivenClock()
    run = new_run(ScriptedClients(blow=saying(LAST)), deadline=Deadline(0, clock))
    loop = DrivenLoop(clock)
    loop.run_until_complete(run_agent(framework(Sketch("You talk.")), run))
    loop.close()
    run.cancel()
    assert (run.stopped, run.cancellation.requested) == (True, False)


def test_either_the_end_comes_first_or_the_cancellation() -> None:
    """Threads may ask for both at once; one answer holds, and nobody is ended twice."""
    for _ in range(200):
        cancellation, ended = Cancellation(), list[None]()
        start = threading.Barrier(3)
        verdicts: list[bool] = []

        def race(act: Callable[[], object], start: threading.Barrier = start) -> None:
            start.wait()
            act()

        def end(c: Cancellation = cancellation, v: list[bool] = verdicts) -> None:
            v.append(c.run_over())

        with cancellation.ending(partial(ended.append, None)):
            threads = [
                threading.Thread(target=race, args=(act,))
                for act in (cancellation.request, cancellation.request, end)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert verdicts == [cancellation.requested]
        assert len(ended) == cancellation.requested


def test_who_comes_late_to_a_cancellation_is_ended_at_once() -> None:
    cancellation, ended = Cancellation(), list[str]()
    with cancellation.ending(lambda: ended.append("early")):
        cancellation.request()
        with cancellation.ending(lambda: ended.append("late")):
            pass
    cancellation.request()
    assert ended == ["early", "late"]


def test_events_are_told_to_each_listener_in_turn() -> None:
    told: list[tuple[int, RunEvent]] = []
    tell = both(
        lambda event: told.append((1, event)), nobody, lambda event: told.append((2, event))
    )
    started, ended = ToolStarted("c", "t"), ToolEnded("c", "t", succeeded=True)
    tell(started)
    tell(ended)
    assert told == [(1, started), (2, started), (1, ended), (2, ended)]
    assert both() is nobody
    assert both(nobody, nobody) is nobody
