"""PydanticAI's deferred tool calls as questions to a person, and the answers as their results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_ai import (
    ApprovalRequired,
    CallDeferred,
    DeferredToolRequests,
    DeferredToolResults,
    RunContext,
    Tool,
    ToolDenied,
)
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ToolCallPart
from pydantic_ai.tools import ToolDefinition

from tradewind.contracts.errors import AgentChanged
from tradewind.run.pause import Asked, FrameworkState, GoOn, Pause, check_question
from tradewind.run.project import Project
from tradewind.run.pydantic_ai_history import FORMAT

#: What approves a call that needs it, whatever its case. Anything else denies it, with a reason.
_YES: Final = "yes"
#: Where a tool says what to ask: ``CallDeferred(metadata={"question": ...})``.
_QUESTION: Final = "question"


def ask_person(question: str) -> str:
    """Ask the person who made the request, and get their answer. It may take them hours.

    Args:
        question: What you need to know, in one message they can answer without seeing more.
    """
    raise CallDeferred(metadata={_QUESTION: question}, kind="question")


async def _where_one_may(ctx: RunContext[Project], tool: ToolDefinition) -> ToolDefinition | None:
    return tool if ctx.deps.may_ask else None


#: A tool that asks whatever the model wants to know; not offered where nobody can be asked.
ASK_PERSON: Final[Tool[Project]] = Tool(ask_person, prepare=_where_one_may)


@dataclass(frozen=True)
class Resumed:
    """What a run goes on from, or begins with.

    Attributes:
        messages: The conversation, to the calls that wait.
        before: How many of them are of earlier turns.
        results: Of the calls; None where none wait.
    """

    messages: list[ModelMessage]
    before: int
    results: DeferredToolResults | None


def question_of(call: ToolCallPart, metadata: Mapping[str, Any] | None, *, approval: bool) -> Any:
    """What a call asks: what its tool says, or else what the model calls it with."""
    said = (metadata or {}).get(_QUESTION)
    asks = f"May {call.tool_name} be called" if approval else f"{call.tool_name} is called"
    question = said or f"{asks} with {json.dumps(call.args_as_dict(), ensure_ascii=False)}?"
    return f'{question} (Answer "{_YES}", or say why not.)' if approval else question


def check_asking(
    project: Project, call: ToolCallPart, asking: CallDeferred | ApprovalRequired
) -> None:
    """Refuse what cannot be asked. Raises: see ``check_question``."""
    approval = isinstance(asking, ApprovalRequired)
    check_question(project, call.tool_name, question_of(call, asking.metadata, approval=approval))


def pause_of(
    project: Project, requests: DeferredToolRequests, messages: Sequence[ModelMessage], before: int
) -> Pause:
    """Where a run ends that asks.

    Raises:
        ToolInputError: It cannot be asked.
    """
    asked = [
        Asked(
            call.tool_call_id,
            call.tool_name,
            check_question(
                project,
                call.tool_name,
                question_of(call, requests.metadata.get(call.tool_call_id), approval=approval),
            ),
        )
        for calls, approval in ((requests.calls, False), (requests.approvals, True))
        for call in calls
    ]
    values = {
        "messages": ModelMessagesTypeAdapter.dump_python(list(messages), mode="json"),
        "before": before,
        "approvals": [call.tool_call_id for call in requests.approvals],
    }
    return Pause(FrameworkState(FORMAT, values), tuple(asked))


def resumed(go_on: GoOn, tools: set[str]) -> Resumed:
    """What to go on from.

    Raises:
        AgentChanged: The agent cannot, as it is now.
    """
    values = go_on.values(FORMAT, tools)
    try:
        messages = ModelMessagesTypeAdapter.validate_python(values["messages"])
        approvals, before = set(values["approvals"]), int(values["before"])
    except (ValidationError, KeyError, TypeError, ValueError):
        raise AgentChanged("What the agent goes on from cannot be read.") from None
    results = DeferredToolResults()
    for call_id, answer in go_on.answers.items():
        if call_id not in approvals:
            results.calls[call_id] = answer
        elif answer.strip().casefold() == _YES:
            results.approvals[call_id] = True
        else:
            results.approvals[call_id] = ToolDenied(f"Not approved by the person asked: {answer}")
    return Resumed(messages, before, results)
