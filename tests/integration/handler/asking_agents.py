"""Agents that ask a person, one for each framework, and what their model says."""

import json
from typing import Any

import pytest
from pydantic_ai import ApprovalRequired, CallDeferred, RunContext, Tool
from strands import ToolContext, tool

from devtools.localcloud.bedrock.reply import Reply, ToolUseBlock
from tests.frameworks import FRAMEWORKS, Work, _pydantic_ai_tool, _strands_tool
from tests.integration.handler.script import Said, Tokens
from tradewind.run.definition import AgentDefinition
from tradewind.run.project import Project
from tradewind.run.pydantic_ai_agent import PydanticAIAgent
from tradewind.run.strands_agent import StrandsAgent, reports_failures


@pytest.fixture(params=list(FRAMEWORKS))
def name(request: pytest.FixtureRequest) -> str:
    """What the agents of a test are written with."""
    return str(request.param)


@pytest.fixture
def framework(name: str) -> Any:
    """The agents here are of their own making."""
    return FRAMEWORKS[name]


@tool(context=True)
@reports_failures
def ask_owner(question: str, tool_context: ToolContext) -> str:
    """Ask the owner."""
    answer: str = tool_context.interrupt("question", reason=question)
    return answer


def _deferring(question: str) -> str:
    """Ask the owner."""
    raise CallDeferred(metadata={"question": question}, kind="question")


_deferring.__name__ = "ask_owner"


def approved(ctx: RunContext[Project], what: str) -> str:
    """Do something that needs approval."""
    if not ctx.tool_call_approved:
        raise ApprovalRequired(metadata={"question": f"May I {what}?"})
    ctx.deps.report_facts(done=what)
    return f"Did {what}."


@tool(name="dig", context=True)
def dig(what: str, tool_context: ToolContext) -> str:
    """Dig; a tool that reports no failures."""
    return f"Dug: {tool_context.interrupt('dig', reason=f'May I dig {what}?')}"


def _dig(what: str) -> str:
    """Dig."""
    return f"Dug {what}."


#: A tool that its framework has approved, before anything of ours hears of it.
DIG = Tool(_dig, name="dig", requires_approval=True)


def asking(framework: str, *tools: Work) -> AgentDefinition:
    """An agent of a framework with ``ask_owner``, and these tools of a project."""
    if framework == "strands":
        return StrandsAgent("Ask.", (ask_owner, *map(_strands_tool, tools)))
    return PydanticAIAgent("Ask.", [_deferring, *map(_pydantic_ai_tool, tools)])


def calling(*calls: tuple[str, str, dict[str, Any]], tokens: Tokens | None = None) -> Reply:
    """Calls of tools, all at once: an id, the tool, and its arguments."""
    blocks = tuple(ToolUseBlock(one, name, json.dumps(given)) for one, name, given in calls)
    return Said(blocks, "tool_use", 0, 0, tokens or Tokens())


def questions(*texts: str, tokens: Tokens | None = None) -> Reply:
    """Calls of ``ask_owner``, all at once."""
    calls = [(f"ask-{text[:8].strip()}", "ask_owner", {"question": text}) for text in texts]
    return calling(*calls, tokens=tokens)
