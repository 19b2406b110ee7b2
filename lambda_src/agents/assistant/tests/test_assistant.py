"""The assistant, as a request sees it: without tools, with whatever the request brings along."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agents.assistant.agent import DEFINITION, SYSTEM_PROMPT
from tests.agent_environment import agent_environment
from tests.answers import calling, saying
from tests.scripted_model import Model
from tradewind.aws.deadline import Deadline
from tradewind.contracts.errors import QueryTooLong
from tradewind.contracts.request import AgentRequest, parse_request
from tradewind.run.agent_run import AgentRun
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.options import RunOptions
from tradewind.run.output import OUTPUT_TOOL
from tradewind.run.pause import FrameworkState, GoOn, Pause
from tradewind.run.project import Project
from tradewind.run.prompt import compose_prompt
from tradewind.run.runner import run_agent

EXAMPLE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "request.json").read_text())
ENVIRONMENT = agent_environment(TRADEWIND_AGENT="assistant")


def prompt_of(request: AgentRequest) -> str:
    return compose_prompt(
        request.query, request.parameters, request.context, has_tools=DEFINITION.has_tools
    )


def asked(
    model: Model, *, may_ask: bool = False, goes_on: GoOn | None = None, **changes: Any
) -> AgentRun:
    """Let the assistant answer its example, with these changes."""
    request = parse_request({**EXAMPLE, **changes}, "assistant")
    run = AgentRun(
        prompt=prompt_of(request),
        project=Project(
            "p-1", "assistant", request.parameters, MemoryArtifactStore(), may_ask=may_ask
        ),
        deadline=Deadline(60),
        environment=ENVIRONMENT,
        bedrock_client=model.client,
        options=RunOptions.of(request),
        goes_on=goes_on,
    )
    try:
        asyncio.run(run_agent(DEFINITION, run))
    finally:
        run.threads.end()
    return run


def test_it_answers_from_what_it_is_given() -> None:
    model = Model(ENVIRONMENT, saying("Seven rotor diameters."))
    assert asked(model).text == "Seven rotor diameters."
    [(_, request)] = model.requests
    [message] = request["messages"]
    text = message["content"][0]["text"]
    assert text.index(EXAMPLE["context"]) < text.index(EXAMPLE["query"])
    assert request["system"][0]["text"] == SYSTEM_PROMPT.strip()
    assert request["inferenceConfig"]["temperature"] == EXAMPLE["temperature"]
    assert "toolConfig" not in request


def test_it_answers_as_json_where_a_schema_asks_for_it() -> None:
    schema = {"type": "object", "properties": {"diameters": {"type": "number"}}}
    model = Model(ENVIRONMENT, calling(OUTPUT_TOOL, diameters=7))
    run = asked(model, output_schema=schema)
    assert run.output is not None
    assert run.output.value == {"diameters": 7}
    assert (run.tool_calls, len(model.requests)) == (0, 1)


def test_it_asks_back_where_somebody_can_be_asked() -> None:
    model = Model(ENVIRONMENT, calling("ask_person", question="Which site?"), saying("Seven."))
    run = asked(model, may_ask=True)
    [tool] = model.requests[0][1]["toolConfig"]["tools"]
    assert tool["toolSpec"]["name"] == "ask_person"
    assert run.pause is not None
    [question] = run.pause.asked
    assert question.text == "Which site?"
    # What goes on from there may be kept as JSON.
    values = json.loads(json.dumps(run.pause.state.values))
    pause = Pause(FrameworkState(run.pause.state.format, values), run.pause.asked)
    run = asked(model, may_ask=True, goes_on=GoOn(pause, {question.call_id: "The north."}))
    assert run.text == "Seven."
    result = model.requests[1][1]["messages"][-1]["content"][0]["toolResult"]
    assert result["content"] == [{"text": "The north."}]
    assert run.new_messages is not None


def test_it_has_no_tools_to_keep_anything_for() -> None:
    request = parse_request({**EXAMPLE, "parameters": {"site": "x" * 1000}}, "assistant")
    with pytest.raises(QueryTooLong, match=r"site: .* Give it as context"):
        prompt_of(request)
