"""What is watched on the REST API and the functions behind it.

Their calls end within half a minute, so Lambda's own metrics, stamped with the start, are in time.
"""

from collections.abc import Iterator
from typing import Final

from stacks.parts.alarm_math import (
    HOURS_QUARTERS,
    ONE_EVENTS_IN_AN_HOUR,
    ONE_EVENTS_IN_HALF_AN_HOUR,
    of_enough,
    share_lost,
    turned_away,
)
from stacks.parts.alarms import AlarmSpec, Urgency
from stacks.parts.failing_alarm import failing
from stacks.parts.metrics import Metrics, MetricStat
from stacks.parts.outage_alarm import outage
from stacks.parts.seldom_alarm import failing_by_hour
from stacks.settings.alarm import AlarmSettings
from tradewind.telemetry.metric_names import MetricName

#: What an answer may take beyond the time that its caller waits for an agent.
_ANSWERING_MS: Final = 3000
#: With fewer calls in five minutes, one is the slowest hundredth.
_ENOUGH_FOR_P99: Final = 10


def api_alarms(
    metrics: Metrics, wait_s: int, thresholds: AlarmSettings, *, by_token: bool
) -> dict[str, AlarmSpec]:
    """The alarms on the REST API, by symptom.

    Args:
        metrics: The environment's.
        wait_s: How long a request waits for its answer at most.
        thresholds: When they go off.
        by_token: Whether there is an API for those who hold tokens.
    """
    specs = [
        *_on_answers(metrics, thresholds),
        *_on_the_function(metrics, wait_s, thresholds),
        *_on_the_mcp_function(metrics, wait_s, thresholds),
    ]
    if by_token:
        specs += _on_tokens(metrics, thresholds)
    return {spec.symptom: spec for spec in specs}


def _turned_away(symptom: str, which: str, throttles: MetricStat, label: str) -> AlarmSpec:
    return AlarmSpec(
        symptom,
        f"Lambda turned more than {ONE_EVENTS_IN_HALF_AN_HOUR} of the gateway's calls away in half "
        f"an hour, or more than {ONE_EVENTS_IN_AN_HOUR} in an hour: every instance that the "
        f"{which} function may have was busy.",
        turned_away(throttles),
        label=label,
        unit="calls",
        # As of agents, though nobody tries these again: a short burst is over by itself.
        threshold=ONE_EVENTS_IN_HALF_AN_HOUR,
        periods=HOURS_QUARTERS,
    )


def _slow(symptom: str, what: str, taken: MetricStat, label: str, wait_s: int) -> AlarmSpec:
    return AlarmSpec(
        symptom,
        f"The slowest {what} took longer than the {wait_s} s that they wait for an agent, and "
        f"{_ANSWERING_MS // 1000} s more, of at least {_ENOUGH_FOR_P99} in five minutes.",
        of_enough(taken, _ENOUGH_FOR_P99),
        label=label,
        unit="ms",
        threshold=wait_s * 1000 + _ANSWERING_MS,
        periods=3,
        breaching=2,
        urgency=Urgency.NOTICE,
    )


def _on_answers(metrics: Metrics, thresholds: AlarmSettings) -> Iterator[AlarmSpec]:
    # The gateway's own counts: streams are in it, and what no function answered.
    failed, calls = metrics.gateway("5XXError"), metrics.gateway("Count")
    yield failing(
        "api-failures",
        "API's requests were answered 5xx",
        (failed, calls),
        "answered 5xx",
        thresholds,
    )
    yield failing_by_hour(
        "api-failures-by-hour",
        "the API's requests were answered 5xx",
        (failed, calls),
        "answered 5xx by hour",
        thresholds,
    )
    yield outage(
        "api-outage",
        "the API's requests",
        "were answered 5xx",
        share_lost(failed, calls),
        "most answered 5xx",
    )


def _on_the_function(
    metrics: Metrics, wait_s: int, thresholds: AlarmSettings
) -> Iterator[AlarmSpec]:
    yield failing(
        "api-errors",
        "calls of the API's function failed",
        (metrics.api("Errors"), metrics.api("Invocations")),
        "failed calls",
        thresholds,
    )
    yield _turned_away("api-throttles", "API's", metrics.api("Throttles"), "throttled")
    # Lambda's and not the gateway's, which has the streams in it.
    yield _slow("api-latency", "calls", metrics.api("Duration", "p99"), "p99, Lambda", wait_s)


def _on_the_mcp_function(
    metrics: Metrics, wait_s: int, thresholds: AlarmSettings
) -> Iterator[AlarmSpec]:
    # Ours: within the protocol's answer, which is HTTP 200, only the function sees them.
    failed, messages = (
        metrics.all_agents(one) for one in (MetricName.MCP_ERRORS, MetricName.MCP_CALLS)
    )
    yield failing(
        "mcp-failures",
        "MCP messages failed by our fault, within answers that the gateway counts as good ones or "
        "not",
        (failed, messages),
        "failed messages",
        thresholds,
    )
    yield failing_by_hour(
        "mcp-failures-by-hour",
        "the MCP messages failed by our fault, or ended with their process",
        (failed, messages, metrics.mcp("Errors")),
        "failed messages by hour",
        thresholds,
    )
    yield outage(
        "mcp-outage",
        "the MCP messages",
        "failed by our fault, ended with their process or were turned away",
        # A process that dies has counted no message, and one that was turned away came to none.
        share_lost(failed, messages, metrics.mcp("Errors"), metrics.mcp("Throttles")),
        "messages lost",
    )
    yield failing(
        "mcp-errors",
        "calls of the MCP function failed",
        (metrics.mcp("Errors"), metrics.mcp("Invocations")),
        "failed calls, Lambda",
        thresholds,
    )
    yield _turned_away("mcp-throttles", "MCP", metrics.mcp("Throttles"), "throttled, MCP")
    # Not Lambda's: the gateway may call once more after each stream, for next to no time.
    yield _slow(
        "mcp-latency",
        "MCP messages",
        metrics.all_agents(MetricName.MCP_LATENCY, "p99"),
        "p99",
        wait_s,
    )


def _on_tokens(metrics: Metrics, thresholds: AlarmSettings) -> Iterator[AlarmSpec]:
    failed = metrics.gateway("5XXError", by_token=True)
    calls = metrics.gateway("Count", by_token=True)
    yield failing(
        "oidc-failures",
        "requests with a token were answered 5xx",
        (failed, calls),
        "answered 5xx",
        thresholds,
    )
    yield failing_by_hour(
        "oidc-failures-by-hour",
        "the requests with a token were answered 5xx",
        (failed, calls),
        "answered 5xx by hour, tokens",
        thresholds,
    )
    yield outage(
        "oidc-outage",
        "the requests with a token",
        "were answered 5xx",
        share_lost(failed, calls),
        "most answered 5xx, tokens",
    )
