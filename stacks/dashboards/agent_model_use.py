"""One agent's use of the model and of its tools: calls, tokens and what they cost."""

from stacks.dashboards.model import token_lines
from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import AgentMetrics, Metrics
from stacks.parts.widgets import Colour, Line, Widget, alarm_line, graph, percentiles
from tradewind.telemetry.metric_names import MetricName


def model_calls(metrics: Metrics, of_agent: AgentMetrics) -> list[Widget]:
    """How long calls of the model take beside Bedrock's own count, and how they end."""
    first_token = percentiles(of_agent.own(MetricName.TIME_TO_FIRST_TOKEN))
    return [
        graph(
            "Time of a model call",
            [
                *percentiles(of_agent.own(MetricName.MODEL_LATENCY)),
                Line(metrics.bedrock("InvocationLatency", "p99"), "p99, Bedrock", Colour.AWS),
            ],
            unit="ms",
        ),
        graph(
            "Time to first token",
            [
                *first_token,
                Line(metrics.bedrock("TimeToFirstToken", "p99"), "p99, Bedrock", Colour.AWS),
            ],
            unit="ms",
        ),
        graph(
            "Model calls",
            [
                Line(of_agent.own(MetricName.MODEL_CALLS), "calls", Colour.TRAFFIC),
                Line(of_agent.own(MetricName.MODEL_RETRIES), "repeats", Colour.P90),
                Line(of_agent.own(MetricName.MODEL_ERRORS), "failed", Colour.ERROR),
                Line(of_agent.own(MetricName.MODEL_THROTTLES), "of them throttled", Colour.WARNING),
            ],
            unit="calls",
        ),
    ]


def conversations(metrics: AgentMetrics) -> Widget:
    """What becomes of requests that continue a conversation."""
    return graph(
        "Conversations",
        [
            Line(metrics.own(MetricName.TURNS_APPENDED), "turns appended", Colour.TRAFFIC),
            Line(metrics.own(MetricName.SESSIONS_BUSY), "refused as busy", Colour.WARNING),
        ],
        unit="turns",
        right=[
            Line(metrics.own(MetricName.TURNS_LEFT_OUT), "turns not told the model", Colour.P90)
        ],
        right_unit="turns not told",
    )


def tokens_and_tools(metrics: AgentMetrics, retired: AlarmSpec) -> list[Widget]:
    """What requests use, and what they leave behind."""
    cost = Line(metrics.own(MetricName.ESTIMATED_COST), "US dollars", Colour.COST)
    leftovers = metrics.own(MetricName.LEFTOVER_THREADS, "Maximum")
    return [
        graph("Tokens", token_lines(metrics.own), unit="tokens"),
        graph(
            "Cost, and what it was limited to",
            [cost],
            unit="US dollars",
            right=[
                Line(metrics.own(MetricName.BUDGET_REFUSALS), "refused", Colour.WARNING),
                Line(metrics.own(MetricName.RESERVATIONS_NOT_SETTLED), "not settled", Colour.ERROR),
            ],
            right_unit="requests, calls",
        ),
        graph(
            "Tool calls",
            [
                Line(metrics.own(MetricName.TOOL_CALLS), "calls", Colour.TRAFFIC),
                Line(metrics.own(MetricName.TOOL_ERRORS), "failed", Colour.ERROR),
            ],
            unit="calls",
        ),
        graph(
            "Left behind by requests",
            [alarm_line(retired, Colour.ERROR)],
            unit=retired.unit,
            right=[Line(leftovers, "threads, in the worst process", Colour.WARNING)],
            right_unit="threads",
            thresholds=[retired],
        ),
    ]
