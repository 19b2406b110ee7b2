"""The durable function: there where a setting says so, what it is made of, and what it may do."""

import json
from typing import Any

import pytest

from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.settings.workflow import WorkflowSettings
from tests.infra.assembly import Assembly, Template
from tests.infra.conftest import Synthesize
from tests.infra.test_roles import allow
from tests.sample_agents import SAMPLES
from tradewind.contracts.agent_manifest import AgentManifest
from tradewind.contracts.environment import DurableEnvironment

AGENTS = {
    "terrain": SAMPLES["terrain"],
    "layout": SAMPLES["layout"],
    "workflows": AgentManifest(
        name="workflows",
        description="Does what a test needs done.",
        framework="workflow",
        calls=("terrain",),
    ),
}


@pytest.fixture(scope="module")
def durable_settings(dev_settings: Settings) -> Settings:
    workflows = WorkflowSettings(durable=("wind-farm",), execution_days=3, retention_days=7)
    return dev_settings.model_copy(update={"workflows": workflows, "agents": {}})


@pytest.fixture(scope="module")
def made(synthesize: Synthesize, durable_settings: Settings) -> Assembly:
    return synthesize(durable_settings, agents=AGENTS)


@pytest.fixture(scope="module")
def template(made: Assembly) -> Template:
    read: Template = json.loads((made.folder / "Workflows.template.json").read_text())
    return read


def one(made: Assembly, template: Template, resource_type: str) -> dict[str, Any]:
    return made.only(template, resource_type, "Durable")


def test_where_no_setting_names_a_workflow_there_is_no_such_stack(dev: Assembly) -> None:
    assert not (dev.folder / "Workflows.template.json").exists()


def test_it_is_durable_on_a_python_that_can_be(made: Assembly, template: Template) -> None:
    function = one(made, template, "AWS::Lambda::Function")["Properties"]
    expected = {
        "FunctionName": "tradewind-dev-durable",
        "Runtime": "python3.13",
        "Architectures": ["arm64"],
        "Handler": "tradewind.handlers.durable_workflow.handler",
        "DurableConfig": {"ExecutionTimeout": 3 * 86_400, "RetentionPeriodInDays": 7},
    }
    assert expected.items() <= function.items()
    assert function["LoggingConfig"]["LogGroup"] == "<DurableLogs>"


def test_what_lambda_reports_of_it_is_counted(made: Assembly, template: Template) -> None:
    filters = [one["Properties"] for one in made.all(template, "AWS::Logs::MetricFilter")]
    assert {one["LogGroupName"] for one in filters} == {"<DurableLogs>"}
    counted = [transformation for one in filters for transformation in one["MetricTransformations"]]
    assert {(one["MetricNamespace"], one["MetricName"]) for one in counted} == {
        ("Tradewind/dev/durable", "ReportedFailures")
    }


def test_its_environment_is_what_it_reads(made: Assembly, template: Template) -> None:
    function = one(made, template, "AWS::Lambda::Function")["Properties"]
    read = DurableEnvironment.from_variables(function["Environment"]["Variables"])
    assert read.workflows == ("wind-farm",)
    assert read.workflow_function.endswith(":function:tradewind-dev-workflows:live")
    assert list(read.agent_functions) == ["terrain"]
    assert read.agent_functions["terrain"].endswith(":function:tradewind-dev-terrain:live")


def test_runs_stay_on_the_version_that_they_began_on(made: Assembly, template: Template) -> None:
    version = made.only(template, "AWS::Lambda::Version", "Durable")
    assert version["DeletionPolicy"] == "RetainExceptOnCreate"
    alias = one(made, template, "AWS::Lambda::Alias")["Properties"]
    assert alias["Name"] == "live"
    assert "DurableFunctionArn" in template["Outputs"]


def test_its_role_holds_exactly_this(made: Assembly, template: Template) -> None:
    role = one(made, template, "AWS::IAM::Role")["Properties"]
    held = set()
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            held |= allow(statement["Action"], statement["Resource"], statement.get("Condition"))
    function = "arn:aws:lambda:us-east-1:ACCOUNT:function:tradewind-dev"
    assert held == {
        *allow(["logs:CreateLogStream", "logs:PutLogEvents"], ["<DurableLogs.Arn>"]),
        *allow(
            ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"],
            [f"{function}-durable:*"],
        ),
        *allow("lambda:InvokeFunction", [f"{function}-terrain:*", f"{function}-workflows:*"]),
    }
    assert "ManagedPolicyArns" not in role


def test_an_alarm_tells_of_invocations_that_fail(made: Assembly, dev: Assembly) -> None:
    def names(assembly: Assembly) -> list[str]:
        alarms = assembly.all(assembly.observability, "AWS::CloudWatch::Alarm")
        return [alarm["Properties"]["AlarmName"] for alarm in alarms]

    assert "tradewind-dev-durable-failures" in names(made)
    assert "tradewind-dev-durable-failures" not in names(dev)


def test_without_the_agent_that_answers_it_is_refused(
    synthesize: Synthesize, durable_settings: Settings
) -> None:
    with pytest.raises(SettingsError, match=r"workflows\.durable: .* there is none"):
        synthesize(durable_settings, agents=SAMPLES)
