"""Workflow files for tests: a sound one of each pattern, and what is said of changed ones."""

import copy
from pathlib import Path
from typing import Any

import yaml

from tradewind.workflow.spec.loader import Loaded, load
from tradewind.workflow.spec.problem import Severity

HITL: dict[str, Any] = {"type": "hitl", "prompt": "Go on?"}
CONFIGS: dict[str, dict[str, Any]] = {
    "chain": {"steps": [{"agent": "a", "input": "{{ topic }}"}, dict(HITL)]},
    "workflow": {
        "tasks": [
            {"id": "one", "agent": "a"},
            {"id": "two", "agent": "b", "deps": ["one"], "input": "{{ tasks.one.response }}"},
            {"id": "three", "deps": ["two"], **HITL},
        ]
    },
    "parallel": {
        "branches": [
            {"id": "left", "steps": [{"agent": "a"}]},
            {"id": "right", "steps": [{"agent": "b", "vars": {"x": 1}, "input": "{{ x }}"}]},
        ],
        "reduce": {"agent": "a", "input": "{{ branches.left.response }}"},
    },
    "routing": {
        "router": {"agent": "a", "review_router": dict(HITL)},
        "routes": {"Yes": {"then": [{"agent": "b"}]}, "no": {"then": [dict(HITL)]}},
    },
    "evaluator_optimizer": {
        "producer": "a",
        "evaluator": {"agent": "b", "input": "{{ draft }}"},
        "accept": {"min_score": 80},
        "revise_prompt": "{{ evaluation.score }}",
        "review_gate": {**HITL, "validation": {"pattern": "^go$"}},
    },
    "orchestrator_workers": {
        "orchestrator": {"agent": "a", "limits": {"max_workers": 2, "max_rounds": 1}},
        "worker_template": {"agent": "b", "tools": []},
        "decomposition_review": dict(HITL),
        "reduce": {"agent": "a", "input": "{{ workers[0].response }}"},
        "writeup": {"agent": "a", "input": "{{ reduce_response }}"},
    },
    "graph": {
        "nodes": {"s": {"agent": "a"}, "ask": dict(HITL), "end": {"agent": "b"}},
        "edges": [
            {
                "from": "s",
                "choose": [
                    {"when": "nodes.s.response == 'x'", "to": "ask"},
                    {"when": "else", "to": "end"},
                ],
            },
            {"from": "ask", "to": ["end"]},
        ],
    },
}


def sound(kind: str = "chain") -> dict[str, Any]:
    """The data of a file without a mistake, and without a warning."""
    return {
        "version": 0,
        "name": "sample",
        "runtime": {"provider": "bedrock", "region": "us-east-1", "model_id": "m"},
        "inputs": {"optional": {"topic": "string"}},
        "agents": {"a": {"prompt": "You are a."}, "b": {"prompt": "You are b.", "tools": []}},
        "pattern": {"type": kind, "config": copy.deepcopy(CONFIGS[kind])},
    } | ({"agents": {"a": {"prompt": "You are a."}}} if kind == "chain" else {})


def changed(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The data with another value at a place, which is made where it is not there."""
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    here: Any = data
    for part in way:
        here = here[part] if isinstance(part, int) else here.setdefault(part, {})
    here[last] = value
    return data


def loaded(folder: Path, data: Any, name: str = "flow.yaml", **variables: Any) -> Loaded:
    """What the loader makes of it."""
    file = folder / name
    file.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False))
    return load(file, variables)


def found(result: Loaded, severity: Severity = Severity.ERROR) -> list[tuple[str, str]]:
    """Pointers and messages of one kind."""
    return [
        (problem.pointer, problem.message)
        for problem in result.problems
        if problem.severity is severity
    ]
