"""A tool of a workflow, as Strands calls it, and what holds for every call of every tool.

Arguments come from a model and are hostile: what does not fit the schema that the model was told is
refused, and the tool not run. Results go to a model: no secret is among them.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolSpec, ToolUse

from tradewind.bedrock.tool_arguments import closed, refusal
from tradewind.telemetry.defects import describe_causes
from tradewind.workflow.engine.errors import AgentFailed
from tradewind.workflow.spec.selection import Kind
from tradewind.workflow_agents.statistics import Statistics
from tradewind.workflow_agents.tools.redaction import Redactor
from tradewind.workflow_agents.tools.secret_values import Secrets

#: A longer result is cut: a model reads no more, and pays for all of it.
LONGEST_RESULT: Final = 100_000
#: Where an agent's ``invocation_state`` says which step it answers.
STEP: Final = "workflow_step"

_log = logging.getLogger(__name__)


class ToolRefused(Exception):
    """What a model is told in the place of a result: it can ask for something else."""


class Arguments(BaseModel):
    """What a tool takes. There are no others, and nothing is read as what it is not."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Work = Callable[[Mapping[str, Any]], Awaitable[str]]
_A = TypeVar("_A", bound=Arguments)


@dataclass(slots=True)
class Calls:
    """What holds for every call of every tool of a run.

    Attributes:
        secrets: What no result may show.
        personal: Takes personal data out of arguments and results; None where it may stay.
        used: The tools that steps have used.
        failures: What makes a step's answer worthless: the first counts.
        statistics: Counts them.
        kinds: What tools are, by their names.
    """

    secrets: Secrets
    personal: Redactor | None = None
    used: dict[str, list[str]] = field(default_factory=dict)
    failures: dict[str, AgentFailed] = field(default_factory=dict)
    statistics: Statistics = field(default_factory=Statistics)
    kinds: dict[str, Kind] = field(default_factory=dict)

    async def make(
        self, name: str, schema: Mapping[str, Any], given: Any, step: str, work: Work
    ) -> tuple[str, bool]:
        """Make one.

        Returns:
            What to tell the model, and whether it is a failure.
        """
        self.used.setdefault(step, []).append(name)
        self.statistics.called(self.kinds.get(name, Kind.NATIVE).value)
        if self.personal is not None:
            given = self.personal.values(given)
        text, failed = await self._result(name, schema, given, step, work)
        text = self.hide(text)
        if len(text) > LONGEST_RESULT:
            text = f"{text[:LONGEST_RESULT]}\n[cut: {len(text):,} characters]"
        return text, failed

    def hide(self, text: str) -> str:
        """A text without the secrets, and without personal data where the file forbids it."""
        text = self.secrets.hide(text)
        return text if self.personal is None else self.personal.text(text)

    async def _result(
        self, name: str, schema: Mapping[str, Any], given: Any, step: str, work: Work
    ) -> tuple[str, bool]:
        refused = refusal(name, schema, given)
        if refused is not None:
            return refused, True
        try:
            return await work(given), False
        except ToolRefused as error:
            return str(error), True
        except AgentFailed as error:
            self.failures.setdefault(step, error)
            return str(error), True
        except Exception as error:
            # What it says may repeat arguments.
            _log.error("The tool %s failed: %s", name, "; ".join(describe_causes(error)))
            return f"{name} failed unexpectedly.", True


class WorkflowTool(AgentTool):
    """A tool of a run.

    Args:
        name: What models call it.
        description: What they are told of it.
        schema: The JSON Schema of its arguments.
        calls: Makes the calls.
        work: What it does.
        held_to: What the arguments are held to, where that is less than the schema.
    """

    def __init__(
        self,
        name: str,
        description: str,
        schema: Mapping[str, Any],
        calls: Calls,
        work: Work,
        *,
        held_to: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._name = name
        self._description = description
        self._schema = closed(schema)
        self._held_to = self._schema if held_to is None else held_to
        self._calls = calls
        self._work = work

    @property
    def tool_name(self) -> str:
        """Its name."""
        return self._name

    @property
    def tool_spec(self) -> ToolSpec:
        """What a model is told of it."""
        return {
            "name": self._name,
            "description": self._description,
            "inputSchema": {"json": self._schema},
        }

    @property
    def tool_type(self) -> str:
        """What Strands logs of it."""
        return "workflow"

    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **_kwargs: Any
    ) -> ToolGenerator:
        """Do what a model asks. See ``AgentTool``."""
        step = invocation_state.get(STEP)
        text, failed = await self._calls.make(
            self._name,
            self._held_to,
            tool_use.get("input"),
            step if isinstance(step, str) else "",
            self._work,
        )
        yield ToolResultEvent(
            {
                "toolUseId": tool_use["toolUseId"],
                "status": "error" if failed else "success",
                "content": [{"text": text or "(nothing)"}],
            }
        )


def tool(
    name: str,
    description: str,
    arguments: type[_A],
    calls: Calls,
    work: Callable[[_A], Awaitable[str]],
) -> WorkflowTool:
    """A tool whose arguments are a class."""

    async def checked(given: Mapping[str, Any]) -> str:
        try:
            read = arguments.model_validate(given)
        except ValidationError as wrong:
            # Without the values: they may be long, and the model has them.
            told = "; ".join(
                f"{'.'.join(map(str, one['loc'])) or 'The whole'}: {one['msg']}"
                for one in wrong.errors(include_url=False, include_input=False)[:8]
            )
            raise ToolRefused(f"{name} was not run. {told}") from None
        return await work(read)

    schema = arguments.model_json_schema()
    schema.pop("title", None)
    schema.pop("description", None)
    for entry in schema.get("properties", {}).values():
        entry.pop("title", None)
    return WorkflowTool(name, description, schema, calls, checked)


def in_thread(work: Callable[[_A], str]) -> Callable[[_A], Awaitable[str]]:
    """Work that waits for a disk, off the loop."""

    async def threaded(arguments: _A) -> str:
        return await asyncio.to_thread(work, arguments)

    return threaded


def as_json(value: Any) -> str:
    """A result as JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)
