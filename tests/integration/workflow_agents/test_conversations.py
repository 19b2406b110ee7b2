"""What an agent remembers from call to call, and what it is asked and answers besides."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import strands

from tests.integration.workflow_agents.conftest import Run, chain, workflow
from tests.integration.workflow_agents.model_server import ModelServer, Said
from tradewind.workflow.engine.calls import AgentCall, AgentReply
from tradewind.workflow.engine.errors import AgentFailed
from tradewind.workflow.engine.state import State
from tradewind.workflow_agents.agents import MAX_TURNS
from tradewind.workflow_agents.history import FORMAT
from tradewind.workflow_agents.tools import Tools

LONG = "wind " * 1000  # about 1,250 tokens


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    with ModelServer() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        yield server


def texts(request: Any) -> list[str]:
    """What each message of a request says."""
    return [
        "".join(block.get("text", "") for block in message["content"])
        for message in request.body["messages"]
    ]


def compacting(**compaction: Any) -> dict[str, Any]:
    return {"context_policy": {"compaction": {"enabled": True, **compaction}}}


def test_a_conversation_goes_on_where_the_file_asks_for_it(run: Run, server: ModelServer) -> None:
    run(chain(3, **compacting()))
    assert [texts(request) for request in server.requests] == [
        ["step 0"],
        ["step 0", "windy", "step 1"],
        ["step 0", "windy", "step 1", "windy", "step 2"],
    ]


def test_it_goes_on_after_a_resume(run: Run, server: ModelServer) -> None:
    state = State()
    run(chain(1, **compacting()), state)
    state = State.from_json(json.loads(json.dumps(state.to_json())))
    run(chain(2, **compacting()), state)
    assert texts(server.requests[-1]) == ["step 0", "windy", "step 1"]


def test_parallel_units_have_a_conversation_each(run: Run, server: ModelServer) -> None:
    branch = [{"agent": "a", "input": "one"}, {"agent": "a", "input": "two"}]
    branches = [{"id": name, "steps": branch} for name in "xyz"]
    run(workflow("parallel", {"branches": branches}, **compacting()))
    lengths = sorted(len(request.body["messages"]) for request in server.requests)
    assert lengths == [1, 1, 1, 3, 3, 3]


def test_a_long_conversation_is_summarized_by_the_model_that_is_named_for_it(
    run: Run, server: ModelServer
) -> None:
    server.script = [Said(LONG), Said("calm"), Said("calm"), Said("the summary")]
    policy = {
        "when_tokens_over": 1000,
        "preserve_recent_messages": 2,
        "summarization_model": "other",
        "summary_ratio": 0.5,
    }
    # The server counts seven tokens for each answer, whatever was said: so the question counts.
    steps = [{"agent": "a", "input": f"step {n}"} for n in range(3)]
    steps.append({"agent": "a", "input": LONG})
    result, agents = run(workflow("chain", {"steps": steps}, **compacting(**policy)))
    asked, answered = server.requests[3], server.requests[4]
    assert "/model/other/" in asked.path
    assert texts(asked)[-1].startswith("user: step 0")
    assert LONG.strip() in texts(asked)[-1]
    first, *rest = texts(answered)
    assert first == "Summary of the conversation so far:\nthe summarystep 1"
    assert rest == ["calm", "step 2", "calm", LONG]
    roles = [message["role"] for message in answered.body["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert result.spent.tokens == 5 * 7  # the summary is paid for by the call that needed it
    assert agents.statistics.models_made == 2


def test_a_history_in_no_known_form_is_refused(run: Run, server: ModelServer) -> None:
    state = State()
    run(chain(1, **compacting()), state)
    for kept in state.conversations.values():
        assert kept["format"] == FORMAT
        kept["messages"] = "none"
    with pytest.raises(AgentFailed, match="HISTORY_UNREADABLE"):
        run(chain(2, **compacting()), state)


class _Counting(Tools):
    """One tool, and what was recorded."""

    def __init__(self) -> None:
        self.used = 0
        self.recorded: list[tuple[str, str]] = []

    def for_agent(self, agent_id: str, names: tuple[str, ...] | None) -> list[Any]:
        @strands.tool
        def look_out() -> str:
            """Look out of the window."""
            self.used += 1
            return "it blows"

        return [look_out]

    def system_text(self, agent_id: str, step_key: str) -> str:
        return f"Skills of {agent_id}."

    def check(self, step_key: str) -> None:
        pass

    async def record(self, call: AgentCall, outcome: AgentReply | Exception) -> None:
        self.recorded.append((call.key, type(outcome).__name__))


def test_tools_are_called_and_counted_and_calls_recorded(
    run: Run, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = _Counting()

    @asynccontextmanager
    async def opened(*_args: Any, **_options: Any) -> AsyncIterator[Tools]:
        yield tools

    monkeypatch.setattr("tradewind.workflow_agents.agents.open_tools", opened)
    server.script = [Said(tool="look_out"), Said("it blows"), Said(status=400)]
    with pytest.raises(AgentFailed):
        run(chain(2))
    assert tools.used == 1
    assert tools.recorded == [("steps/0", "AgentReply"), ("steps/1", "AgentFailed")]
    assert server.requests[0].body["system"] == [{"text": "You are a.\n\nSkills of a."}]
    assert "it blows" in json.dumps(server.requests[1].body)


def test_a_model_that_calls_tools_for_ever_is_stopped(run: Run, server: ModelServer) -> None:
    server.script = [Said(tool="nothing_like_it")] * (MAX_TURNS + 5)
    with pytest.raises(AgentFailed, match="TOO_MANY_TURNS"):
        run(chain(1))
    assert len(server.requests) == MAX_TURNS


SCHEMA = {
    "type": "object",
    "required": ["speed"],
    "properties": {"speed": {"type": "number"}, "unit": {"type": "string", "pattern": "^m/s$"}},
}


@pytest.mark.parametrize(
    ("reply", "fits"),
    [
        ('{"speed": 7.5}', True),
        ('It is:\n```json\n{"speed": 7.5, "unit": "m/s"}\n```', True),
        ('{"speed": "fast"}', False),
        ('{"speed": 7.5, "unit": "knots"}', False),
        ("a breeze", False),
    ],
)
def test_replies_are_held_to_the_schema_that_the_agent_is_told(
    run: Run, server: ModelServer, reply: str, *, fits: bool
) -> None:
    server.script = [Said(reply)]
    data = chain(1, agents={"a": {"prompt": "You are a.", "output_schema": SCHEMA}})
    if fits:
        assert run(data)[0].text == reply
    else:
        with pytest.raises(AgentFailed, match="OUTPUT_INVALID") as failed:
            run(data)
        assert "fast" not in str(failed.value)
    assert json.dumps(SCHEMA) in server.requests[0].body["system"][0]["text"]
    assert len(server.requests) == 1
