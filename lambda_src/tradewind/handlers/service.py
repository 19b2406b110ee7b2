"""The life of one request: check, record, run, record, answer."""

import asyncio
import contextvars
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from tradewind.bedrock.client import ClientPool
from tradewind.bedrock.deadline import Deadline
from tradewind.bedrock.meter import ModelMeter, current_meter
from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import DeadlineExceeded, InternalError, TradewindError
from tradewind.contracts.request import AgentRequest, parse_request
from tradewind.contracts.response import AgentAnswer, Failure, Performance, Usage
from tradewind.handlers.records import Records
from tradewind.run.definition import AgentDefinition
from tradewind.run.project import ArtifactStore, Project
from tradewind.run.runner import AgentRun, run_agent
from tradewind.telemetry.log_fields import REQUEST_DONE, Outcome
from tradewind.telemetry.logger import get_logger
from tradewind.telemetry.metric_names import Dimension, MetricName, Start
from tradewind.telemetry.metrics import RequestMetrics
from tradewind.telemetry.process import ColdStart, peak_memory_mb
from tradewind.telemetry.redaction import redact

# A process restored from a snapshot must not draw its siblings' samples.
_random = random.SystemRandom()


class LambdaContext(Protocol):
    """The part of Lambda's context object that is used here."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda kills the function."""


class InvocationFailed(Exception):
    """Fails the Lambda invocation. Its message is the answer as JSON.

    A failure that is not the caller's leaves the function as an error, so that Lambda counts it
    and an asynchronous event reaches the dead-letter queue instead of being lost.
    """

    def __init__(self, answer: AgentAnswer) -> None:
        super().__init__(answer.model_dump_json())
        self.answer = answer


@dataclass
class _Request:
    """What is known of a request while it runs."""

    request_id: str
    project: Project
    meter: ModelMeter
    started: float
    cold: bool
    run: AgentRun
    query: str = ""


class AgentService:
    """Serves one agent's requests, one at a time, in a process that is kept."""

    def __init__(
        self,
        *,
        environment: AgentEnvironment,
        definition: AgentDefinition,
        clients: ClientPool,
        store: ArtifactStore,
        records: Records,
        cold_start: ColdStart | None = None,
        finish_spans: Callable[[], object] = lambda: None,
    ) -> None:
        self._environment = environment
        self._definition = definition
        self._clients = clients
        self._store = store
        self._records = records
        self._finish_spans = finish_spans
        self._reported_creations = 0
        # One event loop for the process. Strands sends each model call through the loop's default
        # executor, whose size would otherwise follow the CPU count: 6 threads in a Lambda.
        self._runner = asyncio.Runner()
        self._runner.get_loop().set_default_executor(
            ThreadPoolExecutor(environment.max_connections, thread_name_prefix="model")
        )
        self._cold_start = cold_start or ColdStart()
        self._cold_start.ready()

    @property
    def init_ms(self) -> float:
        """Milliseconds from process start until this service was ready."""
        return self._cold_start.init_ms

    def close(self) -> None:
        """End the event loop and its threads, and drop idle connections."""
        self._runner.close()
        self._clients.close()

    def handle(self, event: object, context: LambdaContext) -> dict[str, Any]:
        """Serve one event.

        Returns:
            An ``AgentAnswer`` as JSON; ``success`` is false when the caller has to act.

        Raises:
            InvocationFailed: The request failed, and not by the caller's fault.
        """
        logger = get_logger()
        # Keys of the request's own context: a tool that is left behind at the deadline keeps its
        # request's, whoever is served meanwhile.
        logger.thread_safe_clear_keys()
        logger.thread_safe_append_keys(
            request_id=context.aws_request_id, lambda_request_id=context.aws_request_id
        )
        request = _Request(
            request_id=context.aws_request_id,
            project=self._project(AgentRequest(query="-")),
            meter=ModelMeter(),
            started=time.perf_counter(),
            cold=self._cold_start.take(),
            run=AgentRun(),
        )
        failure: TradewindError | None = None
        recorded = False
        try:
            parsed = parse_request(event, self._environment.agent)
            request.request_id = parsed.request_id or request.request_id
            request.project = self._project(parsed, request.request_id)
            logger.thread_safe_append_keys(
                request_id=request.request_id, project_id=request.project.project_id
            )
            request.query = parsed.query
            remaining_s = context.get_remaining_time_in_millis() / 1000
            self._records.start(
                request_id=request.request_id,
                project_id=request.project.project_id,
                agent=self._environment.agent,
                model_id=self._environment.model_id,
                remaining_s=remaining_s,
            )
            recorded = True
            request.run = self._run(parsed, request, Deadline(remaining_s))
            if request.run.stopped:
                failure = DeadlineExceeded(
                    "The function's time ran out. The response and the artifacts are what was done."
                )
        except TradewindError as error:
            failure = error
        except Exception:
            logger.exception("Unexpected error")
            failure = InternalError("An unexpected error; the function's log has it.")
        failure = self._record_artifacts(request, failure)
        answer = self._answer(request, failure)
        if recorded:
            answer, failure = self._finish_record(request, answer, failure)
        self._report(request, answer, failure)
        self._finish_spans()
        if failure is not None and not failure.answered:
            raise InvocationFailed(answer) from failure
        return answer.model_dump(mode="json")

    def _project(self, request: AgentRequest, request_id: str = "") -> Project:
        return Project(
            project_id=request.project_id or f"project-{uuid.uuid4().hex[:12]}",
            agent=self._environment.agent,
            parameters=request.parameters,
            store=self._store,
            reads_from=self._environment.reads_from,
            request_id=request_id,
        )

    def _run(self, parsed: AgentRequest, request: _Request, deadline: Deadline) -> AgentRun:
        # The runner would otherwise run everything in the context it was made in.
        context = contextvars.copy_context()
        context.run(current_meter.set, request.meter)
        work = run_agent(
            self._definition,
            parsed.query,
            request.project,
            deadline,
            self._environment,
            bedrock_client=self._clients.get(),
        )
        try:
            return self._runner.run(work, context=context)
        finally:
            self._clients.touch()

    def _record_artifacts(
        self, request: _Request, failure: TradewindError | None
    ) -> TradewindError | None:
        """Write the agent's manifest. Failing to is a failure, but never hides an earlier one."""
        try:
            request.project.record_artifacts()
        except TradewindError as error:
            get_logger().error(
                "Manifest not written", request_id=request.request_id, code=error.code
            )
            return failure or error
        return failure

    def _finish_record(
        self, request: _Request, answer: AgentAnswer, failure: TradewindError | None
    ) -> tuple[AgentAnswer, TradewindError | None]:
        """Write the record's end. Failing to is a failure, but never hides an earlier one."""
        try:
            self._records.finish(answer)
        except TradewindError as error:
            get_logger().error("Record not finished", error_code=error.code)
            if failure is None:
                return self._answer(request, error), error
        return answer, failure

    def _answer(self, request: _Request, failure: TradewindError | None) -> AgentAnswer:
        meter = request.meter
        return AgentAnswer(
            success=failure is None,
            statusCode=200 if failure is None else failure.status,
            agent=self._environment.agent,
            response=request.run.text,
            artifacts=request.project.artifacts,
            facts=request.project.facts,
            project_id=request.project.project_id,
            request_id=request.request_id,
            usage=Usage(
                input_tokens=meter.input_tokens,
                output_tokens=meter.output_tokens,
                cache_read_tokens=meter.cache_read_tokens,
                cache_write_tokens=meter.cache_write_tokens,
                model_calls=meter.calls,
                tool_calls=request.run.tool_calls,
            ),
            performance=Performance(
                coldStart=request.cold,
                initTime=round(self.init_ms, 1),
                executionTime=round((time.perf_counter() - request.started) * 1000, 1),
                connectionTime=round(meter.connection_ms, 1),
                connectionReused=meter.connections_opened == 0,
                memoryUsed=round(peak_memory_mb(), 1),
            ),
            error=failure
            and Failure(code=failure.code, message=failure.message, field=failure.field),
        )

    def _report(
        self, request: _Request, answer: AgentAnswer, failure: TradewindError | None
    ) -> None:
        """Log one line and print the request's metrics."""
        self._log(request, answer, failure)
        metrics = RequestMetrics(
            {
                Dimension.ENVIRONMENT: self._environment.environment,
                Dimension.AGENT: self._environment.agent,
                Dimension.MODEL: self._environment.model_id,
                Dimension.START: Start.COLD if request.cold else Start.WARM,
            }
        )
        metrics.annotate(
            request_id=request.request_id, error_code=failure.code if failure else "none"
        )
        self._add_outcome(metrics, answer, failure)
        self._add_start(metrics, request)
        self._add_model_use(metrics, request)
        metrics.flush()

    def _log(self, request: _Request, answer: AgentAnswer, failure: TradewindError | None) -> None:
        outcome = _outcome(failure)
        logger = get_logger()
        # A failure is logged as one, so that it stays visible at any level.
        (logger.error if outcome is Outcome.FAILED else logger.info)(
            REQUEST_DONE,
            outcome=outcome,
            error_code=failure.code if failure else None,
            estimated_cost_usd=self._cost_usd(request.meter),
            bedrock_request_ids=request.meter.request_ids,
            **answer.usage.model_dump(),
            **answer.performance.model_dump(),
        )
        if _random.uniform(0, 100) < self._environment.log_sample_percent:
            logger.info(
                "Sample",
                redacted_prompt=redact(request.query),
                redacted_answer=redact(answer.response),
            )

    def _cost_usd(self, meter: ModelMeter) -> float | None:
        prices = self._environment.prices
        if prices is None:
            return None
        cost = prices.cost_usd(
            input_tokens=meter.input_tokens,
            output_tokens=meter.output_tokens,
            cache_read=meter.cache_read_tokens,
            cache_write=meter.cache_write_tokens,
        )
        return round(cost, 8)

    def _add_outcome(
        self, metrics: RequestMetrics, answer: AgentAnswer, failure: TradewindError | None
    ) -> None:
        outcome = _outcome(failure)
        metrics.add(MetricName.INVOCATIONS, 1)
        metrics.add(MetricName.ERRORS, outcome is Outcome.FAILED)
        metrics.add(MetricName.REJECTED_REQUESTS, outcome is Outcome.REJECTED)
        metrics.add(MetricName.DEADLINE_STOPS, outcome is Outcome.STOPPED)
        metrics.add(MetricName.INVOCATION_LATENCY, answer.performance.executionTime)
        if self._environment.function_version.isdecimal():
            metrics.add(MetricName.FUNCTION_VERSION, int(self._environment.function_version))

    def _add_start(self, metrics: RequestMetrics, request: _Request) -> None:
        meter, start = request.meter, self._cold_start
        metrics.add(MetricName.COLD_START, request.cold)
        if request.cold:
            metrics.add(MetricName.INIT_TIME, start.init_ms)
            metrics.add(MetricName.INIT_RUNTIME_TIME, start.runtime_ms)
            metrics.add(MetricName.INIT_IMPORT_TIME, start.import_ms)
            metrics.add(MetricName.INIT_CLIENT_TIME, start.client_ms)
        created = self._clients.creations - self._reported_creations
        self._reported_creations = self._clients.creations
        metrics.add(MetricName.CLIENT_CREATED, created)
        metrics.add(MetricName.CLIENT_REUSED, created == 0 and meter.calls > 0)
        metrics.add(MetricName.CONNECTIONS_OPENED, meter.connections_opened)
        if meter.calls:
            metrics.add(MetricName.CONNECTION_REUSED, meter.connections_opened == 0)
        if meter.connections_opened:
            metrics.add(MetricName.CONNECTION_TIME, meter.connection_ms)
            if request.cold:
                metrics.add(MetricName.FIRST_CONNECTION_TIME, meter.connection_ms)

    def _add_model_use(self, metrics: RequestMetrics, request: _Request) -> None:
        meter = request.meter
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
        cost_usd = self._cost_usd(meter)
        if cost_usd is not None:
            metrics.add(MetricName.ESTIMATED_COST, cost_usd)
        metrics.add(MetricName.TOOL_CALLS, request.run.tool_calls)
        metrics.add(MetricName.TOOL_ERRORS, request.run.tool_errors)


def _outcome(failure: TradewindError | None) -> Outcome:
    if failure is None:
        return Outcome.SUCCEEDED
    if isinstance(failure, DeadlineExceeded):
        return Outcome.STOPPED
    return Outcome.REJECTED if failure.answered else Outcome.FAILED
