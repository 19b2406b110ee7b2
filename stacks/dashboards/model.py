"""The model: our count of its work on the left, beside Bedrock's on the right."""

from collections.abc import Callable, Mapping

from stacks.parts.alarms import AlarmSpec
from stacks.parts.metrics import HOUR, Metrics, MetricStat
from stacks.parts.widgets import Colour, Line, Rows, alarm_line, graph, note, percentiles
from tradewind.telemetry.metric_names import MetricName


def model_rows(metrics: Metrics, alarms: Mapping[str, AlarmSpec]) -> Rows:
    """The dashboard's rows; ``alarms`` are the environment's, by symptom."""
    ours, bedrock = metrics.model, metrics.bedrock
    errors, throttles, cost = (
        alarms[symptom] for symptom in ("bedrock-errors", "bedrock-throttles", "cost")
    )
    quota = Line(bedrock("EstimatedTPMQuotaUsage", "Maximum"), "tokens a minute", Colour.AWS)
    return [
        [
            note(
                f"# The model {metrics.model_id}, {metrics.environment}\n"
                "**Good looks like this:** both sides move alike, and retries stay near zero. "
                "On the left is what the agents of this environment saw, network and repeats "
                "included. On the right is what Bedrock counted for the whole account: more "
                "than the left when others call the same model."
            )
        ],
        [
            graph(
                "Calls: ours",
                [
                    Line(ours(MetricName.MODEL_CALLS), "calls", Colour.TRAFFIC),
                    Line(ours(MetricName.MODEL_RETRIES), "repeats", Colour.WARNING),
                ],
                unit="calls",
            ),
            graph(
                "Calls: Bedrock",
                [Line(bedrock("Invocations"), "calls", Colour.AWS)],
                unit="calls",
            ),
        ],
        [
            graph(
                "Failed calls: ours",
                [alarm_line(errors, Colour.ERROR), alarm_line(throttles, Colour.WARNING)],
                unit=errors.unit,
                thresholds=[errors, throttles],
            ),
            graph(
                "Failed calls: Bedrock",
                [
                    Line(bedrock("InvocationServerErrors"), "server errors", Colour.ERROR),
                    Line(bedrock("InvocationClientErrors"), "client errors", Colour.AWS),
                    Line(bedrock("InvocationThrottles"), "throttles", Colour.WARNING),
                ],
                unit="calls",
            ),
        ],
        [
            graph("Time of a call: ours", percentiles(ours(MetricName.MODEL_LATENCY)), unit="ms"),
            graph("Time of a call: Bedrock", percentiles(bedrock("InvocationLatency")), unit="ms"),
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
            graph(
                "Tokens: ours",
                token_lines(ours),
                unit="tokens",
            ),
            graph(
                "Tokens: Bedrock",
                [
                    Line(bedrock("InputTokenCount"), "in", Colour.TRAFFIC),
                    Line(bedrock("OutputTokenCount"), "out", Colour.GOOD),
                    Line(bedrock("CacheReadInputTokens"), "read from cache", Colour.COLD),
                    Line(bedrock("CacheWriteInputTokens"), "written to cache", Colour.WARNING),
                ],
                unit="tokens",
            ),
        ],
        [
            graph(
                "Cost by hour",
                [alarm_line(cost, Colour.COST)],
                unit=cost.unit,
                thresholds=[cost],
                period_s=HOUR,
            ),
            graph("Quota in use: Bedrock", [quota], unit="tokens a minute"),
        ],
    ]


def token_lines(metric: Callable[[MetricName], MetricStat]) -> list[Line]:
    """The tokens by kind, of whatever ``metric`` reads them by."""
    return [
        Line(metric(MetricName.INPUT_TOKENS), "in", Colour.TRAFFIC),
        Line(metric(MetricName.OUTPUT_TOKENS), "out", Colour.GOOD),
        Line(metric(MetricName.CACHE_READ_TOKENS), "read from cache", Colour.COLD),
        Line(metric(MetricName.CACHE_WRITE_TOKENS), "written to cache", Colour.WARNING),
    ]
