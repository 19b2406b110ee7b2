"""What the functions are compared with: handlers as people write them, without this project."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import uv

from bench.coldstart.start import REGION, Startable
from scripts.environment import for_packages
from stacks.bundling.archive import add_tree
from stacks.bundling.aws_models import cut_aws_models
from stacks.bundling.interpreter import compile_tree, find_interpreter

ROOT: Final = Path(__file__).resolve().parents[2]
#: What others are a multiple of.
BARE: Final = "bare boto3"
#: What the documentation of Strands leads to: it shows a zip without byte code.
DOCUMENTED: Final = "naive Strands, zipped"
_LOCKS: Final = ("core.txt", "strands.txt")

_EMPTY: Final = """\
def handler(event, context):
    return "nothing"
"""
_BOTO3: Final = """\
import boto3

client = boto3.client("bedrock-runtime")


def handler(event, context):
    answer = client.converse(
        modelId="us.anthropic.claude-sonnet-4-6",
        messages=[{"role": "user", "content": [{"text": event["query"]}]}],
        inferenceConfig={"maxTokens": 256},
    )
    return answer["output"]["message"]["content"][0]["text"]
"""
# As https://strandsagents.com has it under "Deploying Strands Agents SDK Agents to AWS Lambda", the
# one difference to the advantage of what is compared: a tool of its own, and not one of the tools'
# package, whose import comes on top.
_STRANDS: Final = """\
from strands import Agent, tool


@tool
def wind_speed(height_m: int) -> float:
    \"\"\"Say how strong the wind is.

    Args:
        height_m: At which height, in metres.
    \"\"\"
    return 8.0


def handler(event, _context):
    agent = Agent(system_prompt="You answer questions about the wind.", tools=[wind_speed])
    return str(agent(event["query"]))
"""


def rivals(scratch: Path) -> Iterator[Startable]:
    """Each of them, with its libraries at the releases that are pinned here.

    Args:
        scratch: Where they are installed.

    Raises:
        subprocess.CalledProcessError: A library cannot be installed.
    """
    yield _function("empty", scratch / "empty", _EMPTY)

    boto3 = _installed(scratch / "boto3", "boto3")
    pruned = scratch / "pruned"
    shutil.copytree(boto3, pruned)
    cut_aws_models(pruned, {"bedrock-runtime": ("Converse",)})
    compile_tree(pruned, find_interpreter())
    compile_tree(boto3, find_interpreter())
    yield _function(BARE, boto3, _BOTO3)
    yield _function("bare boto3, pruned", pruned, _BOTO3)

    strands = _installed(scratch / "strands", "strands-agents", "boto3")
    compiled = scratch / "compiled"
    shutil.copytree(strands, compiled)
    compile_tree(compiled, find_interpreter())
    yield _function("naive Strands, compiled", compiled, _STRANDS)
    yield _function(DOCUMENTED, strands, _STRANDS)


def _function(name: str, code: Path, program: str) -> Startable:
    code.mkdir(exist_ok=True)
    (code / "app.py").write_text(program, encoding="utf-8")
    archive = code.with_suffix(".zip")
    add_tree(archive, code)
    return Startable(
        name=name,
        code=code,
        handler="app.handler",
        variables={"AWS_DEFAULT_REGION": REGION},
        event={"query": "Say in one sentence, without tools, what you can do."},
        is_right=lambda answer: not answer.is_error and len(answer.payload) > len('""'),
        zip_bytes=archive.stat().st_size,
    )


def _installed(folder: Path, *names: str) -> Path:
    """Install these and what they need, nothing compiled; returns the folder."""
    locks = [f"--constraint={ROOT / 'lambda_src' / 'requirements' / lock}" for lock in _LOCKS]
    subprocess.run(
        [
            *(uv.find_uv_bin(), "pip", "install", "--quiet", "--target", str(folder)),
            *("--python", str(find_interpreter().path), "--only-binary", ":all:"),
            *locks,
            *names,
        ],
        env=for_packages(),
        check=True,
    )
    return folder
