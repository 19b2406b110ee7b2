"""What a run makes of a model's odd answers, whichever framework the agent is written with."""

import asyncio
import logging

import pytest

from tests.answers import Answer, calling, saying
from tests.frameworks import Framework, Sketch
from tests.scripted_model import Model
from tradewind.aws.deadline import Deadline
from tradewind.bedrock.meter import ModelMeter, current_meter
from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import (
    InternalError,
    ModelContentFiltered,
    ModelContextOverflow,
    ModelError,
    ModelFailed,
    ModelOutputTruncated,
    ModelRefused,
)
from tradewind.run.agent_run import AgentRun
from tradewind.run.events import (
    Listener,
    MessageBegun,
    MessageEnded,
    RunEvent,
    TextDelta,
    ToolEnded,
    ToolStarted,
    nobody,
)
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project
from tradewind.run.runner import run_agent


@pytest.fixture
def environment(agent_variables: dict[str, str]) -> AgentEnvironment:
    return AgentEnvironment.from_variables(agent_variables)


def measure_wind(height_m: float) -> dict[str, float]:
    """Measure the wind.

    Args:
        height_m: Height above ground in metres.
    """
    return {"speed_m_per_s": height_m / 10}


SKETCH = Sketch("You measure.", (measure_wind,))


def run_with(
    framework: Framework,
    model: Model,
    environment: AgentEnvironment,
    sketch: Sketch = SKETCH,
    deadline_s: float = 900,
    *,
    listener: Listener = nobody,
) -> tuple[AgentRun, ModelMeter, ModelError | None]:
    meter = ModelMeter()
    run = AgentRun(
        prompt="How strong is the wind in Sauerland?",
        project=Project("p-1", "terrain", {}, MemoryArtifactStore()),
        deadline=Deadline(deadline_s),
        environment=environment,
        bedrock_client=model.client,
        listener=listener,
    )

    async def work() -> None:
        current_meter.set(meter)
        await run_agent(framework(sketch), run)

    try:
        asyncio.run(work())
    except ModelError as error:
        return run, meter, error
    return run, meter, None


def test_the_answer_is_the_last_message(
    framework: Framework, environment: AgentEnvironment
) -> None:
    model = Model(environment, calling("measure_wind", height_m=80), saying("It blows ", "8 m/s."))
    run, meter, error = run_with(framework, model, environment)
    assert (run.text, run.stopped, error) == ("It blows 8 m/s.", False, None)
    assert (run.tool_calls, run.tool_errors) == (1, 0)
    assert (meter.calls, meter.input_tokens, meter.output_tokens) == (2, 10, 4)
    assert {operation for operation, _ in model.requests} == {"ConverseStream"}


def test_what_happens_is_told_while_it_happens(
    framework: Framework, environment: AgentEnvironment
) -> None:
    told: list[RunEvent] = []
    broken = saying("It was to be ")[:2]
    wrong, right = (calling("measure_wind", height_m=height) for height in ("high", 80))
    unknown = calling("measure_rain")
    model = Model(environment, wrong, unknown, right, broken, saying("It blows ", "8 m/s."))
    run, _, error = run_with(framework, model, environment, listener=told.append)
    assert (run.text, error) == ("It blows 8 m/s.", None)
    assert (run.tool_calls, run.tools_succeeded) == (3, 1)
    message = [MessageBegun(), MessageEnded()]

    def called(tool: str, *, succeeded: bool) -> list[RunEvent]:
        return [ToolStarted("call-0", tool), ToolEnded("call-0", tool, succeeded=succeeded)]

    assert told == [
        *message,
        *called("measure_wind", succeeded=False),
        *message,
        *called("measure_rain", succeeded=False),
        *message,
        *called("measure_wind", succeeded=True),
        *(MessageBegun(), TextDelta("It was to be ")),  # broke off, and is said again
        *(MessageBegun(), TextDelta("It blows "), TextDelta("8 m/s."), MessageEnded()),
    ]


@pytest.mark.parametrize("answer", [saying(), saying(""), saying(" \n")])
def test_an_empty_answer_is_refused_and_not_asked_for_again(
    framework: Framework, environment: AgentEnvironment, answer: Answer
) -> None:
    model = Model(environment, answer)
    _, _, error = run_with(framework, model, environment)
    assert type(error) is ModelFailed
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    ("stop_reason", "expected"),
    [
        ("max_tokens", ModelOutputTruncated),
        ("content_filtered", ModelContentFiltered),
        ("guardrail_intervened", ModelContentFiltered),
        ("model_context_window_exceeded", ModelContextOverflow),
        ("refusal", ModelRefused),
        ("something_new", ModelError),
        ("", ModelError),
    ],
)
@pytest.mark.parametrize("texts", [(), ("half an ans",)])
def test_an_answer_that_was_cut_short_is_no_success(
    framework: Framework,
    environment: AgentEnvironment,
    stop_reason: str,
    expected: type[ModelError],
    texts: tuple[str, ...],
) -> None:
    model = Model(environment, saying(*texts, stop_reason=stop_reason))
    run, _, error = run_with(framework, model, environment)
    assert type(error) is expected
    assert run.text == "".join(texts)
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    "call",
    [
        calling("measure_wind", height_m="tall"),
        calling("measure_wind"),
        calling("measure_sun", height_m=1),
    ],
)
def test_a_call_that_the_model_got_wrong_is_its_own_to_mend(
    framework: Framework, environment: AgentEnvironment, call: Answer
) -> None:
    model = Model(environment, *[call] * 3, calling("measure_wind", height_m=80), saying("8 m/s."))
    run, _, error = run_with(framework, model, environment)
    assert (run.text, error, run.project.failure) == ("8 m/s.", None, None)
    assert run.tool_errors == 3
    assert run.tool_calls == 4
    mended = model.requests[1][1]["messages"][-1]["content"][0]["toolResult"]
    assert mended["status"] == "error"


def test_a_tool_that_runs_out_of_items_ends_the_request_at_once(
    framework: Framework, environment: AgentEnvironment
) -> None:
    def pick(project: Project) -> str:
        """Pick the first of none."""
        return str(next(iter(())))

    model = Model(environment, calling("pick"), saying("Picked."))
    with pytest.raises(InternalError, match="The tool pick failed unexpectedly"):
        run_with(framework, model, environment, Sketch("You pick.", (pick,)), deadline_s=10)


def test_no_word_of_the_conversation_reaches_a_log(
    framework: Framework, environment: AgentEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    model = Model(environment, calling("measure_wind", height_m="lofty"), saying("Half an ans"))
    model._answers[-1] = saying("Half an ans", stop_reason="max_tokens")
    with caplog.at_level(logging.INFO):
        run_with(framework, model, environment)
    logged = "\n".join(f"{record.getMessage()} {record.exc_info}" for record in caplog.records)
    for word in ("Sauerland", "lofty", "Half an ans", "You measure"):
        assert word not in logged
