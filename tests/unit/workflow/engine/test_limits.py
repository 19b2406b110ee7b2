"""Order, limits, failures and waits, in virtual time."""

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.virtual_time import run_virtually
from tests.workflows import run, workflow
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed, BudgetSpent, Retryable
from tradewind.workflow.engine.events import BudgetWarned, Event, Retried
from tradewind.workflow.engine.limits import Allowance, Slots, wait_before
from tradewind.workflow.engine.memory_agents import MemoryAgents
from tradewind.workflow.engine.state import Spent, State
from tradewind.workflow.spec.model import Budgets, FailurePolicy, Spec


def tasks(number: int, agent: str = "a") -> dict[str, Any]:
    return {"tasks": [{"id": f"t{one}", "agent": agent, "input": "x"} for one in range(number)]}


def branches(number: int) -> dict[str, Any]:
    return {
        "branches": [
            {"id": f"b{one}", "steps": [{"agent": "a", "input": "x"}]} for one in range(number)
        ]
    }


WIDE = [
    ("workflow", tasks(20)),
    ("parallel", branches(20)),
    ("orchestrator_workers", {"orchestrator": {"agent": "b"}, "worker_template": {"agent": "a"}}),
]


def wide_agents(seconds: float = 1) -> MemoryAgents:
    return MemoryAgents({"b": lambda _: str(["x"] * 20).replace("'", '"')}, seconds=seconds)


@pytest.mark.parametrize(("pattern", "config"), WIDE)
@pytest.mark.parametrize("most", [1, 3, 7, 20, 50])
def test_as_many_calls_at_once_as_allowed(pattern: str, config: dict[str, Any], most: int) -> None:
    agents = wide_agents()
    result = run(workflow(pattern, config, runtime={"max_parallel": most}), agents)
    assert agents.most_in_flight == min(most, 20)
    first = 1 if pattern == "orchestrator_workers" else 0
    assert result.spent.seconds == pytest.approx(first + -(-20 // most))


def test_an_orchestrators_workers_are_bounded_too() -> None:
    config = WIDE[2][1] | {"orchestrator": {"agent": "b", "limits": {"max_workers": 2}}}
    agents = wide_agents()
    run(workflow("orchestrator_workers", config, runtime={"max_parallel": 9}), agents)
    assert agents.most_in_flight == 2


_DAGS = st.lists(
    st.tuples(st.sets(st.integers(0, 30), max_size=4), st.integers(1, 9)), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=60)
@given(_DAGS)
def test_a_task_starts_the_moment_its_own_deps_are_done(dag: list[tuple[set[int], int]]) -> None:
    config: dict[str, Any] = {
        "tasks": [
            {
                "id": str(number),
                "agent": "a",
                "input": str(number),
                "deps": sorted({str(dep % number) for dep in deps}) if number else [],
            }
            for number, (deps, _) in enumerate(dag)
        ]
    }
    spans: dict[str, tuple[float, float]] = {}

    async def answer(call: AgentCall) -> str:
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(dag[int(call.input)][1])
        spans[call.input] = (began, asyncio.get_running_loop().time())
        return "done"

    run(workflow("workflow", config, runtime={"max_parallel": 99}), MemoryAgents({"a": answer}))
    for task in config["tasks"]:
        ready = max((spans[dep][1] for dep in task["deps"]), default=1000.0)
        assert spans[task["id"]][0] == pytest.approx(ready)


@pytest.mark.parametrize(("pattern", "config"), WIDE)
def test_a_failure_cancels_its_siblings_and_no_call_is_made_after_it(
    pattern: str, config: dict[str, Any]
) -> None:
    made = 0

    async def answer(call: AgentCall) -> str:
        nonlocal made
        made += 1
        if made == 3:
            raise AgentFailed("third")
        await asyncio.sleep(5)
        return "x"

    agents = MemoryAgents({"a": answer, "b": wide_agents()._answers["b"]})
    with pytest.raises(AgentFailed, match="third"):
        run(workflow(pattern, config, runtime={"max_parallel": 4}), agents)
    assert agents.in_flight == 0
    assert made <= 4


def test_the_first_error_is_the_runs() -> None:
    async def answer(call: AgentCall) -> str:
        raise AgentFailed(call.key)

    with pytest.raises(AgentFailed, match="tasks/t0"):
        run(workflow("workflow", tasks(9)), MemoryAgents({"a": answer}))


def test_a_library_that_cancels_its_own_work_fails() -> None:
    async def answer(_: AgentCall) -> str:
        raise asyncio.CancelledError

    with pytest.raises(AgentFailed, match="cancelled"):
        run(workflow("workflow", tasks(3)), MemoryAgents({"a": answer}))


@pytest.mark.parametrize("retries", [0, 1, 3])
@pytest.mark.parametrize("failures", [0, 1, 2, 4])
def test_attempts(retries: int, failures: int) -> None:
    left = failures
    events: list[Event] = []

    def answer(_: AgentCall) -> str:
        nonlocal left
        left -= 1
        if left >= 0:
            raise Retryable("busy")
        return "ok"

    agents = MemoryAgents({"a": answer})
    spec = workflow("workflow", tasks(1), runtime={"failure_policy": {"retries": retries}})
    state = State()
    if failures > retries:
        with pytest.raises(AgentFailed, match="busy"):
            run(spec, agents, state=state)
    else:
        run(spec, agents, state=state, observer=events.append)
        assert state.spent.seconds == sum(2 ** (n - 1) for n in range(1, failures + 1))
        assert len([one for one in events if isinstance(one, Retried)]) == failures
    assert len(agents.calls) == min(failures, retries) + 1
    assert state.spent.steps == 1


def test_a_wait_holds_no_place() -> None:
    seen: list[tuple[str, float]] = []

    def answer(call: AgentCall) -> str:
        seen.append((call.key, asyncio.get_running_loop().time()))
        if call.key == "tasks/t0" and call.attempt == 1:
            raise Retryable("busy")
        return "ok"

    policy = {"max_parallel": 1, "failure_policy": {"wait_min": 50, "wait_max": 50}}
    run(workflow("workflow", tasks(3), runtime=policy), MemoryAgents({"a": answer}))
    assert [key for key, _ in seen] == ["tasks/t0", "tasks/t1", "tasks/t2", "tasks/t0"]


@pytest.mark.parametrize(
    ("policy", "waits"),
    [
        ({"backoff": "constant", "wait_min": 3}, [3, 3, 3]),
        ({"backoff": "exponential"}, [1, 2, 4, 8, 16, 32, 60, 60]),
        ({"wait_min": 3, "wait_max": 5}, [3, 3, 4, 5, 5]),
        ({"wait_min": 0, "wait_max": 0}, [0, 0]),
    ],
)
def test_waits(policy: dict[str, Any], waits: list[float]) -> None:
    chance = random.Random(1)  # noqa: S311
    model = FailurePolicy.model_validate(policy)
    assert [wait_before(n, model, chance) for n in range(1, len(waits) + 1)] == waits


def test_jitter_stays_within_its_bounds() -> None:
    policy = FailurePolicy(backoff="jittered", wait_min=1.0, wait_max=60.0)
    chance = random.Random(1)  # noqa: S311
    for repeat in range(1, 2000, 7):
        assert 1 <= wait_before(repeat, policy, chance) <= min(2.0 ** min(repeat - 1, 99), 60)


def budget(pattern: str, config: dict[str, Any], **budgets: Any) -> Spec:
    return workflow(pattern, config, runtime={"budgets": budgets, "max_parallel": 2})


@pytest.mark.parametrize(("pattern", "config"), WIDE)
@pytest.mark.parametrize("most", [1, 2, 5, 19])
def test_the_call_after_the_last_step_is_not_made(
    pattern: str, config: dict[str, Any], most: int
) -> None:
    agents = wide_agents()
    with pytest.raises(BudgetSpent):
        run(budget(pattern, config, max_steps=most), agents)
    assert len(agents.calls) == most


@pytest.mark.parametrize(("pattern", "config"), WIDE[:2])
def test_tokens_stop_the_run(pattern: str, config: dict[str, Any]) -> None:
    agents = MemoryAgents({"a": lambda _: AgentReply("x", 60, 40)}, seconds=1)
    state = State()
    with pytest.raises(BudgetSpent):
        run(budget(pattern, config, max_tokens=300), agents, state=state)
    assert 3 <= len(agents.calls) <= 4
    # What was paid for is kept, and nothing more may be used.
    assert len(state.done) == len(agents.calls)
    with pytest.raises(BudgetSpent):
        run(budget(pattern, config, max_tokens=300), agents, state=state)
    assert len(agents.calls) <= 4


@pytest.mark.parametrize(("pattern", "config"), WIDE[:2])
def test_dollars_stop_the_run(pattern: str, config: dict[str, Any]) -> None:
    agents = MemoryAgents({"a": lambda _: AgentReply("x", 1, 1, cost=0.25)}, seconds=1)
    with pytest.raises(BudgetSpent, match=r"\$1 "):
        run(budget(pattern, config), agents, max_dollars=1.0)
    assert 4 <= len(agents.calls) <= 5


@pytest.mark.parametrize(("pattern", "config"), WIDE)
def test_time_stops_the_run_with_work_in_flight(pattern: str, config: dict[str, Any]) -> None:
    agents, state, events = wide_agents(3), State(), list[Event]()
    with pytest.raises(BudgetSpent, match="seconds"):
        run(budget(pattern, config, max_duration_s=10), agents, state=state, observer=events.append)
    assert agents.in_flight == 0
    assert state.spent.seconds == pytest.approx(10)
    assert [one.budget for one in events if isinstance(one, BudgetWarned)] == ["duration"]


def test_time_ends_a_wait() -> None:
    def answer(_: AgentCall) -> str:
        raise Retryable("busy")

    runtime = {
        "budgets": {"max_duration_s": 4},
        "failure_policy": {"retries": 9, "wait_min": 60},
    }
    state = State()
    with pytest.raises(BudgetSpent):
        run(
            workflow("workflow", tasks(1), runtime=runtime),
            MemoryAgents({"a": answer}),
            state=state,
        )
    assert state.spent.seconds == pytest.approx(4)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.8, 1.0])
def test_each_budget_warns_once(threshold: float) -> None:
    agents = MemoryAgents({"a": lambda _: AgentReply("x", 5, 5)})
    events: list[Event] = []
    limits = {"max_steps": 20, "max_tokens": 500, "warn_threshold": threshold}
    run(budget("workflow", tasks(20), **limits), agents, observer=events.append)
    warned = [one.budget for one in events if isinstance(one, BudgetWarned)]
    assert sorted(warned) == (["steps", "tokens"] if threshold < 0.5 else ["steps"])


@settings(deadline=None, max_examples=80)
@given(st.integers(1, 3), st.lists(st.integers(0, 2), max_size=40), st.randoms())
def test_no_place_is_lost_or_made_whoever_is_cancelled_when(
    number: int, moves: list[int], chance: random.Random
) -> None:
    async def check() -> None:
        slots = Slots(number)
        waiting: list[asyncio.Task[None]] = []
        for move in moves:
            taken = [one for one in waiting if one.done() and not one.cancelled()]
            if move == 0:
                waiting.append(asyncio.ensure_future(slots.take()))
            elif move == 1 and waiting:
                chance.choice(waiting).cancel()
            elif taken:
                waiting.remove(taken[0])
                slots.give()
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for one in waiting:
            if not one.cancelled():
                slots.give()
        assert slots.free == number

    run_virtually(check())


def test_a_place_given_to_who_is_cancelled_in_the_same_moment_goes_on() -> None:
    async def check() -> None:
        slots = Slots(1)
        await slots.take()
        first, second = (asyncio.ensure_future(slots.take()) for _ in range(2))
        await asyncio.sleep(0)
        slots.give()
        first.cancel()
        await asyncio.wait([first, second])
        assert first.cancelled()
        assert not second.cancelled()
        slots.give()
        assert slots.free == 1

    run_virtually(check())


@pytest.mark.parametrize(
    ("spent", "limits", "warned"),
    [
        (Spent(steps=1, tokens=900), {"max_steps": 6, "max_tokens": 1000}, ["steps"]),
        (Spent(steps=4), {"max_steps": 10}, ["steps"]),
        (Spent(steps=5), {"max_steps": 10}, []),
        (Spent(tokens=480), {"max_tokens": 1000}, ["tokens"]),
        (Spent(tokens=500), {"max_tokens": 1000}, []),
    ],
)
def test_a_run_that_goes_on_warns_of_what_it_was_not_warned_of(
    spent: Spent, limits: dict[str, int], warned: list[str]
) -> None:
    told: list[str] = []
    budgets = Budgets.model_validate({**limits, "warn_threshold": 0.5})
    allowance = Allowance(
        budgets, spent, max_steps=None, max_dollars=None, warn=lambda *one: told.append(one[0])
    )
    for _ in range(2):
        allowance.start_step()
        allowance.end_step(10, None)
    assert told == warned


@pytest.mark.parametrize(("seconds", "left"), [(0, 5.0), (4.5, 0.5), (5, None), (9, None)])
def test_the_warning_of_time_comes_when_it_is_due(seconds: float, left: float | None) -> None:
    budgets = Budgets.model_validate({"max_duration_s": 10, "warn_threshold": 0.5})
    allowance = Allowance(
        budgets, Spent(seconds=seconds), max_steps=None, max_dollars=None, warn=lambda *_: None
    )
    assert allowance.seconds_to_warning() == left
