"""A file's templates are checked against the names that they get when it runs, and no others."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.workflows import run, workflow
from tradewind.workflow.engine.artifacts import render_artifacts
from tradewind.workflow.engine.calls import AgentCall
from tradewind.workflow.engine.memory_agents import MemoryAgents
from tradewind.workflow.engine.state import State
from tradewind.workflow.spec.units import REVISION, artifact_names, units
from tradewind.workflow.text.templates import Template

ASK = {"type": "hitl", "prompt": "?", "context_display": "?"}
STEP = {"agent": "a", "input": "?"}
ROW = [STEP, ASK, {**STEP, "vars": {"own": 1}}]
BRANCHES = {"branches": [{"id": "p", "steps": ROW}, {"id": "q", "steps": ROW}]}
ROUTES = {"routes": {"r": {"then": ROW}}}
LOOP = {"producer": "a", "evaluator": STEP}
WORK = {"orchestrator": STEP, "worker_template": {"agent": "a"}}
REVIEWED = {"decomposition_review": ASK, "reduce_review": ASK, "reduce": STEP, "writeup": STEP}
TASKS = [{**STEP, "id": "x"}, {**ASK, "id": "y", "deps": ["x"]}, {**STEP, "id": "z", "deps": ["y"]}]
EDGES = [{"from": "x", "to": ["y"]}, {"from": "y", "to": ["z"]}]
REVISED = {"revise_prompt": "?", "review_gate": ASK}
FULL: list[tuple[str, dict[str, Any]]] = [
    ("chain", {"steps": ROW}),
    ("workflow", {"tasks": TASKS}),
    ("parallel", BRANCHES),
    ("parallel", {**BRANCHES, "reduce": STEP}),
    ("parallel", {**BRANCHES, "reduce": ASK}),
    ("routing", {"router": STEP, **ROUTES}),
    ("routing", {"router": {**STEP, "review_router": ASK}, **ROUTES}),
    ("evaluator_optimizer", {**LOOP, "accept": {"min_score": 5}}),
    ("evaluator_optimizer", {**LOOP, "accept": {"min_score": 50}, **REVISED}),
    ("orchestrator_workers", WORK),
    ("orchestrator_workers", {**WORK, "writeup": ASK}),
    ("orchestrator_workers", {**WORK, **REVIEWED}),
    ("graph", {"nodes": {"x": STEP, "y": ASK, "z": STEP}, "edges": EDGES}),
]


def signed(data: Any, at: str = "") -> Any:
    """Each ``?`` becomes a text of its own: its place."""
    if isinstance(data, dict):
        return {key: signed(value, f"{at}/{key}") for key, value in data.items()}
    if isinstance(data, list):
        return [signed(value, f"{at}/{position}") for position, value in enumerate(data)]
    return at if data == "?" else data


class Replies:
    """Fits whatever is asked: first a low score, then one that is accepted."""

    def __init__(self) -> None:
        self._scores = iter((10, 90))

    def __call__(self, call: AgentCall) -> str:
        kind = call.key.partition("/")[0]
        if kind == "evaluations":
            return json.dumps({"score": next(self._scores)})
        return {"router": '{"route": "r"}', "orchestrator": '[{"task": "t"}]'}.get(kind, "said")


@pytest.mark.parametrize(("kind", "given"), FULL)
def test_a_template_gets_the_names_that_it_is_checked_against(
    kind: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = signed(given)
    artifacts = [{"path": "path.md", "from": "/artifact"}]
    spec = workflow(kind, config, outputs={"artifacts": artifacts})
    got: dict[str, set[str]] = {}
    render = Template.render

    def noted(self: Template, names: Mapping[str, Any]) -> str:
        text = render(self, names)
        got.setdefault(text, set(names))
        return text

    monkeypatch.setattr(Template, "render", noted)
    agents, state = MemoryAgents({"a": Replies()}), State()
    while (result := run(spec, agents, state=state)).paused is not None:
        state.answer("approved", 0)
    render_artifacts(spec, result, trace={}, now=0)

    data = {"pattern": {"type": kind, "config": config}}
    expected = {text: unit.names for unit in units(data) for _, text in unit.texts()}
    if "revise_prompt" in config:
        expected["/revise_prompt"] = REVISION
    expected["/artifact"] = expected["path.md"] = artifact_names(data["pattern"])
    for text, names in expected.items():
        assert got[text] == names, text


def test_every_pattern_is_looked_at() -> None:
    assert len({kind for kind, _ in FULL}) == 7
