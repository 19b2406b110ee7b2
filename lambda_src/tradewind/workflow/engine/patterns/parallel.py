"""Branches at the same time, and perhaps a step that makes one result of theirs.

A branch that asks a person is paused by itself: the others go on until they are done or paused
too, and then the run is.
"""

import asyncio
from typing import Any

from tradewind.workflow.engine.patterns.outcome import Outcome
from tradewind.workflow.engine.patterns.steps import run_step, run_steps, total_tokens
from tradewind.workflow.engine.run import Run
from tradewind.workflow.engine.state import Paused, Record
from tradewind.workflow.spec.patterns import Branch, ParallelConfig
from tradewind.workflow.text.templates import Names


async def run_parallel(run: Run, config: ParallelConfig) -> Outcome:
    """Run branches."""
    names = run.names()
    records: dict[str, Record] = {}
    paused: dict[str, Paused] = {}

    async def run_branch(branch: Branch) -> None:
        key = f"branches/{branch.id}"
        try:
            with run.part(key):
                steps = await run_steps(run, key, branch.steps, dict(names))
        except Paused as pause:
            paused[branch.id] = pause
        else:
            records[branch.id] = _seen(steps)

    async with asyncio.TaskGroup() as group:
        for branch in config.branches:
            group.create_task(run_branch(branch))
    for branch in config.branches:
        if branch.id in paused:
            raise paused[branch.id]
    names["branches"] = Names({branch.id: records[branch.id] for branch in config.branches})
    if config.reduce is None:
        text = "\n\n---\n\n".join(
            f"Branch {name}:\n{records[name]['response']}" for name in sorted(records)
        )
        return Outcome(text, names)
    reduced = await run_step(run, "reduce", config.reduce, names)
    names["last_response"] = names["reduce_response"] = reduced["response"]
    return Outcome(reduced["response"], names)


def _seen(steps: list[Record]) -> dict[str, Any]:
    return {
        "response": steps[-1]["response"],
        "status": "success",
        "tokens_estimated": total_tokens(steps),
        "step_history": steps,
    }
