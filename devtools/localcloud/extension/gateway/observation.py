"""What API Gateway tells of a request: a line in the stage's access log, and its metrics.

The line is written as the role that the account has given API Gateway, and lost where that may not.

Executions are not logged, whatever the stage's logging level: their lines may hold bodies.
"""

import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from ministack.services import apigateway_v1, cloudwatch

from devtools.localcloud.extension.logs import LogStream

_VARIABLE = re.compile(r"\$context\.([A-Za-z]+(?:\.[A-Za-z]+)*)")
_GROUP = re.compile(r"^arn:aws:logs:[^:]*:[^:]*:log-group:(?P<name>[^:*]+)")


def report(api_id: str, stage_name: str, notes: Mapping[str, Any]) -> None:
    """Publish what was noted of a request."""
    scope = apigateway_v1.find_api_scope(api_id)
    with apigateway_v1.request_scope(*scope):
        api = apigateway_v1._rest_apis.get(api_id)
        stage = apigateway_v1.stages_for_api(api_id).get(stage_name)
        if api is None or stage is None:
            return
        _count(api["name"], stage_name, notes)
        settings = stage.get("accessLogSettings") or {}
        group = _GROUP.match(settings.get("destinationArn", ""))
        if group:
            role = apigateway_v1._account_settings["settings"]["cloudwatchRoleArn"]
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
