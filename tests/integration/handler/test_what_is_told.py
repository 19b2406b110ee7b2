"""The answer, the log and the metrics of a request tell the same figures."""

import json
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.frameworks import Sketch
from tests.integration.handler.conftest import CHAT, WITH_TOOL, Build, Context
from tests.integration.handler.script import Script, Tokens, calls, says
from tests.metric_lines import metrics_in
from tradewind.contracts.errors import StorageUnavailable
from tradewind.handlers import request_report, served
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.run.project import Project
from tradewind.telemetry.log_fields import REQUEST_DONE
from tradewind.telemetry.metric_names import MetricName

QUERY = {"query": "How windy is it?", "request_id": "r", "project_id": "p-1"}
FIRST = Tokens(input=1_000, output=20, cache_read=300, cache_write=4_000)
SECOND = Tokens(input=2_000, output=50, cache_read=700, cache_write=9_000)
USAGE = {
    "input_tokens": 3_000,
    "output_tokens": 70,
    "cache_read_tokens": 1_000,
    "cache_write_tokens": 13_000,
    "model_calls": 2,
    "tool_calls": 1,
}


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The closing line and the metrics of the one request since the last look."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [done] = [line for line in lines if line.get("message") == REQUEST_DONE]
    [metrics] = metrics_in(lines)
    return done, metrics


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "peak_memory_mb", lambda: 123.456)


def test_a_success_is_told_alike(
    build: Build, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    script(calls("measure_wind", FIRST, height_m=80), says("Windy.", SECOND))
    answer = build(WITH_TOOL).handle(QUERY)
    done, metrics = printed(capsys)
    assert answer["usage"] == USAGE | {"cost_usd": done["estimated_cost_usd"]}
    assert {name: done[name] for name in USAGE} == USAGE
    performance = answer["performance"]
    assert {name: done[name] for name in performance} == performance
    assert performance["memoryUsed"] == 123.5
    assert [performance["executionTime"]] == metrics[MetricName.INVOCATION_LATENCY]
    assert performance["connectionTime"] == round(metrics[MetricName.CONNECTION_TIME][0], 1)
    assert (done["outcome"], done.get("error_code"), done["level"]) == ("succeeded", None, "INFO")
    assert [done["estimated_cost_usd"]] == metrics[MetricName.ESTIMATED_COST]
    assert (metrics["request_id"], metrics["error_code"]) == ("r", "none")


def lose_storage(project: Project) -> str:
    """Take notes."""
    project.report_facts(turbines_placed=9)
    raise StorageUnavailable("gone")


def test_a_failure_is_told_alike_with_what_was_done(
    build: Build, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    script(calls("lose_storage", FIRST))
    with pytest.raises(InvocationFailed) as failed:
        build(Sketch("You note.", (lose_storage,))).handle(QUERY)
    answer = failed.value.answer
    done, metrics = printed(capsys)
    assert (answer.success, answer.status_code, answer.project_id) == (False, 503, "p-1")
    assert answer.error is not None
    assert (answer.error.code, answer.error.message) == ("STORAGE_UNAVAILABLE", "gone")
    assert (answer.usage.input_tokens, answer.usage.model_calls) == (1_000, 1)
    assert answer.usage.tool_calls == 1
    assert (done["outcome"], done["error_code"]) == ("failed", "STORAGE_UNAVAILABLE")
    assert done["level"] == "ERROR"
    assert (metrics["request_id"], metrics["error_code"]) == ("r", "STORAGE_UNAVAILABLE")


def test_a_rejection_is_told_alike(
    build: Build, standin: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = build(CHAT).handle(QUERY | {"query": ""})
    done, metrics = printed(capsys)
    assert (answer["success"], answer["status_code"], answer["response"]) == (False, 400, "")
    assert (answer["error"]["code"], answer["error"]["field"]) == ("INVALID_REQUEST", "query")
    assert answer["usage"] == dict.fromkeys(USAGE, 0) | {"cost_usd": 0}
    assert (done["outcome"], done["level"]) == ("rejected", "INFO")
    assert metrics["error_code"] == "INVALID_REQUEST"


def test_without_time_the_model_is_not_asked(
    build: Build, standin: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = build(CHAT).handle(QUERY, Context(remaining_ms=0))
    done, _ = printed(capsys)
    assert (answer["status_code"], answer["error"]["code"]) == (504, "DEADLINE_EXCEEDED")
    assert (done["outcome"], answer["response"]) == ("stopped", "")
    assert standin.stats().requests == 0


def test_each_call_is_joined_to_bedrocks_id(
    build: Build, standin: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    standin.inject(Fault(FaultKind.THROTTLED))
    build(WITH_TOOL).handle(QUERY)
    done, _ = printed(capsys)
    assert len(set(done["bedrock_request_ids"])) == 3


@pytest.mark.parametrize(("version", "told"), [("12", [12.0]), ("$LATEST", None)])
def test_a_published_version_is_told_and_no_other(
    build: Build, capsys: pytest.CaptureFixture[str], version: str, told: list[float] | None
) -> None:
    build(CHAT, AWS_LAMBDA_FUNCTION_VERSION=version).handle(QUERY)
    _, metrics = printed(capsys)
    assert metrics.get(MetricName.FUNCTION_VERSION) == told


def test_without_prices_no_cost_is_told(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    build(CHAT, prices=None).handle(QUERY)
    done, metrics = printed(capsys)
    assert done.get("estimated_cost_usd") is None
    assert MetricName.ESTIMATED_COST not in metrics


@pytest.mark.parametrize(("drawn", "sampled"), [(24.9, True), (25.0, False), (99.0, False)])
def test_of_a_hundred_requests_as_many_are_sampled_as_the_settings_say(
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    drawn: float,
    sampled: bool,
) -> None:
    ranges = []

    def uniform(low: float, high: float) -> float:
        ranges.append((low, high))
        return drawn

    monkeypatch.setattr(request_report._random, "uniform", uniform)
    build(CHAT, log_sample_percent=25).handle(QUERY)
    assert ('"message":"Sample"' in capsys.readouterr().out) is sampled
    assert ranges == [(0, 100)]
