"""The agents that a workflow may ask by name, from the command line."""

import os
from pathlib import Path

import certifi
import pytest

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
    assert known_names() == {"one", "broken"}


def test_those_of_this_checkout_are_known() -> None:
    assert {"assistant", "terrain"} <= known_names() <= {one.name for one in FOLDER.iterdir()}


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
