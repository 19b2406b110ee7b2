"""One stand-in, one table and the doors for all cells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, Identity, StaticAuthorizer, scripted
from devtools.localcloud.bedrock.conversation import Conversation
from devtools.localcloud.bedrock.reply import Reply, ToolUseBlock
from devtools.localcloud.tls import TlsFiles
from tests.dynamodb import LoopbackDynamoDB
from tests.integration.callers import ACCOUNT, REGION
from tests.integration.faults.doors import Doors, streams
from tradewind.strands_bedrock import ClientBedrockModel


@dataclass
class Script:
    """What the stand-in's model does, and when a fault begins.

    Attributes:
        standin: The stand-in.
        waiting: Injected when the model has called a tool: the next call meets it.
        tools_called: How often the model has called one.
    """

    standin: BedrockStandIn
    waiting: list[Fault] = field(default_factory=list)
    tools_called: int = 0

    def begin(self) -> None:
        """Forget what was before."""
        self.standin.clear_faults()
        self.standin.reset()
        self.waiting.clear()
        self.tools_called = 0

    def note(self, reply: Reply) -> None:
        """Note an answer of the model's."""
        calls = sum(isinstance(block, ToolUseBlock) for block in reply.blocks)
        self.tools_called += calls
        if calls:
            self.standin.inject(*self.waiting)
            self.waiting.clear()


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    """Changes that last for a module."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def script(tls_files: TlsFiles, caller: Identity, patch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A stand-in whose faults begin when they should."""
    with BedrockStandIn(
        authorizer=StaticAuthorizer([caller]), tls=tls_files, region=REGION, account=ACCOUNT
    ) as standin:
        script = Script(standin)
        answer = scripted.answer

        def noted(conversation: Conversation) -> Reply:
            reply = answer(conversation)
            script.note(reply)
            return reply

        patch.setattr(scripted, "answer", noted)
        yield script


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workflows are, and no settings of anybody's."""
    return tmp_path_factory.mktemp("workflows")


@pytest.fixture(scope="module")
def surroundings(
    script: Script,
    tls_files: TlsFiles,
    caller: Identity,
    shared_dynamodb: LoopbackDynamoDB,
    folder: Path,
) -> Mapping[str, str]:
    """The environment in which AWS's clients reach what is here."""
    return {
        "AWS_ACCESS_KEY_ID": caller.access_key,
        "AWS_SECRET_ACCESS_KEY": caller.secret_key,
        "AWS_SESSION_TOKEN": caller.session_token or "",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": script.standin.endpoint_url,
        "AWS_ENDPOINT_URL_DYNAMODB": shared_dynamodb.url,
        "AWS_CA_BUNDLE": str(tls_files.ca),
        "AWS_CONFIG_FILE": str(folder / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="module")
def doors(
    script: Script,
    surroundings: Mapping[str, str],
    shared_dynamodb: LoopbackDynamoDB,
    folder: Path,
    patch: pytest.MonkeyPatch,
) -> Iterator[Doors]:
    """The doors, with pauses of a test's length."""
    for name, value in surroundings.items():
        patch.setenv(name, value)
    patch.setattr("tradewind.bedrock.retry.BASE_PAUSE_S", 0.01)
    patch.setattr("tradewind.workflow_agents.models.process_clients", lambda: None)
    _stream_where_asked(patch)
    doors = Doors(script.standin, shared_dynamodb, folder, patch)
    yield doors
    doors.close()


def _stream_where_asked(patch: pytest.MonkeyPatch) -> None:
    make = ClientBedrockModel.__init__

    def made(self: ClientBedrockModel, client: object, **model_config: object) -> None:
        make(self, client, streaming=streams(client), **model_config)

    patch.setattr(ClientBedrockModel, "__init__", made)


def lasting(fault: Fault) -> Fault:
    """The fault, met by every call."""
    return replace(fault, count=None)
