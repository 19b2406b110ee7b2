"""Workflows as they are deployed: in one function, past one, and the same on the laptop."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli.cdk import LOCAL_ENV, PROJECT
from cli.workflow.durable_runs import DurableRuns, RunSeen
from devtools.localcloud.lifecycle import DURABLE_LAMBDA_RUNTIME
from stacks.names import function_name, live_function
from tests.e2e.conftest import Deployment, client, eventually, manifest_of
from tests.e2e.front_door import operator_of
from tradewind.contracts.names import DURABLE
from tradewind.workflow.engine.calls import AgentCall
from tradewind.workflow.engine.prepared import ready_agent
from tradewind.workflow.spec.loader import load
from tradewind.workflow_agents.call_json import call_to_json, reply_from_json

AGENT = "workflows"
EXAMPLES = PROJECT / "examples" / "workflows"
PLACE = {"latitude": 54.7365, "longitude": 8.972}
CREW = ("terrain", "layout", "simulation", "report")
#: By agents that its file declares: what they use is the run's.
INLINE = "wind-farm"
#: The pipeline by those, and by the project's own.
PIPELINES = {INLINE: PLACE, "wind-farm-crew": {**PLACE, "turbines": 5}}
_GIVE_UP_S = 300.0

past_one_lambda = pytest.mark.skipif(
    not (DURABLE_LAMBDA_RUNTIME / "python").exists(),
    reason="no Python 3.13 on this machine, which durable functions run on",
)


@dataclass(frozen=True)
class Outcome:
    """What a run of a workflow comes to, wherever it runs.

    Attributes:
        text: Its result.
        artifacts: Their texts by their paths.
    """

    text: str
    artifacts: dict[str, str]


@dataclass(frozen=True)
class InOneLambda:
    """A run over the API.

    Attributes:
        outcome: What came of it.
        project: The project that it worked on.
        tokens: What it used itself; agents that are asked by name have accounts of their own.
        cost_usd: What that costs.
        asked: The requests to models meanwhile, by who asked.
    """

    outcome: Outcome
    project: str
    tokens: int
    cost_usd: float
    asked: dict[str, int]


def ended(deployment: Deployment, name: str, **parameters: Any) -> dict[str, Any]:
    """The invocation of a workflow over the API."""
    caller = operator_of(deployment)
    asked = caller.ask(AGENT, name, parameters=parameters)
    assert asked.status in {200, 202}, asked
    invocation = caller.end_of(asked.document["id"], _GIVE_UP_S)
    assert invocation["state"] == "succeeded", invocation
    return invocation


def requests_of(deployment: Deployment) -> dict[str, int]:
    roles = deployment.bedrock.stats().roles
    return {role: counts.requests for role, counts in roles.items()}


@pytest.fixture(scope="module")
def in_one_lambda(deployment: Deployment) -> Callable[[str], InOneLambda]:
    """Runs a pipeline over the API, each once."""

    @cache
    def run(name: str) -> InOneLambda:
        before = requests_of(deployment)
        invocation = ended(deployment, name, **PIPELINES[name])
        after = requests_of(deployment)
        result, usage = invocation["result"], invocation["usage"]
        bucket = deployment.outputs["ArtifactsBucketName"]
        texts = {}
        for artifact in result["artifacts"]:
            stored = client("s3").get_object(Bucket=bucket, Key=artifact["key"])
            texts[artifact["name"]] = stored["Body"].read().decode()
        assert texts, "each pipeline leaves a file"
        return InOneLambda(
            Outcome(result["response"], texts),
            invocation["project_id"],
            usage["input_tokens"] + usage["output_tokens"],
            usage["cost_usd"],
            {role: number - before.get(role, 0) for role, number in after.items()},
        )

    return run


def typed(deployment: Deployment, *words: str) -> dict[str, Any]:
    """What a command says that somebody types beside the deployment; it succeeds."""
    done = subprocess.run(
        [str(PROJECT / "tradewind"), *words, "--json"],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "TRADEWIND_HOME": str(deployment.home),
            "XDG_DATA_HOME": str(deployment.home / "data"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def inputs(name: str) -> list[str]:
    return [word for key, value in PIPELINES[name].items() for word in ("--var", f"{key}={value}")]


def written(folder: Path) -> dict[str, str]:
    files = filter(Path.is_file, folder.rglob("*"))
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in files}


@pytest.mark.parametrize("name", PIPELINES)
def test_the_pipeline_has_the_same_result_on_the_laptop(
    name: str,
    deployment: Deployment,
    in_one_lambda: Callable[[str], InOneLambda],
    tmp_path: Path,
) -> None:
    there = in_one_lambda(name)
    here = typed(
        deployment, "run", str(EXAMPLES / f"{name}.yaml"), *inputs(name), "--out", str(tmp_path)
    )
    assert Outcome(here["result"], written(tmp_path)) == there.outcome
    if name == INLINE:
        assert here["spent"]["tokens"] == there.tokens
        assert here["spent"]["dollars"] == pytest.approx(there.cost_usd)


@past_one_lambda
@pytest.mark.parametrize("name", PIPELINES)
def test_the_pipeline_has_the_same_result_past_one_lambda(
    name: str,
    deployment: Deployment,
    in_one_lambda: Callable[[str], InOneLambda],
    tmp_path: Path,
) -> None:
    there = in_one_lambda(name)
    run_id = f"three-places-{name}"
    started = typed(
        deployment,
        *("durable", "start", str(EXAMPLES / f"{name}.yaml"), *inputs(name), "--run", run_id),
    )
    assert started == {"run": run_id}
    runs = DurableRuns(client("lambda"), live_function(LOCAL_ENV, DURABLE))

    def over() -> RunSeen | None:
        seen = runs.see(run_id)
        return seen if seen.status != "RUNNING" else None

    seen = eventually(over, _GIVE_UP_S)
    assert seen.status == "SUCCEEDED", seen
    # Each once: neither a kept answer nor a second attempt.
    assert all(call.endswith(" #1") for call in seen.done), seen.done
    assert seen.left is not None
    assert len(seen.done) == len(set(seen.done)) == seen.left.spent.steps
    # What its alarm reads.
    errors = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}
    one = [{"Name": "FunctionName", "Value": function_name(LOCAL_ENV, DURABLE)}]
    assert client("cloudwatch").list_metrics(**errors, Dimensions=one)["Metrics"]
    left = typed(deployment, "durable", "show", run_id, "--out", str(tmp_path))["result"]
    assert Outcome(left["text"], written(tmp_path)) == there.outcome
    if name == INLINE:
        assert left["spent"]["tokens"] == there.tokens
        assert left["spent"]["dollars"] == pytest.approx(there.cost_usd)


def test_the_crew_plans_a_farm_by_name(
    deployment: Deployment, in_one_lambda: Callable[[str], InOneLambda]
) -> None:
    there = in_one_lambda("wind-farm-crew")
    for agent in CREW:
        assert manifest_of(deployment, there.project, agent)
    assert "nutshell.md" in manifest_of(deployment, there.project, AGENT)
    for agent in (*CREW, "assistant"):
        assert there.asked[deployment.role(agent)] > 0
    assert there.asked.get(deployment.role(AGENT), 0) == 0


def test_warm_requests_stay_on_one_connection(deployment: Deployment) -> None:
    role = deployment.role(AGENT)
    before = deployment.bedrock.stats().roles[role]
    for _ in range(5):
        answer = deployment.ask(AGENT).answer
        assert answer["success"], answer["error"]
        assert answer["performance"]["coldStart"] is False
    after = deployment.bedrock.stats().roles[role]
    assert (after.connections, after.requests - before.requests) == (before.connections, 10)


def test_one_call_of_a_run_that_is_elsewhere(deployment: Deployment) -> None:
    loaded = load(EXAMPLES / "chain-brief.yaml")
    assert loaded.spec is not None
    ready = ready_agent(loaded.spec, loaded.spec.agents["editor"])
    call = AgentCall("steps/1", "editor", ready.model, "You find headlines.", "Headline?", ())
    event = call_to_json(call, workflow="chain-brief", sha256=loaded.sha256, run_id="run-1")

    def answer(event: dict[str, Any]) -> dict[str, Any]:
        reply = deployment.functions.invoke(
            FunctionName=deployment.arn(AGENT), Payload=json.dumps(event).encode()
        )
        document: dict[str, Any] = json.loads(reply["Payload"].read())
        assert "FunctionError" not in reply, document
        return document

    assert reply_from_json(answer(event)).text
    event["workflow_call"]["sha256"] = "0" * 64
    assert answer(event)["workflow_error"]["kind"] == "changed"


def test_what_does_not_fit_is_refused_by_the_deployed_function(deployment: Deployment) -> None:
    asked = operator_of(deployment).ask(AGENT, "wind-farm", parameters={"latitude": "north"})
    assert (asked.status, asked.document["code"]) == (400, "INVALID_REQUEST")
    for told in ("latitude must be: number", "longitude is missing"):
        assert told in asked.document["detail"]
