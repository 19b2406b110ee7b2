"""What kinds of events reach an agent function besides its own requests."""

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

_COMPLETION: Final = frozenset({"requestId", "invokeCompletionStatus"})


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
