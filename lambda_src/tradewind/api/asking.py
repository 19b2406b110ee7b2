"""A question on its way to an agent: what its record and its function are told of it."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradewind.api.errors import IdempotencyKeyReused
from tradewind.api.http import Request
from tradewind.api.preferences import read_request_id
from tradewind.contracts.names import (
    owned_project,
    record_key,
    session_key,
    session_project,
)
from tradewind.records.item import RecordedRequest, StoredRecord, content_sha256

if TYPE_CHECKING:
    from tradewind.contracts.request import Question


@dataclass(frozen=True)
class Asked:
    """A request to an agent.

    Attributes:
        recorded: As its record knows it; its attempt names an opening.
        event: What the agent's function is told.
    """

    recorded: RecordedRequest
    event: dict[str, Any]


def read_asked(request: Request, agent: str, *, model_id: str, max_tokens: int) -> Asked:
    """Read what a request asks of ``agent``.

    Args:
        request: As it came.
        agent: Who is asked.
        model_id: The agents' model.
        max_tokens: What a request may ask for at most.

    Raises:
        TradewindError: Its body or its idempotency key is not what the API takes.
    """
    from tradewind.contracts.request import parse_question  # noqa: PLC0415  # see api.models

    request_id = read_request_id(request.headers)
    question = parse_question(request.json(), max_tokens=max_tokens)
    project_id = question.project_id or _project_of(question, request.owner, agent, request_id)
    # Whatever it is called: what an agent finds there is its owner's alone.
    project_id = owned_project(owner=request.owner, project_id=project_id)
    question = question.model_copy(update={"project_id": project_id})
    recorded = RecordedRequest(
        owner=request.owner,
        agent=agent,
        request_id=request_id,
        project_id=project_id,
        model_id=model_id,
        sha256=content_sha256(question),
        attempt=f"api-{uuid.uuid4().hex[:12]}",
        accepted=True,
        session_key=(
            question.session_id and session_key(owner=request.owner, session_id=question.session_id)
        ),
    )
    event = {
        **question.model_dump(exclude_none=True),
        "agent": agent,
        "request_id": request_id,
        "owner": request.owner,
        "accepted": True,
    }
    return Asked(recorded, event)


def require_same(record: StoredRecord, recorded: RecordedRequest) -> None:
    """Refuse a key that there is a record of another question for.

    Raises:
        IdempotencyKeyReused: It is another question's.
    """
    if record.sha256 != recorded.sha256:
        raise IdempotencyKeyReused(
            "The idempotency key was used for another request. Use a new one.",
            field="Idempotency-Key",
        )


def _project_of(question: "Question", owner: str, agent: str, request_id: str) -> str:
    """A project of the request's own; a repeat has to work on the same one, wherever it comes."""
    if question.session_id is not None:
        return session_project(session_key(owner=owner, session_id=question.session_id))
    own = record_key(owner=owner, agent=agent, request_id=request_id)
    return f"project-{hashlib.sha256(own.encode()).hexdigest()[:20]}"
