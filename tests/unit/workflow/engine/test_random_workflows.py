"""Random workflows do what a plain interpreter says: undisturbed, cut off anywhere, or cancelled."""  # noqa: E501

import asyncio
import copy
import json
import random
from typing import Any

import pytest

from tests.unit.workflow.engine.random_workflows import answer, random_workflow, reference, say
from tests.virtual_time import VirtualLoop
from tests.workflows import reloaded, run, workflow
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AnswerUnusable
from tradewind.workflow.engine.execute import Result, execute
from tradewind.workflow.engine.memory_agents import MemoryAgents
from tradewind.workflow.engine.state import State
from tradewind.workflow.spec.model import Spec

INPUTS = {"topic": "wind"}


def agents_of(seed: int) -> MemoryAgents:
    """Agents that take their time, each call another one."""
    chance = random.Random(seed)  # noqa: S311

    async def said(call: AgentCall) -> str:
        await asyncio.sleep(chance.randrange(1, 9))
        return say(call.agent, call.input)

    return MemoryAgents(dict.fromkeys("abc", said))


def finish(spec: Spec, agents: MemoryAgents, state: State, **options: Any) -> Result:
    """Run to the end; a person answers whatever is asked."""
    while True:
        result = run(spec, agents, INPUTS, state=state, **options)
        if result.paused is None:
            return result
        state = reloaded(state)
        state.answer(answer(result.paused.prompt), 0)


@pytest.mark.parametrize("seed", range(140))
def test_the_result_is_the_plain_one(seed: int) -> None:
    spec, agents = random_workflow(seed), agents_of(seed)
    text, calls = reference(spec, "wind")
    result = finish(spec, agents, State())
    assert result.text == text
    assert len(agents.calls) == calls == result.spent.steps
    assert len({call.key for call in agents.calls}) == calls


@pytest.mark.parametrize("seed", range(42))
def test_killed_at_every_saved_state_it_goes_on_and_repeats_nothing(seed: int) -> None:
    spec = random_workflow(seed)
    text, calls = reference(spec, "wind")
    states: list[str] = []
    finish(spec, agents_of(seed), State(), save=lambda s: states.append(json.dumps(s.to_json())))
    for kept in states:
        state = State.from_json(json.loads(kept))
        done = set(state.done)
        agents = agents_of(seed + 1)
        if state.paused is not None:
            with pytest.raises(AnswerUnusable):
                run(spec, agents, INPUTS, state=state)
            assert not agents.calls
            state.answer(answer(state.paused.prompt), 0)
        assert finish(spec, agents, state).text == text
        assert not done & {call.key for call in agents.calls}
        made = len([key for key in done if state.done[key].get("type") != "hitl"])
        assert made + len(agents.calls) == calls


@pytest.mark.parametrize("seed", range(28))
def test_cancelled_at_every_turn_of_the_loop_it_leaves_nothing(seed: int) -> None:
    spec = random_workflow(seed)
    turn = 0
    while _cancelled_at(spec, seed, turn):
        turn += 1
    assert turn >= 1


def _cancelled_at(spec: Spec, seed: int, turn: int) -> bool:
    """Cancel a run after so many turns of its loop; whether it was not over by then."""
    loop, agents, state = VirtualLoop(), agents_of(seed), State()
    try:
        task = loop.create_task(execute(spec, agents, INPUTS, state=state))
        for _ in range(turn):
            loop.turn()
            if task.done():
                return False
        kept = copy.deepcopy(state.to_json())
        cancelled_at = loop.now
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        assert not asyncio.all_tasks(loop)
        assert agents.in_flight == 0
        # Nothing was waited for: whatever is to happen next is not let happen.
        assert loop.now == cancelled_at
        assert set(kept["done"]) <= set(state.done)
        return True
    finally:
        loop.close()


HITL = {"type": "hitl", "prompt": "{{ topic }}?", "context_display": "see {{ topic }}"}


@pytest.mark.parametrize(
    ("more", "given", "after_s", "response"),
    [
        ({}, "yes", 0, "yes"),
        ({}, "", 0, ""),
        ({"default": "d"}, "", 0, "d"),
        ({"default": "d"}, "  ", 0, "d"),
        ({"default": "d"}, "yes", 0, "yes"),
        ({}, None, 0, None),
        ({"default": "d"}, None, 0, None),
        ({"timeout_seconds": 10}, None, 9, None),
        ({"timeout_seconds": 10}, "yes", 9, "yes"),
        ({"timeout_seconds": 10}, None, 10, "timeout_expired"),
        ({"timeout_seconds": 10, "default": "d"}, None, 11, "d"),
        ({"timeout_seconds": 0}, None, 10**9, None),
    ],
)
def test_a_persons_answer(
    more: dict[str, Any], given: str | None, after_s: float, response: str | None
) -> None:
    spec = workflow(
        "chain", {"steps": [HITL | more, {"agent": "a", "input": "{{ hitl_response }}"}]}
    )
    state = State()
    paused = run(spec, None, INPUTS, state=state, wall_clock=lambda: 5.0).paused
    assert paused is not None
    assert (paused.prompt, paused.context) == ("wind?", "see wind")
    state = reloaded(state)
    if response is None:
        with pytest.raises(AnswerUnusable):
            state.answer(given, 5 + after_s)
        assert state.paused == paused
        return
    state.answer(given, 5 + after_s)
    assert run(spec, None, INPUTS, state=state).text == response


def test_several_people_are_asked_in_turn_and_nothing_new_starts() -> None:
    tasks = [
        {"id": "slow", "agent": "a", "input": "slow"},
        {"id": "ask1", "deps": ["slow"], **HITL},
        {"id": "ask2", "deps": ["slow"], **HITL},
        {"id": "free", "agent": "a", "deps": ["slow"], "input": "free"},
    ]
    spec, agents, state = workflow("workflow", {"tasks": tasks}), MemoryAgents(seconds=1), State()
    for key in ("tasks/ask1", "tasks/ask2"):
        paused = run(spec, agents, INPUTS, state=state).paused
        assert paused is not None
        assert paused.key == key
        assert [call.input for call in agents.calls] == ["slow"]
        state.answer("ok", 0)
    assert run(spec, agents, INPUTS, state=state).paused is None
    assert [call.input for call in agents.calls] == ["slow", "free"]


def test_a_branch_that_asks_lets_the_others_finish() -> None:
    branches = [
        {"id": "p", "steps": [HITL]},
        {"id": "q", "steps": [{"agent": "a", "input": str(n)} for n in range(3)]},
    ]
    spec, agents, state = workflow("parallel", {"branches": branches}), MemoryAgents(), State()
    assert run(spec, agents, INPUTS, state=state).paused is not None
    assert len(agents.calls) == 3
    state.answer("ok", 0)
    assert "Branch p:\nok" in run(spec, agents, INPUTS, state=reloaded(state)).text
    assert len(agents.calls) == 3


def test_the_time_that_people_take_is_not_the_runs() -> None:
    steps = [{"agent": "a", "input": "x"}, HITL, {"agent": "a", "input": "y"}]
    spec = workflow("chain", {"steps": steps}, runtime={"budgets": {"max_duration_s": 10}})
    state = State()
    agents = MemoryAgents({"a": lambda _: AgentReply("x", 1, 1)}, seconds=4)
    run(spec, agents, INPUTS, state=state)
    state.answer("ok", 10**9)
    assert run(spec, agents, INPUTS, state=reloaded(state)).spent.seconds == pytest.approx(8)
