"""What is left in a run of what its runtime says, event by event."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.agent_environment import agent_environment
from tests.runtimes import answer
from tradewind.agentcore.answers import RuntimeEvent, Text, Value
from tradewind.aws.deadline import Deadline
from tradewind.contracts.errors import AnswerTooLarge, RuntimeFailed
from tradewind.run.agent_run import AgentRun
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.runtime_agent import hearing
from tradewind.runtime_agent.hearing import Hearing


@pytest.fixture
def run() -> AgentRun:
    return AgentRun(
        prompt="",
        project=Project("p-1", "onboarding", {}, MemoryArtifactStore()),
        deadline=Deadline(900),
        environment=agent_environment(),
        bedrock_client=None,  # type: ignore[arg-type]  # no model is asked
    )


def heard(run: AgentRun, events: Sequence[RuntimeEvent], agent: str | None = None) -> Hearing:
    one = Hearing(run, agent)
    for event in events:
        one.hear(event)
    return one


def test_pieces_are_put_together_and_their_whole_is_not_said_again(run: AgentRun) -> None:
    """As Strands streams: each piece under two names, and the message once it is whole."""
    events = [
        Value({"init_event_loop": True}),
        Value({"event": {"contentBlockDelta": {"delta": {"text": "It "}}}}),
        Value({"data": "It ", "delta": {"text": "It "}}),
        Value({"data": "blows.", "delta": {"text": "blows."}}),
        Value({"message": {"role": "assistant", "content": [{"text": "It blows."}]}}),
        Value({"result": "It blows."}),
    ]
    heard(run, events).end()
    assert run.transcript.last_message == run.transcript.everything == "It blows."


def test_values_without_words_are_the_answer_where_there_are_none(run: AgentRun) -> None:
    steps = [{"step": name, "done": number} for number, name in enumerate(("account", "network"))]
    output = heard(run, [Value(one) for one in steps]).end()
    assert run.transcript.last_message == "\n".join(map(json.dumps, steps))
    assert output == steps[-1]


def test_words_win_over_values_wherever_they_come(run: AgentRun) -> None:
    heard(run, [Value({"step": 1}), Text("Done."), Value({"step": 2})]).end()
    assert run.transcript.everything == "Done."


def test_nothing_but_blanks_is_no_word(run: AgentRun) -> None:
    with pytest.raises(RuntimeFailed):
        heard(run, [Text(" "), Text("\n")]).end()


def test_ours_is_heard_as_its_stream_tells_it(run: AgentRun) -> None:
    """The events of docs/streaming.md, with what agents answer at its end."""
    told = [
        Value({"id": "assistant.r", "project_id": "p-1", "session_id": None}, "invocation"),
        Value({"text": "It rai"}, "text"),
        Value({}, "restart"),
        Value({"text": "Let me "}, "text"),
        Value({"text": "see."}, "text"),
        Value({}, "message_end"),
        Value({"call_id": "1", "tool": "measure_wind"}, "tool_start"),
        Value({"call_id": "1", "tool": "measure_wind", "succeeded": True}, "tool_end"),
        Value({"text": "It blows."}, "text"),
        Value({}, "message_end"),
        Value(answer(), "result"),
    ]
    heard(run, told, "assistant").end()
    assert run.transcript.everything == "Let me see.\n\nIt blows."
    assert run.elsewhere is not None
    assert run.elsewhere.usage.model_calls == 2


def test_an_answer_that_was_not_streamed_is_said_at_its_end(run: AgentRun) -> None:
    heard(run, [Value(answer())], "assistant").end()
    assert run.transcript.last_message == "It blows."


@pytest.mark.parametrize(
    ("told", "nano"),
    [
        ({"cost_usd": 0.1}, 100_000_000),
        ({"cost_usd": 1e-10}, 1),
        ({"cost_usd": 0}, 0),
        ({"cost_usd": None}, None),
        ({"cost_usd": -1}, None),
        ({"cost_usd": True}, None),
        ({"cost_usd": "0.1"}, None),
        ({"cost_usd": 1e300}, None),
        ({}, None),
        ("0.1", None),
    ],
    ids=str,
)
def test_only_a_cost_that_can_be_is_one(run: AgentRun, told: Any, nano: int | None) -> None:
    assert heard(run, [Value({"usage": told})]).cost_nano == nano


@pytest.mark.parametrize("cost", [-1.0, 1e300])
def test_nor_is_it_one_in_an_answer(run: AgentRun, cost: float) -> None:
    told = answer()
    told["usage"] = {**told["usage"], "cost_usd": cost, "input_tokens": -5}
    one = heard(run, [Value(told)])
    assert one.cost_nano is None
    one.end()
    assert run.elsewhere is not None
    assert (run.elsewhere.usage.cost_usd, run.elsewhere.usage.input_tokens) == (None, 0)


@pytest.mark.parametrize("event", [Text("x" * 10), Value({"text": "x" * 10}), Value(["x" * 10])])
def test_more_than_a_function_delivers_is_not_kept(
    run: AgentRun, event: RuntimeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "MAX_SAID", 50)
    with pytest.raises(AnswerTooLarge):
        heard(run, [event] * 6)


@pytest.mark.parametrize("agent", [None, "assistant"])
def test_a_failure_that_cannot_be_read_is_one(run: AgentRun, agent: str | None) -> None:
    told = {"success": False, "response": "The database password is wrong.", "error": "E1"}
    with pytest.raises(RuntimeFailed) as caught:
        heard(run, [Value(told)], agent).end()
    assert "password" not in caught.value.message
    assert run.transcript.everything == ""


def test_somebody_elses_failure_is_no_error_of_this_project(run: AgentRun) -> None:
    for code in ("DEADLINE_EXCEEDED", "BUDGET_EXCEEDED", "RUNTIME_THROTTLED", "CANCELLED"):
        error = {"code": code, "message": "x" * 9999, "field": None, "extensions": {"left": 1}}
        with pytest.raises(RuntimeFailed) as caught:
            heard(run, [Value(answer(success=False, status_code=500, error=error))]).end()
        assert type(caught.value) is RuntimeFailed
        assert caught.value.extensions == {}
        assert len(caught.value.message) == 1000
