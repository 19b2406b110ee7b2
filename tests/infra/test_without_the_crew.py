"""The first tenant can move out: four folders and its domain deleted, another agent in."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.agent_folders import create
from tests.deployed_agents import AGENTS

SYNTHESIZE = """
import json
from pathlib import Path

import app
from aws_cdk import App
from stacks.bundling.archive import Archive
from stacks.bundling.fixed_bundle import FixedBundle
from stacks.settings.file import load_settings
from tests.deployed_agents import AGENTS

root = Path.cwd()
bundle = root / "bundle.zip"
bundle.write_bytes(b"not a real bundle")
context = json.loads(Path("cdk.json").read_text())["context"]
for environment in ("dev", "local", "prod"):
    cdk = App(outdir=f"out-{environment}", context=context)
    settings = load_settings(environment, root / "config", AGENTS)
    archive = Archive(path=bundle, sha256="0" * 64, packages={})
    app.build(cdk, settings, AGENTS, FixedBundle(archive))
    cdk.synth()
print(*AGENTS)
"""


@pytest.fixture(scope="module")
def emptied(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository without the crew and its domain, and with one small agent of its own."""
    copy = tmp_path_factory.mktemp("emptied") / "tradewind"
    made = ("node_modules", "out", "cdk.out", "__pycache__", ".*")
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(*made))
    (copy / "node_modules").symlink_to(root / "node_modules")
    create(copy / "lambda_src" / "agents", "notes", "strands")
    for agent, manifest in AGENTS.items():
        shutil.rmtree(copy / "lambda_src" / "agents" / agent)
        for package in manifest.packages:
            shutil.rmtree(copy / "lambda_src" / package, ignore_errors=True)
    # With the agent that runs workflows goes what says where they run; likewise on AgentCore.
    config = copy / "config" / "local.yaml"
    named = r"^(workflows|runtimes): .*"
    config.write_text(re.sub(named, r"\1: {}", config.read_text(), flags=re.MULTILINE))
    return copy


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": f"{copy}:{copy / 'lambda_src'}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_app_is_that_of_the_agents_there_are(emptied: Path) -> None:
    done = run(emptied, "-c", SYNTHESIZE)

    assert done.returncode == 0, done.stderr
    assert done.stdout == "notes\n"
    for environment in ("dev", "local", "prod"):
        template = (emptied / f"out-{environment}" / "Agents.template.json").read_text()
        assert f"tradewind-{environment}-notes" in template
        assert not [agent for agent in AGENTS if f"tradewind-{environment}-{agent}" in template]


def test_no_test_of_the_core_needs_them(emptied: Path) -> None:
    """Every test can be collected, and those of what derives from the agents pass."""
    everything = run(emptied, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider")
    assert everything.returncode == 0, everything.stdout[-4000:]

    # These derive from no agents, and take the longest: they need not be run to be seen.
    for file in sorted(emptied.glob("tests/unit/bedrock/*.py")) + sorted(
        emptied.glob("tests/unit/run/*.py")
    ):
        assert not re.search(r"deployed_agents|\b(cli|siting|agents)\.|parents\[", file.read_text())

    folders = ("agents", "contracts", "handlers", "stacks", "telemetry")
    done = run(
        emptied,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_import_direction.py"),
        "tests/unit/cli/test_invoke.py",
        *(f"tests/unit/{folder}" for folder in folders),
    )
    assert done.returncode == 0, done.stdout[-4000:]
