"""What a request or a call leaves in CloudWatch.

AWS stamps Lambda's own metrics with the start of an invocation, and delivers them after its end.
What is printed, by the function or by Lambda, bears the time at which it was printed: the end.

Sources: "Types of metrics for Lambda functions" in the Lambda developer guide; "Lambda Telemetry
API Event schema reference" for report lines; "Log-level filtering" for what is dropped.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from devtools.cloudwatch.emf import extract
from devtools.cloudwatch.filter_pattern import matches, value
from devtools.cloudwatch.matching import Source
from devtools.stories.happenings import App, Call, CallEnd, Request, RequestEnd
from devtools.stories.template import Deployed, Function

_LAMBDA: Final = "AWS/Lambda"
_GATEWAY: Final = "AWS/ApiGateway"

#: At other levels Lambda drops what a function prints without a level.
_BELOW_INFO: Final = {"TRACE", "DEBUG", "INFO"}

#: How a report line names what killed an invocation, by its status and its type of error.
_KILLED: Final = {
    RequestEnd.TIMEOUT: ("timeout", None),
    RequestEnd.MEMORY: ("error", "Runtime.OutOfMemory"),
    RequestEnd.CRASH: ("error", "Runtime.ExitError"),
}


@dataclass(frozen=True, slots=True)
class Effect:
    """A value for a metric.

    Attributes:
        source: The metric.
        amount: The value.
        at_end: Whether it bears the time of the end, and not that of the start.
    """

    source: Source
    amount: float
    at_end: bool


class Effects:
    """What requests and calls of one app leave.

    Args:
        app: The app.
        deployed: What its templates describe.
        watched: The metrics that anybody looks at; nothing is made for others. None for all.
        newest: What the templates call the newest version of each function, by the function's name.
    """

    def __init__(
        self,
        app: App,
        deployed: Deployed,
        watched: frozenset[Source] | None,
        newest: dict[str, str],
    ) -> None:
        self._app = app
        self._deployed = deployed
        self._watched = watched
        self._newest = newest
        self.of_request = lru_cache(maxsize=None)(self._of_request)
        self.of_call = lru_cache(maxsize=None)(self._of_call)
        self.of_count = lru_cache(maxsize=None)(self._of_count)

    def function(self, name: str) -> Function:
        """An agent's function, or another one, by its name in the app.

        Raises:
            KeyError: The templates have none.
        """
        return self._deployed.functions[self._app.function_name(name)]

    def _of_request(self, request: Request, by_newest: bool) -> tuple[Effect, ...]:
        """Those of a request that the newest version served, or the one before it."""
        return self._kept(self._request(request, by_newest))

    def _of_call(self, call: Call) -> tuple[Effect, ...]:
        return self._kept(self._call(call))

    def _of_count(self, name: str, agent: str | None, amount: int) -> tuple[Effect, ...]:
        return self._kept(_extracted(self._app.printed_count(name, agent, amount)))

    def _kept(self, effects: Iterator[Effect]) -> tuple[Effect, ...]:
        watched = self._watched
        return tuple(effect for effect in effects if watched is None or effect.source in watched)

    def _request(self, request: Request, by_newest: bool) -> Iterator[Effect]:
        name = self._app.function_name(request.agent)
        if request.ends is RequestEnd.THROTTLED:
            yield from self._lambda(request.agent, {"Throttles": 1}, version=None)
            return
        counted = {
            "Invocations": 1,
            "Errors": int(request.ends.fails),
            "Duration": request.takes_ms,
            "Throttles": 0,
        }
        version = self._newest.get(name) if by_newest else None
        yield from self._lambda(request.agent, counted, version)
        yield from self._filtered(request.agent, report(request, self.function(request.agent)))
        if not request.ends.is_killed:
            printed = self._app.printed_by_request(request)
            yield from self._printed(request.agent, printed)

    def _call(self, call: Call) -> Iterator[Effect]:
        if (gateway := self._app.gateway_before(call.function)) is not None:
            failed = int(call.ends not in {CallEnd.OK, CallEnd.WITHIN_ANSWER})
            for metric, amount in {"Count": 1, "5XXError": failed, "4XXError": 0}.items():
                yield Effect((_GATEWAY, metric, tuple(sorted(gateway))), amount, at_end=False)
        if call.ends is CallEnd.THROTTLED:
            yield from self._lambda(call.function, {"Throttles": 1}, version=None)
            return
        counted = {
            "Invocations": 1,
            "Errors": int(call.ends.fails),
            "Duration": call.takes_ms,
            "Throttles": 0,
        }
        yield from self._lambda(call.function, counted, version=None)
        killed = call.ends is CallEnd.KILLED
        line = _report_line(
            "error" if call.ends.fails else "success",
            "Runtime.ExitError" if killed else None,
            {"durationMs": call.takes_ms},
        )
        yield from self._filtered(call.function, line)
        if not killed:
            yield from self._printed(call.function, self._app.printed_by_call(call))

    def _lambda(
        self, function: str, counted: Mapping[str, float], version: str | None
    ) -> Iterator[Effect]:
        by_function = ("FunctionName", self._app.function_name(function))
        by_alias = ("Resource", self._app.alias_of(function))
        sets: list[tuple[tuple[str, str], ...]] = [(), (by_function,), (by_function, by_alias)]
        if version is not None:
            sets.append((("ExecutedVersion", version), by_function, by_alias))
        for metric, amount in counted.items():
            for dimensions in sets:
                yield Effect((_LAMBDA, metric, dimensions), amount, at_end=False)

    def _printed(self, function: str, lines: Sequence[str]) -> Iterator[Effect]:
        # A line without a level counts as INFO.
        if self.function(function).log_level in _BELOW_INFO:
            yield from _extracted(lines)
            for line in lines:
                yield from self._filtered(function, line)

    def _filtered(self, function: str, line: str) -> Iterator[Effect]:
        log_group = self.function(function).log_group
        for read in self._deployed.filters:
            if read.log_group == log_group and matches(read.pattern, line):
                amount = value(read.value, line)
                if amount is not None:
                    yield Effect(read.metric, amount, at_end=True)


def report(request: Request, function: Function) -> str:
    """The line that Lambda writes when an invocation has ended."""
    status, error = _KILLED.get(
        request.ends, ("error" if request.ends is RequestEnd.FAILED else "success", None)
    )
    memory = function.memory_mb if request.ends is RequestEnd.MEMORY else request.memory_mb
    metrics = {
        "durationMs": request.takes_ms,
        "billedDurationMs": request.lasts_ms,
        "memorySizeMB": function.memory_mb,
        "maxMemoryUsedMB": memory,
    }
    if request.cold_ms:
        metrics["initDurationMs"] = request.cold_ms
    if request.restored_ms:
        metrics["restoreDurationMs"] = request.restored_ms
    return _report_line(status, error, metrics)


def _report_line(status: str, error: str | None, metrics: dict[str, int]) -> str:
    record: dict[str, Any] = {"requestId": "of-a-story", "metrics": metrics, "status": status}
    if error is not None:
        record["errorType"] = error
    return json.dumps({"type": "platform.report", "record": record})


def _extracted(lines: Sequence[str]) -> Iterator[Effect]:
    for line in lines:
        for datum in extract(line):
            source = (datum.namespace, datum.name, datum.dimensions)
            for number in datum.sample.values:
                yield Effect(source, number, at_end=True)
