"""What a request that is over leaves behind: one log line and its metrics."""

import random

from tradewind.bedrock.client import ClientPool
from tradewind.bedrock.meter import ModelMeter
from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import BudgetExceeded, DeadlineExceeded, SessionBusy, TradewindError
from tradewind.contracts.names import session_key, session_project
from tradewind.contracts.response import AgentAnswer
from tradewind.handlers.served import ServedRequest, cost_to_count, usage_of_run
from tradewind.run.agent_run import AgentRun
from tradewind.telemetry.log_fields import REQUEST_DONE, Outcome
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.metric_names import START, Dimension, MetricName, ProcessStart
from tradewind.telemetry.metrics import RequestMetrics
from tradewind.telemetry.process import ColdStart
from tradewind.telemetry.redaction import redact

# A process restored from a snapshot must not draw its siblings' samples.
_random = random.SystemRandom()


class RequestReporter:
    """Reports a process's requests, one after the other."""

    def __init__(
        self, environment: AgentEnvironment, cold_start: ColdStart, clients: ClientPool
    ) -> None:
        self._environment = environment
        self._cold_start = cold_start
        self._clients = clients
        self._reported_creations = 0

    def report(
        self, served: ServedRequest, answer: AgentAnswer, failure: TradewindError | None
    ) -> None:
        """Log one line and print the request's metrics."""
        outcome = Outcome.REPEATED if served.start.kept else _outcome(failure)
        if answer.question is not None:
            outcome = Outcome.WAITING
        self._log(served, answer, failure, outcome)
        metrics = RequestMetrics(
            {
                Dimension.ENVIRONMENT: self._environment.environment,
                Dimension.AGENT: self._environment.agent,
                Dimension.MODEL: self._environment.model_id,
            }
        )
        metrics.annotate(
            request_id=served.request_id,
            error_code=failure.code if failure else "none",
            **{START: served.process_start},
        )
        self._add_outcome(metrics, served, answer, outcome)
        self._add_start(metrics, served)
        metrics.add(MetricName.RETIRED_CONNECTIONS, served.meter.connections_retired)
        if served.runtime_meter is None:
            self._add_connections(metrics, served)
            _add_model_use(metrics, served.meter)
            _add_tool_use(metrics, served.run)
        else:  # whose models and tools are elsewhere
            for name, value in served.runtime_meter.values():
                metrics.add(name, value)
        cost_usd = cost_to_count(served)
        if cost_usd is not None:
            metrics.add(MetricName.ESTIMATED_COST, cost_usd)
        metrics.add(MetricName.QUESTIONS_ASKED, answer.question is not None)
        metrics.add(MetricName.BUDGET_REFUSALS, isinstance(failure, BudgetExceeded))
        unsettled = served.allowance.unsettled if served.allowance else 0
        metrics.add(MetricName.RESERVATIONS_NOT_SETTLED, unsettled)
        _add_turn(metrics, served, failure)
        metrics.add(MetricName.LEFTOVER_THREADS, served.leftover_threads)
        metrics.add(MetricName.PROCESSES_RETIRED, 0)
        if served.logged is not None and served.recorded is not None:
            metrics.add(MetricName.REQUESTS_NOT_LOGGED, served.logged.missing)
        metrics.flush()

    def report_retirement(self, reason: str, leftover_threads: int) -> None:
        """Log and count that the process is about to end itself."""
        get_logger().error("Ending the process", reason=reason, leftover_threads=leftover_threads)
        metrics = RequestMetrics(
            {
                Dimension.ENVIRONMENT: self._environment.environment,
                Dimension.AGENT: self._environment.agent,
            }
        )
        metrics.add(MetricName.PROCESSES_RETIRED, 1)
        metrics.flush()

    def _log(
        self,
        served: ServedRequest,
        answer: AgentAnswer,
        failure: TradewindError | None,
        outcome: Outcome,
    ) -> None:
        logger = get_logger()
        # What the request used before it asked a person has a line of its own.
        usage = usage_of_run(served)
        # A failure is logged as one, so that it stays visible at any level.
        (logger.error if outcome is Outcome.FAILED else logger.info)(
            REQUEST_DONE,
            outcome=outcome,
            error_code=failure.code if failure else None,
            agent=self._environment.agent,
            prompt_length=len(served.query),
            session=_session(served),
            estimated_cost_usd=usage.cost_usd,
            bedrock_request_ids=served.meter.request_ids,
            **usage.model_dump(exclude={"cost_usd"}),
            **answer.performance.model_dump(),
        )
        if _random.uniform(0, 100) < self._environment.log_sample_percent:
            logger.info(
                "Sample",
                redacted_prompt=redact(served.query),
                redacted_answer=redact(answer.response),
            )

    def _add_outcome(
        self,
        metrics: RequestMetrics,
        served: ServedRequest,
        answer: AgentAnswer,
        outcome: Outcome,
    ) -> None:
        metrics.add(MetricName.INVOCATIONS, 1)
        metrics.add(MetricName.ERRORS, outcome is Outcome.FAILED)
        metrics.add(MetricName.REJECTED_REQUESTS, outcome is Outcome.REJECTED)
        metrics.add(MetricName.DEADLINE_STOPS, outcome is Outcome.STOPPED)
        metrics.add(MetricName.REPEATED_REQUESTS, outcome is Outcome.REPEATED)
        metrics.add(MetricName.RECORDS_NOT_FINISHED, served.unfinished)
        metrics.add(MetricName.RECORDS_SETTLED, served.start.settled)
        metrics.add(MetricName.INVOCATION_LATENCY, answer.performance.executionTime)
        if self._environment.function_version.isdecimal():
            metrics.add(MetricName.FUNCTION_VERSION, int(self._environment.function_version))

    def _add_start(self, metrics: RequestMetrics, served: ServedRequest) -> None:
        start = self._cold_start
        metrics.add(MetricName.COLD_START, served.cold)
        if served.cold:
            metrics.add(MetricName.INIT_TIME, start.init_ms)
            metrics.add(MetricName.INIT_RUNTIME_TIME, start.runtime_ms)
            metrics.add(MetricName.INIT_IMPORT_TIME, start.import_ms)
            metrics.add(MetricName.INIT_CLIENT_TIME, start.client_ms)

    def _add_connections(self, metrics: RequestMetrics, served: ServedRequest) -> None:
        meter = served.meter
        created = self._clients.creations - self._reported_creations
        self._reported_creations = self._clients.creations
        metrics.add(MetricName.CLIENT_CREATED, created)
        metrics.add(MetricName.CLIENT_REUSED, created == 0 and meter.calls > 0)
        metrics.add(MetricName.CONNECTIONS_OPENED, meter.connections_opened)
        if meter.calls:
            metrics.add(MetricName.CONNECTION_REUSED, meter.connections_opened == 0)
        if meter.connections_opened:
            metrics.add(MetricName.CONNECTION_TIME, meter.connection_ms)
            if served.process_start is not ProcessStart.WARM:
                metrics.add(MetricName.FIRST_CONNECTION_TIME, meter.connection_ms)


def _session(served: ServedRequest) -> str | None:
    """A conversation's name in the log: the project of its turns. Its id is the caller's."""
    request = served.request
    if request is None or request.session_id is None:
        return None
    return session_project(session_key(owner=request.owner, session_id=request.session_id))


def _add_turn(
    metrics: RequestMetrics, served: ServedRequest, failure: TradewindError | None
) -> None:
    turn = served.turn
    metrics.add(MetricName.TURNS_APPENDED, turn is not None and turn.appended is True)
    metrics.add(MetricName.TURNS_LEFT_OUT, turn.left_out if turn else 0)
    metrics.add(MetricName.SESSIONS_BUSY, isinstance(failure, SessionBusy))


def _add_tool_use(metrics: RequestMetrics, run: AgentRun | None) -> None:
    metrics.add(MetricName.TOOL_CALLS, run.tool_calls if run else 0)
    metrics.add(MetricName.TOOL_ERRORS, run.tool_errors if run else 0)


def _add_model_use(metrics: RequestMetrics, meter: ModelMeter) -> None:
    for latency_ms in meter.latencies_ms:
        metrics.add(MetricName.MODEL_LATENCY, latency_ms)
    for first_token_ms in meter.first_token_ms:
        metrics.add(MetricName.TIME_TO_FIRST_TOKEN, first_token_ms)
    metrics.add(MetricName.MODEL_CALLS, meter.calls)
    metrics.add(MetricName.MODEL_RETRIES, meter.retries)
    metrics.add(MetricName.MODEL_ERRORS, meter.errors)
    metrics.add(MetricName.MODEL_THROTTLES, meter.throttles)
    metrics.add(MetricName.INPUT_TOKENS, meter.input_tokens)
    metrics.add(MetricName.OUTPUT_TOKENS, meter.output_tokens)
    metrics.add(MetricName.CACHE_READ_TOKENS, meter.cache_read_tokens)
    metrics.add(MetricName.CACHE_WRITE_TOKENS, meter.cache_write_tokens)


def _outcome(failure: TradewindError | None) -> Outcome:
    if failure is None:
        return Outcome.SUCCEEDED
    if isinstance(failure, DeadlineExceeded):
        return Outcome.STOPPED
    return Outcome.REJECTED if failure.answered else Outcome.FAILED
