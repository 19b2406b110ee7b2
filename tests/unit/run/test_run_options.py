"""What a request wants of its run is what the model is asked, whichever framework asks it."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agent_environment import agent_environment
from tests.answers import Answer, calling, calling_with, saying
from tests.frameworks import FRAMEWORKS, Framework, Sketch
from tests.scripted_model import Model
from tradewind.aws.deadline import Deadline
from tradewind.bedrock.model_pool import ModelPool
from tradewind.contracts.errors import ModelFailed, OutputInvalid
from tradewind.contracts.request import AgentRequest
from tradewind.run import pydantic_ai_agent, strands_agent, strands_model
from tradewind.run.agent_run import AgentRun
from tradewind.run.events import RunEvent, ToolStarted
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.options import RunOptions
from tradewind.run.output import ASK_FOR_OUTPUT, MAX_OUTPUT_TRIES, OUTPUT_TOOL, validator_of
from tradewind.run.project import Project
from tradewind.run.runner import run_agent

ENVIRONMENT = agent_environment()
#: With what Strands would fill in, and with what neither framework's own schemas have.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Farm",
    "properties": {
        "turbines": {"minimum": 1, "description": "How many."},
        "child": {"$ref": "#/$defs/farm"},
    },
    "required": ["turbines"],
    "$defs": {
        "farm": {"type": "object", "properties": {"child": {"$ref": "#/$defs/farm"}}},
    },
}
WANTS_OUTPUT = RunOptions(output_schema=SCHEMA)


def measure_wind(height_m: float) -> dict[str, float]:
    """Measure the wind.

    Args:
        height_m: Height above ground in metres.
    """
    return {"speed_m_per_s": height_m / 10}


SKETCH = Sketch("You measure.\n", (measure_wind,))


def new_run(model: Model, options: RunOptions, told: list[RunEvent] | None = None) -> AgentRun:
    return AgentRun(
        prompt="How many turbines?",
        project=Project("p-1", "terrain", {}, MemoryArtifactStore()),
        deadline=Deadline(900),
        environment=ENVIRONMENT,
        bedrock_client=model.client,
        options=options,
        listener=(told if told is not None else []).append,
    )


def run_with(
    framework: Framework, options: RunOptions, *answers: Answer, sketch: Sketch = SKETCH
) -> tuple[AgentRun, list[dict[str, Any]], list[RunEvent]]:
    model, told = Model(ENVIRONMENT, *answers), list[RunEvent]()
    run = new_run(model, options, told)
    try:
        asyncio.run(run_agent(framework(sketch), run))
    finally:
        run.threads.end()
    return run, [request for _, request in model.requests], told


def system_of(request: dict[str, Any]) -> str:
    return "\n\n".join(block["text"] for block in request["system"] if "text" in block)


def test_a_requests_schema_is_read_once_and_its_runs_share_no_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[Any] = []

    def reads(schema: dict[str, Any]) -> Any:
        read.append(schema)
        return validator_of(schema)

    for module in ("options", "output"):
        monkeypatch.setattr(f"tradewind.run.{module}.validator_of", reads)
    options = RunOptions.of(AgentRequest(query="How many?", output_schema=SCHEMA))
    first, second = (new_run(Model(ENVIRONMENT), options).output for _ in range(2))
    assert first is not None
    assert second is not None
    assert read == [SCHEMA]
    assert first.take({"turbines": 12}) is None
    assert first.value != second.value
    assert second.take({}) is not None


def test_the_system_prompt_comes_after_the_agents_own(framework: Framework) -> None:
    _, [plain], _ = run_with(framework, RunOptions(), saying("12."))
    options = RunOptions(system_prompt="Answer in Dutch.")
    _, [request], _ = run_with(framework, options, saying("12."))
    assert system_of(plain).rstrip() == "You measure."
    assert system_of(request) == "You measure.\n\nAnswer in Dutch."
    # Nothing of it stays for whoever comes next.
    _, [after], _ = run_with(framework, RunOptions(), saying("12."))
    assert after == plain


def test_sampling_goes_with_each_call_and_the_rest_stays_as_it_was(framework: Framework) -> None:
    _, [plain], _ = run_with(framework, RunOptions(), saying("12."))
    answers = calling("measure_wind", height_m=80), saying("12.")
    options = RunOptions(max_tokens=77, temperature=0.25)
    _, requests, _ = run_with(framework, options, *answers)
    assert [one["inferenceConfig"] for one in requests] == [
        {"maxTokens": 77, "temperature": 0.25}
    ] * 2
    assert plain["inferenceConfig"] == {"maxTokens": 1024}
    changed = {name for name in plain if requests[0].get(name) != plain[name]}
    assert changed == {"inferenceConfig"}


@settings(max_examples=15, deadline=None)
@given(temperature=st.floats(0, 1), max_tokens=st.integers(1, 1024) | st.none())
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_no_number_makes_a_model_of_its_own(
    name: str, temperature: float, max_tokens: int | None
) -> None:
    """The pool holds sixteen: a caller's whim must push nobody's out."""
    pools: dict[str, ModelPool[Any]] = {
        "strands": strands_model.MODELS,
        "pydantic-ai": pydantic_ai_agent.MODELS,
    }
    pool = pools[name]
    model = Model(ENVIRONMENT, saying("12."), saying("12."))
    asyncio.run(run_agent(FRAMEWORKS[name](SKETCH), new_run(model, RunOptions())))
    before = len(pool), pool.misses
    options = RunOptions(temperature=temperature, max_tokens=max_tokens)
    asyncio.run(run_agent(FRAMEWORKS[name](SKETCH), new_run(model, options)))
    assert (len(pool), pool.misses) == before
    config = model.requests[1][1]["inferenceConfig"]
    assert config == {"maxTokens": max_tokens or 1024, "temperature": temperature}


def test_an_output_is_asked_for_by_its_schema(framework: Framework) -> None:
    farm = {"turbines": 12, "child": {"child": {}}}
    run, [request], told = run_with(framework, WANTS_OUTPUT, calling(OUTPUT_TOOL, **farm))
    assert run.output is not None
    assert (run.output.value, run.text) == (farm, '{"turbines": 12, "child": {"child": {}}}')
    tools = {one["toolSpec"]["name"]: one["toolSpec"] for one in request["toolConfig"]["tools"]}
    assert list(tools) == ["measure_wind", OUTPUT_TOOL]
    # PydanticAI leaves titles out, which say nothing to a model.
    assert {"title": "Farm", **tools[OUTPUT_TOOL]["inputSchema"]["json"]} == SCHEMA
    assert request["toolConfig"]["toolChoice"] == {"any": {}}
    # It is no tool of the agent's.
    assert (run.tool_calls, run.tool_errors) == (0, 0)
    assert not any(isinstance(event, ToolStarted) for event in told)


def test_an_agent_without_tools_gives_an_output_too(framework: Framework) -> None:
    sketch = Sketch("You answer.")
    run, _, _ = run_with(framework, WANTS_OUTPUT, calling(OUTPUT_TOOL, turbines=3), sketch=sketch)
    assert run.output is not None
    assert run.output.value == {"turbines": 3}


def test_tools_come_before_the_output(framework: Framework) -> None:
    answers = calling("measure_wind", height_m=80), calling(OUTPUT_TOOL, turbines=8)
    run, requests, _ = run_with(framework, WANTS_OUTPUT, *answers)
    assert run.output is not None
    assert run.output.value == {"turbines": 8}
    assert (run.tool_calls, run.tool_errors, len(requests)) == (1, 0, 2)


BAD_OUTPUTS = {
    "of a wrong value": calling(OUTPUT_TOOL, turbines=0),
    "without what is required": calling(OUTPUT_TOOL),
    "that cannot be read": calling_with((OUTPUT_TOOL, '{"turbines": 1')),
    "in words": saying("Twelve."),
}


@pytest.mark.parametrize("name", BAD_OUTPUTS)
def test_an_output_that_does_not_fit_is_asked_for_again(framework: Framework, name: str) -> None:
    answers = [BAD_OUTPUTS[name]] * (MAX_OUTPUT_TRIES - 1)
    run, requests, _ = run_with(
        framework, WANTS_OUTPUT, *answers, calling(OUTPUT_TOOL, turbines=12)
    )
    assert run.output is not None
    assert run.output.value == {"turbines": 12}
    assert (len(requests), run.tool_calls) == (MAX_OUTPUT_TRIES, 0)
    last = requests[-1]["messages"][-1]
    assert last["role"] == "user"
    if name != "in words":
        assert last["content"][0]["toolResult"]["status"] == "error"


@pytest.mark.parametrize("name", BAD_OUTPUTS)
def test_and_fails_the_request_in_the_end(framework: Framework, name: str) -> None:
    model = Model(ENVIRONMENT, *[BAD_OUTPUTS[name]] * MAX_OUTPUT_TRIES)
    run = new_run(model, WANTS_OUTPUT)
    with pytest.raises(OutputInvalid):
        asyncio.run(run_agent(framework(SKETCH), run))
    assert run.output is not None
    assert run.output.value is None
    assert len(model.requests) == MAX_OUTPUT_TRIES


def test_a_model_that_never_comes_to_its_output_ends_with_its_turns(
    framework: Framework, monkeypatch: pytest.MonkeyPatch
) -> None:
    for adapter in (strands_agent, pydantic_ai_agent):
        monkeypatch.setattr(adapter, "MAX_TURNS", 3)
    model = Model(ENVIRONMENT, *[calling("measure_wind", height_m=80)] * 4)
    with pytest.raises(ModelFailed, match="within 3 turns"):
        asyncio.run(run_agent(framework(SKETCH), new_run(model, WANTS_OUTPUT)))
    assert len(model.requests) == 3


def test_the_output_ends_the_run_whatever_is_called_beside_it(framework: Framework) -> None:
    both = calling_with(("measure_wind", '{"height_m": 80}'), (OUTPUT_TOOL, '{"turbines": 5}'))
    run, requests, _ = run_with(framework, WANTS_OUTPUT, both)
    assert run.output is not None
    assert (run.output.value, len(requests)) == ({"turbines": 5}, 1)


def test_the_model_is_told_how_to_answer() -> None:
    assert OUTPUT_TOOL in ASK_FOR_OUTPUT
