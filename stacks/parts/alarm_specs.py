"""What is watched on each agent.

Requests run for up to 15 minutes. Lambda's own metrics are stamped with a request's start and come
at its end, when alarms that look at the newest minutes have passed them by. Its reports are stamped
with the end, and written whether the process lived to tell or not. So what became of requests is
read from reports, and only who never got in, and whether anybody came, from Lambda's metrics.
"""

from collections.abc import Iterator
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.parts.alarm_math import (
    HOURS_QUARTERS,
    ONE_EVENTS_IN_AN_HOUR,
    ONE_EVENTS_IN_HALF_AN_HOUR,
    ONE_EVENTS_THROTTLES,
    of_enough,
    refusal,
    share_failed_or_turned_away,
    share_of_enough,
    silence,
    turned_away,
)
from stacks.parts.alarms import AT_LEAST, AlarmSpec, Urgency
from stacks.parts.failing_alarm import failing
from stacks.parts.metrics import HOUR, MINUTE, QUARTER_HOUR, AgentMetrics
from stacks.parts.outage_alarm import outage
from stacks.parts.reported import NEAR_LIMIT_PERCENT, Reported
from stacks.parts.seldom_alarm import failing_by_hour
from stacks.settings.alarm import AlarmSettings
from stacks.settings.function import FunctionSettings
from tradewind.contracts.agent_manifest import LONGEST_SILENCE_H
from tradewind.telemetry.metric_names import MetricName

NO_TRAFFIC: Final = "no-traffic"

#: Of an agent whose instances are all at work there is a start in these, and it is known: requests
#: last 15 minutes at most. And an event that is tried again for less than half an hour is in one
#: such period, or it is known when the next one has passed that it was let in.
_REFUSING_S: Final = 45 * MINUTE
#: With fewer requests in a quarter of an hour, one is the slowest hundredth.
_ENOUGH_FOR_P99: Final = 10
_STARTS_PERIOD_S: Final = 4 * HOUR
#: One start an hour is enough, even when the newest is not known yet.
_ENOUGH_STARTS: Final = 3
#: Hours in which a silence is told of once, should CloudWatch miss an evaluation.
_TOLD_WITHIN_H: Final = 168 - LONGEST_SILENCE_H


def agent_alarms(
    metrics: AgentMetrics, function: FunctionSettings, thresholds: AlarmSettings
) -> dict[str, AlarmSpec]:
    """The alarms on one agent, by symptom."""
    specs = [
        *_on_failures(metrics, thresholds),
        *_on_traffic(metrics, function),
        *_on_an_ailing_agent(metrics, function, thresholds),
        *_on_starts(metrics, thresholds),
    ]
    return {spec.symptom: spec for spec in specs}


def _on_failures(metrics: AgentMetrics, thresholds: AlarmSettings) -> Iterator[AlarmSpec]:
    ended = metrics.reported(Reported.DURATION, "SampleCount")
    failed = metrics.reported(Reported.FAILURES)
    yield failing(
        "errors",
        "requests failed by our fault or were stopped at their deadline",
        (failed, ended),
        "failed requests",
        thresholds,
    )
    yield failing_by_hour(
        "errors-by-hour",
        "the requests failed by our fault or were stopped at their deadline",
        (failed, ended),
        "failed requests by hour",
        thresholds,
    )
    yield outage(
        "outage",
        "the requests",
        "failed, were stopped at their deadline or turned away; up to "
        f"{ONE_EVENTS_THROTTLES} turned away are not counted",
        share_failed_or_turned_away(failed, ended, metrics.function("Throttles")),
        "failed or turned away",
    )


def _on_traffic(metrics: AgentMetrics, function: FunctionSettings) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        "throttles",
        f"Lambda turned more than {ONE_EVENTS_IN_HALF_AN_HOUR} requests away in half an hour, or "
        f"more than {ONE_EVENTS_IN_AN_HOUR} in an hour: every instance that the function "
        "may have was busy, and it was more than one event that Lambda tries again.",
        turned_away(metrics.function("Throttles")),
        label="throttled",
        unit="requests",
        threshold=ONE_EVENTS_IN_HALF_AN_HOUR,
        periods=HOURS_QUARTERS,
    )
    yield AlarmSpec(
        "turned-away",
        f"Within {_REFUSING_S // MINUTE} minutes requests came, and Lambda turned every one of "
        "them away.",
        refusal(metrics.function("Throttles", "Minimum", _REFUSING_S)),
        label="every one turned away",
        unit="1 if so",
        threshold=1,
        comparison=AT_LEAST,
        # It is over with the next request that is let in; who comes seldom has periods between.
        periods=6,
        breaching=2,
        urgency=Urgency.OUTAGE,
    )
    if function.expect_traffic_within_h is not None:
        yield AlarmSpec(
            NO_TRAFFIC,
            f"No request came for {function.expect_traffic_within_h} hours after the last one, and "
            "some were expected.",
            silence(metrics.function("Invocations", period_s=HOUR)),
            label="silent hours, 1 each",
            unit="hours",
            threshold=1,
            comparison=AT_LEAST,
            periods=function.expect_traffic_within_h + _TOLD_WITHIN_H,
            breaching=function.expect_traffic_within_h,
            missing=cloudwatch.TreatMissingData.IGNORE,
        )


def _on_an_ailing_agent(
    metrics: AgentMetrics, function: FunctionSettings, thresholds: AlarmSettings
) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        "latency",
        f"The slowest requests took more than {thresholds.p99_percent_of_timeout:g} % of the "
        f"timeout of {function.timeout_s} s, of at least {_ENOUGH_FOR_P99} in a quarter of an "
        "hour.",
        of_enough(metrics.reported(Reported.DURATION, "p99", QUARTER_HOUR), _ENOUGH_FOR_P99),
        label="p99, Lambda",
        unit="ms",
        threshold=function.timeout_s * 1000 * thresholds.p99_percent_of_timeout / 100,
        # A single slow request is not yet a trend; one at its deadline has an alarm of its own.
        periods=2,
        breaching=2,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "killed",
        "A request was cut short: Lambda killed it at its timeout or for its memory, its process "
        "died, or the agent stopped it shortly before the timeout.",
        # By the hour: one that is killed each hour is told of once.
        metrics.reported(Reported.CUT_SHORT, period_s=HOUR),
        label="killed or stopped in the hour",
        unit="requests",
        threshold=0,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "memory",
        f"A process used more than {NEAR_LIMIT_PERCENT} % of the {function.memory_mb} MB that it "
        "may use.",
        metrics.reported(Reported.MEMORY_USED, "Maximum", HOUR),
        label="most in the hour",
        unit="MB",
        threshold=function.memory_mb * NEAR_LIMIT_PERCENT / 100,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "dead-letters",
        "Asynchronous requests failed, and came to wait in the dead-letter queue.",
        # What comes, and not what lies there for two weeks. Lambda sends it; what SQS itself moves
        # to such a queue is not counted so.
        metrics.dead_letters("NumberOfMessagesSent").at("Sum").over(HOUR),
        label="new dead letters",
        unit="requests",
        threshold=0,
        urgency=Urgency.NOTICE,
    )


def _on_starts(metrics: AgentMetrics, thresholds: AlarmSettings) -> Iterator[AlarmSpec]:
    started = metrics.own(MetricName.INIT_TIME, "SampleCount", QUARTER_HOUR)
    yield AlarmSpec(
        "cold-starts",
        f"More than {thresholds.cold_start_percent:g} % of the requests waited for a process to "
        f"start, of at least {thresholds.cold_start_min_requests} in 15 minutes.",
        # Few requests are mostly cold, and nothing is wrong with that.
        share_of_enough(
            started,
            metrics.reported(Reported.DURATION, "SampleCount", QUARTER_HOUR),
            thresholds.cold_start_min_requests,
        ),
        label="cold requests",
        unit="%",
        threshold=thresholds.cold_start_percent,
        # Traffic that rises, or a deployment, starts processes for one quarter of an hour.
        periods=2,
        breaching=2,
        urgency=Urgency.NOTICE,
    )
    yield AlarmSpec(
        "init-time",
        f"Half of the processes took more than {thresholds.init_time_ms} ms to start, of at least "
        f"{_ENOUGH_STARTS} in four hours.",
        of_enough(metrics.own(MetricName.INIT_TIME, "p50", _STARTS_PERIOD_S), _ENOUGH_STARTS),
        label="p50 of four hours",
        unit="ms",
        threshold=thresholds.init_time_ms,
        # Where starts are as often a little above as below, one of two halves is not above.
        periods=2,
        breaching=2,
        urgency=Urgency.NOTICE,
    )
