"""Workflows past one Lambda in real processes: the deployed bundle, and kill -9."""

import json
import os
import platform
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.workflow.durable_runs import DurableRuns, RunSeen
from stacks.bundling.bundler import Bundler
from stacks.settings.function import Architecture
from stacks.workflows import DURABLE_BUDGET_MB
from tests.integration.localcloud.conftest import Client, Deploy, package, role
from tests.integration.localcloud.test_durable import (
    PYTHON,
    allow,
    durable_role,
    function,
    functions_called,
    the_one_that_hangs,
    until_given_up,
)
from tests.virtual_time import run_virtually
from tradewind.contracts.names import DURABLE, DURABLE_HANDLER
from tradewind.durable.documents import Start
from tradewind.workflow.engine.calls import AgentCall
from tradewind.workflow.engine.execute import execute
from tradewind.workflow.engine.memory_agents import MemoryAgents
from tradewind.workflow.spec.loader import Loaded, load

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="no Python 3.13 on this machine, which durable functions run on"
)

ROOT = Path(__file__).parents[3]
NATIVE: Architecture = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
RUNS_WORKFLOWS, ANSWERS = "durable-workflows", "durable-workflows-called"
OPINIONS = {"question": "Why?"}
GATED = {"topic": "wakes"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def runs(
    client: Client,
    deploy: Deploy,
    upload: Callable[[str, bytes], dict[str, str]],
    folder: Path,
) -> DurableRuns:
    bundle = Bundler(ROOT).core_bundle(DURABLE, NATIVE, DURABLE_BUDGET_MB)
    source = Path(__file__).parent / "function" / "called.py"
    called = package(**{source.name: source.read_text()})
    resources = {
        "Role": durable_role(allow("lambda:InvokeFunction", functions_called(f"{ANSWERS}:*"))),
        "Powerless": role(),
        "Main": function(
            upload("durable-workflows.zip", bundle.path.read_bytes()),
            FunctionName=RUNS_WORKFLOWS,
            Handler=DURABLE_HANDLER,
            Environment={
                "Variables": {
                    "TRADEWIND_DURABLE_WORKFLOWS": "parallel-opinions,evaluator-gated",
                    "TRADEWIND_WORKFLOW_FUNCTION": f"{ANSWERS}:$LATEST",
                    "TRADEWIND_AGENT_FUNCTIONS": "{}",
                }
            },
        ),
        "Called": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": ANSWERS,
                "Runtime": "python3.12",
                "Handler": "called.handler",
                "Timeout": 60,
                "Role": {"Fn::GetAtt": ["Powerless", "Arn"]},
                "Code": upload("durable-workflows-called.zip", called),
                "Environment": {"Variables": {"FOLDER": str(folder), "CALLER": RUNS_WORKFLOWS}},
            },
        },
    }
    deploy("durable-workflows", resources)
    return DurableRuns(client("lambda"), f"{RUNS_WORKFLOWS}:$LATEST")


def start(runs: DurableRuns, folder: Path, run_id: str, name: str, inputs: Any) -> Path:
    """Start a run; gives its folder."""
    own = folder / run_id
    own.mkdir(exist_ok=True)
    runs.start(Start(name, loaded(name, inputs).sha256, run_id, inputs))
    return own


def loaded(name: str, inputs: Any) -> Loaded:
    return load(ROOT / "examples" / "workflows" / f"{name}.yaml", inputs)


def ended(runs: DurableRuns, run_id: str) -> RunSeen:
    for _ in until_given_up():
        seen = runs.see(run_id)
        if seen.status != "RUNNING":
            return seen
    raise TimeoutError(run_id)


def as_on_this_machine(name: str, inputs: Any) -> str:
    """The result of the same workflow, with agents that say the same, in this process."""

    def say(call: AgentCall) -> str:
        return f"{call.agent}({call.input})"

    found = loaded(name, inputs)
    assert found.spec is not None
    agents = MemoryAgents(dict.fromkeys(found.spec.agents, say))
    return run_virtually(execute(found.spec, agents, found.values)).text


def calls(own: Path) -> list[str]:
    return sorted((own / "calls").read_text().splitlines())


ALL_CALLS = [
    "branches/ecology/0 #1",
    "branches/economics/0 #1",
    "branches/economics/1 #1",
    "branches/engineering/0 #1",
    "reduce #1",
]


def test_a_run_ends_as_on_this_machine(runs: DurableRuns, folder: Path) -> None:
    own = start(runs, folder, "calm", "parallel-opinions", OPINIONS)

    seen = ended(runs, "calm")

    assert seen.left is not None, seen
    assert seen.left.text == as_on_this_machine("parallel-opinions", OPINIONS)
    assert calls(own) == ALL_CALLS
    assert sorted(name.partition(" ")[0] for name in seen.done) == [
        call.partition(" ")[0] for call in ALL_CALLS
    ]


def test_an_agents_function_is_killed_in_the_middle_of_its_work(
    runs: DurableRuns, folder: Path
) -> None:
    key = "branches/economics/0"
    (folder / "killed").mkdir()
    (folder / "killed" / "hang").write_text(key)
    own = start(runs, folder, "killed", "parallel-opinions", OPINIONS)
    os.kill(the_one_that_hangs(own), signal.SIGKILL)

    seen = ended(runs, "killed")

    assert seen.left is not None, seen
    assert seen.left.text == as_on_this_machine("parallel-opinions", OPINIONS)
    # That call was made once more, and no other.
    assert calls(own) == sorted([*ALL_CALLS, f"{key} #2"])


def test_the_durable_function_is_killed_call_after_call(runs: DurableRuns, folder: Path) -> None:
    """At four of the five: one failure more in a row would end it, as on AWS."""
    (folder / "hunted").mkdir()
    (folder / "hunted" / "kill-callers").touch()
    own = start(runs, folder, "hunted", "parallel-opinions", OPINIONS)

    seen = ended(runs, "hunted")

    assert seen.left is not None, seen
    assert seen.left.text == as_on_this_machine("parallel-opinions", OPINIONS)
    assert (own / "killed").read_text()
    # Wherever in its work it was: no call was made twice.
    assert calls(own) == ALL_CALLS


def test_a_person_is_asked_and_the_process_killed_meanwhile(
    runs: DurableRuns, folder: Path, client: Client
) -> None:
    own = start(runs, folder, "asks", "evaluator-gated", GATED)
    for _ in until_given_up():
        seen = runs.see("asks")
        if seen.question is not None:
            break
    assert seen.exit_status == 19
    assert seen.question is not None
    assert seen.question.pause.prompt == "Draft 1 got 50. Revise it, or stop?"
    answer = client("lambda").invoke(FunctionName=ANSWERS, Payload=b'{"hunt": true}')
    assert json.load(answer["Payload"]) >= 1

    runs.answer("asks", "stop", time.time())

    done = ended(runs, "asks")
    assert done.left is not None, done
    assert done.left.text == "author(You write a paragraph about wakes.)"
    assert calls(own) == ["drafts/1 #1", "evaluations/1/0 #1"]


def test_another_file_than_it_was_started_with(runs: DurableRuns, folder: Path) -> None:
    runs.start(Start("parallel-opinions", "0" * 64, "changed", OPINIONS))
    seen = ended(runs, "changed")
    assert seen.exit_status == 3
    assert "is not the one that the run was started with" in json.dumps(seen.as_data())
