"""Workflows in one deployed function: over the API, by the project's agents, and one call alone."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Deployment, client, manifest_of
from tests.e2e.front_door import operator_of
from tradewind.workflow.engine.calls import AgentCall
from tradewind.workflow.engine.execute import Result, execute
from tradewind.workflow.engine.prepared import ready_agent
from tradewind.workflow.spec.loader import load
from tradewind.workflow_agents.agents import open_agents
from tradewind.workflow_agents.call_json import call_to_json, reply_from_json
from tradewind.workflow_agents.models import BedrockClients, ModelPool

AGENT = "workflows"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "workflows"
PLACE = {"latitude": 54.7365, "longitude": 8.972}
CREW = ("terrain", "layout", "simulation", "report")


def ended(deployment: Deployment, name: str, **parameters: Any) -> dict[str, Any]:
    """The invocation of a workflow over the API."""
    caller = operator_of(deployment)
    asked = caller.ask(AGENT, name, parameters=parameters)
    assert asked.status in {200, 202}, asked
    invocation = caller.end_of(asked.document["id"], 300)
    assert invocation["state"] == "succeeded", invocation
    return invocation


def run_here(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **inputs: Any) -> Result:
    """Run a workflow in this process, on the same model."""
    loaded = load(EXAMPLES / f"{name}.yaml", inputs)
    spec = loaded.spec
    assert spec is not None
    # Of this deployment, and not of an earlier test's.
    monkeypatch.setattr("tradewind.workflow_agents.models.process_clients", lambda: None)
    clients = BedrockClients()

    async def run() -> Result:
        async with open_agents(
            loaded, run_id="here", environ={}, files_root=folder, pool=ModelPool(clients)
        ) as agents:
            return await execute(spec, agents, loaded.values)

    try:
        return asyncio.run(run())
    finally:
        clients.pool(spec.runtime.region or "").close()


def test_the_pipeline_has_the_same_result_there_as_here(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = ended(deployment, "wind-farm", **PLACE)
    here = run_here("wind-farm", tmp_path, monkeypatch, **PLACE)
    assert there["result"]["response"] == here.text
    assert there["usage"]["input_tokens"] + there["usage"]["output_tokens"] == here.spent.tokens
    [artifact] = there["result"]["artifacts"]
    stored = client("s3").get_object(
        Bucket=deployment.outputs["ArtifactsBucketName"], Key=artifact["key"]
    )
    assert stored["Body"].read().decode() == here.text


def test_the_crew_plans_a_farm_by_name(deployment: Deployment) -> None:
    before = deployment.bedrock.stats().roles
    there = ended(deployment, "wind-farm-crew", **PLACE, turbines=5)
    project = there["result"]["project_id"]
    for agent in CREW:
        assert manifest_of(deployment, project, agent)
    assert "nutshell.md" in manifest_of(deployment, project, AGENT)
    after = deployment.bedrock.stats().roles
    for agent in (*CREW, "assistant"):
        role = deployment.role(agent)
        known = before[role].requests if role in before else 0
        assert after[role].requests > known
    own = deployment.role(AGENT)
    assert after[own].requests == before[own].requests


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
