"""A new agent's folder from the template, and its end."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from cli import agent_folders
from cli.cdk import PROJECT
from cli.commands.agent import FRAMEWORKS
from cli.errors import CommandError
from scripts.lock import _header, joint_locks
from tradewind.contracts.agent_manifest import (
    RUNS_ELSEWHERE,
    RUNS_WORKFLOWS,
    Framework,
    find_agents,
)
from tradewind.contracts.names import AGENT_NAME_LENGTH
from tradewind.contracts.request import parse_request


@pytest.fixture
def agents(tmp_path: Path) -> Path:
    folder = tmp_path / "lambda_src" / "agents"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "dev.yaml").write_text("agents: {}\nkeep_data: false\n")
    return folder


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_new_folder_has_what_an_agents_has(agents: Path, framework: str) -> None:
    folder = agent_folders.create(agents, "grid", framework)

    assert names(folder) == {
        *("__init__.py", "agent.py", "agent.toml", "test_agent.py", "request.json"),
        *("requirements.in", "requirements.txt"),
    }
    assert names(agents) == {"grid"}
    manifest = find_agents(agents)["grid"]
    assert (manifest.name, manifest.framework) == ("grid", framework)
    request = parse_request(json.loads((folder / "request.json").read_text()), "grid")
    assert request.agent == "grid"
    assert request.parameters
    assert "$" not in "".join(file.read_text() for file in folder.iterdir())
    # As others may read a folder that somebody made by hand.
    (agents / "by_hand").mkdir()
    assert folder.stat().st_mode == (agents / "by_hand").stat().st_mode


def test_the_python_of_a_new_agent_is_as_all_other(agents: Path) -> None:
    # Lines and imports are right whatever the name.
    for framework in FRAMEWORKS:
        for name in (framework[0], framework[0] * AGENT_NAME_LENGTH):
            agent_folders.create(agents, name, framework)
    root = agents.parents[1]
    shutil.copy(PROJECT / "pyproject.toml", root)
    ruff = (sys.executable, "-m", "ruff")
    # In the project's own folder, and so on the cache of `make types`.
    mypy = (sys.executable, "-m", "mypy", *(str(agents / framework[0]) for framework in FRAMEWORKS))
    for command, folder in (
        ((*ruff, "check", "--no-cache"), root),
        ((*ruff, "format", "--check", "--no-cache"), root),
        (mypy, PROJECT),
    ):
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "MYPYPATH": str(agents.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Grid", "'Grid' is not allowed as an agent's name; give up to 30 lower-case letters"),
        ("", "'' is not allowed"),
        ("../grid", "'../grid' is not allowed"),
        ("g" * (AGENT_NAME_LENGTH + 1), "is not allowed"),
        (
            "overview",
            "none of agent, answer_invocation, api, authorizer, bedrock, cancel_invocation, "
            "durable, environment, look_up_invocation, mcp, model, overview, probe, runtime, "
            "runtimes, sweep, tests or Python's keywords",
        ),
        ("tests", "'tests' is not allowed"),
        ("class", "'class' is not allowed"),
        ("grid", "lambda_src/agents/grid exists already. Choose another name"),
        ("g_rid", "agents/g_rid: differs from agents/grid by underscores only"),
    ],
)
def test_a_name_that_cannot_be_is_refused_in_a_line(agents: Path, name: str, words: str) -> None:
    (agents / "grid").mkdir()
    with pytest.raises(CommandError) as refused:
        agent_folders.create(agents, name, "strands")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert names(agents) == {"grid"}


def test_a_dangling_link_is_taken_too(agents: Path) -> None:
    (agents / "grid").symlink_to(agents / "nowhere")
    with pytest.raises(CommandError, match="exists already"):
        agent_folders.create(agents, "grid", "strands")


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_folder_is_written_whole_or_not_at_all(
    agents: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    write = Path.write_text

    def full(path: Path, *args: object, **kwargs: object) -> int:
        if path.name == "request.json":
            raise failure
        return write(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    expected = CommandError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as ended:
        agent_folders.create(agents, "grid", "strands")
    if expected is CommandError:
        assert str(ended.value) == (
            "lambda_src/agents/grid cannot be written: No space left on device"
        )
    assert names(agents) == set()


def test_of_two_at_once_one_wins(agents: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        (target / "agent.toml").parent.mkdir()
        (target / "agent.toml").write_text("the other's")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    with pytest.raises(CommandError, match="cannot be written: Directory not empty"):
        agent_folders.create(agents, "grid", "strands")
    assert (agents / "grid" / "agent.toml").read_text() == "the other's"
    assert names(agents) == {"grid"}


def test_no_agents_folder_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        agent_folders.create(tmp_path / "none", "grid", "strands")


def test_what_names_an_agent_is_told(agents: Path, config: Path) -> None:
    for name in ("grid", "other"):
        agent_folders.create(agents, name, "strands")
    assert agent_folders.uses_of(agents, config, "grid") == []

    with (agents / "other" / "agent.toml").open("a") as manifest:
        manifest.write('reads_from = ["grid"]\n')
    (config / "prod.yaml").write_text(
        "agents: {grid: {memory_mb: 512}}\nruntimes: {there: {agent: grid}, else: {agent: other}}\n"
    )
    (config / "none.yaml").write_text("agents:\n")
    (config / "number.yaml").write_text("agents: 5\n")

    assert agent_folders.uses_of(agents, config, "grid") == [
        "agents/other/agent.toml: reads_from names it",
        "config/prod.yaml: agents.grid is about it",
        "config/prod.yaml: runtimes.there is it on AgentCore",
    ]


@pytest.mark.parametrize("content", ["agents: {", "- a list", "\xff", "a: 2026-13-01", "[" * 5000])
def test_a_configuration_that_cannot_be_read_is_a_line(
    agents: Path, config: Path, content: str
) -> None:
    (config / "dev.yaml").write_bytes(content.encode("latin-1"))
    with pytest.raises(CommandError, match=r"^config/dev\.yaml") as refused:
        agent_folders.uses_of(agents, config, "grid")
    assert "\n" not in str(refused.value)


def test_another_agents_broken_manifest_is_a_line_and_its_own_is_no_hindrance(
    agents: Path, config: Path
) -> None:
    (agents / "broken").mkdir()
    with pytest.raises(CommandError, match=r"agents/broken/agent\.toml is missing"):
        agent_folders.uses_of(agents, config, "grid")
    assert agent_folders.uses_of(agents, config, "broken") == []


def test_a_removed_folder_is_gone_with_all_in_it(agents: Path) -> None:
    folder = agent_folders.create(agents, "grid", "strands")
    (folder / "__pycache__").mkdir()
    agent_folders.remove(agents, "grid")
    assert names(agents) == set()


def test_a_folder_that_cannot_be_removed_stays_where_it_is(
    agents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent_folders.create(agents, "grid", "strands")

    def forbidden(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", forbidden)
    with pytest.raises(CommandError, match=r"^lambda_src/agents/grid cannot be removed: Perm"):
        agent_folders.remove(agents, "grid")
    assert names(agents) == {"grid"}


def test_of_a_link_only_the_link_is_removed(agents: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (agents / "grid").symlink_to(elsewhere)
    agent_folders.remove(agents, "grid")
    assert names(agents) == set()
    assert elsewhere.exists()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_lock_of_a_new_agent_is_the_one_that_make_lock_writes(
    agents: Path, framework: str
) -> None:
    agent_folders.create(agents, "grid", framework)
    shutil.copytree(PROJECT / "lambda_src" / "requirements", agents.parent / "requirements")
    (lock,) = (one for one in joint_locks(agents.parents[1]) if "grid" in one.path.parts)
    required = (agents / "grid" / "requirements.in").read_text().splitlines()
    assert [line for line in required if not line.startswith("#")] == []
    assert (agents / "grid" / "requirements.txt").read_text() == _header(lock)


def test_there_is_a_template_for_every_framework() -> None:
    # One that runs workflows has no code of its own to begin with, and a runtime has no folder.
    assert get_args(Framework) == (*FRAMEWORKS, RUNS_WORKFLOWS, RUNS_ELSEWHERE)
