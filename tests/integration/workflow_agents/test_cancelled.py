"""A run that is cancelled leaves nothing: in whichever turn of its loop, with real models' clients.

What is counted: tasks, threads, and every descriptor, so files and sockets, of this process.
"""

import asyncio
import contextlib
import gc
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workflow_agents.conftest import workflow
from tests.integration.workflow_agents.model_server import ModelServer
from tradewind.workflow.engine.execute import execute
from tradewind.workflow.spec.loader import Loaded, load
from tradewind.workflow_agents.agents import open_agents
from tradewind.workflow_agents.models import BedrockClients, ModelPool

STEPS = [{"agent": "a", "input": "x"}]
#: Turns that a run has at the least.
MANY = 20
CONFIG = {"branches": [{"id": name, "steps": STEPS} for name in "pq"], "reduce": STEPS[0]}


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that cancels a task in one of its turns."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.turns = 0
        self.last = last
        self.victim: asyncio.Task[Any] | None = None

    def _run_once(self) -> None:
        if self.victim is not None:
            self.turns += 1
            if self.turns == self.last:
                self.victim.cancel()
        super()._run_once()  # type: ignore[misc]


def cancelled_in(turn: int, loaded: Loaded, clients: BedrockClients, folder: Path) -> bool:
    """Run, and cancel in a turn; whether it was not done by then."""
    loop = CountingLoop(turn)

    async def go() -> None:
        assert loaded.spec is not None
        async with open_agents(
            loaded, run_id="r", environ=os.environ, files_root=folder, pool=ModelPool(clients)
        ) as agents:
            await execute(loaded.spec, agents, loaded.values)

    async def main() -> bool:
        loop.victim = asyncio.create_task(go())
        try:
            await loop.victim
        except asyncio.CancelledError:
            return True
        finally:
            loop.victim = None
            assert asyncio.all_tasks() == {asyncio.current_task()}, turn
        return False

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main())


def opened() -> tuple[set[str], set[str]]:
    """This process's threads, and what it has open.

    The server lives in this process, too. Each of its threads serves one connection, and ends with
    it: that they end is that the run's sockets are closed.
    """
    gc.collect()
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the listing's own is closed by now
            found.add(f"{name}: {os.readlink(f'/proc/self/fd/{name}')}")
    return {thread.name for thread in threading.enumerate()}, found


def come_back(before: tuple[set[str], set[str]]) -> bool:
    """Whether nothing is new, once the server has noticed that its callers went away.

    What was there before may go meanwhile: an earlier test's thread, for one.
    """
    for _ in range(3000):
        if all(now <= then for now, then in zip(opened(), before, strict=True)):
            return True
        threading.Event().wait(0.01)
    return False


# A connection that is cancelled in the very moment in which it is made is left to the collector by
# asyncio's transports, which warn of it; that it is closed is what is counted.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_nothing_is_left_whenever_a_run_is_cancelled(
    clients: BedrockClients, tmp_path: Path
) -> None:
    with ModelServer() as server:
        file = tmp_path / "flow.json"
        runtime = {"provider": "ollama", "host": server.url}
        file.write_text(json.dumps(workflow("parallel", CONFIG, runtime=runtime)))
        loaded = load(file)
        # Once before anything is counted: what is made once for the process stays.
        assert not cancelled_in(0, loaded, clients, tmp_path)
        before = opened()
        turn = 1
        while cancelled_in(turn, loaded, clients, tmp_path):
            assert come_back(before), turn
            turn += 1
        assert come_back(before)
        assert turn > MANY
        assert len(server.requests) > MANY
