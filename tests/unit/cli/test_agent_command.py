"""``tradewind agent new|list|remove``: what each says, and when it refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import agents as agents_here
from cli import cdk
from cli.commands.agent import agent
from cli.errors import CommandError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The agents' folder of a checkout that has none yet, and a configuration."""
    made = tmp_path / "lambda_src" / "agents"
    made.mkdir(parents=True)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "dev.yaml").write_text("keep_data: false\n")
    (tmp_path / "config" / "prod.yaml").write_text("keep_data: true\n")
    monkeypatch.setattr(agents_here, "FOLDER", made)
    monkeypatch.setattr(agents_here, "agents", agents_here.agents.__wrapped__)
    monkeypatch.setattr(cdk, "PROJECT", tmp_path)
    return made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(agent, arguments)


def test_new_says_what_follows(folder: Path) -> None:
    said = run("new", "grid").output
    assert said.startswith("Wrote lambda_src/agents/grid: __init__.py, agent.py, agent.toml, ")
    for follows in (
        "make demo",
        "./tradewind invoke grid --request lambda_src/agents/grid/request.json",
        "make lock",
        "pytest lambda_src/agents/grid",
        "docs/agents.md",
    ):
        assert follows in said


def test_new_answers_a_machine(folder: Path) -> None:
    answer = json.loads(run("new", "grid", "--json").output)
    assert (answer["name"], answer["folder"]) == ("grid", "lambda_src/agents/grid")
    assert set(answer["files"]) == {file.name for file in (folder / "grid").iterdir()}


def test_list_shows_each_agent_in_a_line(folder: Path) -> None:
    assert "There are no agents yet. `tradewind agent new NAME`" in run("list").output
    run("new", "zeta")
    run("new", "grid")
    with (folder / "grid" / "agent.toml").open("a") as manifest:
        manifest.write('reads_from = ["zeta"]\n[function]\nmemory_mb = 512\n')

    head, first, second = run("list").output.splitlines()
    assert head.split()[:4] == ["agent", "framework", "memory", "timeout"]
    assert first.split()[:7] == ["zeta", "strands", "3072", "MB", "900", "s", "-"]
    assert second.split()[:7] == ["grid", "strands", "512", "MB", "900", "s", "zeta"]
    assert second.endswith("Works out how an amount grows over the years.")

    answer = json.loads(run("list", "--json").output)
    assert [one["name"] for one in answer] == ["zeta", "grid"]
    assert answer[1]["reads_from"] == ["zeta"]
    assert answer[1]["function"]["memory_mb"] == 512


def test_remove_says_what_the_next_deployment_takes_and_what_stays(folder: Path) -> None:
    run("new", "grid")
    said = run("remove", "grid", "--yes").output
    assert said.splitlines() == [
        "Removed lambda_src/agents/grid.",
        "",
        "The next deployment removes its function, role, alarms and dashboard.",
        "Its log group and dead-letter queue go with them in dev (keep_data: false).",
        "Its log group and dead-letter queue stay in prod (keep_data: true).",
        "Its artifacts and records stay until they expire (artifact_expiry_days, record_ttl_days).",
    ]
    assert list(folder.iterdir()) == []


def test_remove_answers_a_machine(folder: Path) -> None:
    run("new", "grid")
    assert json.loads(run("remove", "grid", "--yes", "--json").output) == {
        "name": "grid",
        "folder": "lambda_src/agents/grid",
        "keeps_data": {"dev": False, "prod": True},
    }


def test_without_somebody_to_ask_nothing_is_removed(folder: Path) -> None:
    run("new", "grid")
    refused = run("remove", "grid")
    assert refused.exit_code == 2
    assert "give --yes" in refused.output
    assert (folder / "grid").exists()


@pytest.mark.parametrize(
    ("answer", "left"), [("y\n", set()), ("n\n", {"grid"}), ("\n", {"grid"}), ("", {"grid"})]
)
def test_it_is_removed_when_somebody_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str, left: set[str]
) -> None:
    run("new", "grid")
    monkeypatch.setattr("cli.commands.agent._somebody_to_ask", lambda: True)
    CliRunner().invoke(agent, ["remove", "grid"], input=answer)
    assert {entry.name for entry in folder.iterdir()} == left


def test_an_agent_that_others_need_stays(folder: Path) -> None:
    run("new", "grid")
    run("new", "other")
    with (folder / "other" / "agent.toml").open("a") as manifest:
        manifest.write('reads_from = ["grid"]\n')
    refused = run("remove", "grid", "--yes")
    assert isinstance(refused.exception, CommandError)
    assert str(refused.exception) == (
        "grid cannot be removed yet.\n  agents/other/agent.toml: reads_from names it"
    )
    assert (folder / "grid").exists()


@pytest.mark.parametrize(
    "name", ["grid", "..", ".", "", "../agents", "__pycache__", "a/b", "a/", "./a", "x" * 5000]
)
def test_what_is_no_agent_is_not_removed(folder: Path, name: str) -> None:
    (folder / "__pycache__").mkdir()
    (folder / "a" / "b").mkdir(parents=True)
    refused = run("remove", "--yes", "--", name)
    assert isinstance(refused.exception, CommandError)
    assert str(refused.exception).startswith(f"There is no agent {name!r}.")
    assert (folder / "__pycache__").exists()
    assert (folder / "a" / "b").exists()
