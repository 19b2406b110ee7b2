"""What is watched is there, what it watches is emitted, and a request can be followed."""

import json
from typing import Any

import pytest

from cli.cdk import LOCAL_ASSEMBLY, LOCAL_ENV
from cli.contract import check_contract, logged_lines
from devtools.contract import read_contract
from devtools.dashboard.metrics import MetricId
from devtools.localcloud.bedrock import Fault, FaultKind
from stacks.names import function_name
from tests.deployed_agents import AGENTS, FIRST
from tests.e2e.conftest import RUNTIMES, Deployment, client, eventually
from tests.e2e.front_door import operator_of, ping
from tradewind.contracts.names import DURABLE
from tradewind.telemetry.log_fields import REQUEST_DONE

QUERY = "Where is the wind at jane.doe@example.org?"


def printed(agent: str) -> list[str]:
    """All that is in an agent's log."""
    pages = (
        client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/tradewind-local-{agent}")
    )
    return [event["message"] for page in pages for event in page["events"]]


def logged(agent: str, **fields: Any) -> list[dict[str, Any]]:
    """The agent's structured log lines that have these fields.

    Of a process that was killed Lambda says so in words.
    """
    lines = [json.loads(line) for line in printed(agent) if line.startswith("{")]
    return [line for line in lines if fields.items() <= line.items()]


def test_what_is_emitted_is_what_is_drawn_and_alarmed_on(deployment: Deployment) -> None:
    for agent in AGENTS:  # all have been cold; now they are warm
        assert deployment.ask(agent).answer["success"]
    caller = operator_of(deployment)
    assert caller.call("GET", "/agents").status == 200
    for _ in ("cold", "warm"):
        assert ping(caller) == 200
    for runtime in (*RUNTIMES, *RUNTIMES):  # cold and warm
        assert caller.ask_runtime(runtime, "Who are you?")["state"] == "succeeded"
    findings, compared = check_contract(LOCAL_ASSEMBLY, [], deployment.running)
    assert findings == []
    assert compared.split()[0] != "0"


def test_the_deployed_function_measures_its_own_start(deployment: Deployment) -> None:
    contract = read_contract(LOCAL_ASSEMBLY)
    lines = [
        json.loads(line)
        for line in logged_lines(deployment.running, contract)
        if '"CloudWatchMetrics"' in line
    ]
    # A sweep's lines have no start.
    cold = [line for line in lines if line.get("Start") == "cold" and "FunctionVersion" in line]
    assert {line["Agent"] for line in cold} >= set(AGENTS)
    for line in cold:
        init, runtime, imports, clients = (
            line[name]
            for name in ("InitTime", "InitRuntimeTime", "InitImportTime", "InitClientTime")
        )
        assert init == pytest.approx(runtime + imports + clients)
        # Imports are most of a start; the interpreter's own is not nothing.
        assert imports > runtime > 0 < clients
        # One whose work is a call of a runtime asks no model.
        assert line.get("ClientCreated") == (None if line["Agent"] in RUNTIMES else 1)
        assert line["FunctionVersion"] == 1


def test_every_alarm_can_be_read_back(deployment: Deployment) -> None:
    pages = (
        client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    )
    kept = {
        alarm["AlarmName"]: alarm
        for page in pages
        for kind in ("MetricAlarms", "CompositeAlarms")
        for alarm in page[kind]
    }
    template = json.loads((LOCAL_ASSEMBLY / "Observability.template.json").read_text())
    deployed = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"].startswith("AWS::CloudWatch::")
        and "AlarmName" in resource["Properties"]
    ]
    assert len(deployed) > len(AGENTS)
    for asked in deployed:
        alarm = kept[asked["AlarmName"]]
        for name in set(asked) - {"Tags", "AlarmRule", "AlarmActions", "OKActions"}:
            assert alarm[name] == asked[name], (asked["AlarmName"], name)


def test_dashboards_and_queries_can_be_read_back(deployment: Deployment) -> None:
    names = {
        entry["DashboardName"]
        for entry in client("cloudwatch").list_dashboards()["DashboardEntries"]
    }
    shown = ["overview", "api", "agent"]
    if RUNTIMES:
        shown.append("runtime")
    assert names == {f"tradewind-local-{name}" for name in shown}
    for name in names:
        body = json.loads(client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
        assert "${" not in json.dumps(body)
        assert len(body["widgets"]) > 9
    queries = client("logs").describe_query_definitions(queryDefinitionNamePrefix="tradewind/local")
    assert len(queries["queryDefinitions"]) >= 5


def test_a_request_is_followed_from_its_id_to_bedrocks(deployment: Deployment) -> None:
    asked = deployment.ask(FIRST, request_id="followed")
    (done,) = eventually(lambda: logged(FIRST, message=REQUEST_DONE, request_id="followed"))
    assert done["outcome"] == "succeeded"
    assert done["project_id"] == deployment.project_id
    assert done["lambda_request_id"] != "followed"
    assert len(done["bedrock_request_ids"]) == asked.answer["usage"]["model_calls"]
    assert done["estimated_cost_usd"] > 0
    # Every line of the request, not only the last.
    lines = [line for line in logged(FIRST, request_id="followed") if "message" in line]
    assert len(lines) > 1
    assert {line["lambda_request_id"] for line in lines} == {done["lambda_request_id"]}


def test_a_failed_call_keeps_bedrocks_id_too(deployment: Deployment) -> None:
    role = deployment.role(FIRST).rpartition("/")[2]
    deployment.bedrock.inject(Fault(FaultKind.VALIDATION, role=role))
    assert not deployment.ask(FIRST, request_id="refused").answer["success"]
    (done,) = logged(FIRST, message=REQUEST_DONE, request_id="refused")
    assert (done["outcome"], done["error_code"]) == ("failed", "MODEL_REQUEST_REJECTED")
    assert done["level"] == "ERROR"
    assert len(done["bedrock_request_ids"]) == 1


def test_no_word_of_a_prompt_or_an_answer_is_logged(deployment: Deployment) -> None:
    answer = deployment.ask(FIRST, query=QUERY, request_id="silent").answer
    everything = "".join(printed(FIRST))
    assert "silent" in everything
    assert "jane.doe" not in everything
    # As it is, and as a line of JSON has it.
    start = answer["response"][:40]
    assert start not in everything
    assert json.dumps(start)[1:-1] not in everything


def test_the_services_publish_what_is_read_of_them(deployment: Deployment) -> None:
    deployment.ask(FIRST)
    deployment.sweep()
    ping(operator_of(deployment))
    read = {
        use.metric
        for use in read_contract(LOCAL_ASSEMBLY).uses
        if use.metric.namespace.startswith("AWS/")
        and use.metric.name != "AsyncEventAge"
        # It may have no Python to run on; where it has, the tests of workflows look.
        and ("FunctionName", function_name(LOCAL_ENV, DURABLE)) not in use.metric.dimensions
    }

    def published() -> set[MetricId]:
        pages = client("cloudwatch").get_paginator("list_metrics").paginate()
        return {
            MetricId.of(
                metric["Namespace"],
                metric["MetricName"],
                {one["Name"]: one["Value"] for one in metric["Dimensions"]},
            )
            for page in pages
            for metric in page["Metrics"]
        }

    assert len(read) > 20
    eventually(lambda: read <= published())
