"""The client as functions make it, on each transport, for a runtime on this machine."""

import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from unittest.mock import patch

import botocore.session

from bench.agentcore.raw import PAYLOAD
from tradewind.agentcore.answers import RuntimeEvent
from tradewind.agentcore.arn import RuntimeArn
from tradewind.agentcore.calls import RuntimeCall
from tradewind.agentcore.client import AgentCoreClient
from tradewind.agentcore.sdk import SdkTransport
from tradewind.agentcore.session_ids import new_session_id
from tradewind.agentcore.socket import WebSocketTransport
from tradewind.aws.clients import AwsClients

_REGION: Final = "us-east-1"
_RUNTIME: Final = RuntimeArn("aws", _REGION, "111122223333", "raw-AbCdEfGhIj")
#: Longer than any of it takes.
_TIME_S: Final = 600.0


@dataclass(frozen=True)
class Client:
    """A client of one transport.

    Attributes:
        transport: "sdk" or "socket".
        client: It.
    """

    transport: str
    client: AgentCoreClient

    def stream(self) -> AsyncGenerator[RuntimeEvent]:
        """The answer to a call in a session of its own."""
        call = RuntimeCall(_RUNTIME, PAYLOAD, new_session_id(), lambda: _TIME_S)
        return self.client.stream(call)


@contextmanager
def clients(url: str) -> Iterator[tuple[Client, Client]]:
    """Clients of the runtime at ``url``, one of each transport."""
    environment = {
        "PATH": os.defpath,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": url,
    }
    with patch.dict(os.environ, environment, clear=True):
        sdk = SdkTransport(AwsClients(), regions=[_REGION])
        socket = WebSocketTransport(botocore.session.get_session())
        yield Client("sdk", AgentCoreClient(sdk)), Client("socket", AgentCoreClient(socket))
        sdk.close()
