"""What is watched on what all agents share: the model, its cost, records, deployments."""

from collections.abc import Iterator
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.parts.alarm_math import (
    HOURS_QUARTERS,
    failed_or_absent,
    of_the_hour,
    share_of_enough,
    with_zeros,
)
from stacks.parts.alarms import AT_LEAST, AlarmSpec, Urgency
from stacks.parts.metrics import HOUR, QUARTER_HOUR, MathExpression, Metrics
from stacks.parts.reported import Reported
from stacks.settings.alarm import AlarmSettings
from tradewind.telemetry.metric_names import MetricName

#: With fewer calls in five minutes, a share of them is the accident of one or two.
ENOUGH_CALLS = 10
#: From so many times what an hour may cost on, it is told of once more.
_RUNAWAY_TIMES: Final = 5


def environment_alarms(
    metrics: Metrics, thresholds: AlarmSettings, *, logged: bool, durable: bool, gradual: bool
) -> dict[str, AlarmSpec]:
    """The alarms on what all agents share, by symptom.

    Args:
        metrics: The environment's.
        thresholds: When they go off.
        logged: Whether a log of requests and answers is kept.
        durable: Whether workflows run past one Lambda.
        gradual: Whether new versions are asked a question, and get requests step by step.
    """
    specs = [
        *_on_the_model(metrics, thresholds),
        *_on_requests(metrics),
        *_on_the_sweep(metrics),
    ]
    if logged:
        specs.append(
            AlarmSpec(
                "requests-not-logged",
                "Requests were answered of which the log of requests and answers has no whole "
                "entry.",
                metrics.all_agents(MetricName.REQUESTS_NOT_LOGGED).over(HOUR),
                label="not logged",
                unit="requests",
                threshold=0,
                urgency=Urgency.NOTICE,
            )
        )
    if durable:
        specs.append(
            AlarmSpec(
                "durable-failures",
                "For half an hour, invocations of the durable function have failed: runs of "
                "workflows do not go on.",
                with_zeros(metrics.reported_by_durable(Reported.FAILURES, period_s=QUARTER_HOUR)),
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


def _on_the_model(metrics: Metrics, thresholds: AlarmSettings) -> Iterator[AlarmSpec]:
    calls = metrics.model(MetricName.MODEL_CALLS)
    throttles = metrics.model(MetricName.MODEL_THROTTLES)
    # The retry layer carries a disturbance; where it does not, the agents' own alarms page.
    yield AlarmSpec(
        "bedrock-errors",
        f"More than {thresholds.bedrock_error_percent:g} % of the model calls failed, throttled "
        f"ones aside, of at least {ENOUGH_CALLS} in five minutes.",
        MathExpression(
            f"IF(FILL(calls, 0) >= {ENOUGH_CALLS}, "
            "100 * (FILL(errors, 0) - FILL(throttles, 0)) / calls, 0)",
            {
                "errors": metrics.model(MetricName.MODEL_ERRORS),
                "throttles": throttles,
                "calls": calls,
            },
        ),
        label="failed model calls",
        unit="%",
        threshold=thresholds.bedrock_error_percent,
        periods=3,
        breaching=2,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "bedrock-throttles",
        f"More than {thresholds.bedrock_throttle_percent:g} % of the model calls were throttled, "
        f"of at least {ENOUGH_CALLS} in five minutes.",
        share_of_enough(throttles, calls, ENOUGH_CALLS),
        label="throttled model calls",
        unit="%",
        threshold=thresholds.bedrock_throttle_percent,
        periods=3,
        breaching=2,
        urgency=Urgency.NOTICE,
    )
    cost = of_the_hour(metrics.model(MetricName.ESTIMATED_COST))
    runaway = _RUNAWAY_TIMES * thresholds.cost_usd_per_hour
    yield AlarmSpec(
        "cost",
        f"The agents' tokens cost more than an estimated {thresholds.cost_usd_per_hour:g} US "
        "dollars in an hour of the last two, those of requests that were killed not counted.",
        cost,
        label="US dollars",
        unit="US dollars",
        threshold=thresholds.cost_usd_per_hour,
        periods=HOURS_QUARTERS,
    )
    # That one may stand for days, for a limit that is a little too low.
    yield AlarmSpec(
        "cost-runaway",
        f"The agents' tokens cost more than an estimated {runaway:g} US dollars in an hour of the "
        f"last two, {_RUNAWAY_TIMES} times what they may.",
        cost,
        label="US dollars, many times",
        unit="US dollars",
        threshold=runaway,
        periods=HOURS_QUARTERS,
    )


def _on_requests(metrics: Metrics) -> Iterator[AlarmSpec]:
    """What happened to single requests. By the hour: what goes on is told of once."""
    yield AlarmSpec(
        "retired-processes",
        "Processes ended themselves again and again, because of threads that requests had left "
        "behind.",
        # Else older values would stand in for it, and tell of it again.
        with_zeros(metrics.all_agents(MetricName.PROCESSES_RETIRED).over(QUARTER_HOUR)),
        label="processes retired",
        unit="processes",
        # One that replaces itself is the remedy; several in a quarter of an hour are a disease.
        threshold=2,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "records-settled",
        "A function died at work: its request has no answer, and its record was settled later.",
        metrics.all_agents(MetricName.RECORDS_SETTLED).over(HOUR),
        label="records settled",
        unit="records",
        threshold=0,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "requests-not-started",
        "The API took requests that no function took up while Lambda kept them.",
        metrics.all_agents(MetricName.REQUESTS_NOT_STARTED).over(HOUR),
        label="never begun",
        unit="requests",
        threshold=0,
        urgency=Urgency.NOTICE,
    )


def _on_the_sweep(metrics: Metrics) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        "sweep-failures",
        "For half an hour, sweeps for records of functions that died have failed, or none ran.",
        failed_or_absent(metrics.sweep("Errors", QUARTER_HOUR)),
        label="failed, or none ran",
        unit="1 if so",
        threshold=1,
        comparison=AT_LEAST,
        # One that fails is made up for by the next.
        periods=2,
        breaching=2,
        missing=cloudwatch.TreatMissingData.IGNORE,
        urgency=Urgency.NOTICE,
    )


def _on_the_probe(metrics: Metrics) -> Iterator[AlarmSpec]:
    # Whoever deploys is awake, and is told by the deployment too.
    yield AlarmSpec(
        "versions-refused",
        "A new version failed the question that it was asked, and its deployment went back.",
        metrics.all_agents(MetricName.VERSIONS_REFUSED),
        label="refused",
        unit="versions",
        threshold=0,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "probe-failures",
        "The probe could not tell CodeDeploy what it found: a deployment waits for an hour, and "
        "goes back.",
        # Stamped with a probe's start, which may be five minutes before it fails.
        metrics.probe("Errors"),
        label="failed probes",
        unit="probes",
        threshold=0,
        periods=3,
        urgency=Urgency.NOTICE,
    )
