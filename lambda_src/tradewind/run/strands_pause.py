"""Strands' interrupts as questions to a person, and the answers as their responses."""

import json
from collections.abc import Sequence
from typing import Any, cast

from strands import Agent, Snapshot, ToolContext
from strands.interrupt import Interrupt, InterruptException
from strands.types.exceptions import SnapshotException
from strands.types.interrupt import InterruptResponseContent
from strands.types.session import decode_bytes_values, encode_bytes_values

from tradewind.contracts.errors import AgentChanged
from tradewind.run.pause import Asked, FrameworkState, GoOn, Pause, check_question
from tradewind.run.project import Project
from tradewind.run.strands_history import FORMAT


def check_asking(project: Project, context: ToolContext, asking: InterruptException) -> None:
    """Refuse what cannot be asked. Raises: see ``check_question``."""
    check_question(project, context.tool_use["name"], question_of(asking.interrupt))


def question_of(interrupt: Interrupt) -> Any:
    """What an interrupt asks: its reason."""
    reason = interrupt.reason
    return reason if isinstance(reason, str) or reason is None else json.dumps(reason)


def pause_of(
    project: Project, agent: Agent, asked: Sequence[tuple[str, Interrupt]], before: int
) -> Pause:
    """Where a run ends that asks.

    Args:
        project: Of the request.
        agent: As it stopped.
        asked: The tools that ask, and what.
        before: How many of its messages are of earlier turns.

    Raises:
        ToolInputError: It cannot be asked.
    """
    snapshot = agent.take_snapshot(include=["messages", "interrupt_state"])
    values = {"snapshot": encode_bytes_values(snapshot.to_dict()), "before": before}
    questions = [
        Asked(one.id, tool, check_question(project, tool, question_of(one))) for tool, one in asked
    ]
    return Pause(FrameworkState(FORMAT, values), tuple(questions))


def resume(agent: Agent, go_on: GoOn) -> tuple[list[InterruptResponseContent], int]:
    """Bring an agent to where an earlier one has stopped.

    Returns:
        What to go on with, and how many messages are of earlier turns.

    Raises:
        AgentChanged: The agent cannot, as it is now.
    """
    values = go_on.values(FORMAT, set(agent.tool_names))
    try:
        stored = decode_bytes_values(values["snapshot"])
        agent.load_snapshot(Snapshot.from_dict(cast(dict[str, Any], stored)))
        before = int(values["before"])
    except (SnapshotException, KeyError, TypeError, ValueError):
        raise AgentChanged("What the agent goes on from cannot be read.") from None
    return [
        {"interruptResponse": {"interruptId": call_id, "response": answer}}
        for call_id, answer in go_on.answers.items()
    ], before
