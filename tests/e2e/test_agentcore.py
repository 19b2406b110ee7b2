"""Agents as AgentCore runs them: deployed from the same folder, and asked there."""

import json
import re
from pathlib import PurePosixPath
from typing import Any

import pytest

from cli.agents import example_request
from cli.invoke import invoke
from stacks.names import runtime_arn_output
from tests.e2e.conftest import Deployment, client
from tests.e2e.front_door import operator_of
from tradewind.agentcore.session_ids import new_session_id

#: An agent that says something, and one that leaves artifacts.
THERE_TOO = ("assistant", "workflows")
#: The one of them that the settings name as a runtime, and its name there.
RUNTIME, AGENT = "assistant_agentcore", "assistant"


def ask_there(deployment: Deployment, event: dict[str, Any]) -> dict[str, Any]:
    """Ask an agent's runtime, by ``InvokeAgentRuntime``."""
    answer = client("bedrock-agentcore").invoke_agent_runtime(
        agentRuntimeArn=deployment.outputs[runtime_arn_output(event["agent"])],
        qualifier="live",
        runtimeSessionId=new_session_id(),
        payload=json.dumps(event).encode(),
    )
    document: dict[str, Any] = json.loads(answer["response"].read())
    return document


def lasting(deployment: Deployment, answer: dict[str, Any]) -> dict[str, Any]:
    """What of an answer is the same however fast it was made: files by what is in them."""
    assert answer["success"], answer["error"]
    bucket, s3 = deployment.outputs["ArtifactsBucketName"], client("s3")
    files = {
        PurePosixPath(artifact["key"]).name: s3.get_object(Bucket=bucket, Key=artifact["key"])[
            "Body"
        ].read()
        for artifact in answer["artifacts"]
    }
    project = re.escape(answer["project_id"].encode())
    return {
        "response": answer["response"],
        "output": answer["output"],
        "facts": answer["facts"],
        "usage": answer["usage"],
        "artifacts": {
            name: re.sub(project, b"PROJECT", content) for name, content in files.items()
        },
    }


@pytest.mark.parametrize("agent", THERE_TOO)
def test_the_same_request_has_the_same_answer_on_both(deployment: Deployment, agent: str) -> None:
    event = example_request(agent, None) | {"agent": agent}
    here = deployment.ask(agent, project_id="farm-here", request_id=f"{agent}-here").answer
    there = ask_there(
        deployment, event | {"project_id": "farm-there", "request_id": f"{agent}-there"}
    )
    assert lasting(deployment, there) == lasting(deployment, here)
    assert there["agent"] == agent


def test_a_runtime_is_asked_over_the_api(deployment: Deployment) -> None:
    # Invoked it has nobody to ask, like the runtime; over the API it would have a tool more.
    event = {"query": "What do you do?", "request_id": "asked-directly"}
    direct = invoke(deployment.functions, deployment.arn(AGENT), event).answer
    asked = operator_of(deployment).ask_runtime(RUNTIME, "What do you do?")
    assert (asked["agent"], asked["state"]) == (RUNTIME, "succeeded"), asked
    assert asked["result"]["response"] == direct["response"]
    assert asked["usage"] == direct["usage"]


def test_each_is_asked_under_its_own_path(deployment: Deployment) -> None:
    caller = operator_of(deployment)
    body = {"query": "What do you do?"}
    for below, name in (("agents", RUNTIME), ("runtimes", AGENT)):
        assert caller.call("POST", f"/{below}/{name}/invocations", body).status == 404
    runtimes = caller.call("GET", "/runtimes").document["runtimes"]
    assert [one["name"] for one in runtimes] == [RUNTIME]
