"""The Lambda entry point of the API's function, which API Gateway invokes."""

import gc
import os
from typing import Any

from tradewind.api.door import Door
from tradewind.api.invoker import Invoker
from tradewind.api.routes import ROUTES
from tradewind.api.service import ApiContext, ApiService
from tradewind.aws.clients import AwsClients
from tradewind.aws.repeats import Once, Repeated
from tradewind.contracts.api_environment import ApiEnvironment
from tradewind.handlers import COLD_START
from tradewind.records.table import RecordTable
from tradewind.telemetry.wordless_logs import keep_words_out_of_logs

#: Longer than anybody waits: a call's own time ends it.
_READ_TIMEOUT_S = 60.0


def _create_service() -> ApiService:
    keep_words_out_of_logs()
    environment = ApiEnvironment.from_variables(os.environ)
    COLD_START.imported()
    aws = AwsClients()
    # Each write of ours recognises itself, so the table may be asked twice.
    dynamodb = aws.create("dynamodb", repeats=Repeated(may_run_twice=True))
    functions = aws.create("lambda", repeats=Once(), read_timeout_s=_READ_TIMEOUT_S)
    door = Door(
        environment=environment,
        aws=aws,
        dynamodb=dynamodb,
        records=RecordTable(environment.records_table, dynamodb),
        invoker=Invoker(environment.environment, functions),
    )
    return ApiService(door, ROUTES, COLD_START)


_service = _create_service()
gc.enable()
gc.freeze()  # what the imports built lives as long as the process


def handler(event: dict[str, Any], context: ApiContext) -> dict[str, Any]:
    """Serve one call. See ``ApiService.handle``."""
    return _service.handle(event, context)
