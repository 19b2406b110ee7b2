"""What a request leaves in the log and among the metrics."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Fault, FaultKind
from tests.integration.handler.conftest import CHAT, Build, Context
from tests.metric_lines import metrics_in
from tradewind.handlers.invocation_failed import InvocationFailed
from tradewind.telemetry.log_fields import REQUEST_DONE
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.metric_names import MetricName

QUERY = {"query": "How windy is it, says jane.doe@example.org?"}
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """The log lines and metrics so far, of a logger of the test's own."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-{uuid.uuid4()}")
    get_logger.cache_clear()
    seen: list[dict[str, Any]] = []

    def read() -> list[dict[str, Any]]:
        seen.extend(json.loads(line) for line in capsys.readouterr().out.splitlines())
        return seen

    yield read
    get_logger.cache_clear()


def done(lines: Lines) -> dict[str, Any]:
    """The last request's closing line."""
    return [line for line in lines() if line.get("message") == REQUEST_DONE][-1]


def metrics(lines: Lines) -> dict[str, Any]:
    """The last request's metrics."""
    return metrics_in(lines())[-1]


def test_every_line_of_a_request_has_its_ids_and_none_of_the_last_ones(
    build: Build, lines: Lines
) -> None:
    harness = build()
    harness.handle(QUERY | {"request_id": "one", "project_id": "project-a"})
    harness.handle({"query": ""}, Context(aws_request_id="by-lambda"))
    by_lambda = done(lines)
    first = [line for line in lines() if line.get("request_id") == "one" and "message" in line]
    assert {line["project_id"] for line in first if line["message"] == REQUEST_DONE} == {
        "project-a"
    }
    assert all(line["lambda_request_id"] == "lambda-request" for line in first)
    assert by_lambda["request_id"] == by_lambda["lambda_request_id"] == "by-lambda"
    assert "project_id" not in by_lambda  # a request that was never read has none
    assert (by_lambda["outcome"], by_lambda["error_code"]) == ("rejected", "INVALID_REQUEST")


def test_a_request_is_joined_to_bedrocks_ids_repeats_included(
    build: Build, standin: BedrockStandIn, lines: Lines
) -> None:
    standin.inject(Fault(FaultKind.THROTTLED))
    build(CHAT).handle(QUERY)
    assert len(done(lines)["bedrock_request_ids"]) == 2
    assert len(set(done(lines)["bedrock_request_ids"])) == 2
    emitted = metrics(lines)
    assert emitted[MetricName.MODEL_CALLS] == [2.0]
    assert emitted[MetricName.MODEL_RETRIES] == [1.0]
    assert emitted[MetricName.MODEL_ERRORS] == emitted[MetricName.MODEL_THROTTLES] == [1.0]


def test_a_failure_is_an_error_in_the_log_and_no_throttle(
    build: Build, standin: BedrockStandIn, lines: Lines
) -> None:
    standin.inject(Fault(FaultKind.VALIDATION))
    with pytest.raises(InvocationFailed):
        build(CHAT).handle(QUERY)
    assert (done(lines)["level"], done(lines)["outcome"]) == ("ERROR", "failed")
    emitted = metrics(lines)
    assert emitted[MetricName.ERRORS] == emitted[MetricName.MODEL_ERRORS] == [1.0]
    assert emitted[MetricName.MODEL_THROTTLES] == [0.0]


def test_the_cost_is_the_tokens_at_the_given_prices(build: Build, lines: Lines) -> None:
    usage = build(CHAT).handle(QUERY)["usage"]
    cost = (usage["input_tokens"] * 3 + usage["output_tokens"] * 15) / 1e6
    assert cost > 0
    assert metrics(lines)[MetricName.ESTIMATED_COST] == [pytest.approx(cost)]
    assert done(lines)["estimated_cost_usd"] == pytest.approx(cost)


def test_a_client_is_created_once_and_reused_from_then_on(build: Build, lines: Lines) -> None:
    harness = build(CHAT)
    counts = []
    for number in range(3):
        harness.handle(QUERY | {"request_id": f"r-{number}"})
        emitted = metrics(lines)
        counts.append((emitted[MetricName.CLIENT_CREATED], emitted[MetricName.CLIENT_REUSED]))
    assert counts == [([1.0], [0.0]), ([0.0], [1.0]), ([0.0], [1.0])]


def test_the_init_time_is_the_sum_of_its_parts(build: Build, lines: Lines) -> None:
    build(CHAT).handle(QUERY)
    emitted = metrics(lines)
    parts = [
        emitted[name][0]
        for name in (
            MetricName.INIT_RUNTIME_TIME,
            MetricName.INIT_IMPORT_TIME,
            MetricName.INIT_CLIENT_TIME,
        )
    ]
    assert emitted[MetricName.INIT_TIME] == [pytest.approx(sum(parts))]
    assert emitted[MetricName.FIRST_CONNECTION_TIME] == emitted[MetricName.CONNECTION_TIME]


def test_no_prompt_and_no_answer_is_logged(build: Build, lines: Lines) -> None:
    answer = build(CHAT).handle(QUERY)["response"]
    everything = json.dumps(lines())
    assert "How windy" not in everything
    assert answer[:20] not in everything


def test_a_sample_is_redacted(build: Build, lines: Lines) -> None:
    build(CHAT, log_sample_percent=100).handle(QUERY)
    (sample,) = [line for line in lines() if line.get("message") == "Sample"]
    assert sample["redacted_prompt"] == "How windy is it, says [email]?"
    assert "[email]" in sample["redacted_answer"]
    assert "jane.doe" not in json.dumps(lines())
