"""The Lambda entry point of an agent function.

Everything a request can share is built here, at import: settings, prompt and tools, the pooled
Bedrock client, the storage clients. Lambda runs this once per process.
"""

import gc
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from tradewind.handlers.after_answer import end_process
from tradewind.handlers.agent_process import start_agent_process
from tradewind.handlers.event_kinds import is_call, is_completion, is_http
from tradewind.handlers.response_stream import hook_runtime, require_streaming
from tradewind.handlers.service import AgentService, LambdaContext
from tradewind.run.definition import AnswersCalls

if TYPE_CHECKING:
    from tradewind.handlers.streamed_requests import StreamedRequests


def _create_services() -> "tuple[AgentService, Callable[[], StreamedRequests], Callable[..., Any]]":
    process = start_agent_process(lambda after_answer: end_process if after_answer.hook() else None)
    runtime = hook_runtime()
    if process.environment.streams:
        require_streaming(runtime)

    @cache
    def streamed() -> "StreamedRequests":
        # Loaded for the first stream: it takes time that no other start should.
        from tradewind.handlers.stream_records import StreamRecords  # noqa: PLC0415
        from tradewind.handlers.streamed_requests import StreamedRequests  # noqa: PLC0415

        return StreamedRequests(
            runtime=runtime,
            service=process.service,
            records=StreamRecords(
                process.environment, process.records, process.sessions, process.s3, process.budgets
            ),
        )

    def called(event: Mapping[str, Any], context: LambdaContext) -> Any:
        definition = process.definition
        if not isinstance(definition, AnswersCalls):
            return process.service.handle(event, context)
        left_s = context.get_remaining_time_in_millis() / 1000
        return definition.answer_call(event, process.environment, left_s)

    return process.service, streamed, called


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
