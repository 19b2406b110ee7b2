"""Put the gateway's parts around MiniStack's REST APIs."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from ministack import app
from ministack.services import apigateway_v1

from devtools.localcloud.extension.gateway import authentication, errors, integration
from devtools.localcloud.extension.gateway.errors import Response

logger = logging.getLogger("devtools.localcloud.gateway")

_MAX_REQUEST_BYTES = 10 * 1024 * 1024


def install() -> None:
    """Make MiniStack's REST APIs behave as AWS's."""
    errors.install()
    authentication.install()
    integration.install()
    _guard_the_door()
    _say_nothing_of_exceptions()


def _guard_the_door() -> None:
    """Refuse a request that is too large before anybody looks at who sent it."""
    handle: Callable[..., Awaitable[Response | None]] = app._handle_execute_api_request

    async def handle_within_limits(  # noqa: PLR0917  MiniStack's signature
        host: str,
        path: str,
        method: str,
        headers: dict[str, Any],
        body: bytes,
        query: Mapping[str, Any],
        **raw: Any,
    ) -> Response | None:
        called = app._parse_execute_api_url(host, path)
        if (
            called is not None
            and apigateway_v1.find_api_scope(called[0]) is not None
            and len(body) > _MAX_REQUEST_BYTES
        ):
            return errors.at_the_stage(errors.too_large(), called[0], called[1], headers, query)
        return await handle(host, path, method, headers, body, query, **raw)

    app._handle_execute_api_request = handle_within_limits


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
