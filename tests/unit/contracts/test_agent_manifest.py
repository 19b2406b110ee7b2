"""What a person sees who mistypes a manifest: one line with file, field and what is allowed."""

from pathlib import Path

import pytest

from tradewind.contracts.agent_manifest import ManifestError, find_agents, in_order

SOUND = 'description = "Does what it says."\nframework = "strands"\n'


def write(folder: Path, name: str, text: str = SOUND) -> None:
    (folder / name).mkdir()
    (folder / name / "agent.toml").write_text(text)


def refusal(folder: Path) -> str:
    with pytest.raises(ManifestError) as refused:
        find_agents(folder)
    line = str(refused.value)
    assert "\n" not in line
    return line


def test_two_lines_make_an_agent(tmp_path: Path) -> None:
    write(tmp_path, "grid")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__init__.py").touch()

    [(name, grid)] = find_agents(tmp_path).items()

    assert (name, grid.name, grid.framework, grid.reads_from) == ("grid", "grid", "strands", ())
    assert (grid.function.memory_mb, grid.function.timeout_s) == (3072, 900)


def test_each_agent_comes_after_those_it_reads_from(tmp_path: Path) -> None:
    write(tmp_path, "alpha", SOUND + 'reads_from = ["zeta", "beta"]\n')
    write(tmp_path, "beta", SOUND + 'reads_from = ["zeta"]\n')
    write(tmp_path, "zeta")
    write(tmp_path, "gamma")

    agents = find_agents(tmp_path)

    assert list(agents) == ["gamma", "zeta", "beta", "alpha"]
    assert in_order(agents["alpha"].reads_from, agents) == ("zeta", "beta")


def test_no_agents_are_none(tmp_path: Path) -> None:
    assert find_agents(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "agents/grid/agent.toml: description is missing; give a sentence of 10 to 256"),
        ('description = "Short"\nframework = "strands"', "description: 'Short' is not allowed"),
        (SOUND.replace("strands", "langchain"), "'langchain' is not allowed; give strands or pyd"),
        (SOUND + 'name = "grid"', "agents/grid/agent.toml: name: is not a setting; it is the fol"),
        (SOUND + "memory_mb = 1", "memory_mb is not a setting; those here are description, fram"),
        (
            SOUND + "[function]\nmemory = 1",
            "function.memory is not a setting; those here are bundle_budget_mb, endpoints",
        ),
        (
            SOUND + "[function]\nmemory_mb = 99999",
            "agents/grid/agent.toml: function.memory_mb: 99999 is not allowed; give a whole number "
            "from 128 to 10240",
        ),
        (SOUND + '[function]\nmemory_mb = "512"', "function.memory_mb: '512' is not allowed"),
        (
            SOUND + '[function.endpoints]\nMAPS_URL = "http://maps.test"',
            "function.endpoints.MAPS_URL: 'http://maps.test' is not allowed; give an https:// add",
        ),
        (
            SOUND + '[function.endpoints]\nPATH = "https://a.test"',
            "function.endpoints.PATH: 'PATH'",
        ),
        (SOUND + 'reads_from = "terrain"', "reads_from: 'terrain' is not allowed; give a list"),
        (SOUND + 'reads_from = ["terrain"]', "reads_from: there is no agent 'terrain'; those ther"),
        (SOUND + 'packages = ["../secrets"]', "'../secrets' is not allowed; give a list of folder"),
        (SOUND + "description = 1", "not valid TOML"),
        (
            SOUND + '[[reach]]\nservice = "dynamodb"\noperations = ["GetItem"]\n'
            'actions = ["dynamodb:*"]\nresources = ["arn:aws:x"]',
            "reach.0.actions.0: 'dynamodb:*' is not allowed; give a list of IAM actions such as",
        ),
        (
            SOUND + '[[reach]]\nservice = "dynamodb"\noperations = ["GetItem"]\n'
            'actions = ["dynamodb:GetItem"]\nresources = ["*"]',
            "agents/grid/agent.toml: reach.0: a resource with a * needs a reason",
        ),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, "grid", text)
    assert expected in refusal(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        *("Grid", "wind-farm", "a__b", "1st", "x" * 31, "b_"),
        *("overview", "environment", "tests", "class", "lambda"),
    ],
)
def test_a_folder_that_cannot_name_an_agent_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    assert f"agents/{name}: {name!r} is not allowed as an agent's name" in refusal(tmp_path)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "grid").mkdir()
    assert refusal(tmp_path).startswith("agents/grid/agent.toml is missing")


def test_a_manifest_that_is_not_text_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "grid")
    (tmp_path / "grid" / "agent.toml").write_bytes(b"\xff\xfe")
    assert "not valid TOML" in refusal(tmp_path)


def test_agents_that_read_from_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "alpha", SOUND + 'reads_from = ["beta"]\n')
    write(tmp_path, "beta", SOUND + 'reads_from = ["alpha"]\n')
    assert "reads_from: alpha, beta read from each other in a circle" in refusal(tmp_path)


def test_an_agent_that_reads_from_itself_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "alpha", SOUND + 'reads_from = ["alpha"]\n')
    assert "alpha read from" in refusal(tmp_path)
