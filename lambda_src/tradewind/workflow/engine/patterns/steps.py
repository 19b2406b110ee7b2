"""Steps in a row: what a chain, a route and a branch are made of."""

from collections.abc import Sequence
from typing import Any

from tradewind.workflow.engine.run import Run
from tradewind.workflow.engine.state import Record
from tradewind.workflow.spec.steps import AgentStep, HumanStep


async def run_steps(
    run: Run, key: str, steps: Sequence[AgentStep | HumanStep], names: dict[str, Any]
) -> list[Record]:
    """Run steps one after the other.

    Args:
        run: The run.
        key: Of what they are the steps; their own keys begin with it.
        steps: The steps.
        names: What their templates see; ``steps`` and the latest answers are added.

    Returns:
        What ``steps`` has for each.
    """
    records: list[Record] = []
    names["steps"] = records
    for index, step in enumerate(steps):
        done = await run_step(run, f"{key}/{index}", step, names, scope=key)
        records.append({**done, "index": index})
        names["last_response"] = done["response"]
    return records


async def run_step(
    run: Run,
    key: str,
    step: AgentStep | HumanStep,
    names: dict[str, Any],
    *,
    scope: str | None = None,
) -> Record:
    """Run one step; ``names`` gets a person's answer. Returns what a template sees of it."""
    if isinstance(step, HumanStep):
        done = run.person(key, step, names)
        names["hitl_response"] = done["response"]
        return done
    return seen(await run.step(key, step, names, scope))


def seen(done: Record) -> Record:
    """What templates see of an agent's result."""
    return {
        "response": done["response"],
        "agent": done["agent"],
        "tokens_estimated": done["tokens"],
    }


def total_tokens(records: Sequence[Record]) -> int:
    """The tokens of several results, as templates see them."""
    return sum(record.get("tokens_estimated", 0) for record in records)
