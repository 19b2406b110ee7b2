"""A module that is new at a cold start is told of, with what brought it."""

from pathlib import Path
from typing import Any

import pytest

from bench.coldstart.budget import SLACK, Budget
from bench.coldstart.recording import recorded
from bench.coldstart.start import NoAnswer, Startable

AGREED = Budget({"a": 10.0}, {"a": frozenset({"entry", "tools", "json"})})

HANDLER = """
import helper

def handler(event, context):
    import lazily
    return event["query"]
"""


def function(code: Path, **programs: str) -> Startable:
    for name, program in programs.items():
        (code / f"{name}.py").write_text(program)
    return Startable(
        name="small",
        code=code,
        handler="entry.handler",
        variables={},
        event={"query": "How windy is it?"},
        is_right=lambda answer: answer.payload == b'"How windy is it?"',
        zip_bytes=0,
    )


def test_a_new_module_is_named_with_the_imports_that_brought_it() -> None:
    imported = {
        "entry": "runtime",
        "json": "entry",
        "tools": "entry",
        "helper": "tools",
        "colorsys": "helper",
    }
    assert AGREED.faults_of_imports("a", imported) == [
        "a imports colorsys, which is new: tools -> helper -> colorsys",
        "a imports helper, which is new: tools -> helper",
    ]


def test_what_is_not_imported_any_more_is_not_kept() -> None:
    (fault,) = AGREED.faults_of_imports("a", {"entry": "runtime", "tools": "entry"})
    assert fault.startswith("a does not import json any more: make coldstart-budget ")


def test_a_function_without_a_budget_is_one_fault() -> None:
    (fault,) = AGREED.faults_of_imports("b", {"entry": "runtime", "tools": "entry"})
    assert fault.startswith("b has no budget: ")


@pytest.mark.parametrize("imports", [{"x": "y", "y": "x"}, {"x": "x"}])
def test_imports_that_ask_for_each_other_end(imports: dict[str, str]) -> None:
    (fault, *_) = AGREED.faults_of_imports("a", {**imports, "entry": "", "tools": "", "json": ""})
    assert "imports x, which is new" in fault


def test_a_bundle_may_grow_a_little_and_no_more() -> None:
    assert AGREED.fault_of_size("a", 10_000_000 + SLACK) is None
    fault = AGREED.fault_of_size("a", 10_000_001 + SLACK)
    assert fault is not None
    assert "is 10.5 MB unzipped, 10.0 are agreed" in fault


def test_what_is_agreed_is_read_as_it_was_written(tmp_path: Path) -> None:
    both = Budget(
        {"a": 10.0, "b": 2.5}, {"a": frozenset({"x", "y.z"}), "b": frozenset({"y.z", "off", "1e3"})}
    )
    both.save(tmp_path / "budget.yaml")
    assert Budget.load(tmp_path / "budget.yaml") == both
    assert (tmp_path / "budget.yaml").read_text().count("y.z") == 1


def test_imports_are_recorded_until_the_first_answer(tmp_path: Path) -> None:
    small = function(
        tmp_path,
        entry=HANDLER,
        helper="import importlib\nimportlib.import_module('colorsys')\n",
        lazily="import this_is_nowhere_else\n",
        this_is_nowhere_else="",
    )
    imported: dict[str, Any] = recorded(small, {})
    assert {
        "helper": "entry",
        "colorsys": "helper",
        "lazily": "entry",
        "this_is_nowhere_else": "lazily",
    }.items() <= imported.items()
    assert "json" not in imported  # the runtime has it


def test_a_function_that_answers_otherwise_is_not_measured(tmp_path: Path) -> None:
    broken = function(
        tmp_path, entry="def handler(event, context):\n    print('Oh.')\n    return 1"
    )
    with pytest.raises(NoAnswer, match=r"small: 1\nOh\."):
        recorded(broken, {})
    missing = function(tmp_path, entry="import nothing_of_this_name\n")
    with pytest.raises(NoAnswer, match="nothing_of_this_name"):
        recorded(missing, {})
