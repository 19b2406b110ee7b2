"""The events of API Gateway's streaming integration, as an agent function gets them."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from tradewind.api.caller import owner_of
from tradewind.api.http import read_event
from tradewind.contracts.errors import InvalidRequest, UnknownAgent
from tradewind.contracts.request import parse_question

_COMPLETION: Final = frozenset({"requestId", "invokeCompletionStatus"})
_IDEMPOTENCY_KEY: Final = "idempotency-key"
_LONGEST_KEY: Final = 255


@dataclass(frozen=True)
class StreamRequest:
    """What a streamed request asks.

    Attributes:
        invocation_id: Its id, as the API tells it.
        event: The event of a request that is not streamed, and asks the same.
        session_id: The conversation that it continues, where it does.
        keyed: Whether the caller has a key of its own for it.
    """

    invocation_id: str
    event: Mapping[str, Any]
    session_id: str | None
    keyed: bool


def is_completion(event: object) -> bool:
    """Whether API Gateway only says that a stream is over. It was seen to do so after each one."""
    return (
        isinstance(event, Mapping)
        and event.keys() >= _COMPLETION
        and event.keys() <= _COMPLETION | {"errorCode"}
    )


def is_http(event: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether an event is a request through a REST API's proxy integration."""
    return isinstance(event, Mapping) and "httpMethod" in event and "requestContext" in event


def read_request(event: Mapping[str, Any], agent: str) -> StreamRequest:
    """Read a proxy event of ``POST /agents/{agent}/stream``.

    Raises:
        Unidentified: Nobody authenticated it.
        UnknownAgent: It is for another agent.
        InvalidRequest: Its body, or its key, is not what the API takes.
        QueryTooLong: Likewise.
        UnsupportedMediaType: Its body is no JSON.
    """
    owner = owner_of(event)
    request = read_event(event, owner)
    if request.method != "POST" or request.path != f"/agents/{agent}/stream":
        raise UnknownAgent(f"This function streams POST /agents/{agent}/stream only.")
    question = request.json()
    asked = parse_question(question)
    key = request.headers.get(_IDEMPOTENCY_KEY)
    request_id = _request_id(key)
    return StreamRequest(
        invocation_id=f"{agent}.{request_id}",
        event={**question, "owner": owner, "request_id": request_id},
        session_id=getattr(asked, "session_id", None),
        keyed=key is not None,
    )


def _request_id(key: str | None) -> str:
    if key is None:
        return f"i-{uuid.uuid4().hex}"
    if not key.strip() or len(key) > _LONGEST_KEY:
        raise InvalidRequest(f"Idempotency-Key: 1 to {_LONGEST_KEY} characters are taken.")
    return f"k-{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()[:32]}"
