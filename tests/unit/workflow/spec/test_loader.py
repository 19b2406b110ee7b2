"""Files that refer to others, inputs, and files in general."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.workflow.spec.files import CONFIGS, changed, found, loaded, sound
from tradewind.workflow.spec.loader import load
from tradewind.workflow.spec.problem import Severity, pointer_of

SCHEMA = {"type": "object", "required": ["score"]}


def critic(folder: Path, **agent: Any) -> None:
    (folder / "agents").mkdir()
    data = sound()
    data["agents"] = {"a": {"prompt": "Score.", "output_schema": "score.json", **agent}}
    (folder / "agents" / "critic.yaml").write_text(yaml.safe_dump(data))
    (folder / "agents" / "score.json").write_text(json.dumps(SCHEMA))


def test_an_agent_of_another_file_is_put_in_with_what_is_different_here(tmp_path: Path) -> None:
    critic(tmp_path, tools=["calculator"], model_id="theirs", inference={"temperature": 1})
    reference = {"$ref": "agents/critic.yaml", "tools": [], "inference": {"top_p": 0.5}}
    result = loaded(tmp_path, changed(sound(), "agents/a", reference))
    assert result.problems == ()
    assert result.spec is not None
    agent = result.spec.agents["a"]
    assert (agent.prompt, agent.tools, agent.model_id) == ("Score.", (), "theirs")
    assert (agent.inference.temperature, agent.inference.top_p) == (None, 0.5)
    assert agent.output_schema == SCHEMA


def test_the_hash_is_of_all_that_was_read(tmp_path: Path) -> None:
    critic(tmp_path)
    data = changed(sound(), "agents/a", {"$ref": "agents/critic.yaml"})
    before = loaded(tmp_path, data).sha256
    assert loaded(tmp_path, data).sha256 == before
    (tmp_path / "agents" / "score.json").write_text("{}")
    assert loaded(tmp_path, data).sha256 != before


def test_a_mistake_in_the_other_file_is_told_there(tmp_path: Path) -> None:
    critic(tmp_path, promt="x")
    result = loaded(tmp_path, changed(sound(), "agents/a", {"$ref": "agents/critic.yaml"}))
    (problem,) = result.problems
    assert problem.file == str(tmp_path / "agents" / "critic.yaml")
    assert problem.pointer == "/agents/a/promt"


def test_the_other_file_has_one_agent(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(sound("workflow")))
    result = loaded(tmp_path, changed(sound(), "agents/a", {"$ref": "two.yaml"}))
    assert found(result) == [
        ("/agents/a/$ref", "'two.yaml' has 2 agents; it must have exactly one")
    ]


TYPED = [
    ("boolean", "Yes", True), ("boolean", "0", False), ("boolean", "on", None),
    ("integer", "5", 5), ("integer", "5.0", None), ("number", "2.5", 2.5), ("number", "nan", None),
    ("array", "[1, 2]", [1, 2]), ("array", "1, 2", None), ("object", '{"a": 1}', {"a": 1}),
    ("object", "[1]", None), ("string", "5", "5"), ("object", "[" * 100_000, None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "given", "value"), TYPED)
def test_a_variable_is_read_as_its_declared_type(
    kind: str, given: str, value: Any, tmp_path: Path
) -> None:
    result = loaded(tmp_path, changed(sound(), "inputs/required/n", kind), n=given)
    if value is None:
        assert [where for where, _ in found(result, Severity.MISSING_INPUT)] == [
            "/inputs/required/n"
        ]
    else:
        assert result.problems == ()
        assert result.values["n"] == value
        assert type(result.values["n"]) is type(value)


def test_a_variable_comes_before_the_files_value_and_that_before_the_default(
    tmp_path: Path,
) -> None:
    data = changed(sound(), "inputs/optional/n", {"type": "integer", "default": 1})
    assert loaded(tmp_path, data).values["n"] == 1
    changed(data, "inputs/values", {"n": 2, "free": [3]})
    assert loaded(tmp_path, data).values["n"] == 2
    values = loaded(tmp_path, data, n="4", free="5", other="6").values
    assert (values["n"], values["free"], values["other"]) == (4, "5", "6")


def test_a_variable_is_one_of_those_to_choose_from(tmp_path: Path) -> None:
    data = changed(sound(), "inputs/required/n", {"type": "integer", "enum": [1, 2]})
    assert loaded(tmp_path, data, n="2").problems == ()
    ((_, told),) = found(loaded(tmp_path, data, n="3"), Severity.MISSING_INPUT)
    assert told == "'3' is not one of 1, 2"


def test_a_problem_is_one_line_whatever_the_file_says(tmp_path: Path) -> None:
    data = changed(sound(), "runtime/provider", "a\nb\x1b[31m" + "x" * 500)
    (problem,) = loaded(tmp_path, data).problems
    assert str(problem).isprintable()
    assert len(problem.message) < 200


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)


@st.composite
def sound_files(draw: st.DrawFn) -> dict[str, Any]:
    """Files without a mistake."""
    data = sound(draw(st.sampled_from(sorted(CONFIGS))))
    data["description"] = draw(TEXT)
    data["runtime"] |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "temperature": st.floats(0, 2),
                "max_parallel": st.integers(1, 50),
                "budgets": st.fixed_dictionaries({}, optional={"max_steps": st.integers(1)}),
            },
        )
    )
    data["inputs"]["values"] = draw(st.dictionaries(TEXT.filter(bool), TEXT | st.integers()))
    data["metadata"] = {"labels": draw(st.dictionaries(TEXT, TEXT))}
    return data


relaxed = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@relaxed
@given(data=sound_files(), as_json=st.booleans())
def test_a_sound_file_means_the_same_in_both_notations(
    data: dict[str, Any], as_json: bool, tmp_path: Path
) -> None:
    file = tmp_path / ("flow.json" if as_json else "flow.yaml")
    file.write_text(
        json.dumps(data) if as_json else yaml.safe_dump(data, allow_unicode=True, sort_keys=False),
        "utf-8",
    )
    result = load(file)
    assert found(result) == []
    assert result.spec is not None
    assert result.spec.description == data["description"]
    assert result.spec.metadata is not None
    assert result.spec.metadata.labels == data["metadata"]["labels"]


def mappings(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The places of all closed objects of a file."""
    if isinstance(value, list):
        return [one for n, entry in enumerate(value) for one in mappings(entry, (*path, n))]
    if not isinstance(value, dict):
        return []
    inner = [one for key, entry in value.items() for one in mappings(entry, (*path, key))]
    free = path[-1:] in {("agents",), ("routes",), ("nodes",), ("vars",), ("values",)}
    return inner if free or path[-2:] == ("inputs", "optional") else [path, *inner]


@relaxed
@given(kind=st.sampled_from(sorted(CONFIGS)), chosen=st.integers(0), as_json=st.booleans())
def test_a_key_that_is_not_known_is_found_by_its_pointer(
    kind: str, chosen: int, as_json: bool, tmp_path: Path
) -> None:
    data = sound(kind)
    places = mappings(data)
    path = places[chosen % len(places)]
    here: Any = data
    for part in path:
        here = here[part]
    here["no_such_key"] = 1
    file = tmp_path / ("flow.json" if as_json else "flow.yaml")
    text = json.dumps(data, indent=1) if as_json else yaml.safe_dump(data, sort_keys=False)
    file.write_text(text)
    (problem,) = load(file).problems
    assert problem.pointer == pointer_of((*path, "no_such_key"))
    line = text.splitlines()[problem.line - 1]
    assert line[problem.column - 1 :].lstrip('"').startswith("no_such_key")
    assert problem.allowed
