"""What is watched: on each agent, and on the environment as a whole."""

from collections.abc import Iterator
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.parts.alarms import BELOW, AlarmSpec
from stacks.parts.metrics import (
    HOUR,
    QUARTER_HOUR,
    AgentMetrics,
    MathExpression,
    Metrics,
    share_percent,
)
from stacks.settings.alarm import AlarmSettings
from stacks.settings.function import FunctionSettings
from tradewind.telemetry.metric_names import MetricName

NO_TRAFFIC = "no-traffic"
OIDC_FAILURES = "oidc-failures"

#: What an answer may take beyond the time that its caller waits for an agent.
_ANSWERING_MS: Final = 3000


def agent_alarms(
    metrics: AgentMetrics, function: FunctionSettings, thresholds: AlarmSettings
) -> dict[str, AlarmSpec]:
    """The alarms on one agent, by symptom."""
    return {spec.symptom: spec for spec in _on_an_agent(metrics, function, thresholds)}


def environment_alarms(
    metrics: Metrics, thresholds: AlarmSettings, *, logged: bool, durable: bool, gradual: bool
) -> dict[str, AlarmSpec]:
    """The alarms on what all agents share: model, cost, records; by symptom.

    Args:
        metrics: The environment's.
        thresholds: When they go off.
        logged: Whether a log of requests and answers is kept.
        durable: Whether workflows run past one Lambda.
        gradual: Whether new versions are asked a question, and get requests step by step.
    """
    specs = [*_on_the_environment(metrics, thresholds)]
    if logged:
        specs.append(
            AlarmSpec(
                "requests-not-logged",
                "Requests were answered of which the log of requests and answers has no whole "
                "entry.",
                metrics.all_agents(MetricName.REQUESTS_NOT_LOGGED),
                label="not logged",
                unit="requests",
                threshold=0,
            )
        )
    if durable:
        specs.append(
            AlarmSpec(
                "durable-failures",
                "For half an hour, invocations of the durable function have failed: runs of "
                "workflows do not go on.",
                metrics.durable("Errors", QUARTER_HOUR),
                label="failed invocations",
                unit="invocations",
                threshold=0,
                # The service begins another after one that fails.
                periods=2,
                breaching=2,
            )
        )
    if gradual:
        specs += _on_the_probe(metrics)
    return {spec.symptom: spec for spec in specs}


def _on_the_probe(metrics: Metrics) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        "versions-refused",
        "A new version failed the question that it was asked, and its deployment went back.",
        metrics.all_agents(MetricName.VERSIONS_REFUSED),
        label="refused",
        unit="versions",
        threshold=0,
    )
    yield AlarmSpec(
        "probe-failures",
        "The probe could not tell CodeDeploy what it found: a deployment waits for an hour, and "
        "goes back.",
        metrics.probe("Errors"),
        label="failed probes",
        unit="probes",
        threshold=0,
    )


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
        *_on_the_api(metrics, wait_s, thresholds),
        *_on_the_mcp_function(metrics, wait_s, thresholds),
    ]
    if by_token:
        specs.append(
            AlarmSpec(
                OIDC_FAILURES,
                f"More than {thresholds.error_percent:g} % of the requests with a token were "
                "answered 5xx.",
                share_percent(
                    metrics.gateway("5XXError", by_token=True),
                    metrics.gateway("Count", by_token=True),
                ),
                label="answered 5xx",
                unit="%",
                threshold=thresholds.error_percent,
            )
        )
    return {spec.symptom: spec for spec in specs}


def _on_the_api(metrics: Metrics, wait_s: int, thresholds: AlarmSettings) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        "api-failures",
        f"More than {thresholds.error_percent:g} % of the API's requests were answered 5xx.",
        # The gateway's own count: streams are in it, and what no function answered.
        share_percent(metrics.gateway("5XXError"), metrics.gateway("Count")),
        label="answered 5xx",
        unit="%",
        threshold=thresholds.error_percent,
    )
    yield AlarmSpec(
        "api-errors",
        f"More than {thresholds.error_percent:g} % of the calls of the API's function failed.",
        share_percent(metrics.api("Errors"), metrics.api("Invocations")),
        label="failed calls",
        unit="%",
        threshold=thresholds.error_percent,
    )
    yield AlarmSpec(
        "api-throttles",
        "Lambda turned the gateway's calls away: every instance that the API's function may have "
        "was busy.",
        metrics.api("Throttles"),
        label="throttled",
        unit="calls",
        threshold=0,
    )
    yield AlarmSpec(
        "api-latency",
        f"The slowest calls took longer than the {wait_s} s that they wait for an agent, and "
        f"{_ANSWERING_MS // 1000} s more.",
        # Lambda's and not the gateway's, which has the streams in it.
        metrics.api("Duration", "p99"),
        label="p99, Lambda",
        unit="ms",
        threshold=wait_s * 1000 + _ANSWERING_MS,
        periods=3,
        breaching=2,
    )


def _on_the_mcp_function(
    metrics: Metrics, wait_s: int, thresholds: AlarmSettings
) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        "mcp-failures",
        f"More than {thresholds.error_percent:g} % of the MCP messages failed by our fault, most "
        "of them within answers that the gateway counts as good ones.",
        # Ours: within the protocol's answer, which is HTTP 200, only the function sees them.
        share_percent(
            metrics.all_agents(MetricName.MCP_ERRORS), metrics.all_agents(MetricName.MCP_CALLS)
        ),
        label="failed messages",
        unit="%",
        threshold=thresholds.error_percent,
    )
    yield AlarmSpec(
        "mcp-errors",
        f"More than {thresholds.error_percent:g} % of the calls of the MCP function failed.",
        share_percent(metrics.mcp("Errors"), metrics.mcp("Invocations")),
        label="failed calls, Lambda",
        unit="%",
        threshold=thresholds.error_percent,
    )
    yield AlarmSpec(
        "mcp-throttles",
        "Lambda turned the gateway's calls away: every instance that the MCP function may have "
        "was busy.",
        metrics.mcp("Throttles"),
        label="throttled, MCP",
        unit="calls",
        threshold=0,
    )
    yield AlarmSpec(
        "mcp-latency",
        f"The slowest MCP messages took longer than the {wait_s} s that they wait for an agent, "
        f"and {_ANSWERING_MS // 1000} s more.",
        # Not Lambda's: the gateway may call once more after each stream, for next to no time.
        metrics.all_agents(MetricName.MCP_LATENCY, "p99"),
        label="p99",
        unit="ms",
        threshold=wait_s * 1000 + _ANSWERING_MS,
        periods=3,
        breaching=2,
    )


def _on_an_agent(
    metrics: AgentMetrics, function: FunctionSettings, thresholds: AlarmSettings
) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        "errors",
        f"More than {thresholds.error_percent:g} % of the requests failed by our fault.",
        # Lambda's own counts: a process that is killed prints no metrics of ours.
        share_percent(metrics.function("Errors"), metrics.function("Invocations")),
        label="failed requests",
        unit="%",
        threshold=thresholds.error_percent,
    )
    yield AlarmSpec(
        "throttles",
        "Lambda turned requests away: every instance that the function may have was busy.",
        metrics.function("Throttles"),
        label="throttled",
        unit="requests",
        threshold=0,
    )
    yield AlarmSpec(
        "latency",
        f"The slowest requests took more than {thresholds.p99_percent_of_timeout:g} % of the "
        f"timeout of {function.timeout_s} s.",
        metrics.function("Duration", "p99"),
        label="p99, Lambda",
        unit="ms",
        threshold=function.timeout_s * 1000 * thresholds.p99_percent_of_timeout / 100,
        # A single slow request is not yet a trend; one at its deadline has an alarm of its own.
        periods=3,
        breaching=2,
    )
    yield AlarmSpec(
        "cold-starts",
        f"More than {thresholds.cold_start_percent:g} % of the requests waited for a process to "
        f"start, of at least {thresholds.cold_start_min_requests} in 15 minutes.",
        MathExpression(
            # Few requests are mostly cold, and nothing is wrong with that.
            f"IF(requests >= {thresholds.cold_start_min_requests}, 100 * cold / requests, 0)",
            {
                "cold": metrics.own(MetricName.COLD_START, period_s=QUARTER_HOUR),
                "requests": metrics.own(MetricName.INVOCATIONS, period_s=QUARTER_HOUR),
            },
            QUARTER_HOUR,
        ),
        label="cold requests",
        unit="%",
        threshold=thresholds.cold_start_percent,
        # Traffic that rises, or a deployment, starts processes for one quarter of an hour.
        periods=2,
        breaching=2,
    )
    yield AlarmSpec(
        "init-time",
        f"Half of an hour's processes took more than {thresholds.init_time_ms} ms to start.",
        metrics.own(MetricName.INIT_TIME, "p50", HOUR),
        label="p50 of the hour",
        unit="ms",
        threshold=thresholds.init_time_ms,
        missing=cloudwatch.TreatMissingData.IGNORE,
    )
    yield AlarmSpec(
        "deadline-stops",
        "Requests were stopped unfinished, shortly before the function's timeout.",
        metrics.own(MetricName.DEADLINE_STOPS),
        label="stopped at the deadline",
        unit="requests",
        threshold=0,
    )
    yield AlarmSpec(
        "retired-processes",
        "Processes ended themselves again and again, because of threads that requests had left "
        "behind.",
        metrics.own(MetricName.PROCESSES_RETIRED, period_s=QUARTER_HOUR),
        label="processes retired",
        unit="processes",
        # One that replaces itself is the remedy; several in a quarter of an hour are a disease.
        threshold=2,
    )
    yield AlarmSpec(
        "dead-letters",
        "Asynchronous requests failed and wait in the dead-letter queue.",
        metrics.dead_letters("ApproximateNumberOfMessagesVisible"),
        label="dead letters",
        unit="requests",
        threshold=0,
    )
    if function.expect_traffic_within_h is not None:
        yield AlarmSpec(
            NO_TRAFFIC,
            f"No request came for {function.expect_traffic_within_h} hours, and some were "
            "expected.",
            metrics.function("Invocations", period_s=HOUR),
            label="in the hour, Lambda",
            unit="requests",
            threshold=1,
            comparison=BELOW,
            periods=function.expect_traffic_within_h,
            breaching=function.expect_traffic_within_h,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )


def _on_the_environment(metrics: Metrics, thresholds: AlarmSettings) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        "bedrock-errors",
        f"More than {thresholds.bedrock_error_percent:g} % of the model calls failed, throttled "
        "ones aside.",
        MathExpression(
            "100 * (errors - throttles) / calls",
            {
                "errors": metrics.model(MetricName.MODEL_ERRORS),
                "throttles": metrics.model(MetricName.MODEL_THROTTLES),
                "calls": metrics.model(MetricName.MODEL_CALLS),
            },
        ),
        label="failed model calls",
        unit="%",
        threshold=thresholds.bedrock_error_percent,
        # The retry layer carries a short disturbance; the agents' own alarms tell if it does not.
        periods=3,
        breaching=2,
    )
    yield AlarmSpec(
        "bedrock-throttles",
        f"More than {thresholds.bedrock_throttle_percent:g} % of the model calls were throttled.",
        share_percent(
            metrics.model(MetricName.MODEL_THROTTLES), metrics.model(MetricName.MODEL_CALLS)
        ),
        label="throttled model calls",
        unit="%",
        threshold=thresholds.bedrock_throttle_percent,
        periods=3,
        breaching=2,
    )
    yield AlarmSpec(
        "cost",
        f"The agents' tokens cost more than an estimated {thresholds.cost_usd_per_hour:g} US "
        "dollars in an hour.",
        metrics.model(MetricName.ESTIMATED_COST, period_s=HOUR),
        label="US dollars",
        unit="US dollars",
        threshold=thresholds.cost_usd_per_hour,
    )
    yield AlarmSpec(
        "records-settled",
        "A function died at work: its request has no answer, and its record was settled later.",
        metrics.all_agents(MetricName.RECORDS_SETTLED),
        label="records settled",
        unit="records",
        threshold=0,
    )
    yield AlarmSpec(
        "requests-not-started",
        "The API took requests that no function took up while Lambda kept them.",
        metrics.all_agents(MetricName.REQUESTS_NOT_STARTED),
        label="never begun",
        unit="requests",
        threshold=0,
    )
    yield AlarmSpec(
        "sweep-failures",
        "For half an hour, sweeps for records of functions that died have failed.",
        metrics.sweep("Errors", QUARTER_HOUR),
        label="failed sweeps",
        unit="sweeps",
        threshold=0,
        # One that fails is made up for by the next.
        periods=2,
        breaching=2,
    )
