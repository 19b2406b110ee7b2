import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from siting.tests.chain import DEFINITIONS, run_until
from tests.deployed_agents import AGENTS

ROOT = Path(__file__).parents[4]
#: The heavy libraries in each agent's bundle; shapely brings NumPy, and Matplotlib Pillow.
CARRIED = {
    "terrain": {"numpy", "shapely", "pyproj", "resvg_py", "ttf_opensans"},
    "layout": {"numpy", "shapely", "pyproj"},
    "simulation": {"numpy", "matplotlib", "PIL"},
    "report": {"jinja2", "typst", "ttf_opensans"},
}

#: What a cold start must not pay for: the heavy libraries of all agents.
HEAVY = set[str]().union(*CARRIED.values())

#: Runs an agent's example in a process where only its bundle's libraries can be imported.
ALONE = """
import json, pickle, sys

agent, carried, heavy = sys.argv[1], json.loads(sys.argv[2]), set(json.loads(sys.argv[3]))
objects = pickle.load(sys.stdin.buffer)

class NotInBundle:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in heavy - set(carried):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NotInBundle())

from importlib import import_module

import_module(f"agents.{agent}.agent")
at_start = sorted(heavy & set(sys.modules))

from siting.tests import chain

store = chain.MemoryArtifactStore()
store.objects = objects
project, _ = chain.run_example(agent, store)
print(json.dumps({"at_start": at_start, "after": sorted(heavy & set(sys.modules)),
                  "artifacts": len(project.artifacts)}))
"""


@pytest.mark.parametrize("agent", DEFINITIONS)
def test_a_prompt_asks_for_honest_numbers(agent: str) -> None:
    prompt = DEFINITIONS[agent].system_prompt

    assert "Report numbers only from tool results" in prompt
    assert "Units:" in prompt


@pytest.fixture(scope="module")
def whole_project() -> dict[str, bytes]:
    return run_until("report").objects


@pytest.mark.parametrize("agent", DEFINITIONS)
def test_an_agent_runs_on_its_own_bundle(agent: str, whole_project: dict[str, bytes]) -> None:
    readable = tuple(f"{source}/moorkoog/" for source in AGENTS[agent].reads_from)
    objects = {key: body for key, body in whole_project.items() if key.startswith(readable)}

    done = subprocess.run(
        [
            sys.executable,
            *("-W", "error"),
            *("-c", ALONE, agent, json.dumps(sorted(CARRIED[agent])), json.dumps(sorted(HEAVY))),
        ],
        input=pickle.dumps(objects),
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'lambda_src'}"},
    )

    assert done.returncode == 0, done.stderr.decode()
    seen = json.loads(done.stdout)
    # A cold start pays for none of them; the first tool call does.
    assert seen["at_start"] == []
    assert set(seen["after"]) == CARRIED[agent]
    assert seen["artifacts"] >= 1
