"""What the handlers emit is what the stacks draw and alarm on, for every environment.

Whether a value is right is asked in ``test_metric_values``.
"""

import json
import uuid
from collections import deque
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aws_cdk import App

import app as cdk_app
from cli.contract import declared, emitters
from devtools.contract import (
    Finding,
    check,
    emitted_in,
    load_catalogue,
    load_exceptions,
    logged_in,
    read_contract,
)
from stacks.bundling.archive import Archive
from stacks.bundling.fixed_bundle import FixedBundle
from stacks.settings.environment import RequestLogSettings, Settings
from stacks.settings.file import load_settings
from stacks.settings.runtime import RuntimeSettings
from tests.api_events import proxy_event
from tests.deployed_agents import AGENTS
from tests.dynamodb import LoopbackDynamoDB
from tests.frameworks import FRAMEWORKS, Framework
from tests.integration.api.conftest import ApiUnderTest, Context, api, table_name
from tests.integration.handler.conftest import WITH_TOOL, Build
from tests.integration.handler.runtimes import (
    RUNTIME_VARIABLES,
    TARGET,
    Said,
    ScriptedTransport,
    event,
    runtime_agent,
)
from tradewind.api.service import ApiService
from tradewind.aws.deadline import Deadline
from tradewind.contracts.names import OptionalEnvVar
from tradewind.handlers.prober import Prober
from tradewind.mcp.exchange import MCP_METRICS, ROUTES
from tradewind.telemetry.metric_names import METRICS, NAMESPACE, Kept, MetricName
from tradewind.telemetry.process import ColdStart

ROOT = Path(__file__).parents[3]
#: The API as its own tests have it.
__all__ = ["api", "table_name"]
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
BOTH = {"Accept": "application/json, text/event-stream"}
TWO_RUNTIMES = {
    name: RuntimeSettings(description="It knows the company.", arn=TARGET.arn)
    for name in ("onboarding", "provisioning")
}
EXCEPTIONS = ROOT / "stacks" / "unread_metrics.yaml"


@pytest.fixture
def framework(request: pytest.FixtureRequest) -> Framework:
    """Strands; synthesizing once more for another one would show nothing new."""
    return FRAMEWORKS[getattr(request, "param", "strands")]


@pytest.fixture
def logged(request: pytest.FixtureRequest) -> bool:
    """Whether a log of requests and answers is kept."""
    return bool(getattr(request, "param", True))


@pytest.fixture(autouse=True)
def _traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda gives each invocation a trace, which log lines name."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")


@pytest.fixture
def detailed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether detailed metrics are asked for."""
    asked = bool(getattr(request, "param", False))
    monkeypatch.setenv(OptionalEnvVar.DETAILED_METRICS, "1" if asked else "")
    return asked


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """An environment's; with two runtimes on AgentCore where its name is followed by a plus."""
    environment: str = getattr(request, "param", "prod+")
    settings = load_settings(environment.removesuffix("+"), ROOT / "config", AGENTS)
    if not environment.endswith("+"):
        return settings
    return settings.model_copy(update={"runtimes": {**settings.runtimes, **TWO_RUNTIMES}})


@pytest.fixture
def variables(dynamodb: LoopbackDynamoDB, logged: bool, detailed: bool) -> dict[str, str]:
    """Where the log of requests is, if one is kept; asked for after ``detailed`` is."""
    if not logged:
        return {}
    table = dynamodb.create_log_table(f"log-{uuid.uuid4().hex}")
    return {"REQUEST_LOG_TABLE": table, "REQUEST_LOG_DAYS": "1"}


def refuse_a_version() -> None:
    """Count a version as refused, as one that passes is counted too; nobody is asked for either."""
    refused: Any = SimpleNamespace(
        get_deployment=lambda **_: {"deploymentInfo": {"deploymentGroupName": "nobody"}},
        put_lifecycle_event_hook_execution_status=lambda **_: None,
    )
    probe = Prober("test", {}, ROOT, deployments=refused, functions=refused)
    hook = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "h-1"}
    assert not probe.probe(hook, Deadline(300))["passed"]


@pytest.fixture
def lines_of(
    build: Build,
    api: ApiUnderTest,
    variables: dict[str, str],
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> dict[str, list[str]]:
    """What each agent, the API and the MCP function print over a cold and a warm request.

    And what the prober does, where versions get requests by steps.
    """

    def printed() -> list[str]:
        return capsys.readouterr().out.splitlines()

    found = {}
    assert [api("GET", "/openapi.json")[0] for _ in range(2)] == [200, 200]
    found["the API"] = printed()
    mcp = ApiService(api.service._door, ROUTES, ColdStart(), MCP_METRICS)
    ping = proxy_event("POST", "/mcp", PING, headers=BOTH)
    assert [mcp.handle(ping, Context())["statusCode"] for _ in range(2)] == [200, 200]
    found["MCP"] = printed()
    if settings.deployment.gradual:
        refuse_a_version()
        found["the prober"] = printed()
    for agent in AGENTS:
        harness = build(WITH_TOOL, agent=agent, **variables)
        for number in range(2):
            assert harness.handle({"query": "How windy?", "request_id": f"{agent}-{number}"})
        found[f"agent {agent}"] = printed()
    answers = ScriptedTransport(deque([Said((event("Windy."),))] * 2 * len(settings.runtimes)))
    for name in settings.runtimes:
        harness = build(runtime_agent(answers), agent=name, **variables, **RUNTIME_VARIABLES)
        for number in range(2):
            assert harness.handle({"query": "How windy?", "request_id": f"{name}-{number}"})
        found[f"agent {name}"] = printed()
    return found


@pytest.fixture
def lines(lines_of: dict[str, list[str]]) -> list[str]:
    """What all of them print."""
    return [*chain(*lines_of.values())]


@pytest.fixture
def templates(settings: Settings, logged: bool, tmp_path: Path) -> Path:
    """A synthesized environment, of no real bundle."""
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(b"not a real bundle")
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(outdir=str(tmp_path / "cdk.out"), context=context)
    archive = Archive(path=bundle, sha256="0" * 64, packages={})
    log = RequestLogSettings(retention_days=1) if logged else None
    cdk_app.build(
        app, settings.model_copy(update={"request_log": log}), AGENTS, FixedBundle(archive)
    )
    app.synth()
    return tmp_path / "cdk.out"


def found(templates: Path, lines: list[str]) -> list[Finding]:
    contract = read_contract(templates)
    return check(
        contract,
        emitted_in(lines),
        load_catalogue(),
        load_exceptions(EXCEPTIONS),
        free={"Environment"},
        declared=declared(),
        logged=logged_in(lines, lists=METRICS),
        emitters=emitters(contract),
    )


@pytest.mark.parametrize(
    ("settings", "logged"),
    [("dev", False), ("local", False), ("prod", False), ("prod+", True)],
    indirect=True,
)
def test_widgets_and_alarms_read_what_is_emitted_and_all_of_it(
    lines: list[str], templates: Path
) -> None:
    assert found(templates, lines) == []


@pytest.mark.parametrize(("settings", "logged"), [("local", False), ("prod+", True)], indirect=True)
def test_of_a_function_that_was_never_called_it_says_that_alone(
    lines_of: dict[str, list[str]], templates: Path, settings: Settings
) -> None:
    called = lines_of.keys() - {"the prober"}
    assert len(called) == len(AGENTS) + len(settings.runtimes) + 2
    for silent in [
        *({name} for name in called),
        {name for name in called if name.startswith("agent ")},
        {"the API", "MCP", *(f"agent {name}" for name in settings.runtimes)},
        called,
    ]:
        heard = [text for name in lines_of.keys() - silent for text in lines_of[name]]
        findings = found(templates, heard)
        assert {one.where for one in findings} == silent
        assert len(findings) == len(silent)
        for one in findings:
            assert "it was never called" in one.problem
            command = one.problem.partition("To call it: ")[2]
            assert "./tradewind " in command
            assert ("call --runtime" in command) is (
                one.where in {f"agent {name}" for name in settings.runtimes}
            )
            assert command.endswith(" --env prod") is (settings.environment == "prod")


@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
@pytest.mark.parametrize("detailed", [False, True], indirect=True)
def test_every_metric_of_the_list_is_emitted_as_the_list_says(
    lines: list[str], detailed: bool
) -> None:
    emitted = {
        (one.metric.name, frozenset(dict(one.metric.dimensions)), one.unit)
        for one in emitted_in(lines)
        if one.metric.namespace == NAMESPACE
    }
    listed = {
        kept: {
            (str(name), frozenset(map(str, dimensions)), spec.unit)
            for name, spec in METRICS.items()
            if spec.kept is kept
            for dimensions in spec.sets_of(detailed=detailed)
        }
        for kept in Kept
    }
    # What rarely happens: of those requests nothing but a version that was refused.
    rare = {one for one in listed[Kept.WHEN_NOT_ZERO] if one[0] == MetricName.VERSIONS_REFUSED}
    assert emitted == listed[Kept.ALWAYS] | listed[Kept.IN_LOG] | rare


def test_every_value_is_in_the_log_whatever_becomes_a_metric(lines: list[str]) -> None:
    fields = {name for line in lines if line.startswith("{") for name in json.loads(line)}
    assert fields >= set(METRICS) - {MetricName.RECORDS_SETTLED}
