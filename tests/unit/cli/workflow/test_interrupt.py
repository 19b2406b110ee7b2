"""Ctrl-C ends a run where it waits: everything is closed, and the session can be gone on with."""

import asyncio
import os
import signal
import subprocess
import sys
from typing import NoReturn

import pytest

from cli.cdk import PROJECT
from cli.workflow import interruptible
from tests.unit.cli.workflow.local_runs import LocalRuns, flow
from tradewind.workflow.engine.calls import AgentCall
from tradewind.workflow.engine.memory_agents import MemoryAgents


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on(
    runs: LocalRuns, sign: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    async def interrupted(_call: AgentCall) -> str:
        os.kill(os.getpid(), sign)
        await asyncio.Event().wait()
        raise AssertionError

    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    tasks = {"tasks": [{"id": "x", "agent": "a"}, {"id": "y", "agent": "b", "deps": ["x"]}]}
    file = runs.write(flow("workflow", tasks))
    runs.agents = MemoryAgents({"b": interrupted})
    # It goes on to `main`, which says 130; here click is in its place.
    assert "Aborted!" in runs("run", file).output
    assert runs.open_ones == 0
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before
    assert "Ctrl-C again ends it at once" in capfd.readouterr().err
    (session,) = runs.sessions()
    assert "interrupted" in runs("sessions", "list", "--status", "failed").stdout
    runs.agents = again = MemoryAgents()
    assert runs.told("--resume", session.name)["exit_code"] == 0
    assert [call.key for call in again.calls] == ["tasks/y"]


def test_what_ends_in_the_moment_of_the_interrupt_has_ended() -> None:
    async def work() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return "done"

    assert interruptible.run(work(), lambda: None) == "done"


def test_work_that_was_cancelled_by_another_is_no_interrupt() -> None:
    async def work() -> NoReturn:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        interruptible.run(work(), lambda: None)


STUBBORN = """
import asyncio, os, signal, sys
from cli.workflow import interruptible

async def stubborn():
    os.kill(os.getpid(), signal.SIGINT)
    try:
        await asyncio.Event().wait()
    finally:
        # A thread that nobody can end, as a library may have one.
        loop = asyncio.get_running_loop()
        loop.call_soon(os.kill, os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

interruptible.run(stubborn(), lambda: os.write(1, b"left"))
"""


def test_a_second_one_ends_what_does_not_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STUBBORN],
        cwd=PROJECT,
        env={"PATH": os.defpath, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambda_src'}"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (130, b"left")
