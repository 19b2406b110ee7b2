"""Sending a request to a deployed agent."""

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from cli.answers import answer_of_failure

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

#: An agent may work for the whole of Lambda's 15 minutes, and must not be sent its request twice.
_READ_TIMEOUT_S: Final = 900


@dataclass(frozen=True)
class Invocation:
    """An agent's answer, and how long its caller waited.

    Attributes:
        answer: ``contracts.response.AgentAnswer`` as JSON.
        duration_ms: From request to answer, as the caller saw it.
    """

    answer: dict[str, Any]
    duration_ms: float


def lambda_client() -> "LambdaClient":
    """Return a client that waits for an agent and never repeats a request by itself."""
    config = Config(
        read_timeout=_READ_TIMEOUT_S, retries={"mode": "standard", "total_max_attempts": 1}
    )
    client: LambdaClient = boto3.client("lambda", config=config)
    return client


def role_of(client: "LambdaClient", function_arn: str) -> str:
    """Return the ARN of the role that a function runs under."""
    return client.get_function_configuration(FunctionName=function_arn)["Role"]


def invoke(client: "LambdaClient", function_arn: str, event: dict[str, Any]) -> Invocation:
    """Send an event and return the whole answer, whether or not it is a success.

    Raises:
        CommandError: The function died without an answer.
    """
    started = time.perf_counter()
    result = client.invoke(FunctionName=function_arn, Payload=json.dumps(event).encode())
    payload = json.loads(result["Payload"].read())
    duration_ms = (time.perf_counter() - started) * 1000
    if "FunctionError" in result:
        payload = answer_of_failure(payload)
    return Invocation(answer=payload, duration_ms=duration_ms)
