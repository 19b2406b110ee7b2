"""What kinds of events reach an agent function besides its own requests."""

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

_COMPLETION: Final = frozenset({"requestId", "invokeCompletionStatus"})


def is_completion(event: object) -> bool:
    """Whether API Gateway only says that a stream is over. It was seen to do so after each one.

    What else such an event has is documented nowhere; a question it has not.
    """
    return isinstance(event, Mapping) and event.keys() >= _COMPLETION and "query" not in event


def is_http(event: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether an event is a request through a REST API's proxy integration."""
    return isinstance(event, Mapping) and "httpMethod" in event and "requestContext" in event


def is_call(event: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether an event is a single call of a workflow's run that is elsewhere."""
    return isinstance(event, Mapping) and "workflow_call" in event
