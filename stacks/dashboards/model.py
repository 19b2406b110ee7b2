"""The model: our count of its work on the left, beside Bedrock's on the right.

The last rows of the overview; the alarms on the model are among the environment's.
"""

from collections.abc import Sequence

from stacks.dashboards.agent_model_use import token_graph
from stacks.parts.metrics import Metrics
from stacks.parts.widgets import Colour, Line, Rows, graph, note, percentiles
from tradewind.telemetry.metric_names import MetricName


def model_rows(metrics: Metrics, logs: Sequence[str]) -> Rows:
    """The rows.

    Args:
        metrics: The environment's.
        logs: The log groups of the agents that call the model.
    """
    ours, bedrock = metrics.model, metrics.bedrock
    return [
        [
            note(
                f"## The model {metrics.model_id}\n"
                "**Good looks like this:** both sides move alike. On the left is what the agents "
                "of this environment saw, network and repeats included; on the right what Bedrock "
                "counted for the whole account: more than the left when others call the same model."
            )
        ],
        [
            graph(
                "Model calls: ours",
                [
                    Line(ours(MetricName.MODEL_CALLS), "calls", Colour.TRAFFIC),
                    Line(ours(MetricName.MODEL_ERRORS), "failed", Colour.ERROR),
                    Line(ours(MetricName.MODEL_THROTTLES), "of them throttled", Colour.WARNING),
                ],
                unit="calls",
            ),
            graph(
                "Model calls: Bedrock",
                [
                    Line(bedrock("Invocations"), "calls", Colour.TRAFFIC),
                    Line(bedrock("InvocationServerErrors"), "server errors", Colour.ERROR),
                    Line(bedrock("InvocationClientErrors"), "client errors", Colour.AWS),
                    Line(bedrock("InvocationThrottles"), "throttles", Colour.WARNING),
                ],
                unit="calls",
            ),
        ],
        [
            graph(
                "Time of a model call: ours", percentiles(ours(MetricName.MODEL_LATENCY)), unit="ms"
            ),
            graph(
                "Time of a model call: Bedrock",
                percentiles(bedrock("InvocationLatency")),
                unit="ms",
            ),
        ],
        [
            graph(
                "Time to first token: ours",
                percentiles(ours(MetricName.TIME_TO_FIRST_TOKEN)),
                unit="ms",
            ),
            graph(
                "Time to first token: Bedrock",
                percentiles(bedrock("TimeToFirstToken")),
                unit="ms",
            ),
        ],
        [
            token_graph("Tokens: ours", logs),
            graph(
                "Tokens: Bedrock",
                [
                    Line(bedrock("InputTokenCount"), "in", Colour.TRAFFIC),
                    Line(bedrock("OutputTokenCount"), "out", Colour.GOOD),
                    Line(bedrock("CacheReadInputTokens"), "read from cache", Colour.COLD),
                    Line(bedrock("CacheWriteInputTokens"), "written to cache", Colour.WARNING),
                ],
                unit="tokens",
                right=[
                    Line(
                        bedrock("EstimatedTPMQuotaUsage", "Maximum"),
                        "quota in use, a minute",
                        Colour.AWS,
                    )
                ],
                right_unit="tokens a minute",
            ),
        ],
    ]
