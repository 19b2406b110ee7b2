"""Gradual deployments: what moves an agent's alias, by which steps, and what it goes back by."""

from typing import Any

import pytest

from stacks.bundling.rules import CORE_FUNCTIONS
from stacks.names import construct_id
from stacks.settings.deployment import DeploymentSettings
from stacks.settings.environment import Settings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tests.infra.test_roles import allow, listed
from tradewind.contracts.environment import ProbeEnvironment
from tradewind.contracts.names import PROBE

each_agent = pytest.mark.parametrize("agent", list(AGENTS))

GROUP = "AWS::CodeDeploy::DeploymentGroup"


def properties(assembly: Assembly, kind: str, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = assembly.only(assembly.agents, kind, prefix)["Properties"]
    return found


def held(role: dict[str, Any]) -> set[Any]:
    permissions = set()
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            permissions |= allow(
                statement["Action"], statement["Resource"], statement.get("Condition")
            )
    return permissions


@pytest.fixture(scope="module")
def with_linear(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    deployment = DeploymentSettings(strategy="linear", percent=20, minutes=3, hold={"terrain": 7})
    return synthesize(dev_settings.model_copy(update={"deployment": deployment}))


def test_all_at_once_is_cloudformations_own_work(dev: Assembly) -> None:
    kinds = {resource["Type"] for resource in dev.agents["Resources"].values()}
    assert not [kind for kind in kinds if kind.startswith("AWS::CodeDeploy")]
    assert not dev.all(dev.agents, "AWS::Lambda::Function", construct_id(PROBE))
    assert not dev.all(dev.agents, "AWS::CloudWatch::Alarm")
    for alias in dev.all(dev.agents, "AWS::Lambda::Alias"):
        assert "UpdatePolicy" not in alias


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_version_stays_and_one_whose_deployment_failed_goes(
    environment: str, request: pytest.FixtureRequest
) -> None:
    assembly: Assembly = request.getfixturevalue(environment)
    for template in (assembly.agents, assembly.api):
        versions = assembly.all(template, "AWS::Lambda::Version")
        assert versions
        # Retained when it leaves the template; not when the update that made it is rolled back:
        # Lambda publishes no second version of the same code, so a retry would fail.
        assert {one["DeletionPolicy"] for one in versions} == {"RetainExceptOnCreate"}


@each_agent
def test_codedeploy_moves_the_alias_after_the_probe(prod: Assembly, agent: str) -> None:
    alias = prod.only(prod.agents, "AWS::Lambda::Alias", construct_id(agent))
    assert alias["UpdatePolicy"] == {
        "CodeDeployLambdaAliasUpdate": {
            "ApplicationName": "<DeploymentsApplication>",
            "DeploymentGroupName": f"<{construct_id(agent)}DeploymentGroup>",
            "BeforeAllowTrafficHook": "<ProbeFunction>",
        }
    }
    # What an update policy refers to is no dependency by itself, and a first deployment that is
    # gradual makes the group in the same update.
    raw = next(
        resource
        for logical_id, resource in prod.agents["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Alias"
        and logical_id.startswith(f"{construct_id(agent)}Live")
    )
    needed = " ".join(raw["DependsOn"])
    assert f"{construct_id(agent)}DeploymentGroup" in needed
    assert "ProbeFunction" in needed
    assert "ProbeRole" in needed


@each_agent
def test_a_group_goes_back_on_failure_on_alarms_and_when_stopped(
    prod: Assembly, agent: str
) -> None:
    group = properties(prod, GROUP, construct_id(agent))
    assert (group["ApplicationName"], group["DeploymentGroupName"]) == (
        "<DeploymentsApplication>",
        agent,
    )
    assert group["AutoRollbackConfiguration"] == {
        "Enabled": True,
        "Events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
    }
    assert group["DeploymentStyle"] == {
        "DeploymentType": "BLUE_GREEN",
        "DeploymentOption": "WITH_TRAFFIC_CONTROL",
    }
    assert group["AlarmConfiguration"]["Enabled"] is True
    watched = {one["Name"] for one in group["AlarmConfiguration"]["Alarms"]}
    made = [
        f"<{construct_id(agent)}DeploymentAlarms{name}>"
        for name in ("VersionFailing", "VersionSlower")
    ]
    assert watched == set(made)


@each_agent
def test_its_alarms_see_the_new_version_alone(prod: Assembly, agent: str) -> None:
    function = f"tradewind-prod-{agent}"
    version = f"{construct_id(agent)}FunctionCurrentVersion"
    for alarm in prod.all(
        prod.agents, "AWS::CloudWatch::Alarm", f"{construct_id(agent)}DeploymentAlarms"
    ):
        metrics = [one for one in alarm["Properties"]["Metrics"] if "MetricStat" in one]
        for one in metrics:
            stat = one["MetricStat"]
            dimensions = {named["Name"]: named["Value"] for named in stat["Metric"]["Dimensions"]}
            assert stat["Metric"]["Namespace"] == "AWS/Lambda"
            # What fails fades by the minute; how long requests take is compared over an hour.
            assert stat["Period"] == (60 if "failed" in {one["Id"] for one in metrics} else 3600)
            assert dimensions.pop("FunctionName") == function
            assert dimensions.pop("Resource") == f"{function}:live"
            if one["Id"] == "usual":
                assert dimensions == {}
            else:
                assert list(dimensions) == ["ExecutedVersion"]
                assert dimensions["ExecutedVersion"].startswith(f"<{version}")
                assert dimensions["ExecutedVersion"].endswith(".Version>")


def test_a_canary_has_one_step_and_linear_has_equal_ones(
    prod: Assembly, with_linear: Assembly
) -> None:
    kind = "AWS::CodeDeploy::DeploymentConfig"
    assert properties(prod, kind)["TrafficRoutingConfig"] == {
        "Type": "TimeBasedCanary",
        "TimeBasedCanary": {"CanaryInterval": 5, "CanaryPercentage": 10},
    }
    assert properties(with_linear, kind)["TrafficRoutingConfig"] == {
        "Type": "TimeBasedLinear",
        "TimeBasedLinear": {"LinearInterval": 3, "LinearPercentage": 20},
    }


def test_an_agent_that_is_held_stays_and_is_moved_by_nobody_else(with_linear: Assembly) -> None:
    alias = with_linear.only(with_linear.agents, "AWS::Lambda::Alias", "Terrain")
    assert alias["Properties"]["FunctionVersion"] == "7"
    # CodeDeploy would move it from the version that the stack knows alone.
    assert "UpdatePolicy" not in alias
    other = with_linear.only(with_linear.agents, "AWS::Lambda::Alias", "Layout")
    assert "UpdatePolicy" in other


def test_codedeploy_may_move_these_aliases_and_nothing_else(prod: Assembly) -> None:
    role = properties(prod, "AWS::IAM::Role", "Deployments")
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "codedeploy.amazonaws.com"}
    assert "ManagedPolicyArns" not in role
    arns = [
        f"arn:<AWS::Partition>:lambda:us-east-1:ACCOUNT:function:tradewind-prod-{agent}"
        for agent in AGENTS
    ]
    arns = [arn.replace("<AWS::Partition>", "aws") for arn in arns]
    moved = {
        (action, resource.replace("<AWS::Partition>", "aws"), condition)
        for action, resource, condition in held(role)
    }
    assert moved == {
        *allow(
            ["lambda:GetAlias", "lambda:UpdateAlias"],
            arns,
        ),
        *allow("lambda:GetProvisionedConcurrencyConfig", [f"{arn}:live" for arn in arns]),
        *allow("cloudwatch:DescribeAlarms", "*"),
        *allow(
            "lambda:InvokeFunction",
            "arn:aws:lambda:us-east-1:ACCOUNT:function:tradewind-prod-probe",
        ),
    }


def test_the_probe_may_ask_agents_versions_and_report(prod: Assembly) -> None:
    role = properties(prod, "AWS::IAM::Role", construct_id(PROBE))
    found = {
        (action, resource.replace("<AWS::Partition>", "aws"), condition)
        for action, resource, condition in held(role)
    }
    group = "arn:aws:codedeploy:us-east-1:ACCOUNT:deploymentgroup:tradewind-prod"
    function = "arn:aws:lambda:us-east-1:ACCOUNT:function:tradewind-prod"
    assert found == {
        *allow(["logs:CreateLogStream", "logs:PutLogEvents"], ["<ProbeLogs.Arn>"]),
        *allow(
            ["codedeploy:GetDeployment", "codedeploy:PutLifecycleEventHookExecutionStatus"],
            [f"{group}/{agent}" for agent in AGENTS],
        ),
        *allow("lambda:InvokeFunction", [f"{function}-{agent}:*" for agent in AGENTS]),
    }
    called = {
        f"{service}:{name}"
        for service, names in CORE_FUNCTIONS[PROBE].operations.items()
        for name in names
    }
    actions = {
        action
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }
    granted = {action.replace("InvokeFunction", "Invoke") for action in actions}
    assert {action for action in granted if not action.startswith("logs:")} == called


def test_the_probe_is_a_small_function_that_knows_the_versions(prod: Assembly) -> None:
    function = properties(prod, "AWS::Lambda::Function", construct_id(PROBE))
    expected = {
        "FunctionName": "tradewind-prod-probe",
        "Handler": "tradewind.handlers.probe.handler",
        "MemorySize": 512,
        "Timeout": 300,
    }
    assert expected.items() <= function.items()
    variables = function["Environment"]["Variables"]
    read = ProbeEnvironment.from_variables(variables)
    assert read.environment == "prod"
    assert list(read.versions) == list(AGENTS)
    assert all(
        version.startswith(f"<{construct_id(agent)}FunctionCurrentVersion")
        for agent, version in read.versions.items()
    )


def test_the_versions_alarms_page_with_the_agents_own(prod: Assembly, dev: Assembly) -> None:
    def rule(assembly: Assembly) -> str:
        [found] = [
            alarm["Properties"]["AlarmRule"]
            for alarm in assembly.all(assembly.observability, "AWS::CloudWatch::CompositeAlarm")
            if alarm["Properties"]["AlarmName"].endswith("-terrain-unwell")
        ]
        return str(found)

    for name in ("version-failing", "version-slower"):
        assert f'ALARM("tradewind-prod-terrain-{name}")' in rule(prod)
        assert name not in rule(dev)
    # It names them, so they have to be there first.
    depends = prod.manifest()["artifacts"]["Observability"]["dependencies"]
    assert "Agents" in depends
