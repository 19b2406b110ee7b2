"""The Lambda entry point of an agent function.

Everything a request can share is built here, at import: settings, prompt and tools, the pooled
Bedrock client, the storage clients. Lambda runs this once per process.
"""

import gc
import importlib
import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from tradewind.aws.repeats import Repeated
from tradewind.bedrock.client import get_client_pool, process_clients
from tradewind.budgets.budgets import Budgets
from tradewind.budgets.table import BudgetTable
from tradewind.contracts.environment import AgentEnvironment
from tradewind.conversations.table import SessionTable
from tradewind.handlers import COLD_START
from tradewind.handlers.after_answer import AfterAnswer, end_process
from tradewind.handlers.event_kinds import is_call, is_completion, is_http
from tradewind.handlers.response_stream import hook_runtime, require_streaming
from tradewind.handlers.service import AgentService, LambdaContext
from tradewind.records.progress import RecordedProgress
from tradewind.records.request_log import RequestLog
from tradewind.records.table import RecordTable
from tradewind.run.definition import AgentDefinition, AnswersCalls
from tradewind.run.s3_artifacts import S3ArtifactStore
from tradewind.telemetry.tracing import start_tracing
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs

if TYPE_CHECKING:
    from tradewind.handlers.streamed_requests import StreamedRequests


def _create_services() -> "tuple[AgentService, Callable[[], StreamedRequests], Callable[..., Any]]":
    keep_words_out_of_logs()
    environment = AgentEnvironment.from_variables(os.environ)
    # Only the function's own agent: its bundle holds no other agent's libraries.
    agent_module = importlib.import_module(f"agents.{environment.agent}.agent")
    definition: AgentDefinition = agent_module.DEFINITION
    COLD_START.imported()
    after_answer = AfterAnswer(start_tracing())
    aws, clients = process_clients(), get_client_pool()
    clients.get()
    # Each write of ours recognises itself, so storage may be asked twice.
    storage = Repeated(may_run_twice=True)
    s3 = aws.create("s3", repeats=storage)
    dynamodb = aws.create("dynamodb", repeats=storage)
    records = RecordTable(environment.records_table, dynamodb)
    runtime = hook_runtime()
    if environment.streams:
        require_streaming(runtime)
    sessions = SessionTable(
        environment.sessions_table, dynamodb, ttl_days=environment.session_ttl_days
    )
    budgets = Budgets(
        environment.budgets,
        environment.prices,
        BudgetTable(environment.budgets_table, dynamodb),
    )
    log = None
    if environment.request_log_table is not None:
        log = RequestLog(environment.request_log_table, dynamodb, days=environment.request_log_days)
    service = AgentService(
        environment=environment,
        definition=definition,
        clients=clients,
        store=S3ArtifactStore(environment.artifacts_bucket, s3),
        records=records,
        sessions=sessions,
        budgets=budgets,
        log=log,
        cold_start=COLD_START,
        after_answer=after_answer,
        retire=end_process if after_answer.hook() else None,
        # What the API has opened can be watched, and cancelled, over the API.
        progress_store=lambda recorded: (
            RecordedProgress(records.table, recorded) if recorded.accepted else None
        ),
    )

    @cache
    def streamed() -> "StreamedRequests":
        # Loaded for the first stream: it takes time that no other start should.
        from tradewind.handlers.stream_records import StreamRecords  # noqa: PLC0415
        from tradewind.handlers.streamed_requests import StreamedRequests  # noqa: PLC0415

        return StreamedRequests(
            runtime=runtime,
            service=service,
            records=StreamRecords(environment, records, sessions, s3, budgets),
        )

    def called(event: Mapping[str, Any], context: LambdaContext) -> Any:
        if not isinstance(definition, AnswersCalls):
            return service.handle(event, context)
        left_s = context.get_remaining_time_in_millis() / 1000
        return definition.answer_call(event, environment, left_s)

    return service, streamed, called


_service, _streamed, _called = _create_services()
gc.enable()
gc.freeze()  # what the imports built lives as long as the process


def handler(event: object, context: LambdaContext) -> Any:
    """Serve one invocation. See ``AgentService.handle`` and ``StreamedRequests.handle``."""
    if is_completion(event):
        return None
    if is_http(event):
        return _streamed().handle(event, context)
    if is_call(event):
        return _called(event, context)
    return _service.handle(event, context)
