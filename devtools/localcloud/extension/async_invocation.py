"""Asynchronous invocations: retries, the alias's own settings, and the dead-letter queue.

MiniStack looks only at the function's unqualified settings, counts a throttle as a failed try,
sends the dead-letter queue a destination's envelope in place of the event, and asks nobody whether
the role may send.
"""

import json
import logging
import threading
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from ministack.core.arn import parse_arn
from ministack.services import cloudwatch, lambda_svc, sns, sqs

from devtools.localcloud.extension.access import act_as, role_may

logger = logging.getLogger("devtools.localcloud.async_invocation")

#: A throttled event goes back to the queue: the service pauses for a second, then twice as long
#: each time, up to five minutes; here up to five seconds.
_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 5.0
#: Seconds after which an event is given up, where nothing is set.
_LIFE_S: Final = 21_600


def install() -> None:
    """Make MiniStack run asynchronous invocations through this module."""
    lambda_svc.invoke_async_with_retry = _invoke_in_background


def _invoke_in_background(func: Mapping[str, Any], event: object) -> None:
    threading.Thread(target=_invoke, args=(func, event, time.time()), daemon=True).start()


def _invoke(func: Mapping[str, Any], event: object, accepted: float) -> None:
    config = func["config"]
    act_as(config["Role"])
    cloudwatch.record_metric(
        "AWS/Lambda",
        "AsyncEventAge",
        (time.time() - accepted) * 1000,
        "Milliseconds",
        {"FunctionName": config["FunctionName"]},
    )
    settings = _settings(config)
    retries = settings.get("MaximumRetryAttempts")
    give_up = accepted + int(settings.get("MaximumEventAgeInSeconds") or _LIFE_S)
    result = _execute(func, event, give_up)
    for attempt in range(2 if retries is None else int(retries)):
        if not result.get("error"):
            return
        # The service waits a minute, then two; here the same doubling from a second.
        pause_s = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2**attempt
        if time.time() + pause_s > give_up:
            break
        time.sleep(pause_s)
        result = _execute(func, event, give_up)
    if not result.get("error"):
        return
    destination = (settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    if destination:
        lambda_svc._route_async_failure(destination, config["FunctionName"], event, result)
    dead_letters = (config.get("DeadLetterConfig") or {}).get("TargetArn")
    if dead_letters:
        send_dead_letter(dead_letters, config, event, result)


def _execute(func: Mapping[str, Any], event: object, give_up: float) -> Mapping[str, Any]:
    """Run the function once there is room for it; a throttle is no try, and nobody's failure."""
    pause_s = _PAUSE_S
    while True:
        result: Mapping[str, Any] = lambda_svc._execute_function(func, event)
        if not result.get("throttle") or time.time() + pause_s > give_up:
            return result
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _settings(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event-invoke settings of the alias or version that was invoked."""
    parts = config["FunctionArn"].split(":")
    qualifier = parts[7] if len(parts) == 8 else "$LATEST"  # noqa: PLR2004  a qualified ARN's parts
    function = lambda_svc._functions[config["FunctionName"]]
    found: Mapping[str, Any] = (function.get("event_invoke_configs") or {}).get(qualifier) or {}
    return found


def send_dead_letter(
    target: str, config: Mapping[str, Any], event: object, result: Mapping[str, Any]
) -> None:
    """Send the event itself, with the failure in its attributes."""
    failure = result.get("body") or {}
    attributes = {
        "RequestID": failure.get("requestId") or str(uuid4()),
        "ErrorCode": "429" if result.get("throttle") else "200",
        "ErrorMessage": str(failure.get("errorMessage", ""))[:1024],
    }
    service = parse_arn(target).service
    action = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}[service]
    if not role_may(config["Role"], action, target):
        logger.warning("%s may not %s to %s", config["Role"], action, target)
        _count_dead_letter_error(config["FunctionName"])
        return
    body = json.dumps(event)
    if service == "sns":
        sns._fanout(target, str(uuid4()), body, "", "", _attributes(attributes, "String"))
        return
    queue = sqs._queue_by_arn(target)
    if queue is None:
        logger.warning("%s does not exist", target)
        _count_dead_letter_error(config["FunctionName"])
        return
    sqs._act_send_message(
        {
            "QueueUrl": queue["url"],
            "MessageBody": body,
            "MessageAttributes": _attributes(attributes, "String"),
        },
        queue["url"],
    )


def _attributes(values: Mapping[str, str], kind: str) -> dict[str, dict[str, str]]:
    return {
        name: {"DataType": kind, "StringValue": value} for name, value in values.items() if value
    }


def _count_dead_letter_error(function_name: str) -> None:
    cloudwatch.record_metric(
        "AWS/Lambda", "DeadLetterErrors", 1, "Count", {"FunctionName": function_name}
    )
