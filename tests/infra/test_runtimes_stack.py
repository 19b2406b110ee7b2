"""Runtimes that the settings name: a function each, what it may do, and how the API leads to it.

The settings are those that ``docs/agentcore.md`` shows, so what it shows can be deployed.
"""

import json
import re
from typing import Any

import pytest
import yaml

from stacks.names import construct_id
from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from tests.agent_environment import AGENT_VARIABLES
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly, Template
from tests.infra.conftest import ROOT, Synthesize
from tests.infra.test_api_stack import methods
from tests.infra.test_roles import ACTION_OF, listed
from tests.runtimes import ARN
from tradewind.contracts.agent_manifest import RUNS_WORKFLOWS
from tradewind.contracts.api_environment import ApiEnvironment
from tradewind.contracts.environment import AgentEnvironment

PAGE = (ROOT / "docs" / "agentcore.md").read_text(encoding="utf-8")


def shown() -> dict[str, Any]:
    """The first settings on the page."""
    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    found: dict[str, Any] = yaml.safe_load(block[1])["runtimes"]
    return found


RUNTIMES = shown()
each_runtime = pytest.mark.parametrize("name", list(RUNTIMES))


@pytest.fixture(scope="module")
def settings(dev_settings: Settings) -> Settings:
    return Settings.model_validate({**dev_settings.model_dump(), "runtimes": RUNTIMES})


@pytest.fixture(scope="module")
def made(synthesize: Synthesize, settings: Settings) -> Assembly:
    return synthesize(settings)


@pytest.fixture(scope="module")
def template(made: Assembly) -> Template:
    read: Template = json.loads((made.folder / "AgentCore.template.json").read_text())
    return read


def function(made: Assembly, template: Template, name: str) -> dict[str, Any]:
    found = made.only(template, "AWS::Lambda::Function", construct_id(name))
    properties: dict[str, Any] = found["Properties"]
    return properties


def held(made: Assembly, template: Template, name: str) -> list[tuple[str, str]]:
    """Each action that its role has, with the resource."""
    role = made.only(template, "AWS::IAM::Role", construct_id(name))["Properties"]
    assert "ManagedPolicyArns" not in role
    return [
        (action, json.dumps(resource))
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def test_where_no_setting_names_a_runtime_no_function_asks_one(dev: Assembly) -> None:
    there = json.loads((dev.folder / "AgentCore.template.json").read_text())
    kinds = {one["Type"] for one in there["Resources"].values()}
    assert "AWS::BedrockAgentCore::Runtime" in kinds
    assert "AWS::Lambda::Function" not in kinds


def test_the_page_shows_three(made: Assembly, template: Template) -> None:
    assert len(RUNTIMES) == 3
    found = made.all(template, "AWS::Lambda::Function")
    assert {one["Properties"]["FunctionName"] for one in found} == {
        f"tradewind-dev-{name}" for name in RUNTIMES
    }
    outputs = {f"{construct_id(name)}FunctionArn" for name in RUNTIMES}
    assert outputs <= set(template["Outputs"])


@each_runtime
def test_its_role_calls_its_runtime_and_endpoint_and_no_model(
    made: Assembly, template: Template, name: str
) -> None:
    arn = RUNTIMES[name]["arn"]
    endpoint = f"{arn}/runtime-endpoint/{RUNTIMES[name].get('qualifier', 'DEFAULT')}"
    action = {
        "sdk": "InvokeAgentRuntime",
        "socket": "InvokeAgentRuntimeWithWebSocketStream",
    }[RUNTIMES[name].get("transport", "sdk")]
    permissions = held(made, template, name)
    of_agentcore = {one for one in permissions if one[0].startswith("bedrock")}
    assert of_agentcore == {
        (f"bedrock-agentcore:{action}", json.dumps(one)) for one in (arn, endpoint)
    }
    # Beside it, what every agent's handler does with storage, and what Lambda does for it.
    others = {action for action, _ in permissions} - {f"bedrock-agentcore:{action}"}
    assert others == {
        *(one for one in ACTION_OF.values() if not one.startswith("bedrock")),
        *("kms:Decrypt", "kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents"),
        *("sqs:SendMessage", "xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    }
    files = {resource for action, resource in permissions if action == "s3:PutObject"}
    assert files == {json.dumps(f"<ArtifactsBucket.Arn>/{name}/*")}


@each_runtime
def test_its_function_knows_what_to_ask(made: Assembly, template: Template, name: str) -> None:
    properties = function(made, template, name)
    assert properties["Handler"] == "tradewind.handlers.agent.handler"
    variables = properties["Environment"]["Variables"]
    environment = AgentEnvironment.from_variables(variables)
    assert environment.agent == name
    target = environment.runtime
    assert target is not None
    assert (target.arn, target.agent) == (RUNTIMES[name]["arn"], None)
    assert target.most_usd == RUNTIMES[name]["most_usd"]
    assert target.transport == RUNTIMES[name].get("transport", "sdk")


def test_the_api_asks_runtimes_under_a_path_of_their_own(made: Assembly) -> None:
    offered = {path for _, path in methods(made)}
    for name in RUNTIMES:
        assert {f"/runtimes/{name}/invocations", f"/runtimes/{name}/stream"} <= offered
        assert f"/agents/{name}/invocations" not in offered
        streamed = methods(made)["POST", f"/runtimes/{name}/stream"]["Integration"]
        assert f":function:tradewind-dev-{name}:live/" in streamed["Uri"]
        assert streamed["ResponseTransferMode"] == "STREAM"
    for agent in AGENTS:
        assert f"/runtimes/{agent}/invocations" not in offered


def test_the_apis_functions_know_them_and_may_call_them(made: Assembly) -> None:
    for construct in ("Function", "Mcp"):
        found = made.only(made.api, "AWS::Lambda::Function", construct)["Properties"]
        environment = ApiEnvironment.from_variables(found["Environment"]["Variables"])
        told = {name: one["description"] for name, one in RUNTIMES.items()}
        assert environment.runtimes == told
        assert list(environment.own_agents) == list(AGENTS)
        assert list(environment.agents) == [*AGENTS, *RUNTIMES]
        role = json.dumps(made.only(made.api, "AWS::IAM::Role", construct))
        assert all(f"function:tradewind-dev-{name}:live" in role for name in RUNTIMES)


def test_workflows_may_ask_them_by_name(made: Assembly) -> None:
    for name in (name for name, one in AGENTS.items() if one.framework == RUNS_WORKFLOWS):
        found = made.only(made.agents, "AWS::Lambda::Function", construct_id(name))["Properties"]
        calls = found["Environment"]["Variables"]["TRADEWIND_CALLS"].split(",")
        assert set(RUNTIMES) <= set(calls)
        role = json.dumps(made.only(made.agents, "AWS::IAM::Role", construct_id(name)))
        assert all(f"function:tradewind-dev-{name}:live" in role for name in RUNTIMES)


def test_they_are_watched_as_agents_are(made: Assembly) -> None:
    alarms = {
        one["Properties"]["AlarmName"]
        for one in made.all(made.observability, "AWS::CloudWatch::CompositeAlarm")
    }
    assert {f"tradewind-dev-{name}-unwell" for name in RUNTIMES} <= alarms


def ours(dev_settings: Settings, agent: str) -> Settings:
    runtimes = {"elsewhere": {"agent": agent}}
    return Settings.model_validate({**dev_settings.model_dump(), "runtimes": runtimes})


def test_one_of_ours_is_asked_where_the_stack_puts_it(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    agent = next(name for name, one in AGENTS.items() if one.agentcore == "http")
    made = synthesize(ours(dev_settings, agent))
    resources = json.loads((made.folder / "AgentCore.template.json").read_text())["Resources"]
    [runtime] = (
        name
        for name, one in resources.items()
        if one["Type"] == "AWS::BedrockAgentCore::Runtime" and name.startswith(construct_id(agent))
    )
    arn = {"Fn::GetAtt": [runtime, "AgentRuntimeArn"]}
    [function] = (
        one["Properties"] for one in resources.values() if one["Type"] == "AWS::Lambda::Function"
    )
    said = function["Environment"]["Variables"]["TRADEWIND_RUNTIME"]
    parts = [ARN if one == arn else one for one in said["Fn::Join"][1]]
    variables = {**AGENT_VARIABLES, "TRADEWIND_RUNTIME": "".join(parts)}
    target = AgentEnvironment.from_variables(variables).runtime
    assert target is not None
    assert (target.arn, target.qualifier, target.agent) == (ARN, "live", agent)
    assert function["Description"] == AGENTS[agent].description
    [role] = (
        one["Properties"]
        for name, one in resources.items()
        if one["Type"] == "AWS::IAM::Role" and name.startswith("Elsewhere")
    )
    [granted] = (
        statement
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "bedrock-agentcore:InvokeAgentRuntime"
    )
    endpoint = {"Fn::Join": ["", [arn, "/runtime-endpoint/live"]]}
    assert granted["Resource"] == [arn, endpoint]


@pytest.mark.parametrize("protocol", [None, "a2a"])
def test_one_of_ours_that_is_not_there_to_be_asked_is_refused(
    synthesize: Synthesize, dev_settings: Settings, protocol: Any
) -> None:
    [agent, *_] = AGENTS
    agents = {**AGENTS, agent: AGENTS[agent].model_copy(update={"agentcore": protocol})}
    with pytest.raises(SettingsError, match=rf"runtimes\.elsewhere\.agent: {agent} is not"):
        synthesize(ours(dev_settings, agent), agents=agents)
