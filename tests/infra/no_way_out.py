"""What functions' clients look for in a network that leads nowhere; a test runs this in one.

Prints, for each service, the hosts that were looked for, and what became of the call.
"""

import json
import socket
import sys
from typing import Any, Final

from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Once

_RUNTIME: Final = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/it-AbCdEfGhIj"
#: A call of each service, by botocore's name.
CALLS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "bedrock": ("list_foundation_models", {}),
    "bedrock-agentcore": (
        "invoke_agent_runtime",
        {"agentRuntimeArn": _RUNTIME, "payload": b"{}"},
    ),
    "bedrock-runtime": (
        "converse_stream",
        {"modelId": "us.model", "messages": [{"role": "user", "content": [{"text": "Hello"}]}]},
    ),
    "codedeploy": ("get_deployment", {"deploymentId": "d-ABCDEFGHI"}),
    "dynamodb": ("get_item", {"TableName": "records", "Key": {"record_id": {"S": "r"}}}),
    "lambda": ("invoke", {"FunctionName": "tradewind-dev-layout"}),
    "s3": ("get_object", {"Bucket": "artifacts", "Key": "layout/p/plan.json"}),
}


def _looked_for(service: str) -> tuple[list[str], str]:
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def noted(host: Any, *rest: Any, **named: Any) -> Any:
        asked.append(str(host))
        return look_up(host, *rest, **named)

    operation, arguments = CALLS[service]
    client = AwsClients().create(service, repeats=Once())
    socket.getaddrinfo = noted
    try:
        getattr(client, operation)(**arguments)
    except Exception as error:
        return asked, type(error).__name__
    finally:
        socket.getaddrinfo = look_up
    return asked, "an answer"


if __name__ == "__main__":
    json.dump({service: _looked_for(service) for service in CALLS}, sys.stdout)
