"""A model that circles, or has nothing to say, ends as a typed error: on the real protocol."""

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.frameworks import Sketch
from tests.integration.handler.conftest import CHAT, WITH_TOOL, Build
from tests.integration.handler.script import Script, calls, says
from tradewind.handlers.invocation_failed import InvocationFailed

QUERY = {"query": "How strong is the wind?", "request_id": "r"}
#: The model's turns in one run.
TURNS = 30


def test_a_model_that_circles_is_stopped_at_its_last_turn(
    build: Build, standin: BedrockStandIn, script: Script
) -> None:
    script(calls("measure_wind", height_m=80))
    harness = build(WITH_TOOL)
    with pytest.raises(InvocationFailed) as failed:
        harness.handle(QUERY)
    answer = failed.value.answer
    assert answer.error is not None
    assert answer.error.code == "MODEL_FAILED"
    assert f"within {TURNS} turns" in answer.error.message
    assert standin.stats().requests == answer.usage.model_calls == TURNS
    assert harness.records.status == {"r": "failed"}


def test_a_model_that_ends_with_its_last_turn_has_answered(
    build: Build, standin: BedrockStandIn, script: Script
) -> None:
    script(*[calls("measure_wind", height_m=80)] * (TURNS - 1), says("8 m/s."))
    standin.inject(Fault(FaultKind.THROTTLED))  # a repeat takes no turn
    answer = build(WITH_TOOL).handle(QUERY)
    assert (answer["success"], answer["response"]) == (True, "8 m/s.")
    assert (answer["usage"]["model_calls"], answer["usage"]["tool_calls"]) == (TURNS + 1, TURNS - 1)


@pytest.mark.parametrize("word", ["", " \n"])
@pytest.mark.parametrize("after_a_tool", [False, True])
def test_an_end_without_a_word_is_no_answer(
    build: Build, standin: BedrockStandIn, script: Script, word: str, after_a_tool: bool
) -> None:
    script(*[calls("measure_wind", height_m=80)] * after_a_tool, says(word))
    harness = build(WITH_TOOL)
    with pytest.raises(InvocationFailed) as failed:
        harness.handle(QUERY)
    answer = failed.value.answer
    assert answer.error is not None
    assert (answer.success, answer.response, answer.error.code) == (False, "", "MODEL_FAILED")
    assert standin.stats().requests == 1 + after_a_tool  # and is not asked for again
    assert harness.records.codes == {"r": "MODEL_FAILED"}


def test_an_answer_ends_where_the_model_ended_it(
    build: Build, standin: BedrockStandIn, script: Script
) -> None:
    script(says(" It blows.\n"))
    answer = build(CHAT).handle(QUERY)
    assert answer["response"] == "It blows."
    assert standin.stats().requests == 1


def test_a_tool_is_called_with_what_the_model_said(
    build: Build, standin: BedrockStandIn, script: Script
) -> None:
    given: list[tuple[float, str]] = []

    def place(spacing_m: float, name: str) -> str:
        """Place turbines.

        Args:
            spacing_m: Metres between them.
            name: What the layout is called.
        """
        given.append((spacing_m, name))
        return "placed"

    script(calls("place", spacing_m=260, name="wide"), says("Placed."))
    assert build(Sketch("You place.", (place,))).handle(QUERY)["response"] == "Placed."
    assert given == [(260, "wide")]
    sent = standin.prompts()[1].request["messages"][-1]["content"][0]["toolResult"]
    assert (sent["toolUseId"], "placed" in str(sent["content"])) == ("call-of-place", True)
