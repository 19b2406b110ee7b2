"""What the patterns are made of: an agent's steps and a person's, in a row, a DAG or a graph."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from tradewind.workflow.spec.fields import (
    UNIQUE,
    Closed,
    Id,
    Listed,
    Scalar,
    Template,
    respelled,
    whole,
)

#: How an agent's step and a person's are told apart; no key of a file can be named so.
AGENT_TAG: Final = "<agent step>"
HUMAN_TAG: Final = "<HITL step>"
HITL: Final = "hitl"
#: A task's spellings that mean the same.
TASK_SPELLINGS: Final = {"depends_on": "deps"}


class AgentStep(Closed):
    """One invocation of an agent.

    Attributes:
        agent: Its id.
        input: What it is asked.
        vars: Values that its input sees before all others of the same name.
        tool_overrides: Its tools in the place of the agent's; an empty list is none.
    """

    agent: Id
    input: Template | None = None
    vars: dict[str, Scalar] = Field(default_factory=dict)
    tool_overrides: Listed[str] | None = None


class HumanStep(Closed):
    """A question to a person.

    Attributes:
        prompt: The question.
        context_display: What the person needs to see for it.
        default: The answer when none comes in time, or an empty one.
        timeout_seconds: How long it is waited for; 0 is for ever.
    """

    type: Literal["hitl"]
    prompt: Template
    context_display: Template | None = None
    default: str | None = None
    timeout_seconds: Annotated[int, whole(0)] = 0


class AnswerRules(Closed):
    """What an answer must look like.

    Attributes:
        pattern: A regular expression.
    """

    pattern: str | None = None


class ReviewGate(HumanStep):
    """A question between two phases of a pattern."""

    validation: AnswerRules | None = None


def _kind(step: Any) -> str:
    if not isinstance(step, Mapping):
        return HUMAN_TAG if isinstance(step, HumanStep) else AGENT_TAG
    # A question that lacks its type is better told so than that it lacks an agent.
    asks = "agent" not in step and "prompt" in step
    return HUMAN_TAG if step.get("type") == HITL or asks else AGENT_TAG


Step = Annotated[
    Annotated[AgentStep, Tag(AGENT_TAG)] | Annotated[HumanStep, Tag(HUMAN_TAG)],
    Discriminator(_kind),
]


class AgentTask(Closed):
    """A task of an agent; starts when ``deps`` are done."""

    id: Id
    agent: Id
    deps: Annotated[Listed[Id], UNIQUE] = ()
    description: str | None = None
    input: Template | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, data: Any) -> Any:
        return respelled(data, TASK_SPELLINGS)


class HumanTask(HumanStep):
    """A task of a person; asked when ``deps`` are done."""

    id: Id
    deps: Annotated[Listed[Id], UNIQUE] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, data: Any) -> Any:
        return respelled(data, TASK_SPELLINGS)


Task = Annotated[
    Annotated[AgentTask, Tag(AGENT_TAG)] | Annotated[HumanTask, Tag(HUMAN_TAG)],
    Discriminator(_kind),
]


class AgentNode(Closed):
    """A place in a graph where an agent works."""

    agent: Id
    input: Template | None = None


Node = Annotated[
    Annotated[AgentNode, Tag(AGENT_TAG)] | Annotated[HumanStep, Tag(HUMAN_TAG)],
    Discriminator(_kind),
]
