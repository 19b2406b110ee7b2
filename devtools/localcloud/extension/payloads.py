"""What Lambda takes as an event: JSON, of a limited size.

MiniStack takes anything of any size, and makes an empty event of what is no JSON.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from ministack.services import lambda_svc

Response = tuple[int, dict[str, Any], bytes]

MAX_SYNCHRONOUS_BYTES = 6_291_456
MAX_ASYNCHRONOUS_BYTES = 1_048_576


def install() -> None:
    """Make MiniStack's Invoke check its payloads."""
    handle: Callable[..., Awaitable[Any]] = lambda_svc.handle_request

    async def handle_checked(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        if method == "POST" and path.rstrip("/").endswith("invocations") and "/functions/" in path:
            refused = _refusal(headers.get("x-amz-invocation-type", "RequestResponse"), body)
            if refused:
                return refused
        return await handle(method, path, headers, body, query)

    lambda_svc.handle_request = handle_checked


def _refusal(invocation_type: str, body: bytes) -> Response | None:
    if invocation_type == "Event":
        if len(body) > MAX_ASYNCHRONOUS_BYTES:
            return _error(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "RequestEntityTooLargeException",
                f"{len(body)} byte payload is too large for the Event invocation type "
                f"(limit {MAX_ASYNCHRONOUS_BYTES} bytes)",
            )
    elif len(body) > MAX_SYNCHRONOUS_BYTES:
        return _error(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "RequestEntityTooLargeException",
            f"Request must be smaller than {MAX_SYNCHRONOUS_BYTES} bytes for the InvokeFunction "
            "operation",
        )
    if body:
        try:
            json.loads(body.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as problem:
            return _error(
                HTTPStatus.BAD_REQUEST,
                "InvalidRequestContentException",
                f"Could not parse request body into json: {problem}",
            )
    return None


def _refuse_constant(name: str) -> None:
    """NaN and the infinities, which Python's parser takes and JSON does not have."""
    raise ValueError(f"Non-standard token '{name}'")


def _error(status: int, code: str, message: str) -> Response:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return status, headers, json.dumps({"Type": "User", "Message": message}).encode()
