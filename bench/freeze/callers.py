"""Calls of the four services: as deployed functions make them, and as plain boto3 does."""

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Any, Final

from bench.environment import of_agent
from tradewind.agentcore.arn import RuntimeArn
from tradewind.agentcore.calls import RuntimeCall
from tradewind.agentcore.client import AgentCoreClient
from tradewind.agentcore.sdk import SdkTransport
from tradewind.agentcore.session_ids import new_session_id
from tradewind.aws.clients import AwsClients
from tradewind.aws.deadline import Deadline
from tradewind.aws.repeats import Repeated
from tradewind.bedrock.client import ClientPool
from tradewind.bedrock.retry import ModelRetries
from tradewind.contracts.environment import ModelEnvironment
from tradewind.run.s3_artifacts import S3ArtifactStore

#: Makes one invocation; raises when it fails.
Call = Callable[[], object]

#: What a function of 15 minutes has.
_TIME_S: Final = 900.0
_RUNTIME: Final = RuntimeArn("aws", "us-east-1", "111122223333", "raw-AbCdEfGhIj")
_CONVERSE: Final[dict[str, Any]] = {
    "modelId": "us.anthropic.claude-sonnet-4-6",
    "messages": [{"role": "user", "content": [{"text": "How windy is it?"}]}],
}
_OBJECT: Final[dict[str, Any]] = {
    "Bucket": "artifacts",
    "Key": "rose",
    "Body": b"a wind rose" * 100,
}
_ITEM: Final[dict[str, Any]] = {
    "TableName": "records",
    "Item": {"record_id": {"S": "r"}, "version": {"N": "1"}},
    "ConditionExpression": "attribute_not_exists(record_id) OR version = :own",
    "ExpressionAttributeValues": {":own": {"N": "1"}},
}


class DeadConnections:
    """Counts the kept connections that were dead when a call was sent on them."""

    def __init__(self) -> None:
        self.met = 0
        self._lock = threading.Lock()

    def connection_opened(self, service: str, duration_ms: float) -> None:
        """See ``ConnectionObserver``: the server counts these."""

    def connection_retired(self, service: str) -> None:
        """See ``ConnectionObserver``."""
        with self._lock:
            self.met += 1


def ours(service: str, at_once: int, dead: DeadConnections) -> Call:
    """Calls on the clients that a function's process has, with its layers that repeat.

    Args:
        service: Of AWS, as boto3 calls it.
        at_once: How many calls there will be at once.
        dead: Is told of connections.
    """
    aws = AwsClients(observer=dead)
    storage = Repeated(may_run_twice=True)
    if service == "bedrock-runtime":
        environment = ModelEnvironment.from_variables(of_agent("assistant"))
        bedrock = ClientPool(environment, aws).get(at_once)
        return lambda: asyncio.run(_converse(bedrock))
    if service == "s3":
        store = S3ArtifactStore(_OBJECT["Bucket"], aws.create("s3", repeats=storage))
        return lambda: store.put(_OBJECT["Key"], _OBJECT["Body"], "text/plain")
    if service == "dynamodb":
        dynamodb = aws.create("dynamodb", repeats=storage)
        return lambda: dynamodb.put_item(**_ITEM)
    runtimes = AgentCoreClient(SdkTransport(aws, regions=[_RUNTIME.region]))
    return lambda: asyncio.run(
        runtimes.invoke(RuntimeCall(_RUNTIME, b"{}", new_session_id(), lambda: _TIME_S))
    )


async def _converse(client: Any) -> None:
    """One model call of an agent's, with the layer that frameworks' adapters ask."""
    retries = ModelRetries(Deadline(_TIME_S))
    while True:
        try:
            for _event in client.converse_stream(**_CONVERSE)["stream"]:
                pass
        except Exception as error:
            if not await retries.wait_to_repeat(error):
                raise
        else:
            return


def unassisted(service: str) -> Call:
    """Calls on boto3's client as it comes, shared by whoever calls."""
    # Only this one needs it, and its import is a part of no other's start.
    import boto3  # noqa: PLC0415

    client: Any = boto3.client(service)  # type: ignore[call-overload]
    if service == "bedrock-runtime":
        return lambda: list(client.converse_stream(**_CONVERSE)["stream"])
    if service == "s3":
        return lambda: client.put_object(**_OBJECT)
    if service == "dynamodb":
        return lambda: client.put_item(**_ITEM)

    def invoke() -> bytes:
        answer = client.invoke_agent_runtime(
            agentRuntimeArn=str(_RUNTIME), runtimeSessionId=new_session_id(), payload=b"{}"
        )
        body: bytes = answer["response"].read()
        return body

    return invoke


def environment_of(url: str, authority: str) -> dict[str, str]:
    """The environment of a process whose AWS is at ``url``."""
    return {
        "PATH": os.defpath,
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_CA_BUNDLE": authority,
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }
