"""Put the gateway's parts around MiniStack's REST APIs."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from ministack import app
from ministack.core.responses import get_request_client_ip
from ministack.services import apigateway_v1

from devtools.localcloud.extension.gateway import (
    authentication,
    authorizers,
    deployments,
    errors,
    integration,
    observation,
    throttling,
    trail,
    web_acl,
)
from devtools.localcloud.extension.gateway.errors import Response

logger = logging.getLogger("devtools.localcloud.gateway")

_MAX_REQUEST_BYTES = 10 * 1024 * 1024


def install() -> None:
    """Make MiniStack's REST APIs behave as AWS's."""
    errors.install()
    authentication.install()
    authorizers.install()
    deployments.install()
    integration.install()
    throttling.install()
    _guard_the_door()
    _say_nothing_of_exceptions()


def _guard_the_door() -> None:
    """Check what comes before anybody looks at who sent it, and report on all that came."""
    handle: Callable[..., Awaitable[Response | None]] = app._handle_execute_api_request

    async def handle_guarded(  # noqa: PLR0917  MiniStack's signature
        host: str,
        path: str,
        method: str,
        headers: dict[str, Any],
        body: bytes,
        query: Mapping[str, Any],
        **raw: Any,
    ) -> Response | None:
        called = app._parse_execute_api_url(host, path)
        if called is None or apigateway_v1.find_api_scope(called[0]) is None:
            return await handle(host, path, method, headers, body, query, **raw)
        api_id, stage, _ = called
        with trail.following() as notes, deployments.serving(api_id, stage):
            notes["httpMethod"] = method
            refused = _refusal(api_id, stage, headers)
            if len(body) > _MAX_REQUEST_BYTES:
                response = errors.content_too_long(_MAX_REQUEST_BYTES)
            elif refused:
                response = errors.at_the_stage(refused, api_id, stage, headers, query)
            else:
                served = await handle(host, path, method, headers, body, query, **raw)
                assert served is not None  # noqa: S101  for the type checker; the API exists
                response = served
        if "requestId" in notes:
            response[1].setdefault("x-amzn-requestid", notes["requestId"])
        return observation.observed(response, api_id, stage, notes)

    app._handle_execute_api_request = handle_guarded


def _refusal(api_id: str, stage: str, headers: Mapping[str, Any]) -> Any:
    blocked = web_acl.blocks(web_acl.stage_arn(api_id, stage), headers, get_request_client_ip())
    if blocked is not None:
        trail.note(waf__status=403 if blocked else 200)
    return errors.filtered() if blocked else None


def _say_nothing_of_exceptions() -> None:
    """An exception in the emulator is logged; MiniStack sends its text to the caller."""
    execute: Callable[..., Awaitable[Response]] = apigateway_v1.handle_execute

    async def execute_quietly(*request: Any) -> Response:
        try:
            return await execute(*request)
        except Exception:
            logger.exception("a request failed in the gateway")
            body = b'{"message": "Internal server error"}'
            kind = {"Content-Type": "application/json"}
            return HTTPStatus.INTERNAL_SERVER_ERROR, kind, body

    apigateway_v1.handle_execute = execute_quietly
