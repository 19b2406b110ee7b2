"""Metrics leave as valid EMF, each under its own dimensions."""

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest

from tradewind.telemetry.metric_names import (
    ALL_AGENTS,
    BY_AGENT,
    BY_MODEL,
    METRICS,
    NAMESPACE,
    Dimension,
    Kept,
    MetricName,
    ProcessStart,
)
from tradewind.telemetry.metrics import RequestMetrics


def of(agent: str) -> RequestMetrics:
    return RequestMetrics(
        {
            Dimension.ENVIRONMENT: "test",
            Dimension.AGENT: agent,
            Dimension.MODEL: "us.model",
        }
    )


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def published(line: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """The metrics of a line, each with the sets of dimensions that it is kept under."""
    return {
        metric["Name"]: directive["Dimensions"]
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", [])
        for metric in directive["Metrics"]
    }


@pytest.fixture
def _detailed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_DETAILED_METRICS", "1")


def test_one_line_holds_all_values_with_their_dimensions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = of("terrain")
    metrics.annotate(request_id="r-1", Start=ProcessStart.WARM)
    metrics.add(MetricName.MODEL_LATENCY, 5)
    metrics.add(MetricName.MODEL_LATENCY, 7.5)
    metrics.add(MetricName.FUNCTION_VERSION, 7)
    metrics.add(MetricName.INVOCATIONS, 1)
    metrics.flush()
    (line,) = emitted(capsys)
    assert line["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": NAMESPACE,
            "Dimensions": [["Environment", "ModelId"]],
            "Metrics": [{"Name": "ModelLatency", "Unit": "Milliseconds"}],
        },
        {
            "Namespace": NAMESPACE,
            "Dimensions": [["Environment", "Agent"]],
            "Metrics": [{"Name": "FunctionVersion", "Unit": "None"}],
        },
    ]
    # Logs Insights reads a list by places: ModelLatency.0, and what is one value by its name.
    assert (line["ModelLatency"], line["FunctionVersion"], line["Invocations"]) == (
        [5.0, 7.5],
        7,
        1,
    )
    assert (line["Environment"], line["Agent"], line["request_id"]) == ("test", "terrain", "r-1")
    assert (line["ModelId"], line["Start"]) == ("us.model", "warm")


def test_two_requests_share_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = of("terrain"), of("layout")
    first.add(MetricName.TOOL_CALLS, 1)
    second.add(MetricName.TOOL_CALLS, 2)
    first.flush()
    second.flush()
    assert [(line["Agent"], line["ToolCalls"]) for line in emitted(capsys)] == [
        ("terrain", 1),
        ("layout", 2),
    ]


@pytest.mark.parametrize("value", [0, 1])
def test_each_metric_is_kept_as_it_is_said(
    capsys: pytest.CaptureFixture[str], value: float
) -> None:
    metrics = of("terrain")
    for name in MetricName:
        metrics.add(name, value)
    metrics.flush()
    (line,) = emitted(capsys)
    kept = {Kept.ALWAYS, Kept.WHEN_NOT_ZERO} if value else {Kept.ALWAYS}
    assert published(line) == {
        name: [list(one) for one in spec.dimension_sets]
        for name, spec in METRICS.items()
        if spec.kept in kept
    }
    assert {name: line[name] for name in MetricName} == dict.fromkeys(MetricName, value)


@pytest.mark.usefixtures("_detailed")
def test_in_detail_nothing_is_left_to_the_log_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(METRICS) == set(MetricName)
    metrics = of("terrain")
    for name in MetricName:
        metrics.add(name, 1)
    metrics.flush()
    (line,) = emitted(capsys)
    assert published(line) == {
        name: [list(one) for one in (*spec.dimension_sets, *spec.detailed_sets)]
        for name, spec in METRICS.items()
    }
    units = {
        metric["Name"]: metric["Unit"]
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }
    assert units == {name: METRICS[name].unit for name in MetricName}


def test_a_line_without_a_metric_is_one_of_the_log_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = of("terrain")
    metrics.add(MetricName.TOOL_CALLS, 1)
    metrics.add(MetricName.DEADLINE_STOPS, 0)
    metrics.flush()
    (line,) = emitted(capsys)
    assert "_aws" not in line
    assert (line["ToolCalls"], line["DeadlineStops"]) == (1, 0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_costs_its_own_metric_only(
    capsys: pytest.CaptureFixture[str], value: float
) -> None:
    metrics = of("terrain")
    metrics.add(MetricName.ESTIMATED_COST, value)
    metrics.add(MetricName.MODEL_LATENCY, value)
    metrics.add(MetricName.MODEL_LATENCY, 5)
    metrics.flush()
    metrics.flush()
    [error, line] = emitted(capsys)
    assert (error["level"], error["metrics"]) == ("ERROR", ["EstimatedCost", "ModelLatency"])
    assert "EstimatedCost" not in line
    assert line["ModelLatency"] == 5
    assert published(line) == {"ModelLatency": [["Environment", "ModelId"]]}


def test_more_values_than_a_line_takes_go_on_in_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = of("terrain")
    metrics.add(MetricName.INVOCATIONS, 1)
    for value in range(250):
        metrics.add(MetricName.MODEL_LATENCY, value)
    metrics.flush()
    lines = emitted(capsys)
    assert [len(line["ModelLatency"]) for line in lines] == [100, 100, 50]
    assert [value for line in lines for value in line["ModelLatency"]] == list(range(250))
    assert ["Invocations" in line for line in lines] == [True, False, False]


@pytest.mark.parametrize(("values", "lines"), [(99, 1), (100, 1), (101, 2), (200, 2)])
def test_a_line_takes_a_hundred_values(
    capsys: pytest.CaptureFixture[str], values: int, lines: int
) -> None:
    metrics = of("terrain")
    for value in range(values):
        metrics.add(MetricName.MODEL_LATENCY, value)
    metrics.flush()
    assert len(emitted(capsys)) == lines


def test_a_line_is_of_now_in_milliseconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind.telemetry.metrics.time.time", lambda: 1_700_000_000.1239)
    metrics = of("terrain")
    metrics.add(MetricName.MODEL_CALLS, 1)
    metrics.flush()
    assert emitted(capsys)[0]["_aws"]["Timestamp"] == 1_700_000_000_123


def test_after_a_flush_nothing_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = of("terrain")
    metrics.add(MetricName.INVOCATIONS, 1)
    metrics.flush()
    metrics.flush()
    assert len(emitted(capsys)) == 1


def test_what_dimensions_mean() -> None:
    assert ALL_AGENTS == ("Environment",)
    assert BY_AGENT == ("Environment", "Agent")
    # CloudWatch's own spelling, so that both stand side by side.
    assert BY_MODEL == ("Environment", "ModelId")
