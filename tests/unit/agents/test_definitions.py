import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployed_agents import AGENTS
from tests.unit.agents.chain import DEFINITIONS, run_until

ROOT = Path(__file__).parents[3]
#: The heavy libraries in each agent's bundle; shapely brings NumPy, and Matplotlib Pillow.
CARRIED = {
    "terrain": {"numpy", "shapely", "pyproj", "PIL"},
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

from tests.unit.agents import chain

store = chain.MemoryArtifactStore()
store.objects = objects
project, _ = chain.run_example(agent, store)
print(json.dumps({"at_start": at_start, "after": sorted(heavy & set(sys.modules)),
                  "artifacts": len(project.artifacts)}))
"""


def test_every_agent_has_a_definition() -> None:
    assert set(DEFINITIONS) == set(AGENTS)


@pytest.mark.parametrize("agent", AGENTS)
def test_a_prompt_names_the_tools_and_asks_for_honest_numbers(agent: str) -> None:
    definition = DEFINITIONS[agent]

    for tool in definition.tools:
        assert tool.tool_name in definition.system_prompt
    assert "Report numbers only from tool results" in definition.system_prompt
    assert "Units:" in definition.system_prompt


@pytest.mark.parametrize("agent", AGENTS)
def test_every_argument_is_described_to_the_model(agent: str) -> None:
    for tool in DEFINITIONS[agent].tools:
        assert len(tool.tool_spec["description"]) > 40
        properties = tool.tool_spec["inputSchema"]["json"]["properties"]
        for name, schema in properties.items():
            assert schema["type"] in {"number", "integer", "string"}
            assert schema["description"] != f"Parameter {name}"


@pytest.fixture(scope="module")
def whole_project() -> dict[str, bytes]:
    return run_until("report").objects


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agent_runs_on_its_own_bundle(agent: str, whole_project: dict[str, bytes]) -> None:
    readable = tuple(f"moorkoog/{source}/" for source in AGENTS[agent].reads_from)
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
