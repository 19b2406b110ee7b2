"""The Lambda entry point of the function that serves MCP, which API Gateway invokes."""

import gc
import os
from typing import Any

from tradewind.api.door import open_door
from tradewind.api.service import ApiContext, ApiService
from tradewind.contracts.api_environment import ApiEnvironment
from tradewind.handlers import COLD_START
from tradewind.handlers.event_kinds import is_completion
from tradewind.handlers.response_stream import (
    HTTP_ANSWER,
    Runtime,
    StreamedAnswer,
    hook_runtime,
    http_stream,
    require_streaming,
)
from tradewind.mcp.exchange import MCP_METRICS, ROUTES
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs


def _create_service() -> tuple[ApiService, Runtime]:
    keep_words_out_of_logs()
    environment = ApiEnvironment.from_variables(os.environ)
    COLD_START.imported()
    runtime = hook_runtime()
    require_streaming(runtime)
    return ApiService(open_door(environment), ROUTES, COLD_START, MCP_METRICS), runtime


_service, _runtime = _create_service()
gc.enable()
gc.freeze()  # what the imports built lives as long as the process


def handler(event: dict[str, Any], context: ApiContext) -> Any:
    """Serve one call. See ``ApiService.handle``."""
    if is_completion(event):
        return None
    chunks = http_stream(_service.handle(event, context))
    if _runtime is Runtime.NATIVE:
        return (chunk for chunk in chunks if chunk)
    return StreamedAnswer(
        chunks,
        content_type=HTTP_ANSWER,
        time_left_s=lambda: context.get_remaining_time_in_millis() / 1000,
    )
