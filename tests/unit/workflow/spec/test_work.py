"""Files whose check would take long: counted first, and refused in one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workflow.spec.files import loaded, sound
from tradewind.workflow.spec import loader, problem
from tradewind.workflow.spec.loader import EXIT_INVALID, load
from tradewind.workflow.spec.source import read_source
from tradewind.workflow.spec.work import MOST_CODE, too_much, values_in
from tradewind.workflow.text.patterns import MOST_WEIGHT, check_pattern, weight
from tradewind.workflow.text.templates import check_template

NODES = {f"n{number}": {"agent": "a"} for number in range(3000)}
EDGES = [
    {"from": f"n{number}", "choose": [{"when": f"x{number} == '{'y' * 80}'", "to": "n0"}]}
    for number in range(3000)
]


def steps(*texts: str) -> dict[str, Any]:
    return {"pattern": {"type": "chain", "config": {"steps": [
        {"agent": "a", "input": text} for text in texts]}}}  # fmt: skip


def prompts(number: int) -> dict[str, Any]:
    return {"agents": {f"a{n}": {"prompt": f"{{{{ x{n} }}}}"} for n in range(number)}}


def artifacts(number: int) -> dict[str, Any]:
    made = [{"path": f"{{{{ x{n} }}}}", "from": "x"} for n in range(number)]
    return {"outputs": {"artifacts": made}}


def hidden(*given: str) -> dict[str, Any]:
    return {"telemetry": {"redact": {"custom_patterns": given}}}


GRAPH = {"pattern": {"type": "graph", "config": {"nodes": NODES, "edges": EDGES}}}
CODE = "expressions in its templates"
HEAVY: dict[str, tuple[dict[str, Any], str]] = {
    "one": (steps("{{ a }}" * 30_000), CODE),
    "blocks": (steps("{% if a %}x{% endif %}" * 20_000), CODE),
    "open": (steps("{{ a" + " " * MOST_CODE), CODE),
    "many": (steps(*(f"{{{{ a{n} }}}}" for n in range(6000))), CODE),
    "prompts": (prompts(6000), CODE),
    "artifacts": (artifacts(6000), CODE),
    "conditions": (GRAPH, CODE),
    "patterns": (hidden(*["(a{99}b{99}){9}"] * 500), "regular expressions"),
    "repeats": (hidden(*["(((a{99}){99}){99}){99}"] * 9), "regular expressions"),
}


@pytest.mark.parametrize(("change", "told"), HEAVY.values(), ids=HEAVY)
def test_it_is_counted_and_nothing_is_compiled(
    change: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something was compiled")

    monkeypatch.setattr("tradewind.workflow.spec.texts.check_template", refuse)
    monkeypatch.setattr("tradewind.workflow.spec.texts.check_condition", refuse)
    monkeypatch.setattr("tradewind.workflow.spec.texts.check_pattern", refuse)
    file = tmp_path / "flow.json"
    file.write_text(json.dumps({**sound(), **change}))
    result = load(file)
    (found,) = result.problems
    assert told in found.message
    assert result.spec is None
    assert result.status(to_run=False) == EXIT_INVALID


def test_text_that_is_no_expression_does_not_count() -> None:
    assert too_much({**sound(), **steps("x{ " * 1_000_000, *["{{ a }}"] * 9000)}) is None


def test_an_expression_too_deep_for_anybody_is_no_template() -> None:
    fault = check_template(f"{{{{ {'+'.join('a' * 3000)} }}}}")
    assert fault is not None
    assert "\n" not in fault.message


@pytest.mark.parametrize(
    ("pattern", "pieces"),
    [
        ("abc", 3),
        (r"\d{4}-\d{2}", 7),
        ("(ab){3}", 9),
        ("((a{9}){9}){9}", 819),
        ("[(){3}]{4}", 4),
        (r"\(a{2}", 3),
        ("[]a]{2}[^]b]{3}", 5),
        ("a{,5}", 5),
        ("a{2,}", 2),
        ("a{0}", 1),
        ("a{x}", 4),
        (")){3}", 4),
        ("((", 0),
    ],
)  # fmt: skip
def test_what_repeats_of_repeats_weigh(pattern: str, pieces: int) -> None:
    assert weight(pattern) == pieces


def test_repeats_of_repeats_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewind.workflow.text.patterns.regex.compile", None)
    fault = check_pattern("(((a{99}){99}){99}){99}")
    assert fault is not None
    assert "repeats of repeats" in fault.message
    assert weight("(a{999}){999}" * 500) < 100 * MOST_WEIGHT


def test_so_many_mistakes_are_told_and_compared_with_so_many_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []

    def near(_: str, known: list[str], n: int) -> list[str]:
        compared.append(len(known))
        return known[:n]

    monkeypatch.setattr(problem, "get_close_matches", near)
    data = sound()
    data["agents"] = {f"a{number}": {"prompt": "x"} for number in range(2000)}
    data["pattern"]["config"]["steps"] = [{"agent": f"b{number}"} for number in range(5000)]
    found = loaded(tmp_path, data).problems
    mistakes = [one for one in found if one.severity is problem.Severity.ERROR]
    assert len(mistakes) == loader.MOST_MISTAKES + 1
    assert any("more than 200 mistakes" in one.message for one in mistakes)
    assert len(compared) <= loader.MOST_MISTAKES + 1
    assert max(compared) <= 100


def test_many_warnings_are_no_mistake(tmp_path: Path) -> None:
    agents = {f"a{number}": {"prompt": "x"} for number in range(1000)} | {"a": {"prompt": "x"}}
    data = {**sound(), **steps("x"), "agents": agents}
    assert loaded(tmp_path, data).status(to_run=False) == 0


def _read_counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    read: list[Path] = []

    def counted(file: Path, kept: Any) -> Any:
        read.append(file)
        return read_source(file, kept)

    monkeypatch.setattr(loader, "read_source", counted)
    return read


def test_a_file_that_is_referred_to_often_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = _read_counted(monkeypatch)
    (tmp_path / "other.json").write_text(json.dumps({**sound(), "agents": {"a": {"prompt": "x"}}}))
    agents = {f"a{number}": {"$ref": "other.json"} for number in range(50)}
    loaded(tmp_path, {**sound(), "agents": agents})
    assert len(read) == 2


@pytest.mark.parametrize(("most_files", "most_bytes"), [(5, 10**7), (200, 5)])
def test_files_that_are_referred_to_are_so_many_and_so_large(
    most_files: int, most_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = _read_counted(monkeypatch)
    other = json.dumps({**sound(), "agents": {"a": {"prompt": "x"}}})
    monkeypatch.setattr(loader, "MOST_FILES", most_files)
    monkeypatch.setattr(loader, "MOST_BYTES", len(other) * most_bytes - 1)
    for number in range(9):
        (tmp_path / f"{number}.json").write_text(other)
    agents = {f"a{number}": {"$ref": f"{number}.json"} for number in range(9)}
    result = loaded(tmp_path, {**sound(), "agents": agents})
    assert len(read) == 6
    assert sum("one more than" in one.message for one in result.problems) == 1
    assert result.status(to_run=False) == EXIT_INVALID


def test_schemas_are_so_large_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[int] = []
    monkeypatch.setattr(loader, "_fault_of_schema", lambda one: checked.append(values_in(one)))
    schema = {"properties": {f"p{number}": {"type": "string"} for number in range(3000)}}
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    agents = {f"a{n}": {"prompt": "x", "output_schema": "schema.json"} for n in range(50)}
    result = loaded(tmp_path, {**sound(), "agents": agents})
    assert sum(checked) <= loader.MOST_OF_SCHEMAS
    assert any("one schema too many" in one.message for one in result.problems)


def test_a_way_out_of_the_sandbox_is_found_without_a_run() -> None:
    fault = check_template("a\n{{ ''.__class__.__mro__ }}")
    assert fault is not None
    assert (fault.line, "out of bounds" in fault.message) == (2, True)
    assert check_template("__class__ {{ a.b__c }} {{ '.__class__' }}") is None


def test_an_executors_id_that_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    tools = {"http_executors": [{"id": {"a": 1}, "base_url": "https://example.com"}]}
    assert loaded(tmp_path, {**sound(), "tools": tools}).status(to_run=False) == EXIT_INVALID
