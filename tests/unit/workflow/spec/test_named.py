"""Agents that a file asks by name and does not declare."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.workflow.spec.files import changed, found, sound
from tradewind.workflow.spec.loader import Loaded, load

NAMED = frozenset({"terrain", "assistant"})


def loaded(folder: Path, data: dict[str, Any], named: frozenset[str] = NAMED) -> Loaded:
    file = folder / "flow.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    return load(file, named=named)


def asking(agent: str) -> dict[str, Any]:
    return changed(sound(), "pattern/config/steps/0/agent", agent)


def test_a_step_may_ask_an_agent_by_name(tmp_path: Path) -> None:
    result = loaded(tmp_path, changed(asking("terrain"), "agents", {}))
    assert result.problems == ()
    assert result.spec is not None
    assert result.spec.agents == {}
    assert result.named == {"terrain"}


def test_what_a_file_declares_is_its_own(tmp_path: Path) -> None:
    data = changed(asking("terrain"), "agents", {"terrain": {"prompt": "You dig."}})
    assert loaded(tmp_path, data).named == frozenset()
    assert loaded(tmp_path, data).problems == ()


def test_without_being_told_of_any_there_is_none(tmp_path: Path) -> None:
    result = loaded(tmp_path, changed(asking("terrain"), "agents", {}), frozenset())
    assert found(result) == [
        ("/agents", "needs at least 1 agent"),
        ("/pattern/config/steps/0/agent", "there is no agent 'terrain'"),
    ]
    assert result.named == frozenset()


def test_a_name_that_is_none_is_told_with_those_there_are(tmp_path: Path) -> None:
    result = loaded(tmp_path, asking("terain"))
    wrong = next(one for one in result.problems if one.pointer.endswith("/agent"))
    assert "did you mean `terrain`?" in wrong.message
    assert wrong.allowed == ("a", "assistant", "terrain")
    assert result.named == frozenset()


@pytest.mark.parametrize("tools", [[], ["calculator"]])
def test_the_tools_of_an_agent_by_name_are_its_own(tmp_path: Path, tools: list[str]) -> None:
    data = changed(asking("terrain"), "pattern/config/steps/0/tool_overrides", tools)
    (problem,) = [one for one in found(loaded(tmp_path, data)) if "tool" in one[0]]
    assert problem[0] == "/pattern/config/steps/0/tool_overrides"
    assert "has the tools that it has" in problem[1]
    workers = changed(
        sound("orchestrator_workers"), "pattern/config/worker_template/agent", "terrain"
    )
    assert [one[0] for one in found(loaded(tmp_path, workers))] == [
        "/pattern/config/worker_template/tools"
    ]


def test_a_producer_has_a_prompt(tmp_path: Path) -> None:
    data = changed(sound("evaluator_optimizer"), "pattern/config/producer", "assistant")
    assert [one[0] for one in found(loaded(tmp_path, data))] == ["/pattern/config/producer"]
    evaluator = changed(sound("evaluator_optimizer"), "pattern/config/evaluator/agent", "assistant")
    assert found(loaded(tmp_path, evaluator)) == []
