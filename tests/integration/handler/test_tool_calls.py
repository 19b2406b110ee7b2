"""Calls that the model got wrong go back to it; what comes of each call is counted."""

import json
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.answers import calling, calling_with, saying
from tests.frameworks import Sketch
from tests.integration.handler.conftest import Build
from tests.metric_lines import metrics_in
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.telemetry.log_fields import TOOL_BEGINS

QUERY = {"query": "Set the turbines back.", "request_id": "r"}


class SetBack:
    """A tool that keeps what it was run with."""

    def __init__(self) -> None:
        self.runs: list[tuple[float, float]] = []

    def sketch(self) -> Sketch:
        def set_back(building_setback_m: float = 525.0, tip_height_m: float = 175.0) -> str:
            """Set turbines back from buildings.

            Args:
                building_setback_m: In metres.
                tip_height_m: In metres.
            """
            self.runs.append((building_setback_m, tip_height_m))
            return "set back"

        return Sketch("You set turbines back. Call set_back once.", (set_back,))


def says(*answers: Any, count: int | None = 1) -> list[Fault]:
    return [Fault(FaultKind.SAYS, events=answer, count=count) for answer in answers]


def counted(output: str) -> tuple[float, float, int]:
    """ToolCalls and ToolErrors of the one metrics line, and tool_calls of the log line."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    [metrics] = metrics_in(lines)
    [done] = [line for line in lines if line.get("message") == "Request done"]
    return metrics["ToolCalls"][0], metrics["ToolErrors"][0], done["tool_calls"]


WRONG = {
    "cut off": '{"building_setback_m": 2000, "tip_h',
    "unknown name": '{"buildings_setback": 2000}',
    "another case": '{"Building_Setback_m": 2000}',
    "number as text": '{"building_setback_m": "2000"}',
    "true as a number": '{"building_setback_m": true}',
    "not a number": '{"building_setback_m": NaN}',
    "infinite": '{"building_setback_m": Infinity}',
    "too large": '{"building_setback_m": 1e999}',
    "null": '{"building_setback_m": null}',
    "given twice": '{"building_setback_m": 1, "building_setback_m": 2}',
    "half a pair": r'{"building_setback_m": "\ud800"}',
    "half a pair in a name": r'{"\udfff": 2000}',
    "deep": '{"building_setback_m": ' + "[" * 5_000 + "]" * 5_000 + "}",
    "a list": "[2000]",
    "a number": "2000",
    "nothing": "null",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_goes_back_to_the_model_and_runs_nothing(
    build: Build, standin: BedrockStandIn, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = SetBack()
    right = calling("set_back", building_setback_m=2000)
    standin.inject(
        *says(calling_with(("set_back", WRONG[name])), right, saying("They stand 2000 m back."))
    )
    answer = build(tool.sketch()).handle(QUERY)
    assert (answer["success"], answer["response"]) == (True, "They stand 2000 m back.")
    assert tool.runs == [(2000, 175)]
    assert answer["usage"]["tool_calls"] == 2
    assert counted(capsys.readouterr().out) == (2, 1, 2)
    # The stand-in, like the service, would not take back what is no JSON or no object.
    [result] = standin.prompts()[1].request["messages"][2]["content"]
    assert result["toolResult"]["status"] == "error"
    told = json.dumps(result["toolResult"]["content"])
    assert "set_back was not run." in told
    assert "building_setback_m" in told
    assert "tip_height_m" in told


@pytest.mark.parametrize("name", ["Set_Back", "no_such_tool", "set back", "x" * 65, "\ud800"])
def test_a_tool_that_there_is_not_is_told_with_those_there_are(
    build: Build, standin: BedrockStandIn, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = SetBack()
    standin.inject(*says(calling_with((name, "{}")), saying("I cannot.")))
    answer = build(tool.sketch()).handle(QUERY)
    assert (answer["success"], answer["response"], tool.runs) == (True, "I cannot.", [])
    assert counted(capsys.readouterr().out) == (1, 1, 1)
    [result] = standin.prompts()[1].request["messages"][2]["content"]
    assert result["toolResult"]["status"] == "error"
    assert "set_back" in json.dumps(result["toolResult"]["content"])


def test_of_several_calls_each_is_judged_for_itself(
    build: Build, standin: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = SetBack()
    calls = [("set_back", '{"tip_height_m": 100}'), ("set_back", '{"tip_h'), ("set_back", "")]
    standin.inject(*says(calling_with(*calls), saying("Done.")))
    assert build(tool.sketch()).handle(QUERY)["success"]
    assert sorted(tool.runs) == [(525, 100), (525, 175)]
    assert counted(capsys.readouterr().out) == (3, 1, 3)
    results = standin.prompts()[1].request["messages"][2]["content"]
    statuses = {one["toolResult"]["toolUseId"]: one["toolResult"]["status"] for one in results}
    assert statuses == {"call-0": "success", "call-1": "error", "call-2": "success"}


def test_a_model_that_never_gets_it_right_ends_at_the_turn_limit(
    build: Build,
    standin: BedrockStandIn,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for framework in ("strands", "pydantic_ai"):
        monkeypatch.setattr(f"tradewind.run.{framework}_agent.MAX_TURNS", 5)
    tool = SetBack()
    standin.inject(*says(calling_with(("set_back", WRONG["cut off"])), count=None))
    with pytest.raises(InvocationFailed) as failed:
        build(tool.sketch()).handle(QUERY)
    error = failed.value.answer.error
    assert error is not None
    assert (error.code, "within 5 turns" in error.message) == ("MODEL_FAILED", True)
    assert (standin.stats().requests, tool.runs) == (5, [])
    assert counted(capsys.readouterr().out) == (5, 5, 5)


@pytest.mark.parametrize("name", ["cut off", "unknown name"])
def test_no_word_of_a_wrong_call_reaches_the_log(
    build: Build,
    standin: BedrockStandIn,
    name: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    words = WRONG[name].replace("building", "jane_doe").replace("2000", '"4111111111111111"')
    standin.inject(*says(calling_with(("set_back", words), ("jane_doe", "{}")), saying("Done.")))
    assert build(SetBack().sketch()).handle(QUERY)["success"]
    printed = capfd.readouterr()
    logged = "\n".join(f"{record.getMessage()} {record.exc_info}" for record in caplog.records)
    for word in ("jane_doe", "4111111111111111"):
        assert word not in printed.out + printed.err + logged


def test_a_tool_that_runs_is_named_in_the_log_before_it_ends_and_no_other_word_is(
    build: Build, standin: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[list[str]] = []

    def set_back() -> str:
        """Set turbines back from buildings."""
        begun.append(named(capsys.readouterr().out))
        return "set back"

    def named(output: str) -> list[str]:
        lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        tools = [line for line in lines if line.get("message") == TOOL_BEGINS]
        assert all(line["request_id"] == QUERY["request_id"] for line in tools)
        return [line["tool"] for line in tools]

    wrong = calling("janes_secret"), calling("set_back", nonsense=1)
    standin.inject(*says(*wrong, calling("set_back"), saying("Done.")))
    assert build(Sketch("You set turbines back.", (set_back,))).handle(QUERY)["success"]
    assert begun == [["set_back"]]
    assert named(capsys.readouterr().out) == []
