"""The sweep's function: what it is made of, what it may do, and when it runs."""

from typing import Any

import pytest

from stacks.bundling.rules import CORE_FUNCTIONS
from stacks.settings.environment import Settings
from stacks.settings.function import FunctionSettings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tests.infra.test_roles import allow, listed, through
from tradewind.contracts.environment import SweepEnvironment
from tradewind.contracts.names import SWEEP


def one(assembly: Assembly, resource_type: str) -> dict[str, Any]:
    properties: dict[str, Any] = assembly.only(assembly.agents, resource_type, "Sweep")[
        "Properties"
    ]
    return properties


def test_it_is_a_small_function_of_the_core(dev: Assembly) -> None:
    expected = {
        "FunctionName": "tradewind-dev-sweep",
        "Runtime": "python3.12",
        "Architectures": ["arm64"],
        "Handler": "tradewind.handlers.sweep.handler",
        "MemorySize": 512,
        "Timeout": 60,
    }
    assert expected.items() <= one(dev, "AWS::Lambda::Function").items()


def test_its_environment_is_what_it_reads(dev: Assembly) -> None:
    variables = one(dev, "AWS::Lambda::Function")["Environment"]["Variables"]
    read = SweepEnvironment.from_variables(variables)
    assert (read.environment, read.records_table) == ("dev", "<RecordsTable>")
    assert read.sessions_table == "<SessionsTable>"
    assert read.session_ttl_days == dev.settings.session_ttl_days
    assert variables["POWERTOOLS_SERVICE_NAME"] == "tradewind-sweep"
    assert variables["POWERTOOLS_LOG_LEVEL"] == dev.settings.log_level


def test_its_log_is_json_in_an_encrypted_group_of_its_own(dev: Assembly) -> None:
    logging = one(dev, "AWS::Lambda::Function")["LoggingConfig"]
    assert (logging["LogFormat"], logging["LogGroup"]) == ("JSON", "<SweepLogs>")
    group = one(dev, "AWS::Logs::LogGroup")
    assert group["LogGroupName"] == "/aws/lambda/tradewind-dev-sweep"
    assert group["RetentionInDays"] == dev.settings.log_retention_days
    assert group["KmsKeyId"] == "<DataKey.Arn>"


def test_its_role_holds_exactly_this(dev: Assembly) -> None:
    role = one(dev, "AWS::IAM::Role")
    held = set()
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            held |= allow(statement["Action"], statement["Resource"], statement.get("Condition"))
    assert held == {
        *allow(["logs:CreateLogStream", "logs:PutLogEvents"], ["<SweepLogs.Arn>"]),
        *allow("dynamodb:Query", "<RecordsTable.Arn>/index/open-by-deadline"),
        *allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], "<RecordsTable.Arn>"),
        *allow(
            ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"], "<SessionsTable.Arn>"
        ),
        *allow("kms:Decrypt", "<DataKey.Arn>", through("dynamodb")),
    }
    assert "ManagedPolicyArns" not in role
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_it_may_do_what_its_bundle_can_call_and_no_more(dev: Assembly) -> None:
    called = {
        f"{service}:{name}"
        for service, names in CORE_FUNCTIONS[SWEEP].operations.items()
        for name in names
    }
    statements = [
        statement
        for policy in one(dev, "AWS::IAM::Role")["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    actions = {action for statement in statements for action in listed(statement["Action"])}
    assert {action for action in actions if action.startswith("dynamodb:")} == called


def test_a_schedule_and_nobody_else_invokes_it(dev: Assembly) -> None:
    rule = one(dev, "AWS::Events::Rule")
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert rule.get("State", "ENABLED") == "ENABLED"
    assert rule["Targets"] == [{"Arn": "<SweepFunction.Arn>", "Id": "Sweep"}]
    assert one(dev, "AWS::Lambda::Permission") == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": "<SweepFunction>",
        "Principal": "events.amazonaws.com",
        "SourceArn": "<SweepSchedule.Arn>",
    }


def test_what_fails_is_the_next_runs_to_do(dev: Assembly) -> None:
    asynchronous = one(dev, "AWS::Lambda::EventInvokeConfig")
    assert asynchronous["MaximumRetryAttempts"] == 0
    assert asynchronous["MaximumEventAgeInSeconds"] == 300
    assert "DeadLetterConfig" not in one(dev, "AWS::Lambda::Function")


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_it_is_built_for_the_architecture_of_all_functions(
    synthesize: Synthesize, dev_settings: Settings, architecture: Any
) -> None:
    functions = FunctionSettings(architecture=architecture)
    # AgentCore Runtime has arm64 alone.
    agents = {
        name: manifest.model_copy(update={"agentcore": None}) for name, manifest in AGENTS.items()
    }
    made = synthesize(dev_settings.model_copy(update={"functions": functions}), agents=agents)
    assert one(made, "AWS::Lambda::Function")["Architectures"] == [architecture]


def test_its_log_goes_or_stays_as_the_agents_do(dev: Assembly, prod: Assembly) -> None:
    policies = [
        assembly.only(assembly.agents, "AWS::Logs::LogGroup", "Sweep")["DeletionPolicy"]
        for assembly in (dev, prod)
    ]
    assert policies == ["Delete", "RetainExceptOnCreate"]
