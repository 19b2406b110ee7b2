"""A call, and what comes of it, as JSON: for agents that are in another process than the run."""

from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tradewind.contracts.names import WORKFLOW_NAME_PATTERN
from tradewind.workflow.engine.calls import AgentCall, AgentReply, Model
from tradewind.workflow.engine.errors import (
    AgentFailed,
    Retryable,
    Unsupported,
    WorkflowError,
)

#: What an event with a call is told by, and what is answered to it.
CALL: Final = "workflow_call"
REPLY: Final = "workflow_reply"
ERROR: Final = "workflow_error"
#: What the errors of a call are for its run, where they are no more than that an agent failed.
_KINDS: Final[dict[str, type[WorkflowError]]] = {
    "retryable": Retryable,
    "unsupported": Unsupported,
}
#: Bytes of a reply: the service takes a mebibyte from a function that a durable run asks.
MOST_REPLY_BYTES: Final = 1_000_000


class _Closed(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, defer_build=True, protected_namespaces=()
    )


class _Model(_Closed):
    provider: str
    model_id: str | None = None
    region: str | None = None
    host: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None


class RemoteCall(_Closed):
    """A call of a workflow's run. See ``engine.calls.AgentCall``.

    Attributes:
        workflow: The workflow's name.
        sha256: Of its file, and of those it refers to: another file is refused.
        run_id: The run's.
    """

    workflow: Annotated[str, Field(pattern=WORKFLOW_NAME_PATTERN)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    run_id: Annotated[str, Field(min_length=1, max_length=256)]
    key: str
    agent: str
    model: _Model
    prompt: str
    input: str
    tools: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    conversation: str | None = None
    history: Any = None
    attempt: Annotated[int, Field(ge=1)] = 1

    @property
    def call(self) -> AgentCall:
        """The call."""
        return AgentCall(
            self.key,
            self.agent,
            Model(**self.model.model_dump()),
            self.prompt,
            self.input,
            self.tools,
            self.conversation,
            self.history,
            self.attempt,
        )


class RemoteError(_Closed):
    """Why a call has no reply.

    Attributes:
        kind: Whether it may have one the next time; or that it can have none, as the agent failed,
            as the file is another one by now, or as the event is none.
        code: The stable code, where there is one.
        message: What went wrong, in a line.
    """

    kind: Literal["retryable", "failed", "changed", "invalid", "unsupported"]
    message: str
    code: str | None = None


class _Reply(_Closed):
    text: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: Annotated[float | None, Field(strict=False)] = None
    tool_calls: int = 0
    history: Any = None


def call_to_json(call: AgentCall, *, workflow: str, sha256: str, run_id: str) -> dict[str, Any]:
    """The event that asks for a call's reply."""
    return {CALL: {"workflow": workflow, "sha256": sha256, "run_id": run_id, **asdict(call)}}


def call_from_json(event: Any) -> RemoteCall:
    """The call in an event.

    Raises:
        ValueError: There is none; the message says why, without what is in it.
    """
    try:
        return RemoteCall.model_validate(event[CALL])
    except ValidationError as invalid:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in invalid.errors(include_url=False, include_input=False)[:10]
        )
        raise ValueError(wrong) from None
    except (KeyError, TypeError):
        raise ValueError("there is no call in it") from None


def reply_to_json(reply: AgentReply) -> dict[str, Any]:
    """What answers a call."""
    return {REPLY: asdict(reply)}


def error_to_json(error: RemoteError) -> dict[str, Any]:
    """What answers a call that has no reply."""
    return {ERROR: error.model_dump()}


def reply_from_json(document: Any) -> AgentReply:
    """The reply in what a function has answered.

    Raises:
        Retryable: The agent could not answer this time.
        AgentFailed: It could not at all, or this is no answer to a call.
        Unsupported: The file asks for what the function does not do.
    """
    try:
        if REPLY in document:
            return AgentReply(**_Reply.model_validate(document[REPLY]).model_dump())
        error = RemoteError.model_validate(document[ERROR])
    except (KeyError, TypeError, ValidationError):
        raise AgentFailed("its function answered something that is no answer to a call") from None
    raise _KINDS.get(error.kind, AgentFailed)(error.message)
