"""What a runtime is told of a request, and in which session."""

import hashlib
import json
from typing import Any, Final

from tradewind.agentcore.session_ids import session_id_for
from tradewind.contracts.request import AgentRequest
from tradewind.contracts.runtime_target import RuntimeTarget
from tradewind.run.agent_run import AgentRun

#: What a caller may say that is told as it was said.
_TOLD: Final = frozenset(
    {
        "query",
        "parameters",
        "context",
        "system_prompt",
        "max_tokens",
        "temperature",
        "output_schema",
    }
)
_REQUEST_ID_LENGTH: Final = 128


def session_of(run: AgentRun, request: AgentRequest) -> str:
    """The session of AgentCore that a request is for: its conversation's, or its own.

    Derived, so that a repeat comes to the same one, and from what tells a conversation from an
    earlier one under its id, so that nothing of a deleted one is met again. Nobody can guess
    another's.
    """
    if run.conversation:
        return session_id_for("conversation", run.project.agent, request.owner, run.conversation)
    return session_id_for("request", run.project.agent, request.owner, run.project.request_id)


def payload_of(run: AgentRun, request: AgentRequest, target: RuntimeTarget, session: str) -> bytes:
    """What the runtime is told, as JSON.

    An agent of this project is told what its function would be: the same event. Any other finds the
    prompt under the name that AWS's examples give it, and the request's own fields beside it; for
    whom it is asked, it is not told.
    """
    told: dict[str, Any] = {
        **request.model_dump(exclude_none=True, include=set(_TOLD)),
        "project_id": run.project.project_id,
        "request_id": _request_id(run),
    }
    if target.agent is None:
        told |= {"prompt": run.prompt, "session_id": session}
    else:
        told["agent"] = target.agent
        if request.owner:
            told["owner"] = request.owner
        # A conversation of its own: this one is held by the request that is at work here.
        if run.conversation:
            told["session_id"] = session
    return json.dumps(told).encode()


def _request_id(run: AgentRun) -> str:
    """Unlike the id of a request to the same agent in its function: they share their records."""
    own = f"{run.project.agent}-{run.project.request_id}"
    if len(own) <= _REQUEST_ID_LENGTH:
        return own
    return f"{run.project.agent}-{hashlib.sha256(own.encode()).hexdigest()}"
