"""Which log lines tell of the requests that an alarm is about.

Filter patterns, as CloudWatch Logs has them. Lines of metrics come at every log level, and name a
request; a process that is killed prints none, and Lambda reports it. A failure has a line
``platform.runtimeDone`` besides its report, so patterns ask for the type.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from stacks.parts.reported import DEATHS, NEAR_LIMIT_PERCENT, REPORTED, Reported
from tradewind.contracts.names import API, AUTHORIZER, DURABLE, MCP, PROBE, SWEEP
from tradewind.telemetry.log_fields import API_CALL_DONE, PROBE_DONE
from tradewind.telemetry.metric_names import START, MetricName, ProcessStart

_FIELD: Final = re.compile(r"\$\.(\w+)")

#: An event of CloudWatch Logs.
Event = dict[str, Any]


@dataclass(frozen=True)
class Behind:
    """The lines behind an alarm.

    Attributes:
        condition: Which lines, in the language of filter patterns.
        function: Whose log they are in; None for the agent that the alarm is on, or for whichever.
        of_agents: Whether a function that is no agent tells of agents' requests.
        whole: Whether the function's other lines name no request, so that all are to be read.
        choose: Which of the events that match, where no pattern can say it.
        looks_back_h: So many hours before the alarm went off its first lines may be: all that it
            looks at, and a while for what began before that.
    """

    condition: str
    function: str | None = None
    of_agents: bool = False
    whole: bool = False
    choose: Callable[[Iterable[Event]], Iterable[Event]] = iter
    looks_back_h: int = 4

    @property
    def pattern(self) -> str:
        """The filter pattern."""
        return f"{{ {self.condition} }}"

    def commands(self, symptom: str, agent: str, span: str, environment: str) -> tuple[str, str]:
        """What to type for the requests that an alarm is about, and for the lines of one of them.

        Args:
            symptom: The alarm's.
            agent: Which agent's.
            span: How far to look back, such as ``3h``.
            environment: Whose.
        """
        function, where = self.function or agent, f"--since {span} --env {environment}"
        lines = f"./tradewind logs {agent if self.of_agents else function}"
        return (
            f"./tradewind logs {function} --alarm {symptom} {where}",
            f"{lines} {where}" if self.whole else f"{lines} --request REQUEST_ID {where}",
        )

    @property
    def fields(self) -> frozenset[str]:
        """What the lines are chosen by."""
        return frozenset(_FIELD.findall(self.condition))


def _above_zero(*metrics: MetricName) -> str:
    return " || ".join(f"($.{metric} > 0)" for metric in metrics)


def _record(event: Event) -> Mapping[str, Any]:
    """What Lambda's report says; nothing of a line of the function's own."""
    line = json.loads(event["message"])
    record: Mapping[str, Any] = line.get("record", {})
    return record


def told_once(events: Iterable[Event]) -> Iterator[Event]:
    """Leave out Lambda's reports of requests whose own lines tell of the failure, and say more.

    A process serves one request at a time, and has a log stream of its own: the report after a
    request's line is the same request's. Which errors a handler raised, a report does not say: a
    process that cannot start ends by the same one, and has no line.
    """
    told = set[Any]()
    for event in events:
        stream, record = event.get("logStreamName"), _record(event)
        if not record:
            # To Lambda what was stopped ended well, and its report is not among these.
            if not json.loads(event["message"]).get(MetricName.DEADLINE_STOPS):
                told.add(stream)
        elif stream in told:
            told.remove(stream)
            if record["status"] == "error" and record.get("errorType") not in DEATHS:
                continue
        yield event


def near_limit(events: Iterable[Event]) -> Iterator[Event]:
    """Only Lambda's reports of processes near the end of their memory.

    A pattern compares no field with another, and the limit may have been changed meanwhile.
    """
    for event in events:
        metrics = _record(event)["metrics"]
        if metrics["maxMemoryUsedMB"] > metrics["memorySizeMB"] * NEAR_LIMIT_PERCENT / 100:
            yield event


#: Whatever an invocation of a function ended by, if not well.
_REPORTED: Final = '($.type = "platform.report" && $.record.status != "success")'
_KILLED: Final = f'($.type = "platform.report" && {REPORTED[Reported.KILLS].condition})'
_STOPPED: Final = _above_zero(MetricName.DEADLINE_STOPS)
_FAILED: Final = Behind(f"{_above_zero(MetricName.ERRORS)} || {_REPORTED}", choose=told_once)
#: Whoever asked has no whole answer.
_LOST: Final = replace(_FAILED, condition=f"{_FAILED.condition} || {_STOPPED}")
_EVERY_REQUEST: Final = Behind(_above_zero(MetricName.INVOCATION_LATENCY))
_CALL: Final = f'$.message = "{API_CALL_DONE}"'
_FAILED_CALL: Final = f"({_CALL} && $.status >= 500) || {_REPORTED}"
_FAILED_TOKEN: Final = Behind(
    f'{_REPORTED} || ($.level = "WARNING") || ($.level = "ERROR")', AUTHORIZER, whole=True
)
#: Of alarms that remember: the memory, and the three hours for which what was too much is told of.
_REMEMBERS_H: Final = 6
#: Of alarms that page for others, those by the hour among them: what they are about, most often.
_BY_HOUR_H: Final = 16
#: No alarm looks at more than a week.
_A_WEEK_H: Final = 7 * 24 + 1

#: By the alarm's symptom.
BEHIND: Final[Mapping[str, Behind]] = {
    **dict.fromkeys(("errors", "outage"), replace(_LOST, looks_back_h=_REMEMBERS_H)),
    "errors-by-hour": replace(_LOST, looks_back_h=_A_WEEK_H),
    "unwell": replace(_LOST, looks_back_h=_BY_HOUR_H),
    "dead-letters": _FAILED,
    "version-failing": replace(_FAILED, looks_back_h=9),
    **dict.fromkeys(("throttles", "latency", "version-slower"), _EVERY_REQUEST),
    "turned-away": replace(_EVERY_REQUEST, looks_back_h=6),
    "no-traffic": replace(_EVERY_REQUEST, looks_back_h=_A_WEEK_H),
    "killed": Behind(f"{_STOPPED} || {_KILLED}"),
    "memory": Behind(
        '$.type = "platform.report" && $.record.metrics.maxMemoryUsedMB > 0', choose=near_limit
    ),
    "cold-starts": Behind(f'$.{START} = "{ProcessStart.COLD}"'),
    "init-time": Behind(_above_zero(MetricName.INIT_TIME), looks_back_h=9),
    "runtime-failed-calls": Behind(_above_zero(MetricName.RUNTIME_ERRORS)),
    "runtime-throttled-calls": Behind(_above_zero(MetricName.RUNTIME_THROTTLES)),
    "runtime-first-chunk": Behind(_above_zero(MetricName.RUNTIME_TIME_TO_FIRST_CHUNK)),
    "runtime-interruptions": Behind(_above_zero(MetricName.RUNTIME_INTERRUPTIONS)),
    "bedrock-errors": Behind(_above_zero(MetricName.MODEL_ERRORS)),
    "bedrock-throttles": Behind(_above_zero(MetricName.MODEL_THROTTLES)),
    **dict.fromkeys(("cost", "cost-runaway"), Behind(_above_zero(MetricName.ESTIMATED_COST))),
    "retired-processes": Behind(_above_zero(MetricName.PROCESSES_RETIRED)),
    "requests-not-logged": Behind(_above_zero(MetricName.REQUESTS_NOT_LOGGED)),
    "records-settled": Behind(_above_zero(MetricName.RECORDS_SETTLED), SWEEP, of_agents=True),
    "requests-not-started": Behind(
        _above_zero(MetricName.REQUESTS_NOT_STARTED),
        SWEEP,
        of_agents=True,
        # Lambda keeps a request for six hours at most before it is told of.
        looks_back_h=8,
    ),
    "sweep-failures": Behind(_REPORTED, SWEEP, whole=True),
    "versions-refused": Behind(
        f'$.message = "{PROBE_DONE}" && $.passed IS FALSE', PROBE, whole=True
    ),
    "probe-failures": Behind(_REPORTED, PROBE, whole=True),
    "durable-failures": Behind(_REPORTED, DURABLE, whole=True),
    **dict.fromkeys(
        ("api-failures", "api-outage"), Behind(_FAILED_CALL, API, looks_back_h=_REMEMBERS_H)
    ),
    "api-failures-by-hour": Behind(_FAILED_CALL, API, looks_back_h=_A_WEEK_H),
    "api-unwell": Behind(_FAILED_CALL, API, looks_back_h=_BY_HOUR_H),
    "api-errors": Behind(_REPORTED, API, looks_back_h=_REMEMBERS_H),
    **dict.fromkeys(("api-throttles", "api-latency"), Behind(_CALL, API)),
    **dict.fromkeys(
        ("mcp-failures", "mcp-outage"), Behind(_FAILED_CALL, MCP, looks_back_h=_REMEMBERS_H)
    ),
    "mcp-failures-by-hour": Behind(_FAILED_CALL, MCP, looks_back_h=_A_WEEK_H),
    "mcp-errors": Behind(_REPORTED, MCP, looks_back_h=_REMEMBERS_H),
    **dict.fromkeys(("mcp-throttles", "mcp-latency"), Behind(_CALL, MCP)),
    **dict.fromkeys(
        ("oidc-failures", "oidc-outage"), replace(_FAILED_TOKEN, looks_back_h=_REMEMBERS_H)
    ),
    "oidc-failures-by-hour": replace(_FAILED_TOKEN, looks_back_h=_A_WEEK_H),
}


def of_request(request_id: str) -> str:
    """The filter pattern of a request's lines, by its own id or by Lambda's."""
    quoted = request_id.replace("\\", "\\\\").replace('"', '\\"')
    fields = ("request_id", "lambda_request_id", "record.requestId")
    conditions = (f'($.{field} = "{quoted}")' for field in fields)
    return f"{{ {' || '.join(conditions)} }}"
