"""Clients that reach a raw runtime, one of each transport for all tests of a module."""

import socket
from collections.abc import Iterator

import botocore.session
import pytest

from tests.integration.agentcore.calls import REGION, Clients
from tradewind.agentcore.sdk import SdkTransport
from tradewind.agentcore.socket import WebSocketTransport
from tradewind.aws.clients import AwsClients


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    """Clients of the runtime that serves at ``listener``."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.delenv("AWS_PROFILE", raising=False)
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        patch.setenv("AWS_ACCESS_KEY_ID", "raw")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "raw")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv(
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE",
            f"http://127.0.0.1:{listener.getsockname()[1]}",
        )
        sdk = SdkTransport(AwsClients(), regions=[REGION])
        yield Clients(listener, sdk, WebSocketTransport(botocore.session.get_session()))
        sdk.close()
