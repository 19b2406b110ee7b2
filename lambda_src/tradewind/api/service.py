"""The life of one API call: who asks, what for, an answer or a problem, one log line."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, Self

from tradewind.api.caller import owner_of
from tradewind.api.door import Door
from tradewind.api.http import Answer, StreamedBody, read_event, write_answer
from tradewind.api.problems import problem
from tradewind.api.routing import Route, find_route
from tradewind.aws.deadline import calls_within
from tradewind.contracts.errors import AnswerTooLarge, InternalError, TradewindError
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.log_fields import API_CALL_DONE
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.metric_names import Dimension, MetricName, ProcessStart
from tradewind.telemetry.metrics import RequestMetrics
from tradewind.telemetry.process import ColdStart

#: Bytes that Lambda takes from a function; the body is a text within its answer.
_DELIVERY_LIMIT: Final = 6_291_556
#: Kept back from the function's time, for the answer to leave it.
_ANSWER_S: Final = 1.0
_NO_ROUTE: Final = "none"
_OUR_FAULT: Final = 500
_REFUSED: Final = 400


class CallMetrics(NamedTuple):
    """What a function's calls are counted as.

    Attributes:
        calls: 1 of each.
        errors: Whether it failed by our fault.
        refusals: Whether the caller has to mend something.
        latency: Its milliseconds.
        cold_start: Whether it was its process's first.
        init_time: Milliseconds from its process's start until it was ready, of the first.
    """

    calls: MetricName
    errors: MetricName
    refusals: MetricName
    latency: MetricName
    cold_start: MetricName
    init_time: MetricName


API_METRICS: Final = CallMetrics(
    calls=MetricName.API_CALLS,
    errors=MetricName.API_ERRORS,
    refusals=MetricName.API_REFUSALS,
    latency=MetricName.API_LATENCY,
    cold_start=MetricName.API_COLD_START,
    init_time=MetricName.API_INIT_TIME,
)


class ApiContext(Protocol):
    """The part of Lambda's context object that is used here."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda kills the function."""


@dataclass
class _Call:
    """What is known of a call while it is served."""

    route: str = _NO_ROUTE
    code: str | None = None
    status: int | None = None


class _Told:
    """A streamed body, whose call is reported when it ends or is closed."""

    def __init__(self, stream: StreamedBody, call: _Call, report: Callable[[], None]) -> None:
        self._stream = stream
        self._call = call
        self._report: Callable[[], None] | None = report

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._stream)
        except StopIteration:
            self.close()
            raise

    def close(self) -> None:
        report, self._report = self._report, None
        if report is None:
            return
        try:
            self._stream.close()
        finally:
            if self._stream.counts_as is not None:
                self._call.status, self._call.code = self._stream.counts_as
            report()


class ApiService:
    """Serves the API's calls, one at a time, in a process that is kept.

    Args:
        door: What the routes share.
        routes: What there is to call.
        cold_start: Of this process; told that it is ready.
        metrics: What the calls are counted as.
    """

    def __init__(
        self,
        door: Door,
        routes: Sequence[Route],
        cold_start: ColdStart,
        metrics: CallMetrics = API_METRICS,
    ) -> None:
        self._door = door
        self._routes = routes
        self._cold_start = cold_start
        self._counted = metrics
        self._cold_start.ready()

    @property
    def init_ms(self) -> float:
        """Milliseconds from process start until this service was ready."""
        return self._cold_start.init_ms

    def handle(self, event: Mapping[str, Any], context: ApiContext) -> dict[str, Any]:
        """Serve a proxy event; whatever happens, the answer is one that API Gateway takes.

        Where the answer streams its ``body`` is an iterator of bytes, which has to be closed.
        """
        started = time.perf_counter()
        cold = self._cold_start.take() is ProcessStart.COLD
        logger = get_logger()
        logger.thread_safe_clear_keys()
        logger.thread_safe_append_keys(lambda_request_id=context.aws_request_id)
        call = _Call()
        give_up = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _ANSWER_S
        with calls_within(lambda: max(0.0, give_up - time.monotonic())):
            answer = self._answer(event, call)
        delivered = self._deliver(answer, call)

        def report() -> None:
            self._report(call, delivered, cold, (time.perf_counter() - started) * 1000)

        if answer.stream is None:
            report()
        else:
            delivered["body"] = _Told(answer.stream, call, report)
        return delivered

    def _answer(self, event: Mapping[str, Any], call: _Call) -> Answer:
        try:
            request = read_event(event, owner_of(event))
            route, request = find_route(self._routes, request)
            call.route = f"{route.method} {route.path}"
            answer = route.serve(self._door, request)
        except TradewindError as error:
            call.code = error.code
            return problem(error)
        except Exception as error:
            log_defect("Unexpected error", error)
            call.code = InternalError.code
            return problem(InternalError("An unexpected error; the function's log has it."))
        if answer.counts_as is not None:
            call.status, call.code = answer.counts_as
        elif answer.status >= _REFUSED:  # the problem of a request that has failed
            call.code = answer.document["code"]
        return answer

    def _deliver(self, answer: Answer, call: _Call) -> dict[str, Any]:
        try:
            delivered = write_answer(answer)
            # Within the function's answer every quote and line break has a backslash before it.
            weight = len(delivered["body"].encode()) + sum(map(delivered["body"].count, '"\\\n'))
            if weight < _DELIVERY_LIMIT - 10_000:
                return delivered
            failure: TradewindError = AnswerTooLarge("The answer is larger than Lambda delivers.")
        except Exception as error:
            log_defect("The answer cannot be encoded", error)
            failure = InternalError("The answer cannot be encoded; the log has the cause.")
        call.code, call.status = failure.code, None
        return write_answer(problem(failure))

    def _report(
        self, call: _Call, delivered: Mapping[str, Any], cold: bool, duration_ms: float
    ) -> None:
        """Tell log and metrics. Failing to changes no answer."""
        status = call.status or delivered["statusCode"]
        try:
            logger = get_logger()
            (logger.error if status >= _OUR_FAULT else logger.info)(
                API_CALL_DONE,
                route=call.route,
                status=status,
                error_code=call.code,
                duration_ms=round(duration_ms, 1),
                cold_start=cold,
            )
            environment = self._door.environment.environment
            metrics = RequestMetrics({Dimension.ENVIRONMENT: environment})
            metrics.annotate(route=call.route, error_code=call.code or "none")
            counted = self._counted
            metrics.add(counted.calls, 1)
            metrics.add(counted.errors, status >= _OUR_FAULT)
            metrics.add(counted.refusals, _REFUSED <= status < _OUR_FAULT)
            metrics.add(counted.latency, duration_ms)
            metrics.add(counted.cold_start, cold)
            # Those that are come with lines of their own; without any, there still is a number.
            metrics.add(MetricName.REQUESTS_SHED, 0)
            metrics.add(MetricName.REQUESTS_NOT_STARTED, 0)
            metrics.add(MetricName.QUESTIONS_NOT_ANSWERED, 0)
            metrics.add(MetricName.ANSWERS_NOT_TAKEN_UP, 0)
            if cold:
                metrics.add(counted.init_time, self.init_ms)
            metrics.flush()
        except Exception as error:
            log_defect("The call could not be reported", error)
