"""What an environment's file says of runtimes on AgentCore: agents whose work is done elsewhere."""

import keyword
from collections.abc import Collection, Mapping
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from tradewind.agentcore.arn import InvalidArn, RuntimeArn
from tradewind.contracts.agent_manifest import (
    RUNS_ELSEWHERE,
    RUNS_WORKFLOWS,
    AgentManifest,
    FunctionNeeds,
)
from tradewind.contracts.names import RESERVED_AGENT_NAMES
from tradewind.contracts.prices import BudgetLimits
from tradewind.contracts.runtime_target import Transport
from tradewind.contracts.validation import Frozen, one_line, refused

#: The endpoint that AgentCore makes with every runtime, and the one that this app makes of its own.
_FOREIGN_QUALIFIER: Final = "DEFAULT"
_OWN_QUALIFIER: Final = "live"
#: It waits for another service nearly all of the time; this much has the CPU to start quickly.
NEEDS: Final = FunctionNeeds(memory_mb=1024, timeout_s=900, bundle_budget_mb=60)
#: Characters of all names and descriptions: the API's functions have them in an environment
#: variable, and all of a function's may have 4 KB.
_TOLD_LENGTH: Final = 2_000


def _arn_of_a_runtime(text: str) -> str:
    try:
        arn = RuntimeArn.parse(text)
    except InvalidArn as wrong:
        raise refused(f"{wrong}; give the ARN of a runtime") from None
    if arn.endpoint_name is not None:
        raise refused("it is the ARN of an endpoint; give the runtime's, and its name as qualifier")
    return text


class RuntimeSettings(Frozen):
    """A runtime of AgentCore that is asked as an agent is.

    Attributes:
        description: What it does, in a sentence; callers read it. Without one, an agent of this
            project has its own.
        arn: Of a runtime that is there already.
        agent: The agent of this project that is meant, which is deployed to AgentCore, too.
        qualifier: Its endpoint; without it `DEFAULT`, and `live` of an agent of this project.
        transport: `sdk` asks it with a request, `socket` over a WebSocket.
        most_usd: What one call may cost at most, where there are budgets: reserved before it, and
            settled to what the answer says. Not for an agent of this project, whose model calls are
            counted one by one.
    """

    description: Annotated[
        str | None,
        Field(min_length=10, max_length=256, description="a sentence of 10 to 256 characters"),
        AfterValidator(lambda text: text and one_line(text)),
    ] = None
    arn: Annotated[
        str | None,
        Field(description="the ARN of a runtime, or null"),
        AfterValidator(lambda arn: arn and _arn_of_a_runtime(arn)),
    ] = None
    agent: Annotated[str | None, Field(description="an agent's name, or null")] = None
    qualifier: Annotated[
        str | None,
        Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]{0,47}$", description="an endpoint's name, or null"),
    ] = None
    transport: Annotated[Transport, Field(description="sdk or socket")] = "sdk"
    most_usd: Annotated[
        float | None,
        Field(gt=0, le=1_000, description="a number of US dollars above 0, or null"),
    ] = None

    @model_validator(mode="after")
    def _is_one_runtime(self) -> Self:
        if (self.arn is None) == (self.agent is None):
            raise refused("give either the arn of a runtime or an agent of this project")
        if self.arn is not None and self.description is None:
            raise refused("give a description; callers read it")
        if self.agent is not None and self.transport != "sdk":
            raise refused("an agent of this project serves no WebSocket; leave out transport")
        if self.agent is not None and self.most_usd is not None:
            raise refused(
                "most_usd is for somebody else's runtime; an agent of this project has each of its "
                "model calls counted"
            )
        return self

    def told(self, agents: Mapping[str, AgentManifest]) -> str:
        """What callers read of it, beside these agents."""
        return self.description or agents[str(self.agent)].description

    @property
    def endpoint(self) -> str:
        """The endpoint's name."""
        own = _FOREIGN_QUALIFIER if self.agent is None else _OWN_QUALIFIER
        return self.qualifier or own


def problem_of_runtimes(
    runtimes: Mapping[str, RuntimeSettings],
    agents: Mapping[str, AgentManifest],
    budgets: BudgetLimits,
) -> str | None:
    """What is wrong with runtimes beside these agents and budgets, in one line; None for nothing.

    Args:
        runtimes: By name.
        agents: The agents with folders.
        budgets: What calls may cost.
    """
    known = {name.replace("_", ""): f"agents/{name}" for name in agents}
    for name, runtime in runtimes.items():
        problem = _problem_of(name, runtime, known, agents, limited=budgets != BudgetLimits())
        if problem is not None:
            return f"runtimes.{name}{problem}"
        known[name.replace("_", "")] = f"runtimes.{name}"
    told = sum(len(name) + len(one.told(agents)) for name, one in runtimes.items())
    if told > _TOLD_LENGTH:
        return (
            f"runtimes: their names and descriptions have {told} characters; at most "
            f"{_TOLD_LENGTH} can be told. Describe them more briefly"
        )
    return None


def _problem_of(
    name: str,
    runtime: RuntimeSettings,
    known: Mapping[str, str],
    agents: Collection[str],
    *,
    limited: bool,
) -> str | None:
    if name in RESERVED_AGENT_NAMES or keyword.iskeyword(name):
        return ": is not allowed as a name; no agent may be called so, either"
    if other := known.get(name.replace("_", "")):
        return f": {other} is called so, underscores aside; runtimes and agents share their names"
    if runtime.agent is not None and runtime.agent not in agents:
        return f".agent: there is no agent {runtime.agent!r}; those there are: {', '.join(agents)}"
    if limited and runtime.agent is None and runtime.most_usd is None:
        return ".most_usd is missing; where there are budgets, say what a call may cost at most"
    return None


def with_runtimes(
    agents: Mapping[str, AgentManifest], runtimes: Mapping[str, RuntimeSettings]
) -> dict[str, AgentManifest]:
    """The agents, and after them each runtime as one; workflows may ask the runtimes by name."""
    asked = {
        name: manifest.model_copy(update={"calls": (*manifest.calls, *runtimes)})
        if manifest.framework == RUNS_WORKFLOWS
        else manifest
        for name, manifest in agents.items()
    }
    return {
        **asked,
        **{
            name: AgentManifest(
                name=name,
                description=runtime.told(agents),
                framework=RUNS_ELSEWHERE,
                demo=False,
                function=NEEDS,
            )
            for name, runtime in runtimes.items()
        },
    }
