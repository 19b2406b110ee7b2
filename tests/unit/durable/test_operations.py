"""What a workflow takes of the durable service, counted before and after."""

from typing import Any

import pytest

from tests.durable_runs import FLOWS, service
from tests.durable_service import Kills
from tests.workflows import workflow
from tradewind.workflow.engine.operations import operations_of

_STEP = {"agent": "a", "input": "x"}
_ASK = {"type": "hitl", "prompt": "Well?"}


@pytest.mark.parametrize("name", FLOWS)
def test_a_run_takes_no_more_than_was_said(name: str) -> None:
    flow = FLOWS[name]
    said = operations_of(flow.spec)

    calm = service(flow)
    calm.run()
    # The execution itself is none.
    assert said.is_open or len(calm.operations) - 1 <= said.without_repeats
    for number in range(1, calm.calls + 1):
        run = service(flow, kills=Kills(calls=frozenset({number})))
        run.run()
        assert said.is_open or len(run.operations) - 1 <= said.most


@pytest.mark.parametrize(
    ("config", "runtime", "counted"),
    [
        # A call and, twice, a wait and a call.
        ({"steps": [_STEP] * 3}, {}, (3, 15)),
        ({"steps": [_STEP] * 3}, {"failure_policy": {"retries": 0}}, (3, 3)),
        ({"steps": [_STEP]}, {"failure_policy": {"wait_min": 0, "wait_max": 0}}, (1, 3)),
        # A question, and the callback for its answer.
        ({"steps": [_STEP, _ASK]}, {"failure_policy": {"retries": 0}}, (3, 3)),
        # What wakes the run at the end of its time, anew after each question.
        ({"steps": [_STEP, _ASK]}, {"budgets": {"max_duration_s": 9}}, (5, 9)),
        ({"steps": [_STEP] * 9}, {"budgets": {"max_steps": 4}}, (4, 20)),
    ],
)
def test_what_is_counted(
    config: dict[str, Any], runtime: dict[str, Any], counted: tuple[int, int]
) -> None:
    said = operations_of(workflow("chain", config, runtime=runtime))
    assert (said.without_repeats, said.most) == counted


def test_loops_count_as_often_as_they_may_go_round() -> None:
    graph = {
        "nodes": {"one": _STEP, "two": _STEP},
        "edges": [{"from": "one", "choose": [{"when": "true", "to": "two"}]}],
        "max_iterations": 30,
    }
    assert operations_of(workflow("graph", graph)).without_repeats == 60
    evaluator = {
        "producer": "a",
        "evaluator": {"agent": "b"},
        "accept": {"min_score": 1, "max_iters": 5},
        "review_gate": _ASK,
    }
    assert operations_of(workflow("evaluator_optimizer", evaluator)).without_repeats == 10 + 8


def test_what_an_orchestrator_makes_is_bounded_by_the_budget_alone() -> None:
    config = {"orchestrator": {"agent": "a"}, "worker_template": {"agent": "b"}}
    assert operations_of(workflow("orchestrator_workers", config)).is_open
    runtime = {"budgets": {"max_steps": 7}}
    said = operations_of(workflow("orchestrator_workers", config, runtime=runtime))
    assert (said.is_open, said.without_repeats) == (False, 7)


def test_3000_fit_and_3001_do_not() -> None:
    assert operations_of(workflow("chain", {"steps": [_STEP] * 3000})).fit
    assert not operations_of(workflow("chain", {"steps": [_STEP] * 3001})).fit
