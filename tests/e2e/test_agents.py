"""The deployed agents answer, cold and warm, on one connection each."""

import json
from typing import Any

import pytest

from devtools.localcloud.bedrock import Fault, FaultKind
from tests.deployed_agents import AGENTS, FIRST, TALKING
from tests.e2e.conftest import Deployment, client, eventually
from tradewind.telemetry.metric_names import METRICS


@pytest.mark.parametrize("agent", AGENTS)
def test_the_first_request_is_cold_and_leaves_artifacts(deployment: Deployment, agent: str) -> None:
    answer = deployment.cold[agent].answer
    assert answer["success"], answer["error"]
    assert answer["agent"] == agent
    assert answer["performance"]["coldStart"] is True
    assert answer["performance"]["connectionReused"] is False
    assert answer["performance"]["initTime"] > 0
    assert answer["usage"]["tool_calls"] >= AGENTS[agent].demo  # those in the demo have tools
    s3 = client("s3")
    for artifact in answer["artifacts"]:
        assert artifact["key"].startswith(f"{agent}/{deployment.project_id}/")
        stored = s3.get_object(
            Bucket=deployment.outputs["ArtifactsBucketName"], Key=artifact["key"]
        )
        assert len(stored["Body"].read()) == artifact["size_bytes"]
        assert stored["ContentType"] == artifact["content_type"]
        assert stored["ServerSideEncryption"] == "aws:kms"


@pytest.mark.parametrize("agent", TALKING)
def test_a_hundred_warm_requests_stay_on_one_connection(deployment: Deployment, agent: str) -> None:
    role = deployment.role(agent)
    # An earlier test's connection may have been idle for so long that it is not trusted any more.
    deployment.ask(agent, query="Say without tools what you do.")
    before = deployment.bedrock.stats().roles[role]
    for _ in range(100):
        answer = deployment.ask(agent, query="Say without tools what you do.").answer
        assert answer["success"]
        assert answer["performance"]["coldStart"] is False
        assert answer["performance"]["connectionReused"] is True
    after = deployment.bedrock.stats().roles[role]
    assert after.connections == before.connections
    assert after.requests - before.requests == 100


def test_records_tell_how_it_went(deployment: Deployment) -> None:
    answer = deployment.ask(FIRST, request_id="e2e-record").answer
    record = deployment.record(FIRST, "e2e-record")
    assert record["status"] == "succeeded"
    assert record["project_id"] == deployment.project_id
    assert record["artifacts"] == len(answer["artifacts"])
    assert record["finished_at"] >= record["started_at"]
    assert record["expires_at"] > record["deadline_at"]


def test_logs_hold_metrics_and_no_word_of_the_request(deployment: Deployment) -> None:
    deployment.ask(FIRST, query="Find land for the Zephyrhorst estate")
    group = f"/aws/lambda/tradewind-local-{FIRST}"

    def lines() -> list[str]:
        events = client("logs").filter_log_events(logGroupName=group)["events"]
        return [event["message"] for event in events]

    def emitted() -> list[dict[str, Any]]:
        parsed = [json.loads(line) for line in lines() if line.startswith('{"_aws"')]
        return [line for line in parsed if "TimeToFirstToken" in line]

    line = eventually(emitted)[-1]
    assert (line["Environment"], line["Agent"]) == ("local", FIRST)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            assert METRICS[metric["Name"]].unit == metric["Unit"]
    assert not [line for line in lines() if "Zephyrhorst" in line]


def test_a_bad_request_is_answered_by_the_deployed_function(deployment: Deployment) -> None:
    before = deployment.bedrock.stats().requests
    answer = deployment.ask(FIRST, query="").answer
    assert (answer["status_code"], answer["error"]["field"]) == (400, "query")
    assert deployment.bedrock.stats().requests == before


@pytest.mark.parametrize("agent", [agent for agent in AGENTS if AGENTS[agent].reads_from])
def test_a_missing_step_is_named(deployment: Deployment, agent: str) -> None:
    answer = deployment.ask(agent, project_id=f"empty-{agent}").answer
    assert answer["success"] is False
    assert answer["error"]["code"] == "ARTIFACT_NOT_FOUND"
    assert "agent on this project first" in answer["error"]["message"]


def test_a_fault_of_the_service_reaches_the_caller_typed(deployment: Deployment) -> None:
    deployment.bedrock.inject(Fault(FaultKind.NOT_FOUND))
    answer = deployment.ask(FIRST, request_id="e2e-fault").answer
    assert answer["error"]["code"] == "MODEL_REQUEST_REJECTED"
    assert deployment.record(FIRST, "e2e-fault")["status"] == "failed"
