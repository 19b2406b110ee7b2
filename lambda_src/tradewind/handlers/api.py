"""The Lambda entry point of the API's function, which API Gateway invokes."""

import gc
import os
from typing import Any

from tradewind.api.door import open_door
from tradewind.api.routes import ROUTES
from tradewind.api.service import ApiContext, ApiService
from tradewind.contracts.api_environment import ApiEnvironment
from tradewind.handlers import COLD_START
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs


def _create_service() -> ApiService:
    keep_words_out_of_logs()
    environment = ApiEnvironment.from_variables(os.environ)
    COLD_START.imported()
    return ApiService(open_door(environment), ROUTES, COLD_START)


_service = _create_service()
gc.enable()
gc.freeze()  # what the imports built lives as long as the process


def handler(event: dict[str, Any], context: ApiContext) -> dict[str, Any]:
    """Serve one call. See ``ApiService.handle``."""
    return _service.handle(event, context)
