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
        (SOUND.replace("strands", "langchain"), "'langchain' is not allowed; give strands, py"),
        (SOUND + 'name = "grid"', "agents/grid/agent.toml: name: is not a setting; it is the fol"),
        (
            SOUND + "memory_mb = 1",
            "memory_mb is not a setting; those here are agentcore, calls, demo, description, fram",
        ),
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
        (
            'description = "          "\nframework = "strands"',
            "description: '          ' is not",
        ),
        (SOUND.replace("Does", r"\u001b[31mDoes"), r"description: '\x1b[31mDoes what it says.' is"),
        (SOUND.replace("Does", r"Does\n"), "description: 'Does\\n what it says.' is not allowed"),
        (
            'description = 2020-01-01\nframework = "strands"',
            "2020, 1, 1) is not allowed; give",
        ),
        (SOUND + "x = " + "9" * 5000, "not valid TOML"),
        (SOUND + f"x = {'[' * 5000}{']' * 5000}", "not valid TOML"),
        (SOUND + f"x = {'[' * 300}{']' * 300}", "x is not a setting"),
        (SOUND + f"function{'.a' * 3000} = 1", "function.a is not a setting"),
        (SOUND + r'"a\nb" = 1', r"'a\nb' is not a setting"),
        (SOUND + f"[function]\nmemory_mb = '{'9' * 300}'", f"'{'9' * 199}... is "),
        (
            SOUND + '[function.endpoints]\nmaps_url = "https://a.test"',
            "function.endpoints.maps_url: 'maps_url' is not allowed; give a variable in capitals",
        ),
        (
            SOUND + '[function.endpoints]\nAWS_ENDPOINT_URL = "https://a.test"',
            "'AWS_ENDPOINT_URL' is not allowed; give a variable in capitals that ends in _URL, and",
        ),
        (SOUND + 'packages = ["agents"]', "packages.0: 'agents' is not allowed; give a list of fo"),
        (SOUND + 'packages = ["tradewind"]', "packages.0: 'tradewind' is not allowed"),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, "grid", text)
    assert expected in refusal(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        *("Grid", "wind-farm", "a__b", "1st", "x" * 31, "b_"),
        *("overview", "environment", "sweep", "api", "mcp", "authorizer", "probe", "tests"),
        *("look_up_invocation", "answer_invocation", "cancel_invocation"),
        *("class", "lambda"),
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


REACH = """
[[reach]]
service = "s3"
operations = ["GetObject"]
actions = ["s3:GetObject"]
resources = ["{}"]
"""


@pytest.mark.parametrize(
    "resource",
    [
        *("arn:aws:s3:::{accoun}", "arn:aws:s3:::{", "arn:aws:s3:::}", "arn:aws:s3:::{0}"),
        *("arn:aws:s3:::{account.__class__}", "arn:aws:s3:::{account!r}", "arn:aws:s3:::${aws:x}"),
        *("arn:", "arn:aws:s3:::a b", "tables"),
    ],
)
def test_a_resource_takes_nothing_but_what_is_filled_in(tmp_path: Path, resource: str) -> None:
    write(tmp_path, "grid", SOUND + REACH.replace("{}", resource))
    assert f"reach.0.resources.0: {resource!r} is not allowed; give an ARN" in refusal(tmp_path)


def test_a_resource_with_a_question_mark_needs_a_reason_to_read(tmp_path: Path) -> None:
    write(tmp_path, "grid", SOUND + REACH.replace("{}", "arn:aws:s3:::x?"))
    assert "needs a reason, and so does one with a ?" in refusal(tmp_path)
    manifest = tmp_path / "grid" / "agent.toml"
    manifest.write_text(manifest.read_text() + f'reason = "{" " * 20}"\n')
    assert "reach.0.reason" in refusal(tmp_path)


def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "grid" / "agent.toml").mkdir(parents=True)
    assert refusal(tmp_path) == "agents/grid/agent.toml cannot be read: Is a directory"
    assert refusal(tmp_path / "none") == "none cannot be read: No such file or directory"


@pytest.mark.parametrize("name", ["gr\nid", "gr\udcffid"])
def test_a_refused_name_is_shown_as_it_can_be(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    assert refusal(tmp_path).isprintable()


@pytest.mark.parametrize("names", [("a1", "a_1"), ("a_b1", "a_b_1"), ("ab", "a_b")])
def test_names_that_would_be_one_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        write(tmp_path, name)
    assert "by underscores only; rename one" in refusal(tmp_path)


def test_who_only_waits_for_a_circle_is_not_said_to_be_in_it(tmp_path: Path) -> None:
    write(tmp_path, "alpha", SOUND + 'reads_from = ["beta"]\n')
    write(tmp_path, "beta", SOUND + 'reads_from = ["gamma"]\n')
    write(tmp_path, "gamma", SOUND + 'reads_from = ["beta"]\n')
    assert refusal(tmp_path).startswith("agents/beta/agent.toml: reads_from: beta, gamma read from")
