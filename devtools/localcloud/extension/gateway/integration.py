"""Proxy integrations: leave to invoke, limits of time and size, and what counts as an answer."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.services import apigateway_v1, lambda_svc

from devtools.localcloud.extension import tracing
from devtools.localcloud.extension.gateway import errors, events, streaming, trail
from devtools.localcloud.extension.gateway.answers import Malformed, response_of
from devtools.localcloud.extension.gateway.permission import (
    function_arn,
    may_invoke,
    method_arn,
)
from devtools.localcloud.extension.gateway.proxy_call import ProxyCall
from devtools.localcloud.extension.payloads import MAX_SYNCHRONOUS_BYTES
from devtools.localcloud.running import ACCOUNT_ID, REGION

logger = logging.getLogger("devtools.localcloud.gateway")

_DEFAULT_TIMEOUT_MS = 29_000

#: Invocations that nobody waits for any longer; the event loop itself keeps no task alive.
_left_alone: set[asyncio.Task[Any]] = set()


def install() -> None:
    """Make MiniStack's REST APIs invoke functions through this module."""
    apigateway_v1._invoke_lambda_proxy_v1 = _invoke


async def _invoke(  # noqa: PLR0917  MiniStack's signature
    integration: Mapping[str, Any],
    api_id: str,
    stage_name: str,
    stage: Mapping[str, Any],
    resource: Mapping[str, Any],
    path: str,
    method: str,
    headers: Mapping[str, Any],
    body: bytes,
    query: Mapping[str, Any],
    path_parameters: Mapping[str, str],
    *,
    binary_media_types: list[str] | None = None,
    authorizer_context: Mapping[str, Any] | None = None,
    caller_identity: Mapping[str, Any] | None = None,
    **_scope: Any,
) -> Any:
    trail.note(resourcePath=resource["path"])
    arn = function_arn(integration.get("uri", ""))
    function = _executable(arn)
    source = method_arn(api_id, stage_name, method, resource["path"])
    if function is None or not may_invoke(arn, source, integration.get("credentials")):
        logger.warning("%s may not invoke %s, or it does not exist", source, arn)
        return errors.misconfigured()
    forwarded = events.forward(headers)
    if stage.get("tracingEnabled"):
        tracing.inbound.set(forwarded["x-amzn-trace-id"])
        trail.note(xrayTraceId=tracing.root_of(forwarded["x-amzn-trace-id"]))
    event = events.proxy_event(
        (api_id, stage_name, stage, resource, path, method),
        authorizer_context,
        headers=forwarded,
        body=body,
        query_params=query,
        path_params=path_parameters,
        binary_media_types=binary_media_types,
        caller_identity=caller_identity,
    )
    trail.note(requestId=event["requestContext"]["requestId"])
    if len(json.dumps(event, ensure_ascii=False).encode()) > MAX_SYNCHRONOUS_BYTES:
        return errors.too_large()
    call = ProxyCall(
        function=function,
        event=event,
        timeout_s=int(integration.get("timeoutInMillis") or _DEFAULT_TIMEOUT_MS) / 1000,
        accept=headers.get("accept", ""),
        binary_media_types=binary_media_types or [],
        integration=integration,
    )
    if integration.get("responseTransferMode") == "STREAM":
        return await streaming.dispatch(call)
    return await _answer(call)


def _executable(arn: str) -> Mapping[str, Any] | None:
    """MiniStack's record of a function, which is to see itself called as ``arn``."""
    function, config, _ = lambda_svc._get_func_record_for_ref_in_scope(
        arn, account_id=ACCOUNT_ID, region=REGION
    )
    if not function or not config:
        return None
    record: Mapping[str, Any] = lambda_svc._execution_record_for_config(
        function, {**config, "FunctionArn": arn}
    )
    return record


async def _answer(call: ProxyCall) -> Any:
    """Invoke, and wait as long as the integration may take. The function goes on after that."""
    task = asyncio.ensure_future(
        run_reentrant(
            lambda_svc._execute_function_with_config_scope,
            call.function,
            call.event,
            thread_name="gateway-invoke",
        )
    )
    _left_alone.add(task)
    task.add_done_callback(_left_alone.discard)
    started = time.monotonic()
    done, _ = await asyncio.wait({task}, timeout=call.timeout_s)
    trail.note(integration__latency=int((time.monotonic() - started) * 1000))
    if not done:
        return errors.timed_out()
    result = task.result()
    trail.note(
        integration__status=429 if result.get("throttle") else 200,
        integration__requestId=result.get("request_id", "-"),
    )
    if result.get("throttle"):
        return errors.not_served()
    if result.get("error"):
        return errors.bad_gateway()
    answer = result.get("body")
    if isinstance(answer, Mapping) and "statusCode" not in answer:
        return errors.bad_gateway()  # AWS's pages ask for one; what becomes of none they do not say
    try:
        return response_of(answer, call.accept, call.binary_media_types)
    except Malformed:
        return errors.bad_gateway()
