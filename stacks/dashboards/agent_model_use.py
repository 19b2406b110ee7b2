"""One agent's use of the model and of its tools: calls, tokens and what they cost."""

from stacks.dashboards.model import token_lines
from stacks.parts.metrics import AgentMetrics, Metrics
from stacks.parts.widgets import Colour, Line, Widget, graph, percentiles
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


def tokens_and_tools(metrics: AgentMetrics) -> list[Widget]:
    """What requests use, and what they leave behind."""
    return [
        graph("Tokens", token_lines(metrics.own), unit="tokens"),
        cost_graph(metrics),
        graph(
            "Tool calls",
            [
                Line(metrics.own(MetricName.TOOL_CALLS), "calls", Colour.TRAFFIC),
                Line(metrics.own(MetricName.TOOL_ERRORS), "failed", Colour.ERROR),
            ],
            unit="calls",
        ),
        leftovers_graph(metrics),
    ]


def cost_graph(metrics: AgentMetrics) -> Widget:
    """What requests cost, and which were not let to."""
    return graph(
        "Cost, and what it was limited to",
        [Line(metrics.own(MetricName.ESTIMATED_COST), "US dollars", Colour.COST)],
        unit="US dollars",
        right=[
            Line(metrics.own(MetricName.BUDGET_REFUSALS), "refused", Colour.WARNING),
            Line(metrics.own(MetricName.RESERVATIONS_NOT_SETTLED), "not settled", Colour.ERROR),
        ],
        right_unit="requests, calls",
    )


def leftovers_graph(metrics: AgentMetrics) -> Widget:
    """What requests leave behind in their process."""
    leftovers = metrics.own(MetricName.LEFTOVER_THREADS, "Maximum")
    return graph(
        "Left behind by requests",
        [Line(metrics.own(MetricName.PROCESSES_RETIRED), "processes retired", Colour.ERROR)],
        unit="processes",
        right=[Line(leftovers, "threads, in the worst process", Colour.WARNING)],
        right_unit="threads",
    )
