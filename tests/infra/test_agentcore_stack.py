"""AgentCore Runtime: what an agent with the line gets there, and what its role may do."""

import json
from typing import Any

import pytest

from stacks.names import runtime_arn_output
from stacks.settings.agentcore import AgentCoreSettings
from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.settings.function import FunctionSettings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly, Template
from tests.infra.conftest import Synthesize
from tests.infra.test_roles import statements
from tests.sample_agents import SAMPLES
from tradewind.contracts.agent_manifest import AgentManifest
from tradewind.contracts.environment import AgentEnvironment, ServingEnvironment

AGENT = "assistant"


def template_of(made: Assembly) -> Template:
    read: Template = json.loads((made.folder / "AgentCore.template.json").read_text())
    return read


@pytest.fixture(scope="module")
def template(dev: Assembly) -> Template:
    return template_of(dev)


def runtime(made: Assembly, agent: str = AGENT) -> dict[str, Any]:
    runtimes = "AWS::BedrockAgentCore::Runtime"
    found = made.only(template_of(made), runtimes, agent.capitalize())
    properties: dict[str, Any] = found["Properties"]
    return properties


def role_statements(made: Assembly, template: Template) -> list[dict[str, Any]]:
    role = made.only(template, "AWS::IAM::Role", "AssistantAccess")
    # A model's grant is beside the role.
    beside = made.all(template, "AWS::IAM::Policy", "AssistantAccessModels")
    return [
        statement
        for policy in [*role["Properties"]["Policies"], *(one["Properties"] for one in beside)]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def with_line(protocol: str | None, name: str = "terrain") -> dict[str, AgentManifest]:
    sample = SAMPLES["terrain"].model_copy(update={"agentcore": protocol, "name": name})
    return {name: sample}


@pytest.fixture(scope="module")
def settings(dev_settings: Settings) -> Settings:
    return dev_settings.model_copy(update={"agents": {}})


def test_its_runtime_is_the_bundle_of_its_function(dev: Assembly, template: Template) -> None:
    function = dev.only(dev.agents, "AWS::Lambda::Function", "Assistant")["Properties"]
    made = runtime(dev)
    (code,) = made["AgentRuntimeArtifact"].values()
    assert code["Code"]["S3"]["Prefix"] == function["Code"]["S3Key"]
    assert (code["EntryPoint"], code["Runtime"]) == (["agentcore_main.py"], "PYTHON_3_12")
    assert made["AgentRuntimeName"] == "tradewind_dev__assistant"
    assert made["ProtocolConfiguration"] == "HTTP"
    assert made["NetworkConfiguration"] == {"NetworkMode": "PUBLIC"}
    assert made["LifecycleConfiguration"] == {
        "IdleRuntimeSessionTimeout": 900,
        "MaxLifetime": 28_800,
    }
    assert "FilesystemConfigurations" not in made


def test_its_process_is_told_what_its_function_is(dev: Assembly) -> None:
    function = dev.only(dev.agents, "AWS::Lambda::Function", "Assistant")["Properties"]
    there = dict(function["Environment"]["Variables"])
    # Lambda's own: API Gateway leads streams to it.
    assert there.pop("TRADEWIND_STREAMING") == "1"
    here = dict(runtime(dev)["EnvironmentVariables"])
    serving = ServingEnvironment.from_variables(here)
    assert (serving.time_limit_s, serving.host) == (function["Timeout"], "0.0.0.0")  # noqa: S104
    assert AgentEnvironment.from_variables(here).agent == AGENT
    assert {name: here[name] for name in there} == there
    assert set(here) - set(there) == {"TRADEWIND_TIME_LIMIT_S", "TRADEWIND_SERVE_HOST"}


def test_its_role_holds_what_its_functions_role_does(dev: Assembly, template: Template) -> None:
    of_lambda = [
        statement
        for statement in statements(dev, AGENT)
        if statement["Action"] != "sqs:SendMessage"
        and "logs:PutLogEvents" not in statement["Action"]
    ]
    held = role_statements(dev, template)
    assert [statement for statement in of_lambda if statement not in held] == []
    groups = (
        "arn:aws:logs:us-east-1:ACCOUNT:log-group:"
        "/aws/bedrock-agentcore/runtimes/tradewind_dev__assistant-*"
    )
    directory = "arn:aws:bedrock-agentcore:us-east-1:ACCOUNT:workload-identity-directory/default"
    own = {
        json.dumps([statement["Action"], statement["Resource"]])
        for statement in held
        if statement not in of_lambda
    }
    code = runtime(dev)["AgentRuntimeArtifact"]["CodeConfiguration"]["Code"]["S3"]
    (read,) = [one for one in own if "s3:GetObject" in one]
    assert read == json.dumps(["s3:GetObject", f"arn:aws:s3:::{code['Bucket']}/{code['Prefix']}"])
    assert own - {read} == {
        json.dumps(["logs:DescribeLogGroups", "arn:aws:logs:us-east-1:ACCOUNT:log-group:*"]),
        json.dumps([["logs:CreateLogGroup", "logs:DescribeLogStreams"], groups]),
        json.dumps([["logs:CreateLogStream", "logs:PutLogEvents"], f"{groups}:log-stream:*"]),
        json.dumps(
            [
                [
                    "bedrock-agentcore:GetWorkloadAccessToken",
                    "bedrock-agentcore:GetWorkloadAccessTokenForJWT",
                    "bedrock-agentcore:GetWorkloadAccessTokenForUserId",
                ],
                [directory, f"{directory}/workload-identity/tradewind_dev__assistant-*"],
            ]
        ),
    }


def test_only_its_runtime_takes_the_role(dev: Assembly, template: Template) -> None:
    role = dev.only(template, "AWS::IAM::Role", "AssistantAccess")["Properties"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "bedrock-agentcore.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "ACCOUNT"},
        "ArnLike": {
            "aws:SourceArn": [
                f"arn:aws:bedrock-agentcore:us-east-1:ACCOUNT:runtime/{name}"
                for name in ("tradewind_dev__assistant", "tradewind_dev__assistant-*")
            ]
        },
    }


def test_the_live_endpoint_follows_the_newest_version_and_its_log_does_not_stay_for_ever(
    dev: Assembly, template: Template
) -> None:
    endpoint = dev.only(template, "AWS::BedrockAgentCore::RuntimeEndpoint", "Assistant")
    assert endpoint["Properties"]["Name"] == "live"
    version = endpoint["Properties"]["AgentRuntimeVersion"]
    assert version == "<AssistantRuntime.AgentRuntimeVersion>"
    log = dev.only(template, "AWS::Logs::LogGroup", "Assistant")["Properties"]
    assert log["LogGroupName"] == (
        "/aws/bedrock-agentcore/runtimes/<AssistantRuntime.AgentRuntimeId>-live"
    )
    assert log["RetentionInDays"] == dev.settings.log_retention_days
    # AgentCore would make the group otherwise, and the deployment could not.
    (made_first,) = endpoint["DependsOn"]
    assert template["Resources"][made_first]["Type"] == "AWS::Logs::LogGroup"
    key = json.dumps(dev.only(dev.state, "AWS::KMS::Key"))
    assert "/aws/bedrock-agentcore/runtimes/tradewind_dev__*" in key


def test_each_arn_is_told(template: Template) -> None:
    told = {name for name, output in template["Outputs"].items() if "Export" not in output}
    assert told == {runtime_arn_output(name) for name, one in AGENTS.items() if one.agentcore}


def test_a_setting_gives_sessions_a_folder_and_another_life(
    synthesize: Synthesize, settings: Settings
) -> None:
    sessions = AgentCoreSettings(idle_session_s=60, max_session_s=120, session_storage=True)
    changed = settings.model_copy(update={"agentcore": sessions})
    made = runtime(synthesize(changed, agents=with_line("a2a")), "terrain")
    assert made["ProtocolConfiguration"] == "A2A"
    assert made["LifecycleConfiguration"]["MaxLifetime"] == 120
    assert made["FilesystemConfigurations"] == [{"SessionStorage": {"MountPath": "/mnt/session"}}]
    assert made["EnvironmentVariables"]["TRADEWIND_SESSION_STORAGE"] == "/mnt/session"


def test_an_agent_whose_line_is_taken_out_is_not_there(
    synthesize: Synthesize, settings: Settings
) -> None:
    """The command line deletes a stack that has nothing in it any more."""
    assert "Resources" not in template_of(synthesize(settings, agents=with_line(None)))


@pytest.mark.parametrize(
    ("function", "name", "says"),
    [
        (FunctionSettings(architecture="x86_64"), "terrain", "AgentCore Runtime runs arm64 alone"),
        (FunctionSettings(), "a" * 30, "AgentCore takes 48"),
    ],
)
def test_what_agentcore_would_refuse_fails_in_one_line(
    synthesize: Synthesize,
    settings: Settings,
    function: FunctionSettings,
    name: str,
    says: str,
) -> None:
    changed = settings.model_copy(update={"functions": function, "environment": "an-environment-x"})
    with pytest.raises(SettingsError, match=says) as refused:
        synthesize(changed, agents=with_line("http", name))
    assert "\n" not in str(refused.value)
    # Without the line, it is as good as any.
    assert synthesize(changed, agents=with_line(None, name))


def test_a_session_idles_no_longer_than_it_lives() -> None:
    with pytest.raises(ValueError, match="at most max_session_s, which is 60"):
        AgentCoreSettings(idle_session_s=61, max_session_s=60)
