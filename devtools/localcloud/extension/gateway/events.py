"""The event that a function behind a proxy integration gets for a request.

MiniStack's, and what it leaves out or tells otherwise: every field of the caller's identity, the
address of the caller's own connection, and header names as clients write them.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import get_request_client_ip
from ministack.services import apigateway_v1

from devtools.localcloud.extension.tracing import new_trace

#: How long the authorizer of this request took; 0 where its answer was kept, or none was asked.
authorizer_ms: ContextVar[int] = ContextVar("authorizer_ms", default=0)

_IDENTITY = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
)


def forward(headers: Mapping[str, Any]) -> dict[str, Any]:
    """The headers of a request as API Gateway passes them on: with the way that it has come."""
    came_through = headers.get("x-forwarded-for")
    address = get_request_client_ip()
    return {
        "x-amzn-trace-id": new_trace(),
        **headers,
        "x-forwarded-for": f"{came_through}, {address}" if came_through else address,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }


def request_authorizer_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """A REQUEST authorizer's event, with the same headers and address as the function's."""
    context = event["requestContext"]
    address = {"sourceIp": get_request_client_ip()}
    return {
        **event,
        "headers": _named_as_written(event["headers"]),
        "multiValueHeaders": _named_as_written(event["multiValueHeaders"]),
        "requestContext": {**context, "identity": {**context["identity"], **address}},
    }


def proxy_event(
    route: tuple[Any, ...], authorizer: Mapping[str, Any] | None, **options: Any
) -> dict[str, Any]:
    """Build the event.

    Args:
        route: The positional arguments of MiniStack's builder.
        authorizer: What the method's Lambda authorizer said of the caller.
        options: The other arguments of MiniStack's builder.
    """
    event: dict[str, Any] = apigateway_v1._build_lambda_event_v1(*route, **options)
    del event["version"]
    for field in ("headers", "multiValueHeaders"):
        event[field] = _named_as_written(event[field])
    identity = event["requestContext"]["identity"]
    event["requestContext"]["identity"] = {
        **dict.fromkeys(_IDENTITY),
        **identity,
        "sourceIp": get_request_client_ip(),
    }
    if authorizer is not None:
        event["requestContext"]["authorizer"] = {
            **authorizer,
            "integrationLatency": authorizer_ms.get(),
        }
    return event


def _named_as_written(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Name headers as HTTP/1.1 clients write them; AWS passes on what came, MiniStack folds it."""
    return {
        "-".join(part.capitalize() for part in name.split("-")): value
        for name, value in headers.items()
    }
