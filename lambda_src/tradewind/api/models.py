"""What the API takes and gives. ``docs/openapi.json`` is generated from here.

Routes name these models and never import them: Pydantic's import is a third of what the API's
function may take to start, and only a question needs it.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tradewind.contracts.names import AGENT_NAME_PATTERN, INVOCATION_ID_PATTERN
from tradewind.contracts.reply import Reply
from tradewind.contracts.request import Question

__all__ = ["Question", "Reply"]


class _Shown(BaseModel):
    # Built when the first request needs it: a process that starts is waited for.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class State(StrEnum):
    """Where an invocation stands; waiting for a person. The last four are final."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"


class Progress(_Shown):
    """How far an invocation has come."""

    tools: list[str] = Field(description="The last 20 tools that were called.")
    tool_calls: int
    model_calls: int
    updated_at: str


class LinkedArtifact(_Shown):
    """A file that the invocation left."""

    name: str
    key: str = Field(description="Its place in the artifacts bucket.")
    content_type: str
    size_bytes: int
    url: str = Field(description="Where it can be fetched without a signature of one's own.")
    url_expires_at: str


class Result(_Shown):
    """What came of an invocation that ended."""

    response: str
    output: Any = Field(description="What fits the request's output schema; null without one.")
    artifacts: list[LinkedArtifact]
    facts: dict[str, Any]


class ErrorShown(_Shown):
    """Why an invocation failed."""

    code: str
    message: str
    field: str | None


class UsageShown(_Shown):
    """Tokens of all model calls, and what they cost by the settings' prices."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    model_calls: int
    tool_calls: int
    cost_usd: float | None = Field(description="An estimate; null where no prices are set.")


class Invocation(_Shown):
    """A request to an agent, and what has become of it."""

    id: str = Field(pattern=INVOCATION_ID_PATTERN)
    agent: str
    state: State
    session_id: str | None
    project_id: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    progress: Progress | None
    question: str | None = Field(description="What a person is asked, while it waits for one.")
    question_id: str | None = Field(description="Names the question, for its answer to name it.")
    result: Result | None
    error: ErrorShown | None
    usage: UsageShown | None


class Agent(_Shown):
    """An agent that may be asked."""

    name: Annotated[str, Field(pattern=AGENT_NAME_PATTERN)]
    description: str
    example: dict[str, Any] = Field(description="A body that it can be asked with.")


class Agents(_Shown):
    """The agents, in the order of their work."""

    agents: list[Agent]


class Runtimes(_Shown):
    """The runtimes elsewhere that may be asked as agents are."""

    runtimes: list[Agent]


class Model(_Shown):
    """A model that the account can invoke."""

    id: str = Field(description="Of the inference profile, or of the model.")
    name: str
    used: bool = Field(description="Whether the agents use it.")


class Models(_Shown):
    """The models."""

    models: list[Model]


class Turn(_Shown):
    """A question of a conversation, and its answer."""

    number: int
    asked_at: str
    query: str
    response: str
    invocation_id: str = Field(pattern=INVOCATION_ID_PATTERN)


class Session(_Shown):
    """A conversation with an agent."""

    id: str
    agent: str
    created_at: str
    updated_at: str
    turns: list[Turn] = Field(
        description="The oldest first. Of a long conversation the latest; the numbers tell."
    )


class Budget(_Shown):
    """What a principal has spent and has left on a day, in US dollars."""

    day: str = Field(description="In UTC.")
    limit_usd: float | None = Field(
        description="What may be spent; null for any, and then nothing is kept of what is."
    )
    reserved_usd: float | None = Field(description="Set aside for model calls at work.")
    spent_usd: float | None = Field(
        description="What calls have cost; those that broke off, at most."
    )
    left_usd: float | None = Field(description="What may still be set aside.")
    resets_at: str = Field(description="When the next day begins.")


class Problem(BaseModel):
    """What went wrong, as in RFC 9457; further members may be there."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, defer_build=True)

    type: str = Field(pattern=r"^urn:tradewind:error:[A-Z_]+$")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    code: str = Field(pattern=r"^[A-Z_]+$")
    field: str | None = Field(default=None, description="The field at fault.")
    invocation_id: str | None = Field(default=None, description="Whose failure it is.")
    retry_after_s: int | None = Field(default=None, description="Worth another try after so long.")
