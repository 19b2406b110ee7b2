"""The dashboards: one a manager reads in ten seconds, one per agent, one for the model.

A deployment shows as a step of ``FunctionVersion``: each function emits the version that served
the request. It marks the moment when callers met the new code, which may be hours after the stack
changed, and leaves the templates free of times of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks import names
from stacks.parts import queries
from stacks.parts.metrics import FIVE_MINUTES, Metrics, share_percent
from stacks.parts.widgets import (
    Colour,
    agent_colour,
    drawn,
    figures,
    graph,
    limit,
    log_table,
    text,
)
from stacks.settings import AlarmSettings, FunctionSettings, PriceSettings
from tradewind.telemetry.metric_names import MetricName, Start

_HOUR = Duration.hours(1)
_PERCENTILES = (("p50", Colour.P50), ("p90", Colour.P90), ("p99", Colour.P99))


@dataclass(frozen=True)
class Scene:
    """What every dashboard of an environment needs to know.

    Attributes:
        metrics: The environment's metrics.
        limits: Its alarms' thresholds, drawn as lines.
        prices: What the cost is estimated from.
    """

    metrics: Metrics
    limits: AlarmSettings
    prices: PriceSettings

    def dashboard(
        self, scope: Construct, subject: str, rows: Sequence[Sequence[cloudwatch.IWidget]]
    ) -> None:
        """Make a dashboard of rows of widgets."""
        cloudwatch.Dashboard(
            scope,
            subject.title(),
            dashboard_name=names.dashboard_name(self.metrics.environment, subject),
            default_interval=Duration.hours(3),
            widgets=[list(row) for row in rows],
        )


def overview(scope: Construct, scene: Scene, alarms: Sequence[cloudwatch.IAlarm]) -> None:
    """Traffic, errors, latency, cold starts and cost of all agents on one screen."""
    metrics, limits = scene.metrics, scene.limits
    scene.dashboard(
        scope,
        "overview",
        [
            [
                text(
                    f"# Tradewind, {metrics.environment}\n"
                    "**Good looks like this:** every alarm green, no failed requests, few cold "
                    "requests while traffic is steady, and a cost that follows the traffic. "
                    f"Costs are estimates at prices of {scene.prices.as_of:%Y-%m-%d}, in US "
                    "dollars. Each agent has a dashboard of its own, and so has the model."
                )
            ],
            [
                figures("Traffic", [_total(metrics, MetricName.INVOCATIONS, "requests")], 4),
                figures("Errors", [_total(metrics, MetricName.ERRORS, "failed requests")], 4),
                figures(
                    "Latency",
                    [
                        drawn(
                            metrics.all_agents(MetricName.INVOCATION_LATENCY, statistic),
                            statistic,
                            colour,
                        )
                        for statistic, colour in _PERCENTILES
                    ],
                    8,
                ),
                figures("Cold starts", [_cold_share_of_all(metrics)], 4),
                figures(
                    "Cost",
                    [
                        drawn(
                            metrics.model(MetricName.ESTIMATED_COST, "Sum"),
                            "US dollars",
                            Colour.COST,
                        )
                    ],
                    4,
                ),
            ],
            [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24, height=3)],
            [
                graph(
                    "Requests by agent",
                    _by_agent(metrics, MetricName.INVOCATIONS, "Sum"),
                    unit="requests",
                    stacked=True,
                    width=8,
                ),
                graph(
                    "Failed requests by agent",
                    _by_agent(metrics, MetricName.ERRORS, "Sum"),
                    unit="requests",
                    stacked=True,
                    width=8,
                ),
                graph(
                    "Latency of all agents",
                    [
                        drawn(
                            metrics.all_agents(MetricName.INVOCATION_LATENCY, statistic),
                            statistic,
                            colour,
                        )
                        for statistic, colour in _PERCENTILES
                    ],
                    unit="ms",
                    width=8,
                ),
            ],
            [
                graph(
                    "Cold requests by agent",
                    [
                        drawn(
                            share_percent(
                                metrics.agent(agent, MetricName.COLD_START, "Sum"),
                                metrics.agent(agent, MetricName.INVOCATIONS, "Sum"),
                                label=agent,
                                prefix=f"{agent}_",
                            ),
                            agent,
                            agent_colour(metrics, agent),
                        )
                        for agent in metrics.agents
                    ],
                    unit="%",
                    limits=[limit(limits.cold_start_percent, "alarm", Colour.WARNING)],
                    width=8,
                ),
                graph(
                    "Cost by agent and hour",
                    _by_agent(metrics, MetricName.ESTIMATED_COST, "Sum", _HOUR),
                    unit="US dollars",
                    limits=[limit(limits.cost_usd_per_hour, "alarm, all agents")],
                    stacked=True,
                    width=8,
                    period=_HOUR,
                ),
                graph(
                    "Versions: a step is a deployment",
                    _by_agent(metrics, MetricName.FUNCTION_VERSION, "Maximum"),
                    unit="version",
                    width=8,
                ),
            ],
        ],
    )


def agent_dashboard(scope: Construct, scene: Scene, agent: str, function: FunctionSettings) -> None:
    """What an engineer asks about one agent, from its traffic down to its log."""
    metrics = scene.metrics
    log_group = names.log_group_name(metrics.environment, agent)
    scene.dashboard(
        scope,
        agent,
        [
            [
                text(
                    f"# The {agent} agent, {metrics.environment}\n"
                    "**Good looks like this:** Lambda and the handler count the same requests, no "
                    "errors and no throttles; warm requests are faster than cold ones by about "
                    "the init time and one connection; clients are created in cold requests only, "
                    "and connections opened only there or after a pause. The grey lines are AWS's "
                    "own count of the same thing. A step of the version is a deployment."
                )
            ],
            *_traffic(metrics, agent, scene.limits, function),
            *_cold_and_warm(metrics, agent, scene.limits),
            *_model_of(metrics, agent),
            [log_table("Slowest requests", [log_group], queries.SLOWEST)],
            [log_table("Failed requests", [log_group], queries.FAILED)],
        ],
    )


def model_dashboard(scope: Construct, scene: Scene) -> None:
    """Our count of the model's work beside Bedrock's."""
    metrics, limits = scene.metrics, scene.limits
    scene.dashboard(
        scope,
        "model",
        [
            [
                text(
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
                        drawn(
                            metrics.model(MetricName.MODEL_CALLS, "Sum"), "calls", Colour.TRAFFIC
                        ),
                        drawn(
                            metrics.model(MetricName.MODEL_RETRIES, "Sum"),
                            "repeats",
                            Colour.WARNING,
                        ),
                    ],
                    unit="calls",
                ),
                graph(
                    "Calls: Bedrock",
                    [drawn(metrics.bedrock("Invocations", "Sum"), "calls", Colour.AWS)],
                    unit="calls",
                ),
            ],
            [
                graph(
                    "Failed calls: ours",
                    [
                        drawn(
                            share_percent(
                                metrics.model(name, "Sum"),
                                metrics.model(MetricName.MODEL_CALLS, "Sum"),
                                label=label,
                                prefix=f"{colour.name.lower()}_",
                            ),
                            label,
                            colour,
                        )
                        for name, label, colour in (
                            (MetricName.MODEL_ERRORS, "failed", Colour.ERROR),
                            (MetricName.MODEL_THROTTLES, "of them throttled", Colour.WARNING),
                        )
                    ],
                    unit="%",
                    limits=[limit(limits.bedrock_error_percent, "alarm")],
                ),
                graph(
                    "Failed calls: Bedrock",
                    [
                        drawn(
                            metrics.bedrock("InvocationServerErrors", "Sum"),
                            "server errors",
                            Colour.ERROR,
                        ),
                        drawn(
                            metrics.bedrock("InvocationClientErrors", "Sum"),
                            "client errors",
                            Colour.AWS,
                        ),
                        drawn(
                            metrics.bedrock("InvocationThrottles", "Sum"),
                            "throttles",
                            Colour.WARNING,
                        ),
                    ],
                    unit="calls",
                ),
            ],
            [
                graph(
                    "Time of a call: ours",
                    [
                        drawn(metrics.model(MetricName.MODEL_LATENCY, statistic), statistic, colour)
                        for statistic, colour in _PERCENTILES
                    ],
                    unit="ms",
                ),
                graph(
                    "Time of a call: Bedrock",
                    [
                        drawn(metrics.bedrock("InvocationLatency", statistic), statistic, colour)
                        for statistic, colour in _PERCENTILES
                    ],
                    unit="ms",
                ),
            ],
            [
                graph(
                    "Time to first token: ours",
                    [
                        drawn(
                            metrics.model(MetricName.TIME_TO_FIRST_TOKEN, statistic),
                            statistic,
                            colour,
                        )
                        for statistic, colour in _PERCENTILES
                    ],
                    unit="ms",
                ),
                graph(
                    "Time to first token: Bedrock",
                    [
                        drawn(metrics.bedrock("TimeToFirstToken", statistic), statistic, colour)
                        for statistic, colour in _PERCENTILES
                    ],
                    unit="ms",
                ),
            ],
            [
                graph(
                    "Tokens: ours",
                    [
                        drawn(metrics.model(name, "Sum"), label, colour)
                        for name, label, colour in _TOKENS
                    ],
                    unit="tokens",
                ),
                graph(
                    "Tokens: Bedrock",
                    [
                        drawn(metrics.bedrock(name, "Sum"), label, colour)
                        for name, label, colour in (
                            ("InputTokenCount", "in", Colour.TRAFFIC),
                            ("OutputTokenCount", "out", Colour.GOOD),
                            ("CacheReadInputTokens", "read from cache", Colour.COLD),
                            ("CacheWriteInputTokens", "written to cache", Colour.WARNING),
                        )
                    ],
                    unit="tokens",
                ),
            ],
            [
                graph(
                    "Cost by hour",
                    [
                        drawn(
                            metrics.model(MetricName.ESTIMATED_COST, "Sum", _HOUR),
                            "US dollars",
                            Colour.COST,
                        )
                    ],
                    unit="US dollars",
                    limits=[limit(limits.cost_usd_per_hour, "alarm")],
                    period=_HOUR,
                ),
                graph(
                    "Quota in use: Bedrock",
                    [
                        drawn(
                            metrics.bedrock("EstimatedTPMQuotaUsage", "Maximum"),
                            "tokens a minute",
                            Colour.AWS,
                        )
                    ],
                    unit="tokens a minute",
                ),
            ],
        ],
    )


_TOKENS = (
    (MetricName.INPUT_TOKENS, "in", Colour.TRAFFIC),
    (MetricName.OUTPUT_TOKENS, "out", Colour.GOOD),
    (MetricName.CACHE_READ_TOKENS, "read from cache", Colour.COLD),
    (MetricName.CACHE_WRITE_TOKENS, "written to cache", Colour.WARNING),
)


def _total(metrics: Metrics, name: MetricName, label: str) -> cloudwatch.IMetric:
    """A count over all agents."""
    colour = Colour.ERROR if name is MetricName.ERRORS else Colour.TRAFFIC
    return cloudwatch.MathExpression(
        # An agent without requests has no value, which is a zero here.
        expression=" + ".join(f"FILL({agent}, 0)" for agent in metrics.agents),
        using_metrics={
            agent: metrics.agent(agent, name, "Sum").metric() for agent in metrics.agents
        },
        label=label,
        color=colour,
        period=FIVE_MINUTES,
    )


def _cold_share_of_all(metrics: Metrics) -> cloudwatch.IMetric:
    def total(prefix: str) -> str:
        return " + ".join(f"FILL({prefix}_{agent}, 0)" for agent in metrics.agents)

    using = {
        f"{prefix}_{agent}": metrics.agent(agent, name, "Sum").metric()
        for prefix, name in (("cold", MetricName.COLD_START), ("all", MetricName.INVOCATIONS))
        for agent in metrics.agents
    }
    return cloudwatch.MathExpression(
        expression=f"100 * ({total('cold')}) / ({total('all')})",
        using_metrics=using,
        label="cold, %",
        color=Colour.COLD,
        period=FIVE_MINUTES,
    )


def _by_agent(
    metrics: Metrics, name: MetricName, statistic: str, period: Duration = FIVE_MINUTES
) -> list[cloudwatch.IMetric]:
    return [
        drawn(metrics.agent(agent, name, statistic, period), agent, agent_colour(metrics, agent))
        for agent in metrics.agents
    ]


def _version(metrics: Metrics, agent: str) -> cloudwatch.IMetric:
    return drawn(
        metrics.agent(agent, MetricName.FUNCTION_VERSION, "Maximum"), "version", Colour.VERSION
    )


def _traffic(
    metrics: Metrics, agent: str, limits: AlarmSettings, function: FunctionSettings
) -> list[list[cloudwatch.IWidget]]:
    latency_limit_ms = function.timeout_s * 1000 * limits.p99_percent_of_timeout / 100
    return [
        [
            graph(
                "Requests",
                [
                    drawn(
                        metrics.agent(agent, MetricName.INVOCATIONS, "Sum"), "ours", Colour.TRAFFIC
                    ),
                    drawn(metrics.function(agent, "Invocations", "Sum"), "Lambda", Colour.AWS),
                    drawn(
                        metrics.agent(agent, MetricName.REJECTED_REQUESTS, "Sum"),
                        "rejected",
                        Colour.WARNING,
                    ),
                ],
                unit="requests",
                right=[_version(metrics, agent)],
                right_unit="version",
                width=8,
            ),
            graph(
                "Failed requests",
                [
                    drawn(
                        share_percent(
                            metrics.function(agent, "Errors", "Sum"),
                            metrics.function(agent, "Invocations", "Sum"),
                            label="failed, by Lambda",
                        ),
                        "failed, by Lambda",
                        Colour.ERROR,
                    ),
                    drawn(
                        share_percent(
                            metrics.agent(agent, MetricName.ERRORS, "Sum"),
                            metrics.agent(agent, MetricName.INVOCATIONS, "Sum"),
                            label="failed, by the handler",
                            prefix="handler_",
                        ),
                        "failed, by the handler",
                        Colour.WARNING,
                    ),
                ],
                unit="%",
                right=[_version(metrics, agent)],
                right_unit="version",
                limits=[limit(limits.error_percent, "alarm")],
                width=8,
            ),
            graph(
                "Turned away or cut short",
                [
                    drawn(metrics.function(agent, "Throttles", "Sum"), "throttled", Colour.WARNING),
                    drawn(
                        metrics.agent(agent, MetricName.DEADLINE_STOPS, "Sum"),
                        "stopped at the deadline",
                        Colour.ERROR,
                    ),
                    drawn(
                        metrics.function(agent, "ConcurrentExecutions", "Maximum"),
                        "at once",
                        Colour.AWS,
                    ),
                ],
                unit="requests",
                width=8,
            ),
        ],
        [
            graph(
                "Latency",
                [
                    drawn(
                        metrics.agent(agent, MetricName.INVOCATION_LATENCY, statistic),
                        statistic,
                        colour,
                    )
                    for statistic, colour in _PERCENTILES
                ]
                + [drawn(metrics.function(agent, "Duration", "p99"), "p99, Lambda", Colour.AWS)],
                unit="ms",
                right=[_version(metrics, agent)],
                right_unit="version",
                width=8,
            ),
            # Beside the limit, which is minutes, the milliseconds of a good day would look flat.
            graph(
                "Slowest requests against the limit",
                [
                    drawn(
                        metrics.agent(agent, MetricName.INVOCATION_LATENCY, "p99"),
                        "p99",
                        Colour.P99,
                    )
                ],
                unit="ms",
                limits=[limit(latency_limit_ms, "alarm")],
                width=8,
            ),
            graph(
                "Asynchronous requests",
                [
                    drawn(
                        metrics.function(agent, "AsyncEventAge", "Maximum"),
                        "age when run, ms",
                        Colour.AWS,
                    )
                ],
                unit="ms",
                right=[
                    drawn(
                        metrics.dead_letters(agent, "ApproximateNumberOfMessagesVisible"),
                        "dead letters",
                        Colour.ERROR,
                    ),
                    drawn(
                        metrics.dead_letters(agent, "ApproximateAgeOfOldestMessage"),
                        "age of the oldest, s",
                        Colour.WARNING,
                    ),
                ],
                right_unit="dead letters, seconds",
                width=8,
            ),
        ],
    ]


def _cold_and_warm(
    metrics: Metrics, agent: str, limits: AlarmSettings
) -> list[list[cloudwatch.IWidget]]:
    def latency(title: str, start: Start, colour: Colour) -> cloudwatch.IWidget:
        lines = [
            drawn(
                metrics.start(agent, start, MetricName.INVOCATION_LATENCY, statistic),
                statistic,
                shade,
            )
            for statistic, shade in (("p50", colour), ("p99", Colour.P99))
        ]
        return graph(title, lines, unit="ms")

    return [
        [
            latency("Cold requests", Start.COLD, Colour.COLD),
            latency("Warm requests", Start.WARM, Colour.WARM),
        ],
        [
            graph(
                "Share of cold requests",
                [
                    drawn(
                        share_percent(
                            metrics.agent(agent, MetricName.COLD_START, "Sum"),
                            metrics.agent(agent, MetricName.INVOCATIONS, "Sum"),
                            label="cold",
                        ),
                        "cold",
                        Colour.COLD,
                    )
                ],
                unit="%",
                right=[_version(metrics, agent)],
                right_unit="version",
                limits=[limit(limits.cold_start_percent, "alarm", Colour.WARNING)],
                width=8,
            ),
            graph(
                "What a cold start is made of",
                [
                    drawn(metrics.agent(agent, name, "Average"), label, colour)
                    for name, label, colour in (
                        (MetricName.INIT_RUNTIME_TIME, "runtime", Colour.AWS),
                        (MetricName.INIT_IMPORT_TIME, "imports", Colour.COLD),
                        (MetricName.INIT_CLIENT_TIME, "clients", Colour.TRAFFIC),
                        (MetricName.FIRST_CONNECTION_TIME, "first connection", Colour.WARNING),
                    )
                ],
                unit="ms",
                stacked=True,
                width=8,
            ),
            graph(
                "Init time",
                [
                    drawn(metrics.agent(agent, MetricName.INIT_TIME, statistic), statistic, colour)
                    for statistic, colour in _PERCENTILES
                ],
                unit="ms",
                limits=[limit(limits.init_time_ms, "alarm, of the hour's median")],
                width=8,
            ),
        ],
        [
            graph(
                "Clients",
                [
                    drawn(
                        metrics.agent(agent, MetricName.CLIENT_REUSED, "Sum"),
                        "reused",
                        Colour.GOOD,
                    ),
                    drawn(
                        metrics.agent(agent, MetricName.CLIENT_CREATED, "Sum"),
                        "created",
                        Colour.WARNING,
                    ),
                ],
                unit="clients",
                width=8,
            ),
            graph(
                "Connections",
                [
                    drawn(
                        metrics.agent(agent, MetricName.CONNECTION_REUSED, "Sum"),
                        "requests without a new one",
                        Colour.GOOD,
                    ),
                    drawn(
                        metrics.agent(agent, MetricName.CONNECTIONS_OPENED, "Sum"),
                        "opened",
                        Colour.WARNING,
                    ),
                ],
                unit="connections",
                width=8,
            ),
            graph(
                "Time to open a connection",
                [
                    drawn(
                        metrics.agent(agent, MetricName.CONNECTION_TIME, "p50"), "p50", Colour.P50
                    ),
                    drawn(
                        metrics.agent(agent, MetricName.CONNECTION_TIME, "p99"), "p99", Colour.P99
                    ),
                ],
                unit="ms",
                width=8,
            ),
        ],
    ]


def _model_of(metrics: Metrics, agent: str) -> list[list[cloudwatch.IWidget]]:
    return [
        [
            graph(
                "Time of a model call",
                [
                    drawn(
                        metrics.agent(agent, MetricName.MODEL_LATENCY, statistic), statistic, colour
                    )
                    for statistic, colour in _PERCENTILES
                ]
                + [drawn(metrics.bedrock("InvocationLatency", "p99"), "p99, Bedrock", Colour.AWS)],
                unit="ms",
                width=8,
            ),
            graph(
                "Time to first token",
                [
                    drawn(
                        metrics.agent(agent, MetricName.TIME_TO_FIRST_TOKEN, statistic),
                        statistic,
                        colour,
                    )
                    for statistic, colour in _PERCENTILES
                ]
                + [drawn(metrics.bedrock("TimeToFirstToken", "p99"), "p99, Bedrock", Colour.AWS)],
                unit="ms",
                width=8,
            ),
            graph(
                "Model calls",
                [
                    drawn(metrics.agent(agent, name, "Sum"), label, colour)
                    for name, label, colour in (
                        (MetricName.MODEL_CALLS, "calls", Colour.TRAFFIC),
                        (MetricName.MODEL_RETRIES, "repeats", Colour.P90),
                        (MetricName.MODEL_ERRORS, "failed", Colour.ERROR),
                        (MetricName.MODEL_THROTTLES, "of them throttled", Colour.WARNING),
                    )
                ],
                unit="calls",
                width=8,
            ),
        ],
        [
            graph(
                "Tokens",
                [
                    drawn(metrics.agent(agent, name, "Sum"), label, colour)
                    for name, label, colour in _TOKENS
                ],
                unit="tokens",
                width=8,
            ),
            graph(
                "Cost",
                [
                    drawn(
                        metrics.agent(agent, MetricName.ESTIMATED_COST, "Sum"),
                        "US dollars",
                        Colour.COST,
                    )
                ],
                unit="US dollars",
                width=8,
            ),
            graph(
                "Tool calls",
                [
                    drawn(
                        metrics.agent(agent, MetricName.TOOL_CALLS, "Sum"), "calls", Colour.TRAFFIC
                    ),
                    drawn(
                        metrics.agent(agent, MetricName.TOOL_ERRORS, "Sum"), "failed", Colour.ERROR
                    ),
                ],
                unit="calls",
                width=8,
            ),
        ],
    ]
