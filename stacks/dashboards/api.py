"""The front door: what comes, what is refused where, and how long callers wait."""

from collections.abc import Mapping
from typing import Final

from stacks import names
from stacks.parts.alarms import AlarmSpec
from stacks.parts.api_alarms import OIDC_FAILURES
from stacks.parts.metrics import Metrics
from stacks.parts.widgets import (
    Colour,
    Line,
    Rows,
    Widget,
    alarm_line,
    figures,
    graph,
    log_table,
    note,
    percentiles,
)
from tradewind.contracts.names import API
from tradewind.telemetry.log_fields import API_CALL_DONE
from tradewind.telemetry.metric_names import MetricName

_FAILED: Final = (
    "fields @timestamp, route, status, error_code, duration_ms, cold_start",
    f'filter message = "{API_CALL_DONE}" and status >= 500',
    "sort @timestamp desc",
    "limit 20",
)
_REFUSED: Final = (
    'filter refused_as != "-"',
    "stats count(*) as requests by refused_as, route",
    "sort requests desc",
    "limit 20",
)


def api_rows(
    metrics: Metrics,
    on_api: Mapping[str, AlarmSpec],
    on_environment: Mapping[str, AlarmSpec],
) -> Rows:
    """The dashboard's rows.

    Args:
        metrics: The environment's.
        on_api: The API's alarms by symptom.
        on_environment: The environment's alarms by symptom.
    """
    latency = percentiles(metrics.all_agents(MetricName.API_LATENCY))
    requests = Line(metrics.gateway("Count"), "requests", Colour.TRAFFIC)
    failed = Line(metrics.gateway("5XXError"), "answered 5xx", Colour.ERROR)
    refused = Line(metrics.gateway("4XXError"), "answered 4xx", Colour.WARNING)
    not_started = on_environment["requests-not-started"]
    by_token = [
        graph(
            "At the gateway, with tokens",
            [
                Line(metrics.gateway("Count", by_token=True), "requests", Colour.TRAFFIC),
                Line(metrics.gateway("4XXError", by_token=True), "answered 4xx", Colour.WARNING),
            ],
            unit="requests",
            right=[alarm_line(alarm, Colour.ERROR)],
            right_unit=alarm.unit,
        )
        for symptom, alarm in on_api.items()
        if symptom == OIDC_FAILURES
    ]
    return [
        [
            note(
                f"# The API of {metrics.environment}\n"
                "**Good looks like this:** next to nothing is answered 5xx, nothing is throttled "
                "or shed, and calls take no longer than callers chose to wait. A difference "
                "between the gateway's requests and the function's calls is what the gateway and "
                "the web ACL refused, and the streams, which the agents answer."
            )
        ],
        [
            figures("Requests", [requests], 6),
            figures("Failed and refused", [failed, refused], 6),
            figures("How long calls take", latency, 8),
            figures(
                "Cold starts",
                [Line(metrics.all_agents(MetricName.API_COLD_START), "processes", Colour.COLD)],
                4,
            ),
        ],
        [
            graph("At the gateway", [requests, refused, failed], unit="requests"),
            *by_token,
            graph(
                "Share answered 5xx",
                [alarm_line(on_api["api-failures"], Colour.ERROR)],
                unit=on_api["api-failures"].unit,
                thresholds=[on_api["api-failures"]],
            ),
            *(
                graph(
                    on_api[symptom].label.capitalize(),
                    [alarm_line(on_api[symptom], Colour.ERROR)],
                    unit=on_api[symptom].unit,
                    thresholds=[on_api[symptom]],
                )
                for symptom in ("api-failures-by-hour", "api-outage", "mcp-throttles")
            ),
            graph(
                "What the function answered",
                [
                    Line(metrics.all_agents(MetricName.API_CALLS), "calls", Colour.TRAFFIC),
                    Line(metrics.all_agents(MetricName.API_REFUSALS), "4xx", Colour.WARNING),
                    Line(metrics.all_agents(MetricName.API_ERRORS), "5xx", Colour.ERROR),
                ],
                unit="calls",
            ),
        ],
        [
            graph(
                "How long calls take, by Lambda",
                [
                    *percentiles(metrics.api("Duration"))[:2],
                    alarm_line(on_api["api-latency"], Colour.P99),
                ],
                unit=on_api["api-latency"].unit,
                thresholds=[on_api["api-latency"]],
            ),
            graph(
                "Calls that failed, by Lambda",
                [alarm_line(on_api["api-errors"], Colour.ERROR)],
                unit=on_api["api-errors"].unit,
                thresholds=[on_api["api-errors"]],
            ),
            graph(
                "Turned away",
                [
                    alarm_line(on_api["api-throttles"], Colour.ERROR),
                    Line(
                        metrics.all_agents(MetricName.REQUESTS_SHED),
                        "shed: the agent was busy",
                        Colour.WARNING,
                    ),
                    alarm_line(not_started, Colour.P99),
                ],
                unit=not_started.unit,
                right=[Line(metrics.api("ConcurrentExecutions", "Maximum"), "at once", Colour.AWS)],
                right_unit="instances",
                thresholds=[on_api["api-throttles"]],
            ),
            graph(
                "Init time",
                percentiles(metrics.all_agents(MetricName.API_INIT_TIME)),
                unit="ms",
            ),
            graph(
                "Questions to people",
                [
                    Line(metrics.all_agents(MetricName.QUESTIONS_ASKED), "asked", Colour.TRAFFIC),
                    Line(
                        metrics.all_agents(MetricName.QUESTIONS_NOT_ANSWERED),
                        "never answered",
                        Colour.WARNING,
                    ),
                    Line(
                        metrics.all_agents(MetricName.ANSWERS_NOT_TAKEN_UP),
                        "answered, and not taken up",
                        Colour.ERROR,
                    ),
                ],
                unit="questions",
            ),
        ],
        _mcp_row(metrics, on_api),
        [_conversations(metrics)],
        [
            log_table(
                "Calls answered 5xx", names.log_group_name(metrics.environment, API), _FAILED
            ),
            log_table(
                "What the gateway refused by itself",
                names.access_log_group_name(metrics.environment),
                _REFUSED,
            ),
        ],
    ]


def _mcp_row(metrics: Metrics, on_api: Mapping[str, AlarmSpec]) -> list[Widget]:
    """The function that serves MCP: it starts more slowly than the API's, and fails in HTTP 200."""
    starts = Line(metrics.all_agents(MetricName.MCP_COLD_START), "cold starts", Colour.COLD)
    return [
        graph(
            "MCP: what became of messages",
            [
                Line(metrics.all_agents(MetricName.MCP_CALLS), "messages", Colour.TRAFFIC),
                Line(metrics.all_agents(MetricName.MCP_REFUSALS), "refused", Colour.WARNING),
                Line(metrics.all_agents(MetricName.MCP_ERRORS), "failed", Colour.ERROR),
            ],
            unit="messages",
        ),
        graph(
            "MCP: share that failed",
            [
                alarm_line(on_api["mcp-failures"], Colour.ERROR),
                alarm_line(on_api["mcp-errors"], Colour.WARNING),
            ],
            unit=on_api["mcp-failures"].unit,
            thresholds=[on_api["mcp-failures"]],
            right=[alarm_line(on_api["mcp-throttles"], Colour.P99)],
            right_unit=on_api["mcp-throttles"].unit,
        ),
        graph(
            "MCP: how long messages take",
            [
                *percentiles(metrics.all_agents(MetricName.MCP_LATENCY))[:2],
                alarm_line(on_api["mcp-latency"], Colour.P99),
            ],
            unit=on_api["mcp-latency"].unit,
            thresholds=[on_api["mcp-latency"]],
        ),
        graph(
            "MCP: init time",
            percentiles(metrics.all_agents(MetricName.MCP_INIT_TIME)),
            unit="ms",
            right=[starts],
            right_unit="processes",
        ),
    ]


def _conversations(metrics: Metrics) -> Widget:
    """What becomes of requests that continue a conversation."""
    left_out = metrics.all_agents(MetricName.TURNS_LEFT_OUT)
    return graph(
        "Conversations",
        [
            Line(metrics.all_agents(MetricName.TURNS_APPENDED), "turns appended", Colour.TRAFFIC),
            Line(metrics.all_agents(MetricName.SESSIONS_BUSY), "refused as busy", Colour.WARNING),
        ],
        unit="turns",
        right=[Line(left_out, "turns not told the model", Colour.P90)],
        right_unit="turns not told",
    )
