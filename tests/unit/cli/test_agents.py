"""What the command reads of the agents before it starts anything."""

from pathlib import Path

import pytest

from cli import agents
from cli.console import Steps
from cli.demo.run import run_demo
from cli.errors import CommandError
from devtools.localcloud import LocalCloud

MANIFEST = 'description = "Does what it says."\nframework = "strands"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one agent, which has no example request yet."""
    monkeypatch.setattr(agents, "FOLDER", tmp_path)
    monkeypatch.setattr(agents, "agents", agents.agents.__wrapped__)
    (tmp_path / "grid").mkdir()
    (tmp_path / "grid" / "agent.toml").write_text(MANIFEST)
    return tmp_path


def test_an_example_request_is_on_a_project_if_there_is_one(folder: Path) -> None:
    (folder / "grid" / "request.json").write_text('{"query": "hello"}')
    assert agents.example_request("grid", None) == {"query": "hello"}
    assert agents.example_request("grid", "p-1") == {"query": "hello", "project_id": "p-1"}
    agents.check_example_requests()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is missing; every agent has an example request"),
        ("{", "is not JSON: Expecting property name"),
        ("\xff", "is not JSON: 'utf-8' codec"),
        ("[]", "The event must be a JSON object with at least a query."),
        ('{"parameters": {}}', "query: Field required"),
        ('{"query": "x", "agent": "terrain"}', "This function serves the grid agent"),
    ],
)
def test_a_demo_refuses_an_example_before_it_starts_anything(
    folder: Path, tmp_path: Path, content: str | None, words: str
) -> None:
    if content is not None:
        (folder / "grid" / "request.json").write_bytes(content.encode("latin-1"))
    home = tmp_path / "home"

    with pytest.raises(CommandError) as refused:
        run_demo(Steps(), LocalCloud(home), tmp_path / "out", keep=False)

    line = str(refused.value)
    assert line.startswith("agents/grid/request.json")
    assert words in line
    assert "\n" not in line
    assert not home.exists()


def test_a_request_that_may_not_be_read_is_a_line(folder: Path) -> None:
    (folder / "grid" / "request.json").mkdir()
    with pytest.raises(CommandError, match=r"agents/grid/request\.json cannot be read: Is a dir"):
        agents.example_request("grid", None)
