"""The function that runs workflows past one Lambda, as it is bundled, deployed and killed."""

import json
import os
import platform
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.workflow.durable_runs import DurableRuns, RunSeen
from devtools.localcloud import Running
from devtools.localcloud.lifecycle import DURABLE_LAMBDA_RUNTIME, PROJECT
from stacks.bundling.bundler import Bundler
from stacks.settings.function import Architecture
from stacks.workflows import DURABLE_BUDGET_MB
from tests.integration.localcloud.conftest import Client, Deploy, package, role
from tradewind.contracts.names import DURABLE, DURABLE_HANDLER, DurableEnvVar, EnvVar
from tradewind.durable.documents import Start
from tradewind.workflow.spec.loader import load

pytestmark = pytest.mark.skipif(
    not (DURABLE_LAMBDA_RUNTIME / "python").exists(),
    reason="no Python 3.13 on this machine, which durable functions run on",
)

WORKFLOW = PROJECT / "examples" / "workflows" / "graph-triage.yaml"
FAULT = {"fault": "the blade hums"}
#: Answers calls of agents that a file declares, each with its own key.
AGENTS = """
def handler(event, context):
    key = event["workflow_call"]["key"]
    return {"workflow_reply": {"text": "unclear" if "sort" in key else f"answered {key}"}}
"""
_GIVE_UP_S = 60.0


@pytest.fixture(scope="module")
def runs(client: Client, deploy: Deploy, upload: Callable[[str, bytes], dict[str, str]]) -> Any:
    """Where runs are started and seen, as the command line does both."""
    architecture: Architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    bundle = Bundler(PROJECT).core_bundle(DURABLE, architecture, DURABLE_BUDGET_MB)
    agents = {"Fn::GetAtt": ["Agents", "Arn"]}
    own = ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"]
    every = "arn:aws:lambda:*:*:function"
    rights: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": own, "Resource": f"{every}:past-one-lambda:*"},
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{every}:answering:*"},
    ]

    def function(name: str, code: dict[str, str], **properties: Any) -> dict[str, Any]:
        shared = {"FunctionName": name, "Code": code, "Role": {"Fn::GetAtt": ["Role", "Arn"]}}
        return {"Type": "AWS::Lambda::Function", "Properties": {**shared, **properties}}

    deploy(
        "workflows-durable",
        {
            "Role": role(*rights),
            "Agents": function(
                "answering",
                upload("asked.zip", package(**{"app.py": AGENTS})),
                Runtime="python3.12",
                Handler="app.handler",
            ),
            "Durable": function(
                "past-one-lambda",
                upload("durable-workflows.zip", bundle.path.read_bytes()),
                Runtime="python3.13",
                Architectures=[architecture],
                Handler=DURABLE_HANDLER,
                MemorySize=512,
                Timeout=60,
                DurableConfig={"ExecutionTimeout": 86_400},
                Environment={
                    "Variables": {
                        EnvVar.ENVIRONMENT: "local",
                        DurableEnvVar.WORKFLOWS: WORKFLOW.stem,
                        DurableEnvVar.WORKFLOW_FUNCTION: agents,
                        DurableEnvVar.AGENT_FUNCTIONS: "{}",
                    }
                },
            ),
        },
    )
    return DurableRuns(client("lambda"), "past-one-lambda:$LATEST")


def sandboxes(server: int) -> Iterator[int]:
    """The processes of the durable function."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == server and DURABLE_HANDLER.encode() in words:
            yield int(folder.name)


def seen_when(runs: DurableRuns, run_id: str, done: Callable[[RunSeen], bool]) -> RunSeen:
    give_up = time.monotonic() + _GIVE_UP_S
    while True:
        seen: RunSeen = runs.see(run_id)
        if done(seen):
            return seen
        assert time.monotonic() < give_up, seen
        time.sleep(0.1)


def test_a_run_outlives_its_process_while_a_person_thinks(
    runs: DurableRuns, client: Client, cloud: Running
) -> None:
    loaded = load(WORKFLOW, FAULT)
    start = Start(WORKFLOW.stem, loaded.sha256, "killed-while-it-waits", FAULT)
    runs.start(start)
    runs.start(start)  # the same run
    seen = seen_when(runs, start.run_id, lambda run: run.question is not None)
    assert seen.question is not None
    assert seen.question.pause.prompt == "Is it critical?"
    killed = list(sandboxes(cloud.pid))
    assert killed
    for process in killed:
        os.kill(process, signal.SIGKILL)
    runs.answer(start.run_id, "no", time.time())
    seen = seen_when(runs, start.run_id, lambda run: run.status != "RUNNING")
    assert seen.status == "SUCCEEDED", seen
    assert seen.left is not None
    assert seen.left.text == "answered nodes/close/1"
    assert seen.done == ["nodes/sort/1 #1", "nodes/note/1 #1", "nodes/close/1 #1"], "each once"
    assert not set(killed) & set(sandboxes(cloud.pid))


def test_a_file_that_is_another_by_now_is_not_run(runs: DurableRuns) -> None:
    runs.start(Start(WORKFLOW.stem, "0" * 64, "of-another-file", FAULT))
    seen = seen_when(runs, "of-another-file", lambda run: run.status != "RUNNING")
    assert (seen.status, seen.done) == ("FAILED", [])
    assert json.dumps(seen.as_data()).count("\\n") == 0
