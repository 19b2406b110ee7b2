"""One agent, written with each framework: what is true of an agent's life is true with both."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic_ai import RunContext, Tool
from strands import ToolContext, tool
from strands.types.tools import AgentTool

from tradewind.run.definition import AgentDefinition
from tradewind.run.project import Project
from tradewind.run.pydantic_ai_agent import PydanticAIAgent
from tradewind.run.strands_agent import StrandsAgent, project_of, reports_failures

Work = Callable[..., Any]


@dataclass(frozen=True)
class Sketch:
    """An agent without a framework.

    Attributes:
        system_prompt: What the model is told.
        tools: Functions; one whose only parameter is ``project`` gets the request's.
    """

    system_prompt: str
    tools: tuple[Work, ...] = ()


def _takes_project(work: Work) -> bool:
    return list(inspect.signature(work).parameters) == ["project"]


def _strands_tool(work: Work) -> AgentTool:
    if not _takes_project(work):
        return tool(work)

    def call_at_once(*, tool_context: ToolContext) -> Any:
        return work(project_of(tool_context))

    async def call_and_wait(*, tool_context: ToolContext) -> Any:
        return await work(project_of(tool_context))

    call: Work = call_and_wait if inspect.iscoroutinefunction(work) else call_at_once
    call.__name__ = work.__name__
    return tool(context=True, description=work.__doc__ or "")(reports_failures(call))


def _pydantic_ai_tool(work: Work) -> Tool[Project]:
    if not _takes_project(work):
        return Tool(work)

    def call_at_once(ctx: RunContext[Project]) -> Any:
        return work(ctx.deps)

    async def call_and_wait(ctx: RunContext[Project]) -> Any:
        return await work(ctx.deps)

    call: Work = call_and_wait if inspect.iscoroutinefunction(work) else call_at_once
    return Tool(call, takes_ctx=True, name=work.__name__, description=work.__doc__)


def _on_strands(sketch: Sketch) -> AgentDefinition:
    return StrandsAgent(sketch.system_prompt, tuple(map(_strands_tool, sketch.tools)))


def _on_pydantic_ai(sketch: Sketch) -> AgentDefinition:
    return PydanticAIAgent(sketch.system_prompt, tuple(map(_pydantic_ai_tool, sketch.tools)))


Framework = Callable[[Sketch], AgentDefinition]

FRAMEWORKS: Final[dict[str, Framework]] = {
    "strands": _on_strands,
    "pydantic-ai": _on_pydantic_ai,
}
