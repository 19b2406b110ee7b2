"""Every way in which a model's answer may end is told as what it was, with the text there is."""

import json
from typing import Any

import botocore.session
import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.answers import Answer, calling, citing, saying
from tests.integration.handler.conftest import CHAT, WITH_TOOL, Build, Harness
from tradewind.bedrock.retry import MAX_ATTEMPTS
from tradewind.handlers.invocation_failed import InvocationFailed

QUERY = {"query": "How strong is the wind?", "request_id": "r"}

#: Each stop reason with the code it is answered with and how often the call is sent.
ENDS: dict[str, tuple[str | None, int]] = {
    "end_turn": (None, 1),
    "stop_sequence": (None, 1),
    "max_tokens": ("MODEL_OUTPUT_TRUNCATED", 1),
    "guardrail_intervened": ("MODEL_CONTENT_FILTERED", 1),
    "content_filtered": ("MODEL_CONTENT_FILTERED", 1),
    "refusal": ("MODEL_REFUSED", 1),
    "model_context_window_exceeded": ("MODEL_CONTEXT_OVERFLOW", 1),
    "malformed_model_output": ("MODEL_FAILED", MAX_ATTEMPTS),
    "malformed_tool_use": ("MODEL_FAILED", MAX_ATTEMPTS),
    "": ("MODEL_FAILED", 1),
    "something_new": ("MODEL_FAILED", 1),
    "END_TURN": ("MODEL_FAILED", 1),
}


def says(answer: Answer, count: int | None = 1) -> Fault:
    return Fault(FaultKind.SAYS, events=answer, count=count)


def answer_to(harness: Harness) -> dict[str, Any]:
    try:
        return harness.handle(QUERY)
    except InvocationFailed as failed:
        return failed.answer.model_dump(mode="json")


def test_every_documented_stop_reason_is_tried() -> None:
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    documented = set(service.shape_for("StopReason").enum)  # type: ignore[attr-defined]
    assert documented - {"tool_use"} <= set(ENDS)  # a tool's use has tests of its own


@pytest.mark.parametrize("stop_reason", ENDS)
def test_an_answer_ends_as_its_stop_reason_says(
    build: Build, standin: BedrockStandIn, stop_reason: str
) -> None:
    code, sends = ENDS[stop_reason]
    standin.inject(says(saying("It blows ", "hard", stop_reason=stop_reason), count=None))
    harness = build(WITH_TOOL)
    answer = answer_to(harness)
    assert answer["success"] is (code is None)
    assert (answer["error"] or {}).get("code") == code
    assert answer["response"] == "It blows hard"
    assert harness.records.codes == {"r": code}
    assert standin.stats().requests == answer["usage"]["model_calls"] == sends
    assert answer["usage"]["output_tokens"] == 2 * sends  # each of them is paid for


def test_a_malformed_answer_that_is_mended_leaves_only_the_mended_one(
    build: Build, standin: BedrockStandIn
) -> None:
    standin.inject(
        says(saying("It blo", stop_reason="malformed_model_output")), says(saying("It blows."))
    )
    answer = answer_to(build(CHAT))
    assert (answer["success"], answer["response"]) == (True, "It blows.")


@pytest.mark.parametrize("kind", [FaultKind.VALIDATION, FaultKind.STREAM_VALIDATION])
@pytest.mark.parametrize("told", ["Input is too long for requested model.", "prompt is too long"])
def test_a_conversation_that_is_too_long_is_told_alike_in_a_stream_and_before_it(
    build: Build, standin: BedrockStandIn, kind: FaultKind, told: str
) -> None:
    standin.inject(Fault(kind, count=None, message=told))
    answer = answer_to(build(CHAT))
    assert answer["error"]["code"] == "MODEL_CONTEXT_OVERFLOW"
    assert standin.stats().requests == 1


@pytest.mark.parametrize("kind", [FaultKind.ACCESS_DENIED, FaultKind.STREAM_VALIDATION])
def test_what_was_said_before_a_failure_is_kept(
    build: Build, standin: BedrockStandIn, kind: FaultKind
) -> None:
    asked = calling("measure_wind", height_m=80)
    asked[1:1] = saying("I measure first.")[1:3]  # words before the call, in a block of their own
    for event in asked[3:6]:
        next(iter(event.values()))["contentBlockIndex"] = 1
    standin.inject(says(asked), Fault(kind, after_frames=3))
    answer = answer_to(build(WITH_TOOL))
    assert answer["success"] is False
    said, _, begun = answer["response"].partition("\n\n")
    assert said == "I measure first."
    assert begun.startswith("[scripted model]") is (kind is FaultKind.STREAM_VALIDATION)


CITATION = {
    "title": "Wind atlas",
    "sourceContent": [{"text": "8 m/s at 100 m"}],
    "location": {"web": {"url": "https://atlas.example/de", "domain": "atlas.example"}},
}


def test_text_that_rests_on_citations_is_text(build: Build, standin: BedrockStandIn) -> None:
    standin.inject(says(citing("It blows 8 m/s.", **CITATION)))
    answer = answer_to(build(CHAT))
    assert (answer["success"], answer["response"]) == (True, "It blows 8 m/s.")


def test_a_conversation_with_citations_goes_on(build: Build, standin: BedrockStandIn) -> None:
    asked = calling("measure_wind", height_m=80)
    asked[1:1] = citing("The atlas says 8.", **CITATION)[1:4]
    for event in asked[4:7]:
        next(iter(event.values()))["contentBlockIndex"] = 1
    standin.inject(says(asked), says(citing("It blows 8 m/s.", **CITATION)))
    answer = answer_to(build(WITH_TOOL))
    assert (answer["success"], answer["response"]) == (True, "It blows 8 m/s.")
    sent = json.dumps(standin.prompts()[-1].request["messages"][1])
    assert "The atlas says 8." in sent


def test_text_that_cannot_be_encoded_is_mended_where_it_comes_in(
    build: Build, standin: BedrockStandIn
) -> None:
    whole_pair, half = ("wind \ud83c", "\udf2c blows"), " \ud83c hard"
    standin.inject(says(saying(*whole_pair, half)))
    answer = answer_to(build(CHAT))
    assert answer["response"] == "wind \U0001f32c blows \ufffd hard"
    assert json.dumps(answer, ensure_ascii=False).encode()
