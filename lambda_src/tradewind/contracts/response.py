"""What an agent function answers."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Artifact(_Frozen):
    """A file the request left in the artifacts bucket."""

    key: str
    content_type: str
    size_bytes: int


class Usage(_Frozen):
    """Tokens as the model service counted them, over all model calls of the request.

    Attributes:
        cost_usd: What the service told of, at the settings' prices; None where there are none. A
            call that broke off before its end told of nothing.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    cost_usd: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        """The usage of both."""
        told = [one for one in (self.cost_usd, other.cost_usd) if one is not None]
        counts = {
            name: getattr(self, name) + getattr(other, name)
            for name in Usage.model_fields
            if name != "cost_usd"
        }
        return Usage(**counts, cost_usd=sum(told) if told else None)


class Performance(_Frozen):
    """How the request went. Field names are part of the published answer. Times in ms, memory MB.

    Attributes:
        coldStart: Whether the request waited until the process had started.
        initTime: From process start to the handler's readiness, imports included.
        executionTime: From the handler's start to this answer.
        connectionTime: Spent opening connections to the model service for this request.
        connectionReused: Whether the request opened no new connection to the model service.
        memoryUsed: The process's peak resident memory so far.
    """

    coldStart: bool  # noqa: N815  the published answer is camel case here
    initTime: float  # noqa: N815
    executionTime: float  # noqa: N815
    connectionTime: float  # noqa: N815
    connectionReused: bool  # noqa: N815
    memoryUsed: float  # noqa: N815


class Failure(_Frozen):
    """Why a request failed. ``code`` is one of ``contracts.errors``, as ``extensions`` are."""

    code: str
    message: str
    field: str | None = None
    extensions: dict[str, Any] = Field(default_factory=dict)


class AgentAnswer(_Frozen):
    """The answer of an agent function, success or not.

    ``output`` is what the request's ``output_schema`` describes, and null without one. With a
    ``question`` it is none yet: a person is asked, and the request goes on with their answer.
    """

    success: bool
    status_code: int
    agent: str
    response: str
    output: Any | None = None
    artifacts: list[Artifact] = Field(default_factory=list)
    facts: dict[str, Any] = Field(default_factory=dict)
    project_id: str | None
    request_id: str
    session_id: str | None = None
    usage: Usage
    performance: Performance
    question: str | None = None
    error: Failure | None = None
