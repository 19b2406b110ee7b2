"""Whatever time a request has left, what it runs ends while its answer can still leave."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agent_environment import agent_environment
from tests.answers import calling
from tests.driven_loop import DrivenClock, DrivenLoop
from tests.frameworks import Framework, Sketch
from tests.scripted_model import ScriptedClients
from tradewind.aws.deadline import Deadline
from tradewind.run.agent_run import AgentRun
from tradewind.run.definition import AgentDefinition
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.runner import run_agent

ENVIRONMENT = agent_environment()


class Waits:
    """A definition whose conversation waits for ever, and lets time pass meanwhile."""

    def __init__(self, *steps_s: float) -> None:
        self.steps_s = steps_s
        self.asked = 0

    has_tools = True

    async def answer(self, run: AgentRun) -> None:
        self.asked += 1
        loop = asyncio.get_running_loop()
        assert isinstance(loop, DrivenLoop)
        for step_s in self.steps_s:
            loop.advance(step_s)
        await asyncio.Event().wait()


def run_on(
    clock: DrivenClock,
    deadline: Deadline,
    definition: AgentDefinition,
    clients: ScriptedClients | None = None,
    drive: Callable[[DrivenLoop], None] = lambda _loop: None,
) -> AgentRun:
    run = AgentRun(
        prompt="hang",
        project=Project("p-1", "terrain", {}, MemoryArtifactStore()),
        deadline=deadline,
        environment=ENVIRONMENT,
        bedrock_client=clients.get() if clients else None,  # type: ignore[arg-type]
    )
    loop = DrivenLoop(clock)
    try:
        driver = threading.Thread(target=drive, args=(loop,))
        driver.start()
        loop.run_until_complete(run_agent(definition, run))
        driver.join()
    finally:
        run.threads.end()
        loop.close()
    return run


def check_times(remaining_s: float) -> None:
    clock = DrivenClock()
    began = clock.now
    deadline = Deadline(remaining_s, clock)
    # Up to the deadline, and then on until the run should have ended.
    definition = Waits(deadline.remaining_s(), deadline.grace_s * 1.001)
    run = run_on(clock, deadline, definition)
    assert run.stopped
    assert definition.asked == (1 if deadline.work_s > 0 else 0)
    passed_s = clock.now - began
    assert passed_s >= deadline.work_s
    if remaining_s:
        assert 0 < deadline.closing_s() < deadline.killed_in_s()
        assert deadline.killed_in_s() == pytest.approx(remaining_s - passed_s)


def test_every_timeout_that_settings_allow_leaves_time_to_answer() -> None:
    for timeout_s in range(1, 901):
        check_times(timeout_s)


@settings(deadline=None)
@given(remaining_ms=st.integers(0, 900_000))
def test_so_does_every_other_length(remaining_ms: int) -> None:
    check_times(remaining_ms / 1000)


@pytest.mark.parametrize("remaining_s", [0.2, 1, 3, 5, 48, 900])
def test_a_tool_that_blocks_is_left_behind_in_time(
    framework: Framework, release: threading.Event, remaining_s: float
) -> None:
    entered = threading.Event()

    def block() -> str:
        """Block."""
        entered.set()
        release.wait()
        return "done"

    clock = DrivenClock()
    deadline = Deadline(remaining_s, clock)

    def drive(loop: DrivenLoop) -> None:
        assert entered.wait(180)
        loop.advance(deadline.work_s)
        loop.advance(deadline.grace_s * 1.001)

    clients = ScriptedClients(hang=calling("block"))
    run = run_on(clock, deadline, framework(Sketch("You block.", (block,))), clients, drive)
    assert run.stopped
    assert 0 < deadline.closing_s() < deadline.killed_in_s()
    assert [thread.is_alive() for thread in run.threads.left_behind()] == [True]
    assert len(clients.requests) == 1


def test_without_time_no_model_is_called(framework: Framework) -> None:
    clock = DrivenClock()
    clients = ScriptedClients()
    run = run_on(clock, Deadline(0, clock), framework(Sketch("You answer.")), clients)
    assert (run.stopped, clients.requests) == (True, [])
