"""``validate``, ``explain`` and ``plan``, and the examples that they are shown with."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.__main__ import tradewind
from cli.workflow.layout import laid_out
from cli.workflow.named_agents import known_names
from tests.unit.workflow.spec.files import CONFIGS, changed, loaded, sound
from tradewind.workflow.spec.loader import Loaded, load
from tradewind.workflow.spec.problem import Severity

PROJECT = Path(__file__).resolve().parents[4]
EXAMPLES = sorted((PROJECT / "examples" / "workflows").glob("*.*"))
Write = Callable[[dict[str, Any]], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(data: dict[str, Any]) -> str:
        loaded(tmp_path, data)
        return str(tmp_path / "flow.yaml")

    return _write


def read(file: Path, variables: dict[str, str] | None = None) -> Loaded:
    return load(file, variables, known_names())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(tradewind, arguments)


def test_there_are_two_examples_of_each_pattern() -> None:
    kinds: list[str] = [spec.pattern.type for file in EXAMPLES if (spec := read(file).spec)]
    assert len(kinds) == len(EXAMPLES)
    assert all(kinds.count(kind) >= 2 for kind in CONFIGS)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_lacks_nothing_but_its_inputs(file: Path) -> None:
    spec = read(file).spec
    assert spec is not None
    sample = {"number": "5", "integer": "5", "string": "x"}
    variables = {name: sample[one.type] for name, one in spec.inputs.required.items()}
    assert read(file, variables).problems == ()
    assert {one.severity for one in read(file).problems} == {Severity.MISSING_INPUT}
    for shape in ("md", "json", "svg"):
        assert run("plan", str(file), "--format", shape).exit_code == 0
    assert run("explain", str(file)).exit_code == 0


def test_validate_says_how_a_file_is(write: Write) -> None:
    assert run("validate", write(sound())).exit_code == 0
    wrong = run("validate", write(changed(sound(), "name", "")))
    assert wrong.exit_code == 3
    assert ":2:7: error: /name: must not be empty\n" in wrong.stdout
    assert run("validate", write(changed(sound(), "tools/python", ["x.y"]))).exit_code == 18
    needs = changed(sound(), "inputs/required/n", "integer")
    assert run("validate", write(needs)).exit_code == 3
    assert run("validate", write(needs), "--var", "n=5").exit_code == 0
    assert run("validate", write(needs), "--var", "n=5", "--var", "n=x").exit_code == 3
    assert run("validate", "gone.yaml").exit_code == 3


@pytest.mark.parametrize("given", ["n", "=5", " =5"])
def test_a_variable_without_key_or_value_is_wrong_usage(given: str, write: Write) -> None:
    assert run("validate", write(sound()), "--var", given).exit_code == 2


def test_a_variable_is_cut_at_its_first_equals_sign(write: Write) -> None:
    data = changed(sound(), "inputs/required/n", {"type": "string", "enum": ["a=b"]})
    assert run("validate", write(data), "--var", " n = a=b ").exit_code == 0


def test_programs_get_every_problem(write: Write) -> None:
    data = changed(sound(), "pattern/config/steps", [{"agent": "gone"}] * 80)
    assert len(run("validate", write(data)).stdout.splitlines()) == 52
    report = json.loads(run("validate", write(data), "--json").stdout)
    assert (report["valid"], report["status"], len(report["problems"])) == (False, 3, 81)
    first = next(one for one in report["problems"] if one["severity"] == "error")
    assert first["pointer"] == "/pattern/config/steps/0/agent"
    assert first["allowed"] == ["a", *sorted(known_names())]


def test_a_wrong_file_has_neither_plan_nor_explanation(write: Write) -> None:
    file = write(changed(sound(), "name", ""))
    for command in ("plan", "explain"):
        result = run(command, file)
        assert result.exit_code == 3
        assert result.stdout == ""
        assert "must not be empty" in result.stderr


def test_a_tool_that_cannot_work_here_is_explained(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(changed(sound(), "tools/python", ["tavily_search"]))
    assert "tavily_search needs TAVILY_API_KEY" in run("explain", file).stdout
    monkeypatch.setenv("TAVILY_API_KEY", "a key")
    assert "tavily" not in run("explain", file).stdout


def test_what_there_is_not_is_explained(write: Write, tmp_path: Path) -> None:
    result = run("explain", write(changed(sound(), "tools/python", ["x.y"])))
    assert result.exit_code == 0
    assert "Not supported" in result.stdout
    assert "'x.y'" in result.stdout
    data = json.loads(run("explain", str(tmp_path / "flow.yaml"), "--json").stdout)
    assert len(data["not_supported"]) == 1
    assert data["steps"][0]["agent"] == "a"


def test_a_plans_json_has_two_names(write: Write) -> None:
    file = write(sound())
    assert run("plan", file, "--json").stdout == run("plan", file, "--format", "json").stdout


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_picture_shows_each_step_once(kind: str, write: Write) -> None:
    file = write(changed(sound(kind), "name", '<&"> \x01'))
    plan = json.loads(run("plan", file, "--format", "json").stdout)
    picture = ET.fromstring(run("plan", file, "--format", "svg").stdout)  # noqa: S314  our own
    texts = picture.iter("{http://www.w3.org/2000/svg}text")
    names = [one.text for one in texts if one.get("class") == "name"]
    for step in plan["steps"]:
        assert names.count(step["name"]) == 1
    lines = [
        one
        for one in picture.iter("{http://www.w3.org/2000/svg}path")
        if "line" in (one.get("class") or "")
    ]
    assert len(lines) == len(plan["ways"])


def test_a_picture_of_too_many_steps_is_refused(write: Write) -> None:
    data = changed(sound(), "pattern/config/steps", [{"agent": "a"}] * 401)
    result = run("plan", write(data), "--format", "svg")
    assert "too many for a picture" in str(result.exception)


@settings(max_examples=60, deadline=None)
@given(
    ways=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30),
)
def test_a_layout_goes_forward_and_keeps_its_distance(ways: list[tuple[int, int]]) -> None:
    steps = [str(number) for number in range(12)]
    named = [(str(source), str(target)) for source, target in ways]
    layout = laid_out(steps, named)
    layer_of = {spot: number for number, layer in enumerate(layout.layers) for spot in layer}
    assert set(steps) <= layer_of.keys()
    for number, (source, target) in enumerate(named):
        assert number in layout.back or layer_of[source] < layer_of[target]
    for layer in layout.layers:
        places = [layout.across[spot] for spot in layer]
        assert all(b - a >= 1 - 1e-9 for a, b in pairwise(places))


def test_help_and_validate_import_no_more_than_they_need(write: Write) -> None:
    program = (
        "import sys; from cli.__main__ import tradewind\n"
        "before = sorted({'pydantic', 'yaml', 'jinja2'} & set(sys.modules))\n"
        f"tradewind(['validate', {write(sound())!r}], standalone_mode=False)\n"
        "after = sorted({'boto3', 'strands', 'jsonschema', 'rich'} & set(sys.modules))\n"
        "print(before, after)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={"PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambda_src'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[] []"


def test_the_picture_says_of_the_projects_agents_that_they_are_asked_by_name() -> None:
    file = PROJECT / "examples" / "workflows" / "wind-farm-crew.yaml"
    shown = run("plan", str(file), "--format", "svg").stdout
    assert shown.count(">by name<") == 5
