"""Files made to do harm: each is one line, after bounded work."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.workflow.spec.files import found, loaded, sound
from tradewind.workflow.spec import yaml_source
from tradewind.workflow.spec.loader import EXIT_INVALID, load
from tradewind.workflow.spec.places import DEEPEST, MOST_VALUES
from tradewind.workflow.spec.source import MOST_BYTES

LEVELS = range(1, 30)
BOMB = "a0: &a0 [x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in LEVELS
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: *a{n - 1}}}\n" for n in LEVELS
)
DEEP_BY_ALIAS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100))
STEPS = "pattern:\n  config:\n    steps:\n" + "    - {agent: a, input: hi}\n" * 300_000

ONE_LINE = [
    ("bomb.yaml", BOMB, "more than"),
    ("merges.yaml", MERGES, "more than"),
    ("alias.yaml", DEEP_BY_ALIAS, "nested deeper"),
    ("itself.yaml", "a: &a [*a]", "stands for nothing yet"),
    ("steps.yaml", STEPS, "more than"),
    ("steps.json", json.dumps({"steps": [{"agent": "a", "input": "x"}] * 300_000}), "more than"),
    ("objects.json", "[" + "{}," * 3_000_000 + "{}]", "more than"),
    ("large.yaml", "a: " + "x" * MOST_BYTES, "larger than 10 MB"),
    ("deep.yaml", "a: " + "[" * 1_000_000, "nested deeper"),
    ("deeper.yaml", "- " * 1_000_000, "nested deeper"),
    ("keys.yaml", "? " * 1_000_000, "a key that is no text"),
    ("deep.json", "[" * 5_000_000, "nested deeper"),
    ("python.yaml", "a: !!python/object/apply:os.system [ls]", "has the tag"),
    ("tag.yaml", "a: !" + "x" * 100_000, "has the tag"),
    ("list.yaml", "- a", "must be a mapping"),
    ("empty.yaml", "", "must be a mapping"),
    ("two.yaml", "a: 1\n---\nb: 2", "more than one document"),
    ("key.yaml", "? [a]\n: b", "a key that is no text"),
    ("merge.yaml", "a: {<<: 3}", "neither a mapping"),
    ("bell.yaml", "a: \x07", "control characters"),
    ("half.yaml", 'a: "\\ud800"', "not valid YAML"),
    ("cut.yaml", "a: [", "not valid YAML"),
    ("cut.json", '{"a": ', "not valid JSON: expected a value"),
    ("comma.json", '{"a": 1,}', "expected a key"),
    ("colon.json", '{"a" 1}', "expected a colon"),
    ("more.json", "{} {}", "expected the end"),
    ("word.json", '{"a": nul}', "expected a value"),
    ("control.json", '{"a": "\n"}', "not valid JSON"),
    ("flow.txt", "a: 1", "named neither"),
    ("sixteen.yaml", "a: 1".encode("utf-16"), "not UTF-8"),
    ("latin.yaml", "a: caf\xe9".encode("latin-1"), "not UTF-8"),
]


@pytest.mark.parametrize(("name", "text", "message"), ONE_LINE, ids=[one[0] for one in ONE_LINE])
def test_what_cannot_be_read_is_one_line(
    name: str, text: str | bytes, message: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = load(file)
    (problem,) = result.problems
    assert message in problem.message
    assert "\n" not in str(problem)
    assert len(str(problem)) < 400 + len(str(file))
    assert result.status(to_run=False) == EXIT_INVALID


@pytest.mark.parametrize("text", ["a: " + "[" * 50_000, STEPS], ids=["deep", "steps"])
def test_only_so_much_of_a_text_is_looked_at(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = 0
    events = yaml_source._events

    def counted(loader: Any) -> Iterator[Any]:
        nonlocal seen
        for event in events(loader):
            seen += 1
            yield event

    monkeypatch.setattr(yaml_source, "_events", counted)
    loaded(tmp_path, text)
    assert seen <= (3 * MOST_VALUES if text is STEPS else DEEPEST + 5)


SLIPS = [
    ("twice.yaml", "name: a\nname: b", 2, "has the key 'name' twice; the first is in line 1"),
    ("twice.json", '{"name": "a",\n"name": "b"}', 2, "twice; the first is in line 1"),
    ("nan.yaml", "name: .nan", 1, "which is no number"),
    ("infinite.yaml", "name: -.inf", 1, "which is no number"),
    ("long.yaml", "name: " + "9" * 5000, 1, "too large"),
    ("nan.json", '{"name": NaN}', 1, "which is no number"),
    ("large.json", '{"name": 1e999}', 1, "too large"),
    ("half.json", '{"name": "\\ud800"}', 1, "lone surrogate"),
]


@pytest.mark.parametrize(("name", "text", "line", "message"), SLIPS, ids=[one[0] for one in SLIPS])
def test_a_slip_of_the_text_is_told_with_the_rest(
    name: str, text: str, line: int, message: str, tmp_path: Path
) -> None:
    problems = loaded(tmp_path, text, name).problems
    assert any(message in one.message and one.line == line for one in problems)
    assert any("`runtime` is missing" in one.message for one in problems)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "flow.yaml")
    (problem,) = load(tmp_path / "flow.yaml").problems
    assert "no plain file" in problem.message


@pytest.mark.parametrize("name", ["gone.yaml", "a\0b.yaml", "x" * 5000 + ".yaml"])
def test_what_is_not_there_is_one_line(name: str, tmp_path: Path) -> None:
    (problem,) = load(tmp_path / name).problems
    assert "cannot be read" in problem.message


def test_more_steps_than_anybody_writes_are_refused_before_they_are_checked(tmp_path: Path) -> None:
    data = sound()
    data["pattern"]["config"]["steps"] = [{"agent": "nobody"}] * 10_001
    file = tmp_path / "flow.json"
    file.write_text(json.dumps(data))
    (problem,) = load(file).problems
    assert "more than 10,000 steps" in problem.message


def test_files_that_refer_to_each_other_end(tmp_path: Path) -> None:
    for own, other in (("flow", "b"), ("b", "flow")):
        data = sound()
        data["agents"] = {"a": {"$ref": f"{other}.yaml"}}
        (tmp_path / f"{own}.yaml").write_text(yaml.safe_dump(data))
    told = found(load(tmp_path / "flow.yaml"))
    assert any("refers to another" in message for _, message in told)


def test_yaml_says_what_a_safe_load_says(tmp_path: Path) -> None:
    text = (
        "base: &base {x: 1, y: [1, 2.5, yes, ~, 0x1f, '1', 1_000]}\n"
        "own: {<<: *base, x: 2}\nlist: {<<: [*base, {z: 3, x: 9}]}\ntext: |\n  a\n  b\n"
    )
    assert yaml_source.read_yaml(text)[0] == yaml.safe_load(text)


def test_days_and_keys_stay_text() -> None:
    data, _, _ = yaml_source.read_yaml("day: 2026-01-01\n1: a\nyes: b\n")
    assert data == {"day": "2026-01-01", "1": "a", "yes": "b"}
