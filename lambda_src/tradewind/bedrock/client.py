"""The process's one bedrock-runtime client."""

import os
import threading
import time
from functools import cache
from typing import Any

from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Once
from tradewind.bedrock.applied import apply_to_calls
from tradewind.bedrock.calls import meter_calls
from tradewind.bedrock.meter import MeteredConnections, current_meter
from tradewind.contracts.environment import ModelEnvironment
from tradewind.telemetry.logger import get_logger


def create_bedrock_client(environment: ModelEnvironment, aws: AwsClients | None = None) -> Any:
    """Create a bedrock-runtime client; the endpoint comes from botocore's own settings.

    The client sends each call once, but for one that a dead socket has surely not delivered.
    ``bedrock.retry`` is the layer that repeats calls.

    Args:
        environment: How to reach the model.
        aws: What makes the process's clients; one of its own without it.
    """
    aws = aws or AwsClients(observer=MeteredConnections())
    meter_calls(aws.session)
    client = aws.create(
        "bedrock-runtime",
        repeats=Once(),
        region=environment.model_region,
        connect_timeout_s=environment.connect_timeout_s,
        read_timeout_s=environment.read_timeout_s,
        max_connections=environment.max_connections,
    )
    apply_to_calls(client, environment)
    client.meta.events.register("after-call.bedrock-runtime", _note_request_id)
    return client


def _note_request_id(parsed: dict[str, Any], **_rest: Any) -> None:
    """Keep Bedrock's id of a call: what AWS support and CloudTrail know it by."""
    meter = current_meter.get()
    request_id = parsed.get("ResponseMetadata", {}).get("RequestId")
    if meter is not None and request_id:
        meter.request_ids.append(request_id)


class ClientPool:
    """Holds one client for a process. Safe for threads."""

    def __init__(self, environment: ModelEnvironment, aws: AwsClients | None = None) -> None:
        self._environment = environment
        self._aws = aws
        self._lock = threading.Lock()
        self._client: Any = None
        self._created_at = 0.0
        self._creations = 0

    @property
    def created_at(self) -> float | None:
        """When the client was created, in epoch seconds; None before."""
        return self._created_at or None

    @property
    def creations(self) -> int:
        """Clients created so far: 1 from the first use on, unless it had to grow."""
        return self._creations

    def get(self, connections: int = 0) -> Any:
        """Return the client, creating it on first use.

        Args:
            connections: How many calls it will make at once. One that keeps fewer connections is
                replaced: each call above its number would open, and drop, one of its own.
        """
        logger = get_logger()
        with self._lock:
            now = time.time()
            if connections > self._environment.max_connections:
                self._environment = self._environment.model_copy(
                    update={"max_connections": connections}
                )
                if self._client is not None:
                    self._client.close()  # calls that are on their way are not affected
                    self._client = None
            if self._client is None:
                logger.info("Creating new Bedrock runtime client")
                self._client = create_bedrock_client(self._environment, self._aws)
                self._creations += 1
                self._created_at = now
            else:
                age_s = round(now - self._created_at)
                logger.info("Reusing existing Bedrock client", client_age_s=age_s)
            return self._client

    def close(self) -> None:
        """Drop all idle connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()


@cache
def process_clients() -> AwsClients:
    """Return what makes the process's AWS clients, of which requests are told."""
    return AwsClients(observer=MeteredConnections())


@cache
def get_client_pool() -> ClientPool:
    """Return the process's client pool, set up from the environment.

    Raises:
        ConfigurationError: The environment does not say how to reach the model.
    """
    return ClientPool(ModelEnvironment.from_variables(os.environ), process_clients())


def get_bedrock_client() -> Any:
    """Return the process's one bedrock-runtime client.

    Raises:
        ConfigurationError: The environment does not say how to reach the model.
    """
    return get_client_pool().get()
