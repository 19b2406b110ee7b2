"""The front door: what comes, what is refused where, and how long callers wait."""

from typing import Final

from stacks import names
from stacks.dashboards.watched import Watched
from stacks.parts.alarms import API_UNWELL
from stacks.parts.log_widgets import log_graph, log_table, percentiles_of, total
from stacks.parts.metrics import Metrics
from stacks.parts.widgets import (
    Colour,
    Line,
    Rows,
    Widget,
    alarm_graphs,
    alarm_states,
    figures,
    graph,
    note,
    percentiles,
)
from tradewind.contracts.names import MCP
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
_OF_THE_API: Final = f"ispresent({MetricName.API_CALLS})"


def api_rows(watched: Watched) -> Rows:
    """The dashboard's rows."""
    metrics = watched.metrics
    requests = Line(metrics.gateway("Count"), "requests", Colour.TRAFFIC)
    failed = Line(metrics.gateway("5XXError"), "answered 5xx", Colour.ERROR)
    refused = Line(metrics.gateway("4XXError"), "answered 4xx", Colour.WARNING)
    return [
        [
            note(
                f"# The API of {watched.environment}\n"
                f"{watched.board('overview', 'Overview')} · {watched.red_alarms()} · runbook "
                f"{watched.runbook(API_UNWELL)}. **Good looks like this:** next to nothing is "
                "answered 5xx, nothing is throttled or shed, and calls take no longer than callers "
                "chose to wait. What the gateway counts and the function does not is what the "
                "gateway and the web ACL refused, and the streams, which the agents answer."
            )
        ],
        alarm_states(
            "Alarms of the API", [watched.arn(one) for one in (API_UNWELL, *watched.on_api)]
        ),
        [
            figures("Requests", [requests], 6),
            figures("Failed and refused", [failed, refused], 8),
            figures("How long calls take", percentiles(metrics.api("Duration")), 10),
        ],
        *alarm_graphs(watched.on_api, watched.arn),
        [
            log_table("Calls answered 5xx", [watched.api_log], _FAILED),
            log_table(
                "What the gateway refused by itself",
                [names.access_log_group_name(watched.environment)],
                _REFUSED,
            ),
        ],
        [
            graph("At the gateway", [requests, refused, failed], unit="requests"),
            *_by_token(watched),
            log_graph(
                "What the function answered",
                [watched.api_log],
                _OF_THE_API,
                [
                    total(MetricName.API_CALLS, "calls"),
                    total(MetricName.API_REFUSALS, "answered_4xx"),
                    total(MetricName.API_ERRORS, "answered_5xx"),
                    total(MetricName.API_COLD_START, "cold_starts"),
                ],
            ),
            log_graph(
                "Shed: the agent took no more at once",
                [watched.api_log],
                f"ispresent({MetricName.REQUESTS_SHED})",
                [total(MetricName.REQUESTS_SHED, "requests")],
            ),
            _turned_away(watched),
        ],
        [
            log_graph(
                "How long calls take, by the handler, ms",
                [watched.api_log],
                _OF_THE_API,
                percentiles_of(MetricName.API_LATENCY),
            ),
            log_graph(
                "Init time, ms",
                [watched.api_log],
                f"ispresent({MetricName.API_INIT_TIME})",
                percentiles_of(MetricName.API_INIT_TIME),
            ),
            log_graph(
                "Questions to people",
                [*watched.agents_logs, watched.api_log, watched.sweep_log],
                f"ispresent({MetricName.QUESTIONS_ASKED}) or "
                f"ispresent({MetricName.QUESTIONS_NOT_ANSWERED})",
                [
                    total(MetricName.QUESTIONS_ASKED, "asked"),
                    total(MetricName.QUESTIONS_NOT_ANSWERED, "never_answered"),
                    total(MetricName.ANSWERS_NOT_TAKEN_UP, "answered_and_not_taken_up"),
                ],
            ),
            log_graph(
                "Conversations",
                watched.agents_logs,
                f"ispresent({MetricName.TURNS_APPENDED})",
                [
                    total(MetricName.TURNS_APPENDED, "turns_appended"),
                    total(MetricName.SESSIONS_BUSY, "refused_as_busy"),
                    total(MetricName.TURNS_LEFT_OUT, "turns_not_told_the_model"),
                ],
            ),
        ],
        _mcp_row(watched, metrics),
    ]


def _by_token(watched: Watched) -> list[Widget]:
    if not watched.by_token:
        return []
    gateway = watched.metrics.gateway
    return [
        graph(
            "At the gateway, with tokens",
            [
                Line(gateway("Count", by_token=True), "requests", Colour.TRAFFIC),
                Line(gateway("4XXError", by_token=True), "answered 4xx", Colour.WARNING),
                Line(gateway("5XXError", by_token=True), "answered 5xx", Colour.ERROR),
            ],
            unit="requests",
        )
    ]


def _turned_away(watched: Watched) -> Widget:
    at_once = watched.metrics.api("ConcurrentExecutions", "Maximum")
    return graph(
        "Turned away",
        [
            Line(watched.metrics.api("Throttles"), "throttled, API", Colour.ERROR),
            Line(watched.metrics.mcp("Throttles"), "throttled, MCP", Colour.P99),
        ],
        unit="calls",
        right=[Line(at_once, "API at once", Colour.AWS)],
        right_unit="instances",
    )


def _mcp_row(watched: Watched, metrics: Metrics) -> list[Widget]:
    """The function that serves MCP: it starts more slowly than the API's, and fails in HTTP 200."""
    log = [names.log_group_name(watched.environment, MCP)]
    return [
        graph(
            "MCP: what became of messages",
            [
                Line(metrics.all_agents(MetricName.MCP_CALLS), "messages", Colour.TRAFFIC),
                Line(metrics.all_agents(MetricName.MCP_ERRORS), "failed", Colour.ERROR),
            ],
            unit="messages",
        ),
        graph(
            "MCP: how long messages take",
            percentiles(metrics.all_agents(MetricName.MCP_LATENCY)),
            unit="ms",
        ),
        log_graph(
            "MCP: messages refused, and cold starts",
            log,
            f"ispresent({MetricName.MCP_CALLS})",
            [
                total(MetricName.MCP_REFUSALS, "refused"),
                total(MetricName.MCP_COLD_START, "cold_starts"),
            ],
        ),
        log_graph(
            "MCP: init time, ms",
            log,
            f"ispresent({MetricName.MCP_INIT_TIME})",
            percentiles_of(MetricName.MCP_INIT_TIME),
        ),
    ]
