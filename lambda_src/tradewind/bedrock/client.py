"""The process's one bedrock-runtime client."""

import os
import threading
import time
from functools import cache
from typing import Any, Final

import boto3
from botocore.config import Config

from tradewind.bedrock.calls import meter_calls
from tradewind.bedrock.connections import meter_connections
from tradewind.bedrock.meter import current_meter
from tradewind.contracts.environment import ModelEnvironment
from tradewind.telemetry.logger import get_logger

#: Seconds of disuse after which pooled sockets are not trusted. A frozen Lambda cannot see that a
#: peer went away: the first write would fail, or wait out the whole read timeout. A new
#: connection costs about 20 ms.
IDLE_LIMIT_S: Final = 60.0


def create_bedrock_client(environment: ModelEnvironment) -> Any:
    """Create a bedrock-runtime client; the endpoint comes from botocore's own settings.

    The client sends each call once. ``bedrock.retry`` is the only layer that repeats one, because
    only it knows how much of the Lambda's time is left.
    """
    session = boto3.Session()
    meter_calls(session)
    client = session.client(
        "bedrock-runtime",
        region_name=environment.model_region,
        config=Config(
            connect_timeout=environment.connect_timeout_s,
            read_timeout=environment.read_timeout_s,
            max_pool_connections=environment.max_connections,
            tcp_keepalive=True,
            retries={"mode": "standard", "total_max_attempts": 1},
            user_agent_extra="tradewind",
        ),
    )
    meter_connections(client)
    client.meta.events.register("after-call.bedrock-runtime", _note_request_id)
    return client


def _note_request_id(parsed: dict[str, Any], **_rest: Any) -> None:
    """Keep Bedrock's id of a call: what AWS support and CloudTrail know it by."""
    meter = current_meter.get()
    request_id = parsed.get("ResponseMetadata", {}).get("RequestId")
    if meter is not None and request_id:
        meter.request_ids.append(request_id)


class ClientPool:
    """Holds one client for a process and knows when its idle connections have gone stale.

    Safe for threads. Disuse is counted in wall-clock time: monotonic clocks stop in a freeze.
    """

    def __init__(self, environment: ModelEnvironment) -> None:
        self._environment = environment
        self._lock = threading.Lock()
        self._client: Any = None
        self._created_at = 0.0
        self._creations = 0
        self._last_used = 0.0

    @property
    def created_at(self) -> float | None:
        """When the client was created, in epoch seconds; None before."""
        return self._created_at or None

    @property
    def creations(self) -> int:
        """Clients created so far: 1 from the first use on."""
        return self._creations

    def get(self) -> Any:
        """Return the client, creating it on first use, with stale sockets dropped."""
        logger = get_logger()
        with self._lock:
            now = time.time()
            if self._client is None:
                logger.info("Creating new Bedrock runtime client")
                self._client = create_bedrock_client(self._environment)
                self._creations += 1
                self._created_at = now
            else:
                age_s = round(now - self._created_at)
                logger.info("Reusing existing Bedrock client", client_age_s=age_s)
                if now - self._last_used > IDLE_LIMIT_S:
                    self._client.close()  # drops idle sockets; the client stays usable
            self._last_used = now
            return self._client

    def close(self) -> None:
        """Drop all idle connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()

    def touch(self) -> None:
        """Note that the client is in use, so that its sockets count as fresh."""
        self._last_used = time.time()


@cache
def get_client_pool() -> ClientPool:
    """Return the process's client pool, set up from the environment.

    Raises:
        ConfigurationError: The environment does not say how to reach the model.
    """
    return ClientPool(ModelEnvironment.from_variables(os.environ))


def get_bedrock_client() -> Any:
    """Return the process's one bedrock-runtime client.

    Raises:
        ConfigurationError: The environment does not say how to reach the model.
    """
    return get_client_pool().get()
