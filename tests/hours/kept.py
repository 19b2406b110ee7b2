"""What AWS keeps of the hours: the lines of each log group, and the services' own metrics."""

import contextlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from cli.alarm_stories import Tradewind
from devtools.cloudwatch.alarms import Alarm
from devtools.cloudwatch.matching import Source
from devtools.contract import load_catalogue
from devtools.dashboard.assembly import Assembly, read_assembly
from devtools.dashboard.preview import Preview
from devtools.dashboard.sources import EmulatedAccount
from devtools.stories.effects import Effects, report
from devtools.stories.happenings import Request, RequestEnd
from devtools.stories.template import Deployed, read_deployed
from stacks import names
from stacks.parts.reported import REPORTED, Reported
from tests.hours.requests import BEGIN_S, END_S, NOW, Hour, Served, served
from tradewind.contracts.names import API, SWEEP, EnvVar
from tradewind.telemetry.metric_names import NAMESPACE, START, Dimension, MetricName, ProcessStart
from tradewind.telemetry.metrics import RequestMetrics

ACCOUNT, REGION = "000000000000", "us-east-1"
_MINUTE_S: Final = 60
_USD_PER_CALL: Final = 0.012


def preview_of(folder: Path, hour: Hour) -> Preview:
    """The dashboards of the synthesized app in a folder, on an hour's data."""
    assembly = read_assembly(folder, account=ACCOUNT, region=REGION)
    kept = KeptHours(hour, assembly, read_deployed(folder))
    source = EmulatedAccount(kept, f"a made-up hour: {hour}", assembly.alarms, lambda: NOW)
    return Preview(assembly, source, lambda: NOW)


class KeptHours:
    """What boto3's clients of Logs and CloudWatch answer, from memory.

    Args:
        hour: What the last hour is like.
        assembly: The app.
        deployed: The same, as stories read it.
    """

    def __init__(self, hour: Hour, assembly: Assembly, deployed: Deployed) -> None:
        self._deployed = deployed
        self._events: dict[str, list[tuple[float, str]]] = {}
        self._values: dict[Source, list[tuple[float, float]]] = {}
        self._agents = {
            variables[EnvVar.AGENT]: variables
            for function in deployed.functions.values()
            if EnvVar.AGENT in (variables := function.variables)
        }
        self._environment = next(iter(self._agents.values()))[EnvVar.ENVIRONMENT]
        #: Which version an alarm on an agent's newest one looks at, by the function.
        newest = {
            dimensions["FunctionName"]: dimensions["ExecutedVersion"]
            for alarm in assembly.alarms.values()
            if isinstance(alarm, Alarm)
            for metric in alarm.metrics.values()
            if "ExecutedVersion" in (dimensions := dict(metric.dimensions))
        }
        self._effects = Effects(Tradewind(deployed), deployed, None, newest)
        requests = list(served(hour, list(self._agents)))
        newest_version = max(one.version for one in requests)
        for one in requests:
            self._keep(one, by_newest=one.version == newest_version)
        self._keep_the_rest()
        for events in self._events.values():
            events.sort()

    def _keep(self, one: Served, *, by_newest: bool) -> None:
        name = names.function_name(self._environment, one.agent)
        function = (("FunctionName", name),)
        self._publish("AWS/Lambda", "ConcurrentExecutions", function, one.start, one.at_once)
        request = _as_request(one)
        for effect in self._effects.of_request(request, by_newest):
            # What is printed is in the log, from where the source takes it.
            if effect.source[0] != NAMESPACE:
                self._publish(
                    *effect.source, one.end if effect.at_end else one.start, effect.amount
                )
        if one.ends is RequestEnd.THROTTLED:
            return
        self._publish("AWS/Lambda", "AsyncEventAge", function, one.start, one.age_ms)
        line = json.loads(report(request, self._deployed.functions[name]))
        line["record"]["requestId"] = _request_id(one)
        self._log(one.agent, one.end, json.dumps(line))
        if not one.ends.is_killed:
            for printed in self._printed(one):
                self._log(one.agent, one.end, printed)
        self._keep_calls(one)

    def _keep_calls(self, one: Served) -> None:
        """What Bedrock counts, of killed requests too."""
        model = (("ModelId", self._agents[one.agent][EnvVar.MODEL_ID]),)
        at = one.start
        for took_ms in one.model_calls:
            for metric, count in {
                "Invocations": 1,
                "InvocationLatency": took_ms - 30,
                "TimeToFirstToken": took_ms // 5,
                "InputTokenCount": 900,
                "OutputTokenCount": took_ms // 20,
                "CacheReadInputTokens": 2_400,
                "CacheWriteInputTokens": 200,
                "EstimatedTPMQuotaUsage": 4_000 + took_ms // 4,
            }.items():
                self._publish("AWS/Bedrock", metric, model, at, count)
            at += took_ms / 1000

    def _keep_the_rest(self) -> None:
        """The API and the sweep, which are well; and the dead letters, of which there are none."""
        gateway = (("ApiName", names.api_name(self._environment)), ("Stage", names.API_STAGE))
        for minute in range(int((END_S - BEGIN_S) / _MINUTE_S)):
            at = BEGIN_S + minute * _MINUTE_S
            calls = 2 + minute * 7 % 5
            for metric, count in {"Count": 1, "5XXError": 0, "4XXError": 0, "Latency": 180}.items():
                for number in range(calls):
                    self._publish("AWS/ApiGateway", metric, gateway, at + number, count)
            if minute % 5:
                continue
            for function in (SWEEP, API):
                by_name = (("FunctionName", names.function_name(self._environment, function)),)
                self._publish("AWS/Lambda", "Invocations", by_name, at, 1)
                self._publish("AWS/Lambda", "Errors", by_name, at, 0)
            for agent in self._agents:
                queue = names.dead_letter_queue_name(self._environment, agent)
                for metric in ("ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent"):
                    self._publish("AWS/SQS", metric, (("QueueName", queue),), at, 0)

    def _printed(self, one: Served) -> Iterator[str]:
        """The request's line, as ``handlers.request_report`` has it."""
        metrics = RequestMetrics(
            {
                Dimension.ENVIRONMENT: self._environment,
                Dimension.AGENT: one.agent,
                Dimension.MODEL: self._agents[one.agent][EnvVar.MODEL_ID],
            }
        )
        failed = one.ends is RequestEnd.FAILED
        metrics.annotate(
            request_id=_request_id(one),
            error_code="INTERNAL_ERROR" if failed else "none",
            **{START: ProcessStart.COLD if one.cold_ms else ProcessStart.WARM},
        )
        opened = 1 if one.cold_ms or one.number % 7 == 0 else 0
        for name, amount in _values(one, opened).items():
            metrics.add(name, amount)
        for took_ms in one.model_calls:
            metrics.add(MetricName.MODEL_LATENCY, took_ms)
            metrics.add(MetricName.TIME_TO_FIRST_TOKEN, took_ms // 5 + 20)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            metrics.flush()
        for text in printed.getvalue().splitlines():
            line = json.loads(text)
            line["_aws"]["Timestamp"] = int(one.end * 1000)
            yield json.dumps(line)

    def _log(self, agent: str, at: float, line: str) -> None:
        group = names.log_group_name(self._environment, agent)
        self._events.setdefault(group, []).append((at, line))

    def _publish(
        self,
        namespace: str,
        name: str,
        dimensions: Sequence[tuple[str, str]],
        at: float,
        amount: float,
    ) -> None:
        source = (namespace, name, tuple(sorted(dimensions)))
        self._values.setdefault(source, []).append((at, amount))

    def client(self, _service: str, **_options: Any) -> "KeptHours":
        """Both clients."""
        return self

    def get_paginator(self, _name: str) -> "KeptHours":
        """Of the log groups."""
        return self

    def paginate(self) -> list[dict[str, Any]]:
        """All of them."""
        return [{"logGroups": [{"logGroupName": group} for group in self._events]}]

    def filter_log_events(self, **asked: Any) -> dict[str, Any]:
        """A group's lines."""
        found = [
            {"timestamp": int(at * 1000), "logStreamName": "stream", "message": line}
            for at, line in self._events[asked["logGroupName"]]
            if asked["startTime"] <= at * 1000 <= asked["endTime"]
        ]
        return {"events": found[: asked["limit"]]}

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        """A metric's values, by the second."""
        dimensions = tuple(sorted((one["Name"], one["Value"]) for one in asked["Dimensions"]))
        source = (asked["Namespace"], asked["MetricName"], dimensions)
        seconds: dict[int, list[float]] = {}
        for at, amount in self._values.get(source, ()):
            if asked["StartTime"].timestamp() <= at < asked["EndTime"].timestamp():
                seconds.setdefault(int(at), []).append(amount)
        unit = _unit(*source[:2]) if seconds else ""
        return {"Datapoints": list(_points(seconds, unit))}


@cache
def _unit(namespace: str, name: str) -> str:
    if name in REPORTED:
        return REPORTED[Reported(name)].unit
    return load_catalogue()[namespace].metrics[name].unit


def _points(seconds: Mapping[int, list[float]], unit: str) -> Iterator[dict[str, Any]]:
    for at, amounts in seconds.items():
        yield {
            "Timestamp": datetime.fromtimestamp(at, UTC),
            "SampleCount": float(len(amounts)),
            "Sum": float(sum(amounts)),
            "Minimum": float(min(amounts)),
            "Maximum": float(max(amounts)),
            "Unit": unit,
        }


def _as_request(one: Served) -> Request:
    return Request(
        agent=one.agent,
        ends=one.ends,
        takes_ms=one.takes_ms,
        cold_ms=one.cold_ms,
        restored_ms=0,
        memory_mb=one.memory_mb,
        cost_usd=0,
        model_calls=0,
        model_errors=0,
        model_throttles=0,
    )


def _request_id(one: Served) -> str:
    # As long as a real one, so that tables are as wide as they will be.
    return str(uuid5(NAMESPACE_OID, f"{one.agent} {one.number}"))


def _values(one: Served, opened: int) -> dict[MetricName, float]:
    calls = len(one.model_calls)
    values: dict[MetricName, float] = dict.fromkeys(_ZEROS, 0)
    values |= {
        MetricName.INVOCATIONS: 1,
        MetricName.ERRORS: one.ends is RequestEnd.FAILED,
        MetricName.INVOCATION_LATENCY: one.takes_ms,
        MetricName.FUNCTION_VERSION: one.version,
        MetricName.COLD_START: bool(one.cold_ms),
        MetricName.CLIENT_CREATED: bool(one.cold_ms),
        MetricName.CLIENT_REUSED: not one.cold_ms,
        MetricName.CONNECTIONS_OPENED: opened,
        MetricName.CONNECTION_REUSED: not opened,
        MetricName.MODEL_CALLS: calls,
        MetricName.INPUT_TOKENS: 900 * calls,
        MetricName.OUTPUT_TOKENS: sum(one.model_calls) // 20,
        MetricName.CACHE_READ_TOKENS: 2_400 * calls,
        MetricName.CACHE_WRITE_TOKENS: 200 * calls,
        MetricName.TOOL_CALLS: max(calls - 1, 0),
        MetricName.ESTIMATED_COST: _USD_PER_CALL * calls,
    }
    if opened:
        values[MetricName.CONNECTION_TIME] = 38 + one.number % 20
    if one.cold_ms:
        values |= {
            MetricName.INIT_TIME: one.cold_ms,
            MetricName.INIT_RUNTIME_TIME: one.cold_ms // 6,
            MetricName.INIT_IMPORT_TIME: one.cold_ms * 2 // 3,
            MetricName.INIT_CLIENT_TIME: one.cold_ms // 8,
            MetricName.FIRST_CONNECTION_TIME: values[MetricName.CONNECTION_TIME],
        }
    return values


#: What each request says is 0, when nothing is wrong.
_ZEROS: Final[Iterable[MetricName]] = (
    MetricName.REJECTED_REQUESTS,
    MetricName.DEADLINE_STOPS,
    MetricName.REPEATED_REQUESTS,
    MetricName.RECORDS_NOT_FINISHED,
    MetricName.RECORDS_SETTLED,
    MetricName.RETIRED_CONNECTIONS,
    MetricName.MODEL_RETRIES,
    MetricName.MODEL_ERRORS,
    MetricName.MODEL_THROTTLES,
    MetricName.TOOL_ERRORS,
    MetricName.QUESTIONS_ASKED,
    MetricName.BUDGET_REFUSALS,
    MetricName.RESERVATIONS_NOT_SETTLED,
    MetricName.LEFTOVER_THREADS,
    MetricName.PROCESSES_RETIRED,
)
