"""What the workflow engine adds to its agents' work: agents answer at once, or sleep.

A step's overhead is its time less that of a bare await of the same agent. Times of many runs, of
which the median counts; memory as ``tracemalloc`` sees it.
"""

import asyncio
import statistics
import time
import tracemalloc
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.machine import describe
from tradewind.workflow.engine.calls import AgentCall, AgentReply, Model
from tradewind.workflow.engine.execute import execute
from tradewind.workflow.engine.memory_agents import MemoryAgents
from tradewind.workflow.engine.state import State
from tradewind.workflow.spec.model import Spec

RUNS = 30
STEPS = 200
TASK_S = 0.2
_RUNTIME = {"provider": "ollama", "model_id": "none", "host": "http://localhost:1"}


class _AtOnce:
    """Agents that answer at once."""

    async def call(self, call: AgentCall) -> AgentReply:
        return AgentReply(call.agent, 1, 1)


def _spec(pattern: str, config: dict[str, Any], max_parallel: int = 10) -> Spec:
    return Spec.model_validate(
        {
            "version": 0,
            "name": "bench",
            "runtime": _RUNTIME | {"max_parallel": max_parallel},
            "agents": {"a": {"prompt": "You write about {{ topic }}."}},
            "pattern": {"type": pattern, "config": config},
        }
    )


def _chain(steps: int) -> Spec:
    step = {"agent": "a", "input": "Go on with {{ topic }}: {{ last_response }}"}
    return _spec("chain", {"steps": [step] * steps})


def _tasks(number: int, max_parallel: int) -> Spec:
    tasks = [{"id": str(one), "agent": "a", "input": "{{ topic }}"} for one in range(number)]
    return _spec("workflow", {"tasks": tasks}, max_parallel)


async def _seconds(spec: Spec, agents: Any) -> float:
    began = time.perf_counter()
    await execute(spec, agents, {"topic": "wind"})
    return time.perf_counter() - began


async def _bare_seconds(calls: int) -> float:
    agents = _AtOnce()
    call = AgentCall("", "a", Model("ollama"), "", "")
    began = time.perf_counter()
    for _ in range(calls):
        await agents.call(call)
    return time.perf_counter() - began


async def _overhead_ms(spec: Spec) -> float:
    await _seconds(spec, _AtOnce())
    runs = [await _seconds(spec, _AtOnce()) for _ in range(RUNS)]
    bare = [await _bare_seconds(STEPS) for _ in range(RUNS)]
    return (statistics.median(runs) - statistics.median(bare)) / STEPS * 1000


async def _lengths(spec: Spec, critical: int = 1) -> float:
    runs = [await _seconds(spec, MemoryAgents(seconds=TASK_S)) for _ in range(5)]
    return statistics.median(runs) / TASK_S / critical


def _slow_branch() -> Spec:
    tasks: list[dict[str, Any]] = [{"id": "s0", "agent": "a", "input": "x"}]
    tasks += [
        {"id": f"s{one}", "agent": "a", "deps": [f"s{one - 1}"], "input": "x"}
        for one in range(1, 10)
    ]
    tasks += [{"id": f"f{one}", "agent": "a", "deps": ["s0"], "input": "x"} for one in range(20)]
    deps = ["s9", *(f"f{one}" for one in range(20))]
    tasks.append({"id": "join", "agent": "a", "deps": deps, "input": "x"})
    return _spec("workflow", {"tasks": tasks}, 30)


async def _memory_bytes(spec: Spec, tasks: int) -> float:
    state = State()
    tracemalloc.start()
    await execute(spec, _AtOnce(), {"topic": "wind"}, state=state)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / tasks


async def _measure() -> list[tuple[str, str, str]]:
    thousand, ten_thousand = _tasks(1_000, 10), _tasks(10_000, 10)
    await _seconds(thousand, _AtOnce())
    small = statistics.median([await _seconds(thousand, _AtOnce()) for _ in range(9)])
    large = statistics.median([await _seconds(ten_thousand, _AtOnce()) for _ in range(3)])
    return [
        ("a chain's step, ms", f"{await _overhead_ms(_chain(STEPS)):.3f}", "0.1"),
        ("a DAG's task, ms", f"{await _overhead_ms(_tasks(STEPS, 10)):.3f}", "0.1"),
        ("10 tasks, 10 at once, task lengths", f"{await _lengths(_tasks(10, 10)):.3f}", "1.1"),
        ("50 tasks, 50 at once, task lengths", f"{await _lengths(_tasks(50, 50)):.3f}", "1.1"),
        ("one slow branch, critical paths", f"{await _lengths(_slow_branch(), 11):.3f}", "1.02"),
        ("10,000 tasks against 1,000, times", f"{large / small:.1f}", "12"),
        ("memory of a task, bytes", f"{await _memory_bytes(ten_thousand, 10_000):,.0f}", ""),
    ]


def main() -> None:
    """Print a row for each measure, with what it must stay under."""
    console, table = Console(), Table(title="The workflow engine", title_justify="left")
    table.add_column("measure")
    for column in ("measured", "at most"):
        table.add_column(column, justify="right")
    for row in asyncio.run(_measure()):
        table.add_row(*row)
    console.print(describe())
    console.print(table)


if __name__ == "__main__":
    main()
