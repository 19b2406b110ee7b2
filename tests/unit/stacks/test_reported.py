"""Metrics made of Lambda's reports are read where they are kept, and counted as they are said."""

import pytest

from stacks.parts.metrics import HOUR, Metrics, MetricStat
from stacks.parts.reported import OVER_ALL, REPORTED, Reported

METRICS = Metrics("dev", ("terrain",), "us.model", "us-east-1")


def test_every_metric_is_described() -> None:
    assert set(REPORTED) == set(Reported)


def test_a_field_that_is_taken_is_in_the_pattern() -> None:
    assert REPORTED[Reported.DURATION].pattern(3072) == (
        '{ ($.type = "platform.report") && ($.record.metrics.durationMs = *) }'
    )
    for metric in REPORTED.values():
        assert metric.value is None or f"({metric.value} = *)" in metric.pattern(3072)


def test_they_are_read_by_function_and_over_all_agents() -> None:
    assert METRICS.agent("terrain").reported(Reported.DURATION, "p99", HOUR) == MetricStat(
        "Tradewind/dev/terrain", "ReportedDuration", {}, "p99", HOUR
    )
    assert METRICS.reported_by_durable(Reported.FAILURES) == MetricStat(
        "Tradewind/dev/durable", "ReportedFailures", {}, "Sum"
    )
    for name in OVER_ALL:
        assert METRICS.reported_by_all(name) == MetricStat("Tradewind/dev", name, {}, "Sum")


def test_what_is_not_kept_over_all_agents_is_not_read_so() -> None:
    with pytest.raises(ValueError, match="ReportedRestores is not kept over all agents"):
        METRICS.reported_by_all(Reported.RESTORES)
