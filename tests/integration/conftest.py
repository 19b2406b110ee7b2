"""A Bedrock stand-in on loopback for every integration test that talks to a model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Identity, StaticAuthorizer
from devtools.localcloud.tls import TlsFiles, make_tls_files
from tests.dynamodb import LoopbackDynamoDB, running_dynamodb
from tests.integration.callers import ACCOUNT, REGION, make_identity


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """A certificate for 127.0.0.1 and the authority to trust."""
    return make_tls_files(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def caller() -> Identity:
    """The role that may call ``us.anthropic.claude-sonnet-4-6`` from us-east-1."""
    return make_identity("agent")


@pytest.fixture
def standin(tls_files: TlsFiles, caller: Identity) -> Iterator[BedrockStandIn]:
    """A running stand-in that knows ``caller`` and records prompts."""
    with BedrockStandIn(
        authorizer=StaticAuthorizer([caller]),
        tls=tls_files,
        region=REGION,
        account=ACCOUNT,
        record_prompts=True,
    ) as running:
        yield running


@pytest.fixture
def standin_environment(
    standin: BedrockStandIn, tls_files: TlsFiles, caller: Identity, tmp_path: Path
) -> dict[str, str]:
    """The environment in which an SDK client reaches the stand-in as ``caller``."""
    return {
        "AWS_ACCESS_KEY_ID": caller.access_key,
        "AWS_SECRET_ACCESS_KEY": caller.secret_key,
        "AWS_SESSION_TOKEN": caller.session_token or "",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": standin.endpoint_url,
        "AWS_CA_BUNDLE": str(tls_files.ca),
        # A developer's own files must not reach into the tests.
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="session")
def shared_dynamodb() -> Iterator[LoopbackDynamoDB]:
    """One server for the session."""
    with running_dynamodb() as database:
        yield database


@pytest.fixture
def dynamodb(shared_dynamodb: LoopbackDynamoDB) -> LoopbackDynamoDB:
    """A DynamoDB that fails on demand, and not yet."""
    shared_dynamodb.heal()
    return shared_dynamodb
