"""Metrics leave as one valid EMF line with the agreed dimensions."""

import json

import pytest

from tradewind.telemetry.metric_names import METRICS, NAMESPACE, MetricName
from tradewind.telemetry.metrics import RequestMetrics


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_line_holds_all_values_under_two_dimensions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "tradewind")
    metrics = RequestMetrics("test", "terrain")
    metrics.annotate(request_id="r-1")
    metrics.add(MetricName.MODEL_LATENCY, 5)
    metrics.add(MetricName.MODEL_LATENCY, 7.5)
    metrics.add(MetricName.INVOCATIONS, 1)
    metrics.flush()
    (line,) = emitted(capsys)
    assert line["_aws"]["CloudWatchMetrics"] == [  # type: ignore[index]
        {
            "Namespace": NAMESPACE,
            "Dimensions": [["Environment", "Agent"]],
            "Metrics": [
                {"Name": "ModelLatency", "Unit": "Milliseconds"},
                {"Name": "Invocations", "Unit": "Count"},
            ],
        }
    ]
    assert line["ModelLatency"] == [5.0, 7.5]
    assert (line["Environment"], line["Agent"], line["request_id"]) == ("test", "terrain", "r-1")


def test_two_requests_share_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = RequestMetrics("test", "terrain"), RequestMetrics("test", "layout")
    first.add(MetricName.TOOL_CALLS, 1)
    second.add(MetricName.TOOL_CALLS, 2)
    first.flush()
    second.flush()
    assert [(line["Agent"], line["ToolCalls"]) for line in emitted(capsys)] == [
        ("terrain", [1.0]),
        ("layout", [2.0]),
    ]


def test_every_metric_can_be_emitted_with_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(METRICS) == set(MetricName)
    metrics = RequestMetrics("test", "terrain")
    for name in MetricName:
        metrics.add(name, 1)
    metrics.flush()
    assert set(MetricName) <= set(emitted(capsys)[0])
