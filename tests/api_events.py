"""Proxy events of a REST API, for tests that have no gateway."""

import json
from collections.abc import Mapping
from typing import Any, Final

from tradewind.contracts.api_environment import ApiEnvironment

API_VARIABLES: Final[Mapping[str, str]] = {
    "TRADEWIND_ENVIRONMENT": "test",
    "RECORDS_TABLE": "records",
    "BUDGETS_TABLE": "budgets",
    "BEDROCK_MAX_TOKENS": "1024",
    "RECORD_TTL_DAYS": "30",
    "SESSIONS_TABLE": "sessions",
    "SESSION_TTL_DAYS": "30",
    "ARTIFACTS_BUCKET": "artifacts",
    "BEDROCK_MODEL_ID": "us.anthropic.claude-sonnet-4-6",
    "BEDROCK_REGION": "us-east-1",
    "TRADEWIND_AGENTS": "terrain=900,layout=600",
    "TRADEWIND_QUEUE_LIFE_S": "21600",
}

ADA: Final = "arn:aws:iam::123456789012:user/ada"
BOB: Final = "arn:aws:iam::123456789012:user/bob"


def api_environment(**changes: str) -> ApiEnvironment:
    """The API function's environment, read; with other values for some variables."""
    return ApiEnvironment.from_variables({**API_VARIABLES, **changes})


def proxy_event(
    method: str,
    path: str,
    body: Any = None,
    *,
    caller: str = ADA,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What API Gateway makes of a signed request; ``body`` is sent as JSON unless it is a text."""
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    named = {"Content-Type": "application/json", **(headers or {})} if text is not None else {}
    named |= headers or {}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": named,
        "multiValueHeaders": {name: [value] for name, value in named.items()},
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": (
            {name: [value] for name, value in query.items()} if query else None
        ),
        "pathParameters": {"proxy": path.removeprefix("/")},
        "requestContext": {
            "path": f"/test{path}",
            "stage": "test",
            "requestId": "gateway-request",
            "identity": {"userArn": caller},
        },
        "body": text,
        "isBase64Encoded": False,
    }
