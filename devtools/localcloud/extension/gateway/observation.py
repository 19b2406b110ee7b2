"""What API Gateway tells of a request: a line in the stage's access log, and its metrics.

The line is written as the role that the account has given API Gateway, and lost where that may not.

Executions are not logged, whatever the stage's logging level: their lines may hold bodies.
"""

import re
import time
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from ministack.core.responses import StreamingResponse
from ministack.services import apigateway_v1, cloudwatch

from devtools.localcloud.extension.gateway.errors import Response
from devtools.localcloud.extension.logs import LogStream

_VARIABLE = re.compile(r"\$context\.([A-Za-z]+(?:\.[A-Za-z]+)*)")
_GROUP = re.compile(r"^arn:aws:logs:[^:]*:[^:]*:log-group:(?P<name>[^:*]+)")


def observed(response: Response, api_id: str, stage: str, notes: dict[str, Any]) -> Response:
    """Report on a request once its answer is whole: at once, or when its stream has ended."""
    status, headers, body = response
    notes["status"] = int(status)
    if not isinstance(body, StreamingResponse):
        notes["responseLength"] = len(body)
        _report(api_id, stage, notes)
        return response
    run = body.runner

    async def run_and_report(send: Any, receive: Any) -> None:
        sent = 0

        async def count_and_send(message: Mapping[str, Any]) -> None:
            nonlocal sent
            sent += len(message.get("body", b""))
            await send(message)

        try:
            await run(count_and_send, receive)
        finally:
            notes["responseLength"] = sent
            _report(api_id, stage, notes)

    return status, headers, StreamingResponse(run_and_report)


def _report(api_id: str, stage_name: str, notes: dict[str, Any]) -> None:
    notes["responseLatency"] = int((time.monotonic() - notes["started"]) * 1000)
    scope = apigateway_v1.find_api_scope(api_id)
    if scope is None:
        return  # deleted while it served this request
    with apigateway_v1.request_scope(*scope):
        stage = apigateway_v1.stages_for_api(api_id).get(stage_name)
        if stage is None:
            return
        _count(apigateway_v1._rest_apis.get(api_id)["name"], stage_name, notes)
        settings = stage.get("accessLogSettings") or {}
        group = _GROUP.match(settings.get("destinationArn", ""))
        account = apigateway_v1._account_settings.get("settings") or {}
        role = account.get("cloudwatchRoleArn")
        if group and role:
            _stream(group["name"], role).write(_line(settings["format"], notes))


def _line(template: str, notes: Mapping[str, Any]) -> str:
    """The format with its variables filled in; one without a value is a dash."""
    return _VARIABLE.sub(lambda found: str(notes.get(found[1], "-")), template)


@cache
def _stream(group: str, role_arn: str) -> LogStream:
    return LogStream(group, "gateway", role_arn)


def _count(api_name: str, stage: str, notes: Mapping[str, Any]) -> None:
    status = int(notes["status"])
    client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    for dimensions in ({"ApiName": api_name}, {"ApiName": api_name, "Stage": stage}):

        def publish(name: str, value: float, unit: str = "Count", where: Any = dimensions) -> None:
            cloudwatch.record_metric("AWS/ApiGateway", name, value, unit, where)

        publish("Count", 1)
        publish("4XXError", client_error)
        publish("5XXError", status >= HTTPStatus.INTERNAL_SERVER_ERROR)
        publish("Latency", notes["responseLatency"], "Milliseconds")
        if "integration.latency" in notes:
            publish("IntegrationLatency", notes["integration.latency"], "Milliseconds")
