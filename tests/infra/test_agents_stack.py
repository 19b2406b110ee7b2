"""What each agent's function is made of."""

from dataclasses import replace
from typing import Any

import pytest

from stacks.bundling.fixed_bundle import FixedBundle
from stacks.names import construct_id
from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.settings.function import FunctionSettings
from tests.deployed_agents import AGENTS, FIRST
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tradewind.contracts.environment import AgentEnvironment

each_agent = pytest.mark.parametrize("agent", list(AGENTS))


def function(assembly: Assembly, agent: str) -> dict[str, Any]:
    found = assembly.only(
        assembly.agents, "AWS::Lambda::Function", f"{construct_id(agent)}Function"
    )
    properties: dict[str, Any] = found["Properties"]
    return properties


def one(assembly: Assembly, resource_type: str, prefix: str) -> dict[str, Any]:
    properties: dict[str, Any] = assembly.only(assembly.agents, resource_type, prefix)["Properties"]
    return properties


def test_there_is_one_function_per_agent_and_the_sweep_and_no_other(dev: Assembly) -> None:
    functions = dev.all(dev.agents, "AWS::Lambda::Function")
    assert sorted(resource["Properties"]["FunctionName"] for resource in functions) == sorted(
        f"tradewind-dev-{name}" for name in (*AGENTS, "sweep")
    )


@each_agent
def test_a_function_has_the_size_time_and_runtime_of_the_settings(
    dev: Assembly, agent: str
) -> None:
    expected = {
        "Runtime": "python3.12",
        "Architectures": ["arm64"],
        "Handler": "tradewind.handlers.agent.handler",
        "MemorySize": 3072,
        "Timeout": 900,
        "TracingConfig": {"Mode": "Active"},
    }
    assert expected.items() <= function(dev, agent).items()


@each_agent
def test_logs_are_json_in_an_encrypted_group_of_the_functions_own(
    dev: Assembly, agent: str
) -> None:
    assert function(dev, agent)["LoggingConfig"] == {
        "ApplicationLogLevel": "DEBUG",
        "LogFormat": "JSON",
        "LogGroup": f"<{construct_id(agent)}Logs>",
        "SystemLogLevel": "INFO",
    }
    group = one(dev, "AWS::Logs::LogGroup", f"{construct_id(agent)}Logs")
    assert group["LogGroupName"] == f"/aws/lambda/tradewind-dev-{agent}"
    assert group["RetentionInDays"] == dev.settings.log_retention_days
    assert group["KmsKeyId"] == "<DataKey.Arn>"


@each_agent
def test_what_the_function_is_told_is_what_the_runtime_reads(dev: Assembly, agent: str) -> None:
    told = function(dev, agent)["Environment"]["Variables"]
    model = dev.settings.model

    read = AgentEnvironment.from_variables(told)

    assert read.agent == agent
    assert read.environment == "dev"
    assert read.model_id == model.id
    assert read.model_region == model.region
    assert read.max_tokens == model.max_tokens
    assert read.connect_timeout_s == model.connect_timeout_s
    assert read.read_timeout_s == model.read_timeout_s
    assert read.max_connections == model.max_connections
    assert read.artifacts_bucket == "<ArtifactsBucket>"
    assert read.records_table == "<RecordsTable>"
    assert read.record_ttl_days == dev.settings.record_ttl_days
    assert read.sessions_table == "<SessionsTable>"
    assert read.session_ttl_days == dev.settings.session_ttl_days
    assert read.session_history_tokens == dev.settings.session_history_tokens
    assert read.question_life_days == dev.settings.question_life_days
    assert read.budgets_table == "<BudgetsTable>"
    assert read.budgets == dev.settings.budgets
    assert read.prices is not None
    assert read.prices.model_dump() == dev.settings.model_prices.model_dump()
    assert read.log_sample_percent == 0
    assert told["POWERTOOLS_LOG_LEVEL"] == "DEBUG"
    # Lambda refuses variables it reserves.
    assert not [name for name in told if name.startswith("AWS_")]


@each_agent
def test_only_an_agents_own_endpoints_are_told_to_it(dev: Assembly, agent: str) -> None:
    told = function(dev, agent)["Environment"]["Variables"]
    given = {name: value for name, value in told.items() if name.endswith("_URL")}

    assert given == AGENTS[agent].function.endpoints


@each_agent
def test_callers_use_an_alias_of_a_published_version(dev: Assembly, agent: str) -> None:
    alias = one(dev, "AWS::Lambda::Alias", f"{construct_id(agent)}Live")
    version = one(dev, "AWS::Lambda::Version", f"{construct_id(agent)}Function")
    assert alias["Name"] == "live"
    assert alias["FunctionName"] == version["FunctionName"] == f"<{construct_id(agent)}Function>"
    assert alias["FunctionVersion"].startswith(f"<{construct_id(agent)}FunctionCurrentVersion")
    outputs = dev.spell(dev.agents, dev.agents["Outputs"])
    assert outputs[f"{construct_id(agent)}FunctionArn"]["Value"] == f"<{construct_id(agent)}Live>"


@each_agent
def test_an_asynchronous_request_is_tried_once_and_then_kept(dev: Assembly, agent: str) -> None:
    asynchronous = one(dev, "AWS::Lambda::EventInvokeConfig", f"{construct_id(agent)}Live")
    queue = one(dev, "AWS::SQS::Queue", f"{construct_id(agent)}DeadLetters")
    policy = one(dev, "AWS::SQS::QueuePolicy", f"{construct_id(agent)}DeadLetters")
    [plain_http] = policy["PolicyDocument"]["Statement"]

    assert asynchronous["MaximumRetryAttempts"] == 0
    assert function(dev, agent)["DeadLetterConfig"] == {
        "TargetArn": f"<{construct_id(agent)}DeadLetters.Arn>"
    }
    # By name: the alarms find it there.
    assert queue["QueueName"] == f"tradewind-dev-{agent}-dead-letters"
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert plain_http["Effect"] == "Deny"
    assert plain_http["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.fixture(scope="module")
def unusual(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    """Everything that dev leaves at its default, set."""
    first = FunctionSettings(
        memory_mb=512, timeout_s=60, architecture="x86_64", reserved_concurrency=7
    )
    # AgentCore Runtime has no x86-64.
    on_lambda = AGENTS[FIRST].model_copy(update={"agentcore": None})
    return synthesize(
        dev_settings.model_copy(
            update={
                "account": "111122223333",
                "otlp_endpoint": "https://otel.example.org",
                "log_sample_percent": 2.5,
                "snap_start": True,
                "agents": {FIRST: first},
            }
        ),
        agents={**AGENTS, FIRST: on_lambda},
    )


def test_an_agents_own_settings_are_its_alone(unusual: Assembly) -> None:
    first = function(unusual, FIRST)
    assert first["Architectures"] == ["x86_64"]
    assert (first["MemorySize"], first["Timeout"]) == (512, 60)
    assert first["ReservedConcurrentExecutions"] == 7
    for other in set(AGENTS) - {FIRST}:
        assert function(unusual, other)["Architectures"] == ["arm64"]
        assert function(unusual, other)["ReservedConcurrentExecutions"] == 20


@each_agent
def test_snap_start_is_for_published_versions(dev: Assembly, unusual: Assembly, agent: str) -> None:
    assert function(unusual, agent)["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert "SnapStart" not in function(dev, agent)


@each_agent
def test_spans_and_samples_are_only_for_who_asks(
    dev: Assembly, unusual: Assembly, agent: str
) -> None:
    asked = function(unusual, agent)["Environment"]["Variables"]
    assert asked["OTEL_EXPORTER_OTLP_ENDPOINT"] == "https://otel.example.org"
    assert AgentEnvironment.from_variables(asked).log_sample_percent == 2.5
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in function(dev, agent)["Environment"]["Variables"]


def test_a_named_account_is_the_only_one_deployed_to(unusual: Assembly, dev: Assembly) -> None:
    def environments(assembly: Assembly) -> set[str]:
        manifest = assembly.manifest()
        return {
            artifact["environment"]
            for artifact in manifest["artifacts"].values()
            if artifact["type"] == "aws:cloudformation:stack"
        }

    assert environments(unusual) == {"aws://111122223333/us-east-1"}
    assert environments(dev) == {"aws://unknown-account/us-east-1"}


def test_stacks_have_names_of_their_environment(dev: Assembly, prod: Assembly) -> None:
    for assembly, name in ((dev, "dev"), (prod, "prod")):
        stacks = {
            artifact["properties"]["stackName"]: artifact["properties"]["terminationProtection"]
            for artifact in assembly.manifest()["artifacts"].values()
            if artifact["type"] == "aws:cloudformation:stack"
        }
        protected = assembly.settings.keep_data
        assert stacks == {
            f"Tradewind-{name}-State": protected,
            f"Tradewind-{name}-Agents": protected,
            f"Tradewind-{name}-Api": protected,
            f"Tradewind-{name}-Observability": protected,
            f"Tradewind-{name}-AgentCore": protected,
        }


@pytest.fixture(scope="module")
def same_again(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    return synthesize(dev_settings)


@pytest.fixture(scope="module")
def other_code(synthesize: Synthesize, dev_settings: Settings, one_bundle: FixedBundle) -> Assembly:
    changed = replace(one_bundle.archive, sha256="1" * 64)
    return synthesize(dev_settings, FixedBundle(changed))


@each_agent
def test_a_version_is_new_when_the_code_is_and_only_then(
    dev: Assembly, same_again: Assembly, other_code: Assembly, agent: str
) -> None:
    def version(assembly: Assembly) -> str:
        [found] = [
            str(logical_id)
            for logical_id, resource in assembly.agents["Resources"].items()
            if resource["Type"] == "AWS::Lambda::Version"
            and logical_id.startswith(construct_id(agent))
        ]
        return found

    assert version(dev) == version(same_again)
    assert version(dev) != version(other_code)


def test_variables_that_lambda_has_no_room_for_are_refused_in_one_line(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    def with_an_endpoint(length: int) -> Settings:
        there = FunctionSettings(endpoints={"OWN_URL": f"https://a.test/{'x' * length}"})
        return dev_settings.model_copy(update={"agents": {FIRST: there}})

    with pytest.raises(SettingsError) as refused:
        synthesize(with_an_endpoint(4_096))
    said = str(refused.value)
    assert said.startswith(f"tradewind-dev-{FIRST}: its environment variables have ")
    assert "Lambda takes 4096: shorten" in said
    assert "\n" not in said
    assert synthesize(with_an_endpoint(500))
