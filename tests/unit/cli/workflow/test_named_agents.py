"""The agents that a workflow may ask by name, from the command line."""

import os
from pathlib import Path
from typing import Any

import boto3
import certifi
import pytest
import yaml
from botocore.stub import Stubber

from cli import cloud
from cli.agents import FOLDER
from cli.workflow import named_agents
from cli.workflow.named_agents import NotDeployed, known_names, open_named
from devtools.localcloud import Running

ARN = "arn:aws:lambda:eu-west-1:000000000000:function:tradewind-local-terrain:live"


def write_manifest(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir()
    (folder / name / "agent.toml").write_text(text)


def test_every_agent_can_be_asked_but_those_that_run_workflows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_manifest(tmp_path, "one", 'framework = "strands"')
    write_manifest(tmp_path, "flows", 'framework = "workflow"')
    write_manifest(tmp_path, "broken", "= no TOML")
    (tmp_path / "__pycache__").mkdir()
    monkeypatch.setattr(named_agents, "FOLDER", tmp_path)
    monkeypatch.setattr(named_agents, "CONFIG", tmp_path)
    assert known_names() == {"one", "broken"}


def test_the_runtimes_of_every_environment_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dev.yaml").write_text("runtimes: {onboarding: {}, 1: {}}")
    (tmp_path / "prod.yaml").write_text("runtimes: {support: nonsense}")
    for number, odd in enumerate(("runtimes: [one]", "- runtimes", "{", "\x00", "")):
        (tmp_path / f"odd{number}.yaml").write_text(odd)
    monkeypatch.setattr(named_agents, "FOLDER", tmp_path)
    monkeypatch.setattr(named_agents, "CONFIG", tmp_path)
    assert known_names() == {"onboarding", "support"}


def test_those_of_this_checkout_are_known() -> None:
    folders = {one.name for one in FOLDER.iterdir()}
    settings = [yaml.safe_load(file.read_text()) for file in named_agents.CONFIG.glob("*.yaml")]
    runtimes = {name for one in settings for name in one.get("runtimes", {})}
    assert {"assistant", "terrain"} | runtimes <= known_names() <= folders | runtimes


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADEWIND_ENV", raising=False)
    running = Running(
        "http://127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:1", certifi.where(),
        "000000000000", "eu-west-1", "key", "secret", 1, 1,
    )  # fmt: skip
    monkeypatch.setattr(
        cloud, "deployed_outputs", lambda _cloud: (running, {"TerrainFunctionArn": ARN})
    )


def test_they_are_found_where_they_are_deployed_and_nothing_else_is_led_there(
    deployed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "mine")
    before = dict(os.environ)
    agents = open_named({"terrain"}, project_id="moor")
    assert agents.names == {"terrain"}
    assert agents._functions == {"terrain": ARN}
    assert agents._client.meta.endpoint_url == "http://127.0.0.1:1"
    assert dict(os.environ) == before


def test_one_that_is_not_deployed_is_named(deployed: None) -> None:
    with pytest.raises(NotDeployed, match=r"not deployed: tides\. `tradewind up`"):
        open_named({"terrain", "tides"})


def test_where_nothing_is_deployed_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "HOME", tmp_path)
    monkeypatch.delenv("TRADEWIND_ENV", raising=False)
    with pytest.raises(NotDeployed, match=r"by name \(terrain\).*tradewind up") as refused:
        open_named({"terrain"})
    assert refused.value.status == 10


@pytest.mark.parametrize("there", [True, False])
def test_a_runtime_is_found_where_its_stack_is(
    monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    """Without runtimes there is no such stack, which is no failure of the agents' own."""
    client = boto3.client("cloudformation", region_name="us-east-1")
    stubbed = Stubber(client)
    stubbed.add_response("describe_stacks", outputs("TerrainFunctionArn"))
    if there:
        stubbed.add_response("describe_stacks", outputs("OnboardingFunctionArn"))
    else:
        stubbed.add_client_error("describe_stacks", "ValidationError", "It does not exist.")
    monkeypatch.setattr("boto3.client", lambda *_, **__: client)
    with stubbed:
        if there:
            found = open_named({"terrain", "onboarding"}, environment="dev")
            assert found._functions == {"terrain": ARN, "onboarding": ARN}
        else:
            with pytest.raises(NotDeployed, match="not deployed: onboarding"):
                open_named({"terrain", "onboarding"}, environment="dev")
    stubbed.assert_no_pending_responses()


def outputs(name: str) -> dict[str, Any]:
    stack = {
        "StackName": "Tradewind-dev",
        "CreationTime": "2026-01-01T00:00:00Z",
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": name, "OutputValue": ARN}],
    }
    return {"Stacks": [stack]}
