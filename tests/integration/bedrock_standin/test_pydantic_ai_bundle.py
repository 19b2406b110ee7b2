"""PydanticAI answers from a bundle: pruned, with cut models, and with nothing else on the path."""

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from devtools.localcloud.bedrock import BedrockStandIn
from stacks.bundling.archive import Archive
from stacks.bundling.bundler import Bundler
from stacks.settings.function import Architecture
from tests.integration.callers import PROFILE
from tradewind.contracts.agent_manifest import AgentManifest

ROOT = Path(__file__).parents[3]
NATIVE: Architecture = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"

AGENT = '''
import asyncio
import sys

bundle, model_id = sys.argv[1:]
sys.path = [bundle, *(path for path in sys.path if path and "site-packages" not in path)]

import aws_lambda_powertools.metrics
import boto3
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.bedrock import BedrockConverseModel, BedrockModelSettings
from pydantic_ai.providers.bedrock import BedrockProvider

import tradewind.handlers.service
import tradewind.run.pydantic_ai_agent

client = boto3.Session().client("bedrock-runtime")
model = BedrockConverseModel(
    model_id,
    provider=BedrockProvider(bedrock_client=client),
    settings=BedrockModelSettings(max_tokens=1000),
)
agent = Agent(model, system_prompt="Call place_turbines.")


@agent.tool_plain
def place_turbines(turbine_count: int) -> dict[str, int]:
    """Place turbines.

    Args:
        turbine_count: How many.
    """
    return {"placed": turbine_count}


class Farm(BaseModel):
    turbine_count: int


async def main() -> None:
    whole = await agent.run("A farm of 12 turbines")
    assert "placed: 12" in whole.output, whole.output
    async with agent.run_stream_events("A farm of 16 turbines") as events:
        streamed = [event async for event in events]
    assert "placed: 16" in streamed[-1].result.output, streamed[-1]
    typed = await Agent(model, output_type=Farm).run("A farm of 20 turbines")
    assert typed.output == Farm(turbine_count=20), typed.output


asyncio.run(main())

from tradewind.run.output import RunOutput

output = RunOutput({"type": "object", "properties": {"a": {"pattern": "^a"}}, "required": ["a"]})
assert output.take({"a": "b"}) and output.take({}) and output.take({"a": "ab"}) is None
outside = [
    name
    for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "")
]
assert not outside, outside
'''


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Of an agent without a line of its own, with what all agents share."""
    root = tmp_path_factory.mktemp("tiny")
    folder = root / "lambda_src" / "agents" / "tiny"
    folder.mkdir(parents=True)
    (folder / "agent.py").touch()
    for shared in ("requirements", "tradewind"):
        shutil.copytree(ROOT / "lambda_src" / shared, root / "lambda_src" / shared)
    tiny = AgentManifest(
        name="tiny", description="Places turbines.", framework="pydantic-ai", packages=()
    )
    return Bundler(root).bundle(tiny, NATIVE, 100)


def test_it_answers_with_nothing_but_its_bundle(
    bundle: Archive, standin: BedrockStandIn, standin_environment: dict[str, str], tmp_path: Path
) -> None:
    """And from its byte code alone."""
    tree = tmp_path / "tree"
    with zipfile.ZipFile(bundle.path) as zipped:
        zipped.extractall(tree)
    for source in tree.rglob("*.py"):
        source.write_text("raise AssertionError('compiled anew')")
    ours = {key: os.environ[key] for key in os.environ if not key.startswith(("AWS_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-S", "-c", AGENT, str(tree), PROFILE],
        env={**ours, **standin_environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert standin.stats().requests == 5


def test_it_carries_no_other_framework(bundle: Archive) -> None:
    with zipfile.ZipFile(bundle.path) as zipped:
        packages = {name.split("/")[0] for name in zipped.namelist()}
    assert {"pydantic_ai", "boto3", "aws_lambda_powertools"} <= packages
    assert not {"strands", "mcp", "numpy"} & packages
