"""Clients of the stand-in."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from devtools.localcloud.bedrock import BedrockStandIn, Identity
from devtools.localcloud.tls import TlsFiles
from tests.integration.bedrock_standin.calls import Connect
from tests.integration.callers import REGION


@pytest.fixture(scope="session")
def sdk() -> boto3.Session:
    """One session: it reads the service's model, and that takes long, only once."""
    return boto3.Session(region_name=REGION)


@pytest.fixture
def connect(
    sdk: boto3.Session, standin: BedrockStandIn, tls_files: TlsFiles, caller: Identity
) -> Iterator[Connect]:
    """Open clients with one attempt per call, so that every failure shows."""
    opened = []

    def open_client(
        identity: Identity = caller, endpoint_url: str | None = None, **settings: Any
    ) -> Any:
        settings = {"retries": {"total_max_attempts": 1, "mode": "standard"}, **settings}
        client = sdk.client(
            "bedrock-runtime",
            endpoint_url=endpoint_url or standin.endpoint_url,
            aws_access_key_id=identity.access_key,
            aws_secret_access_key=identity.secret_key,
            aws_session_token=identity.session_token,
            verify=str(tls_files.ca),
            config=Config(**settings),
        )
        opened.append(client)
        return client

    yield open_client
    for client in opened:
        client.close()


@pytest.fixture
def client(connect: Connect) -> Any:
    """A client of the role that may call the profile."""
    return connect()
