"""What is true of any agent of this checkout, whoever it belongs to.

What it tells the model of its tools is in ``test_first_call``.
"""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stacks.bundling.requirements import requirements_of
from tests.deployed_agents import AGENTS, FOLDER
from tradewind.contracts.agent_manifest import REQUEST_FILE
from tradewind.contracts.request import parse_request

ROOT = Path(__file__).parents[3]
each_agent = pytest.mark.parametrize("agent", AGENTS)

#: Imports an agent where nothing can be imported but what its bundle holds.
ALONE = """
import json, sys

agent, others = sys.argv[1], set(json.loads(sys.argv[2]))

class NotInBundle:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in others:
            raise ModuleNotFoundError(f"{name} is not in the bundle of {agent}")

sys.meta_path.insert(0, NotInBundle())

from importlib import import_module

assert import_module(f"agents.{agent}.agent").DEFINITION
"""


def example(agent: str) -> dict[str, Any]:
    request: dict[str, Any] = json.loads((FOLDER / agent / REQUEST_FILE).read_text())
    return request


def modules_of(agent: str) -> set[str]:
    """The top-level modules of what an agent's bundle is installed from."""
    locks = requirements_of(FOLDER / agent, AGENTS[agent].framework)
    locked = {
        canonicalize_name(Requirement(line.partition("\\")[0].strip()).name)
        for lock in locks
        for line in lock.read_text().splitlines()
        if "==" in line and not line.lstrip().startswith(("#", "--"))
    }
    return {
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if locked & {canonicalize_name(owner) for owner in owners}
    }


@each_agent
def test_the_example_is_a_request_that_the_agent_takes(agent: str) -> None:
    request = parse_request(example(agent), agent)

    assert request.agent == agent
    # A project is made by the first agent, and never by an example.
    assert request.project_id is None


@each_agent
def test_an_agent_is_ready_with_the_libraries_of_its_own_bundle(agent: str) -> None:
    installed = set(importlib.metadata.packages_distributions())

    done = subprocess.run(
        [
            *(sys.executable, "-W", "error"),
            *("-c", ALONE, agent, json.dumps(sorted(installed - modules_of(agent)))),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "lambda_src")},
    )

    assert done.returncode == 0, done.stderr


@each_agent
def test_an_agent_imports_no_other(agent: str) -> None:
    """What agents share is a package beside them, or an artifact."""
    for module in (FOLDER / agent).rglob("*.py"):
        imported = set(re.findall(r"^\s*(?:from|import) agents\.(\w+)", module.read_text(), re.M))
        assert imported <= {agent}, module
