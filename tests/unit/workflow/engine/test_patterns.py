"""What each pattern does."""

import json
from typing import Any

import pytest

from tests.workflows import reloaded, run, workflow
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import (
    AgentFailed,
    AnswerUnusable,
    BudgetSpent,
    PatternFailed,
    Unsupported,
)
from tradewind.workflow.engine.memory_agents import MemoryAgents
from tradewind.workflow.engine.state import State

HITL = {"type": "hitl", "prompt": "Go on?"}


def step(agent: str, source: str, **more: Any) -> dict[str, Any]:
    return {"agent": agent, "input": source, **more}


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([step("a", "one")], "one"),
        ([step("a", "one"), step("b", "{{ steps[0].response }}+")], "one+"),
        ([step("a", "one"), step("b", "{{ last_response }}2"), step("a", "{{ steps[-1].index }}")], "1"),  # noqa: E501
        ([step("a", "[{{ last_response }}]")], "[]"),
        ([step("a", "{{ x }}", vars={"x": "v"})], "v"),
        ([step("a", "{{ inputs.x }}{{ inputs.values.x }}")], "ii"),
        ([step("a", "{{ x }}", vars={"x": 1}), step("a", "{{ last_response }}{{ x }}")], "1i"),
        ([step("a", "{{ optional | default('d') }}[{{ optional }}]")], "d[]"),
        ([step("a", "x"), step("b", "{{ steps[0].agent }}{{ steps[0].tokens_estimated > 0 }}")], "aTrue"),  # noqa: E501
        ([{"agent": "a"}], "Please carry out your task."),
    ],
)  # fmt: skip
def test_chain(steps: list[Any], text: str) -> None:
    spec = workflow("chain", {"steps": steps}, inputs={"optional": {"optional": "string"}})
    assert run(spec, inputs={"x": "i"}).text == text


TASKS: list[tuple[list[Any], str]] = [
    ([{"id": "x", "agent": "a", "input": "1"}], "1"),
    ([{"id": "x", "agent": "a", "description": "described"}], "described"),
    ([{"id": "x", "agent": "a", "input": "1"}, {"id": "y", "agent": "a", "input": "2"}], "2"),
    (
        [
            {"id": "y", "agent": "a", "deps": ["x"], "input": "{{ tasks.x.response }}!"},
            {"id": "x", "agent": "a", "input": "1"},
        ],
        "1!",
    ),
    (
        [
            {"id": "items", "agent": "a", "input": "1"},
            {"id": "my-id", "agent": "a", "deps": ["items"], "input": "{{ tasks.items.status }}"},
            {"id": "z", "agent": "a", "depends_on": ["my-id"], "input": "{{ tasks['my-id'].response }}"},  # noqa: E501
        ],
        "success",
    ),
    (
        [
            {"id": "l", "agent": "a", "input": "l"},
            {"id": "r", "agent": "b", "input": "r"},
            {"id": "j", "agent": "c", "deps": ["l", "r"],
             "input": "{{ tasks.l.response }}{{ tasks.r.response }}{{ last_response }}"},
        ],
        "lrr",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("tasks", "text"), TASKS)
def test_dag(tasks: list[Any], text: str) -> None:
    assert run(workflow("workflow", {"tasks": tasks})).text == text


def test_parallel_without_reduce_is_sorted_by_branch() -> None:
    branches = [{"id": name, "steps": [step("a", name * 2)]} for name in "zx"]
    assert run(workflow("parallel", {"branches": branches})).text == (
        "Branch x:\nxx\n\n---\n\nBranch z:\nzz"
    )


def test_parallel_with_reduce_sees_the_branches_and_a_branch_only_itself() -> None:
    own = "{{ steps | length }}"
    branches = [
        {"id": "p", "steps": [step("a", "p"), step("a", own)]},
        {"id": "q", "steps": [step("a", own)]},
    ]
    reduce = step(
        "b",
        "{{ branches.p.response }}{{ branches.q.response }}{{ branches.p.status }}"
        "{{ branches.p.step_history | length }}",
    )
    result = run(workflow("parallel", {"branches": branches, "reduce": reduce}))
    assert result.text == "10success2"


ROUTES = {"Left": {"then": [step("b", "{{ router.chosen_route }}{{ router.why }}")]},
          "r/2": {"then": [step("b", "{{ router_response }}"), step("c", "{{ steps[0].agent }}")]}}  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(
    ("replies", "text"),
    [
        (['{"route": "Left", "why": "!"}'], "Left!"),
        (["nonsense", '{"route": "Left", "why": 1}'], "Left1"),
        (["x", "y", '```\n{"route": "r/2"}\n```'], "b"),
    ],
)
def test_routing(replies: list[str], text: str) -> None:
    said = iter(replies)
    agents = MemoryAgents({"a": lambda _: next(said)})
    assert (
        run(workflow("routing", {"router": {"agent": "a"}, "routes": ROUTES}), agents).text == text
    )
    assert '"Left", "r/2"' in agents.calls[0].input
    assert all("no such object" in call.input for call in agents.calls[1 : len(replies)])


@pytest.mark.parametrize(
    ("reply", "retries", "calls"), [("x", 2, 3), ("x", 0, 1), ('{"route": "up"}', 2, 1)]
)
def test_routing_fails(reply: str, retries: int, calls: int) -> None:
    agents = MemoryAgents({"a": lambda _: reply})
    config = {"router": {"agent": "a", "max_retries": retries}, "routes": ROUTES}
    with pytest.raises(PatternFailed):
        run(workflow("routing", config), agents)
    assert len(agents.calls) == calls


@pytest.mark.parametrize(
    ("answer", "text"),
    [("approved", "Left!"), (" Approved ", "Left!"), ("route:Left", "Left!"), ("route:r/2", "b")],
)
def test_a_reviewed_route(answer: str, text: str) -> None:
    agents = MemoryAgents({"a": lambda _: '{"route": "Left", "why": "!"}'})
    review = HITL | {"prompt": "{{ router.chosen_route }}?"}
    config = {"router": {"agent": "a", "review_router": review}, "routes": ROUTES}
    state = State()
    paused = run(workflow("routing", config), agents, state=state).paused
    assert paused is not None
    assert paused.prompt == "Left?"
    with pytest.raises(AnswerUnusable):
        state.answer("route:left", 0)
    state.answer(answer, 0)
    assert run(workflow("routing", config), agents, state=reloaded(state)).text == text


def scores(*values: Any) -> MemoryAgents:
    said = iter(values)
    return MemoryAgents(
        {
            "a": lambda call: f"draft of [{call.input}]",
            "b": lambda _: (
                json.dumps({"score": one, "issues": ["i"]})
                if not isinstance(one := next(said), str)
                else one
            ),
        }
    )


EVALUATOR = {"producer": "a", "evaluator": {"agent": "b"}, "accept": {"min_score": 80}}


@pytest.mark.parametrize(
    ("values", "calls"),
    [((80,), 2), ((79, 90), 4), ((1, 2, 100), 6), (("no", 90), 3), ((10, "no", 90), 5)],
)
def test_evaluator_accepts(values: tuple[Any, ...], calls: int) -> None:
    agents = scores(*values)
    result = run(workflow("evaluator_optimizer", EVALUATOR), agents)
    assert result.text.startswith("draft of [")
    assert len(agents.calls) == calls
    assert result.names["final_score"] == values[-1]
    assert agents.calls[0].input == "You are a."


@pytest.mark.parametrize("values", [(1, 2, 3), ("no", "no")])
def test_evaluator_fails(values: tuple[Any, ...]) -> None:
    with pytest.raises(PatternFailed, match="1, 2, 3" if values[0] == 1 else "no evaluations"):
        run(workflow("evaluator_optimizer", EVALUATOR), scores(*values))


def test_an_evaluators_revision_sees_its_evaluation() -> None:
    revise = "{{ iteration }}:{{ evaluation.score }}:{{ evaluation.issues[0] }}:{{ draft }}"
    result = run(
        workflow("evaluator_optimizer", EVALUATOR | {"revise_prompt": revise}), scores(5, 90)
    )
    assert result.text == "draft of [1:5:i:draft of [You are a.]]"


@pytest.mark.parametrize(("answer", "calls"), [("stop", 2), ("Abort", 2), ("end", 2), ("go", 4)])
def test_an_evaluators_gate(answer: str, calls: int) -> None:
    gate = HITL | {
        "prompt": "{{ iterations[iteration_index].score }}{{ current_evaluation.score }}"
    }
    spec = workflow("evaluator_optimizer", EVALUATOR | {"review_gate": gate})
    agents, state = scores(5, 90), State()
    paused = run(spec, agents, state=state).paused
    assert paused is not None
    assert paused.prompt == "55"
    state.answer(answer, 0)
    assert run(spec, agents, state=reloaded(state)).paused is None
    assert len(agents.calls) == calls


ORCHESTRATOR = {"orchestrator": {"agent": "a"}, "worker_template": {"agent": "b", "tools": []}}


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ('["x", "y"]', "Worker 1: x\n\nWorker 2: y"),
        ('[{"task": "x", "context": 1}]', 'Worker 1: x\n\n{"context": 1}'),
        ('{"tasks": [{"description": "x"}]}', "Worker 1: x"),
        ("[]", ""),
    ],
)
def test_orchestrator(reply: str, text: str) -> None:
    agents = MemoryAgents({"a": lambda _: reply})
    assert run(workflow("orchestrator_workers", ORCHESTRATOR), agents, {"i": 7}).text == text
    assert '{"i": 7}' in agents.calls[0].input
    assert all(call.tools == () for call in agents.calls[1:])


def test_an_orchestrators_reduce_and_writeup() -> None:
    config = ORCHESTRATOR | {
        "reduce": step("c", "{% for w in workers %}{{ w.task }}={{ w.response }};{% endfor %}"),
        "writeup": step("c", "{{ reduce_response }}{{ num_workers }}{{ round_count }}"),
    }
    agents = MemoryAgents({"a": lambda _: '["x", "y"]'})
    assert run(workflow("orchestrator_workers", config), agents).text == "x=x;y=y;21"


def test_an_orchestrator_is_asked_three_times() -> None:
    agents = MemoryAgents({"a": lambda _: "no"})
    with pytest.raises(PatternFailed):
        run(workflow("orchestrator_workers", ORCHESTRATOR), agents)
    assert len(agents.calls) == 3


def test_an_orchestrator_has_one_round() -> None:
    config = ORCHESTRATOR | {"orchestrator": {"agent": "a", "limits": {"max_rounds": 2}}}
    with pytest.raises(Unsupported):
        run(workflow("orchestrator_workers", config))


def graph(choose: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "nodes": {"n": step("a", "n{{ nodes.n.iteration }}"), "m": step("b", "m{{ nodes.n.response }}")},  # noqa: E501
        "edges": [{"from": "n", "choose": choose}],
        **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("choose", "path"),
    [
        ([{"when": "else", "to": "m"}], ["n", "m"]),
        ([{"when": "false", "to": "m"}], ["n"]),
        ([{"when": "nodes.n.iteration < 3", "to": "n"}, {"when": "else", "to": "m"}], list("nnnm")),
        ([{"when": "nodes.m", "to": "n"}, {"when": "not nodes.m", "to": "m"}], ["n", "m"]),
        ([{"when": "nodes.m.response == ''", "to": "m"}], ["n", "m"]),
    ],
)
def test_graph(choose: list[Any], path: list[str]) -> None:
    result = run(workflow("graph", graph(choose)))
    assert result.names["execution_path"] == path
    assert result.names["terminal_node"] == path[-1]


def test_a_graphs_visits_are_bounded() -> None:
    again = [{"when": "true", "to": "n"}]
    with pytest.raises(PatternFailed):
        run(workflow("graph", graph(again, max_iterations=4)))
    with pytest.raises(BudgetSpent):
        run(workflow("graph", graph(again, max_iterations=999)))
    with pytest.raises(PatternFailed):
        run(workflow("graph", graph([{"when": "nothing", "to": "n"}])))


@pytest.mark.parametrize(("most", "ends"), [(2, True), (1, False)])
def test_ending_on_the_last_allowed_visit_is_success(most: int, *, ends: bool) -> None:
    runtime = {"budgets": {"max_steps": most}}
    spec = workflow("graph", graph([{"when": "else", "to": "m"}]), runtime=runtime)
    if ends:
        assert run(spec).spent.steps == 2
    else:
        with pytest.raises(BudgetSpent):
            run(spec)


def test_models_and_tools_are_the_agents_and_the_steps() -> None:
    spec = workflow(
        "chain",
        {"steps": [step("a", "1"), step("b", "2", tool_overrides=[]), step("b", "3")]},
        agents={
            "a": {
                "prompt": "{{ x }}{{ y }}",
                "provider": "openai",
                "inference": {"temperature": 0},
            },
            "b": {"prompt": "p", "tools": ["grep"], "model_id": "own"},
        },
        runtime={"temperature": 0.5, "top_p": 0.1},
    )
    agents = MemoryAgents()
    run(spec, agents, {"x": "X"})
    first, second, third = agents.calls
    assert first.prompt == "X{{ y }}"
    assert (first.model.provider, first.model.temperature, first.model.top_p) == ("openai", 0, 0.1)
    assert (second.model.model_id, second.tools, third.tools) == ("own", (), ("grep",))


@pytest.mark.parametrize("remembers", [True, False])
def test_a_conversation_goes_on_only_where_the_file_asks(*, remembers: bool) -> None:
    def answer(call: AgentCall) -> AgentReply:
        return AgentReply("x", history=[*(call.history or []), call.input])

    branches = [{"id": name, "steps": [step("a", name), step("a", name * 2)]} for name in "pq"]
    agents = MemoryAgents({"a": answer})
    policy = {"compaction": {"enabled": remembers}}
    run(workflow("parallel", {"branches": branches}, context_policy=policy), agents)
    histories = {call.input: call.history for call in agents.calls}
    expected = {"p": None, "q": None, "pp": ["p"], "qq": ["q"]}
    assert histories == (expected if remembers else dict.fromkeys(expected))


def test_an_error_says_where() -> None:
    def fail(_: AgentCall) -> str:
        raise AgentFailed("no such model")

    with pytest.raises(AgentFailed, match="steps/1: b: no such model"):
        run(
            workflow("chain", {"steps": [step("a", "1"), step("b", "2")]}),
            MemoryAgents({"b": fail}),
        )


@pytest.mark.parametrize(
    ("pattern", "config"),
    [
        ("chain", {"steps": [step("a", "x")]}),
        ("workflow", {"tasks": [{"id": "t", **step("a", "x")}, {"id": "u", **step("b", "x")}]}),
        ("parallel", {"branches": [{"id": i, "steps": [step(i, "x")]} for i in ("a", "b")]}),
    ],
)
def test_a_failure_keeps_what_caused_it(pattern: str, config: dict[str, Any]) -> None:
    async def answer(_: AgentCall) -> str:
        raise AgentFailed("no") from LookupError("the cause")

    with pytest.raises(AgentFailed) as failed:
        run(workflow(pattern, config), MemoryAgents({"a": answer}))
    causes, error = [], failed.value.__cause__
    while error is not None:
        causes.append(str(error))
        error = error.__cause__
    assert "the cause" in causes


CHOSEN = '{"route": "Left", "why": 1}'


@pytest.mark.parametrize(
    ("pattern", "config", "bad", "good"),
    [
        ("routing", {"router": {"agent": "a"}, "routes": ROUTES}, "?", CHOSEN),
        ("routing", {"router": {"agent": "a"}, "routes": ROUTES}, '{"route": "Up"}', CHOSEN),
        ("orchestrator_workers", ORCHESTRATOR, "?", "[]"),
    ],
)  # fmt: skip
def test_a_run_that_failed_on_a_reply_asks_anew(
    pattern: str, config: dict[str, Any], bad: str, good: str
) -> None:
    state, replies = State(), [bad]
    agents = MemoryAgents({"a": lambda _: replies[0]})
    with pytest.raises(PatternFailed):
        run(workflow(pattern, config), agents, state=state)
    replies[0] = good
    run(workflow(pattern, config), agents, state=reloaded(state))


def test_an_evaluation_that_was_none_is_asked_for_anew_and_the_draft_is_not() -> None:
    state, replies = State(), ["?"]
    agents = MemoryAgents({"b": lambda _: replies[0]})
    config = {**EVALUATOR, "producer": "a", "evaluator": {"agent": "b"}}
    with pytest.raises(PatternFailed):
        run(workflow("evaluator_optimizer", config), agents, state=state)
    replies[0] = '{"score": 99}'
    run(workflow("evaluator_optimizer", config), agents, state=reloaded(state))
    assert [call.agent for call in agents.calls] == ["a", "b", "b", "b"]
