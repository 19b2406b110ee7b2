"""What a run does past one Lambda besides going on: budgets, questions, waits, limits."""

import json
import threading
from typing import Any

import pytest

from devtools.localcloud.extension.durable.execution import MAX_UNAWAITED_RESULT_BYTES
from tests.durable_runs import FLOWS, FUNCTION, Flow, left, service, undisturbed
from tests.durable_service import BEGAN, NOBODY, REFUSED, DurableService, Kills
from tests.workflows import workflow
from tradewind.durable import bridge, documents
from tradewind.durable.operations import name_of


def chain(*steps: Any, **more: Any) -> Flow:
    answers = more.pop("answers", [])
    return Flow(workflow("chain", {"steps": list(steps)}, **more), answers)


def agent(text: str = "x") -> dict[str, Any]:
    return {"agent": "a", "input": text}


def ask(**more: Any) -> dict[str, Any]:
    return {"type": "hitl", "prompt": "Well?", **more}


def tasks(number: int, **runtime: Any) -> Flow:
    config = {"tasks": [{"id": f"t{one}", "agent": "a", "input": "x"} for one in range(number)]}
    return Flow(workflow("workflow", config, runtime=runtime))


def error_of(run: DurableService) -> tuple[str, str]:
    ended = run.run()
    assert ended.status == "FAILED", ended
    return ended.error["ErrorType"].rpartition(".")[2], ended.error["ErrorMessage"]


# --- Really at the same time, and no more than may be ----------------------------------------


def test_calls_are_outstanding_at_the_same_time() -> None:
    run = service(tasks(50, max_parallel=50))
    run.run()
    assert run.most_at_work == 50
    # One invocation asks for all of them; each end begins another.
    assert run.invocations == 51


def test_no_more_calls_are_outstanding_than_may_be() -> None:
    run = service(tasks(12, max_parallel=3))
    left(run.run())
    assert run.most_at_work == 3
    assert set(run.begun.values()) == {1}


def test_calls_that_end_before_the_checkpoints_reply_need_one_invocation() -> None:
    run = service(FLOWS["parallel"], at_once=True)
    assert left(run.run()) == undisturbed(FLOWS["parallel"])
    assert run.invocations == 1


# --- Nothing is left behind -------------------------------------------------------------------


def test_no_thread_and_no_loop_outlives_an_invocation() -> None:
    before = set(threading.enumerate())
    service(tasks(20, max_parallel=20)).run()
    service(FLOWS["graph"], kills=Kills(looks=frozenset({30}))).run()
    assert set(threading.enumerate()) == before


def test_one_process_runs_many_executions_one_after_another() -> None:
    for name, flow in FLOWS.items():
        assert left(service(flow).run()) == undisturbed(flow), name


# --- Waits ------------------------------------------------------------------------------------


def test_backoff_is_a_wait_of_the_services() -> None:
    run = service(
        chain(agent(), runtime={"failure_policy": {"wait_min": 30, "wait_max": 60}}),
        kills=Kills(calls=frozenset({1, 2})),
    )
    left(run.run())
    assert [run.named(f"rest steps/0 #{one}").wait_details is not None for one in (1, 2)]
    assert run.named("rest steps/0 #1").end_timestamp is not None
    # Nobody was awake for it.
    assert run.now() >= BEGAN + 60


def test_without_a_wait_there_is_no_operation_for_it() -> None:
    policy = {"failure_policy": {"wait_min": 0, "wait_max": 0}}
    run = service(chain(agent(), runtime=policy), kills=Kills(calls=frozenset({1})))
    left(run.run())
    assert len(run.operations) == 3


def test_what_no_repeat_would_mend_is_not_repeated() -> None:
    class Refused(Exception):
        pass

    def refuse(_event: Any) -> Any:
        raise Refused("no")

    run = service(chain(agent()), functions={FUNCTION: refuse})
    assert error_of(run) == ("AgentFailed", "steps/0: a: no")
    assert run.calls == 1


# --- Budgets over replays ---------------------------------------------------------------------


def test_steps_and_tokens_are_counted_once_however_often_a_run_is_replayed() -> None:
    flow = FLOWS["evaluator"]
    result = service(flow).run().result
    assert (result["spent"]["steps"], result["spent"]["tokens"]) == (
        undisturbed(flow)["steps"],
        undisturbed(flow)["tokens"],
    )


def test_the_call_after_the_last_step_is_not_made() -> None:
    run = service(chain(agent(), agent(), agent(), runtime={"budgets": {"max_steps": 2}}))
    assert error_of(run)[0] == "BudgetSpent"
    assert run.calls == 2


def test_the_budget_of_time_wakes_a_run_that_waits() -> None:
    policy = {"failure_policy": {"wait_min": 500, "wait_max": 900}}
    run = service(
        chain(agent(), runtime={"budgets": {"max_duration_s": 100}, **policy}),
        kills=Kills(calls=frozenset({1})),
    )
    assert error_of(run)[0] == "BudgetSpent"
    assert BEGAN + 100 <= run.now() < BEGAN + 500


def test_the_time_that_people_take_is_not_the_runs() -> None:
    flow = chain(
        agent(), ask(), agent(), runtime={"budgets": {"max_duration_s": 100}}, answers=["yes"]
    )
    run = service(flow)
    result = run.run().result
    assert run.now() > BEGAN + 3600
    assert result["spent"]["seconds"] < 100
    # What was to wake the run at the end of its time is over, and was nobody's any more.
    assert run.named("time budget #0").end_timestamp is not None


def test_a_budget_of_time_that_ends_while_a_person_thinks_is_not_spent() -> None:
    flow = chain(
        agent(),
        ask(),
        agent(),
        runtime={"budgets": {"max_duration_s": 100}},
        answers=[NOBODY, "yes"],
    )
    run = service(flow)
    result = run.run().result
    # The wait for the budget's end began before the question, and ended first.
    assert run.named("time budget #0").end_timestamp is not None
    assert run.now() > BEGAN + 3600
    assert result["spent"]["seconds"] < 100
    assert result["text"] == "a(x)"


# --- People -----------------------------------------------------------------------------------


def test_a_question_is_in_the_history_and_costs_nothing_while_it_waits() -> None:
    run = service(chain(agent(), ask(context_display="{{ last_response }}"), answers=["yes"]))
    assert left(run.run())["text"] == "yes"
    details = run.named("question steps/1 #1").step_details
    assert details is not None
    asked = json.loads(details.result or "")
    assert (asked["prompt"], asked["context"]) == ("Well?", "a(x)")
    # The agent's end, the question, its answer.
    assert run.invocations == 3


def test_nobody_answers_in_time() -> None:
    flow = chain(ask(timeout_seconds=60, default="no"), answers=[NOBODY])
    run = service(flow)
    assert left(run.run())["text"] == "no"
    assert run.now() >= BEGAN + 60


def test_nobody_answers_in_time_and_there_is_no_default() -> None:
    run = service(chain(ask(timeout_seconds=60), answers=[NOBODY]))
    assert left(run.run())["text"] == "timeout_expired"


def test_an_answer_that_does_not_fit_is_asked_for_again() -> None:
    run = service(FLOWS["routing"], answers=["nowhere", "route:long"])
    assert left(run.run()) == undisturbed(FLOWS["routing"])
    assert run.named("answer router/review #2").end_timestamp is not None


def test_answers_that_do_not_fit_give_no_more_time() -> None:
    gate = {"type": "hitl", "prompt": "Right?", "timeout_seconds": 4000, "default": "approved"}
    flow = Flow(
        workflow(
            "routing",
            {
                "router": {"agent": "a", "review_router": gate},
                "routes": {"short": {"then": [agent("y")]}},
            },
        )
    )
    # Each answer takes an hour.
    run = service(flow, answers=["nowhere", NOBODY])
    assert left(run.run())["text"] == "a(y)"
    assert BEGAN + 4000 <= run.now() < BEGAN + 4100


def test_what_a_person_is_shown_may_be_no_longer_than_a_checkpoint() -> None:
    flow = chain(agent(), ask(context_display="{{ last_response }}"))
    kind, told = error_of(service(flow, functions={FUNCTION: lambda _: "x" * 300_000}))
    assert kind == "PatternFailed"
    assert "steps/1: the question and what is shown for it have 300," in told


def test_times_that_the_service_does_not_take_are_cut() -> None:
    budgets = {"budgets": {"max_duration_s": 10**9}}
    flow = chain(agent(), ask(timeout_seconds=10**9), runtime=budgets, answers=["yes"])
    assert left(service(flow).run())["text"] == "yes"


def test_an_empty_answer_is_the_default() -> None:
    assert left(service(chain(ask(default="d"), answers=[" "])).run())["text"] == "d"


def test_a_question_that_is_refused_ends_the_run() -> None:
    kind, told = error_of(service(chain(ask(), answers=[REFUSED])))
    assert kind == "PatternFailed"
    assert told == "steps/0: the question was refused: not I"


# --- Limits -----------------------------------------------------------------------------------


def test_no_more_operations_begin_than_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "MOST_OPERATIONS", 3)
    run = service(chain(*[agent()] * 4))
    assert error_of(run) == ("BudgetSpent", "a run may have 3 durable operations")
    assert len(run.operations) == 4


def test_what_is_asked_may_be_no_longer_than_a_checkpoint() -> None:
    run = service(chain(agent("x" * 300_000)))
    kind, told = error_of(run)
    assert kind == "AgentFailed"
    assert "past one Lambda a call may have 262,144" in told
    assert run.calls == 0


def test_what_is_left_is_no_more_than_the_service_takes() -> None:
    assert MAX_UNAWAITED_RESULT_BYTES > documents.MOST_RESULT_BYTES
    kind, told = error_of(service(chain(agent()), functions={FUNCTION: lambda _: "x" * 1_000_000}))
    assert kind == "ArtifactFailed"
    assert "a run may leave 1,000,000" in told


# --- The SDK ----------------------------------------------------------------------------------


def test_operations_names_are_what_the_service_takes() -> None:
    assert name_of("call", "tasks/a", 2) == "call tasks/a #2"
    long = [name_of("call", "x" * 500 + end, 1) for end in "ab"]
    assert [len(one) for one in long] == [256, 256]
    assert long[0] != long[1]
    strange = {name_of("call", f"routes/{one}/0", 1) for one in ("größe", "gr??e", "grö\nße")}
    assert len(strange) == 3
    assert all(one.isascii() and one.isprintable() for one in strange)


def test_a_routes_name_may_be_any_text() -> None:
    routes = {"größe 📏": {"then": [agent("x")]}}
    flow = Flow(workflow("routing", {"router": {"agent": "r"}, "routes": routes}))

    def reply(event: Any) -> str:
        return json.dumps({"route": "größe 📏"}) if event["agent"] == "r" else "large"

    assert left(service(flow, functions={FUNCTION: reply}).run())["text"] == "large"


def test_a_history_of_another_workflow_is_refused_by_the_sdk() -> None:
    run = service(FLOWS["chain"])
    run._invoke()
    first = run.named("call steps/0 #1")
    run.operations[first.operation_id] = type(first)(**{**first.__dict__, "name": "something else"})
    ended = run.run()
    assert ended.error["ErrorType"].endswith("NonDeterministicExecutionError")
