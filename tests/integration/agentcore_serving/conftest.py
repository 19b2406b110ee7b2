"""An agent's real bundle, unpacked, and what its process needs around it."""

import platform
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Identity, StaticAuthorizer
from devtools.localcloud.tls import TlsFiles
from stacks.bundling.bundler import Bundler
from stacks.settings.function import Architecture
from tests.agent_environment import AGENT_VARIABLES
from tests.agentcore_process import ServedProcess
from tests.dynamodb import LoopbackDynamoDB
from tests.integration.agentcore_serving.bucket import Bucket, running_bucket
from tests.integration.callers import ACCOUNT, PROFILE, REGION
from tradewind.contracts.agent_manifest import MANIFEST_FILE, read_manifest

ROOT = Path(__file__).parents[3]
NATIVE: Architecture = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
AGENT = "placer"
#: In every query; in no log.
WORDS = "a secret of the caller"

MANIFEST = """
description = "Places turbines, and leaves a file that says how many."
framework = "pydantic-ai"
agentcore = "{protocol}"
"""
AGENT_CODE = '''
from pydantic_ai import RunContext

from tradewind.run.project import Project
from tradewind.run.pydantic_ai_agent import PydanticAIAgent
from tradewind.run.tools import save_json


def place_turbines(ctx: RunContext[Project], turbine_count: int) -> dict[str, int]:
    """Place turbines.

    Args:
        turbine_count: How many.
    """
    save_json(ctx.deps, "turbines.json", {"placed": turbine_count})
    return {"placed": turbine_count}


DEFINITION = PydanticAIAgent("Call place_turbines.", tools=[place_turbines])
'''


def _unpacked(tree: Path, protocol: str) -> Path:
    """The same bundle by another protocol's name: the one of A2A has what HTTP needs, too."""
    (tree / "agents" / AGENT / MANIFEST_FILE).write_text(MANIFEST.format(protocol=protocol))
    return tree


@pytest.fixture(scope="session")
def agentcore_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of an agent that is on AgentCore."""
    root = tmp_path_factory.mktemp("served")
    folder = root / "lambda_src" / "agents" / AGENT
    folder.mkdir(parents=True)
    (folder / "agent.py").write_text(AGENT_CODE)
    (folder / "__init__.py").touch()
    (folder.parent / "__init__.py").touch()
    (folder / MANIFEST_FILE).write_text(MANIFEST.format(protocol="a2a"))
    for shared in ("requirements", "tradewind"):
        shutil.copytree(ROOT / "lambda_src" / shared, root / "lambda_src" / shared)
    shutil.copy(ROOT / "lambda_src" / "agentcore_main.py", root / "lambda_src")
    return Bundler(root).bundle(read_manifest(folder), NATIVE, 150).path


@pytest.fixture(scope="session")
def http_bundle(agentcore_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It, unpacked, to be asked over HTTP."""
    return _unpack(agentcore_archive, tmp_path_factory.mktemp("http"), "http")


@pytest.fixture(scope="session")
def a2a_bundle(agentcore_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It, unpacked, to be asked over A2A."""
    return _unpack(agentcore_archive, tmp_path_factory.mktemp("a2a"), "a2a")


def _unpack(archive: Path, tree: Path, protocol: str) -> Path:
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(tree)
    return _unpacked(tree, protocol)


@pytest.fixture(scope="session")
def bucket() -> Iterator[Bucket]:
    """Where the process leaves its files."""
    with running_bucket() as running:
        yield running


@pytest.fixture(scope="session")
def served_standin(tls_files: TlsFiles, caller: Identity) -> Iterator[BedrockStandIn]:
    """The model of the processes here, of which most serve several tests."""
    with BedrockStandIn(
        authorizer=StaticAuthorizer([caller]), tls=tls_files, region=REGION, account=ACCOUNT
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_fault_is_left(served_standin: BedrockStandIn) -> Iterator[None]:
    """A caller may go before the model is asked: the fault would be the next test's."""
    yield
    served_standin.clear_faults()


@pytest.fixture(scope="session")
def agent_variables(
    served_standin: BedrockStandIn,
    tls_files: TlsFiles,
    caller: Identity,
    shared_dynamodb: LoopbackDynamoDB,
    bucket: Bucket,
) -> dict[str, str]:
    """The environment of an agent's process, as on Lambda."""
    return {
        **AGENT_VARIABLES,
        "TRADEWIND_AGENT": AGENT,
        "BEDROCK_MODEL_ID": PROFILE,
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "AWS_ACCESS_KEY_ID": caller.access_key,
        "AWS_SECRET_ACCESS_KEY": caller.secret_key,
        "AWS_SESSION_TOKEN": caller.session_token or "",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": served_standin.endpoint_url,
        "AWS_ENDPOINT_URL_DYNAMODB": shared_dynamodb.url,
        "AWS_ENDPOINT_URL_S3": bucket.url,
        "AWS_CA_BUNDLE": str(tls_files.ca),
        "RECORDS_TABLE": shared_dynamodb.create_table("served-records"),
        "SESSIONS_TABLE": shared_dynamodb.create_sessions_table("served-sessions"),
        "BUDGETS_TABLE": shared_dynamodb.create_budgets_table("served-budgets"),
    }


@pytest.fixture(scope="session")
def served_variables(agent_variables: dict[str, str]) -> dict[str, str]:
    """And as AgentCore Runtime gives it."""
    return {**agent_variables, "TRADEWIND_TIME_LIMIT_S": "600"}


@contextmanager
def wordless(folder: Path, variables: dict[str, str]) -> Iterator[ServedProcess]:
    """A process for several tests, which ends well, and has said no word of theirs."""
    with ServedProcess(folder, variables) as running:
        yield running
        assert running.end() == 0
        assert WORDS not in "\n".join(running.printed)


@pytest.fixture(scope="session")
def http_process(http_bundle: Path, served_variables: dict[str, str]) -> Iterator[ServedProcess]:
    """The agent over HTTP."""
    with wordless(http_bundle, served_variables) as running:
        yield running


@pytest.fixture(scope="session")
def a2a_process(a2a_bundle: Path, served_variables: dict[str, str]) -> Iterator[ServedProcess]:
    """The agent over A2A."""
    with wordless(a2a_bundle, served_variables) as running:
        yield running
