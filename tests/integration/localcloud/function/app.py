"""A function that does what its event says. It runs on awslambdaric, with nothing else around."""

import importlib
import os
import pathlib
import sys
import time
from typing import Any

Event = dict[str, Any]

LOADED = time.time_ns()


def handler(event: Event, context: Any) -> Any:
    return globals()[f"do_{event['do']}"](event, context)


def do_describe(event: Event, context: Any) -> Any:
    return {
        "pid": os.getpid(),
        "loaded": LOADED,
        "environment": dict(os.environ),
        "path": sys.path,
        "executable": sys.executable,
        "directory": os.getcwd(),
        "request_id": context.aws_request_id,
        "function_arn": context.invoked_function_arn,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "memory_mb": context.memory_limit_in_mb,
        "cached": getattr(sys.modules[__name__], "__cached__", None),
    }


def do_import(event: Event, context: Any) -> Any:
    return importlib.import_module(event["module"]).__name__


def do_print(event: Event, context: Any) -> Any:
    print(event["text"])
    print(event["text"], file=sys.stderr)


def do_answer(event: Event, context: Any) -> Any:
    return event["answer"]


def do_sleep(event: Event, context: Any) -> Any:
    if "note" in event:
        pathlib.Path(event["note"]).touch()
    time.sleep(event["seconds"])
    return "slept"


def do_fail(event: Event, context: Any) -> Any:
    class SitingError(Exception):
        pass

    raise SitingError(event["message"])


def do_fill(event: Event, context: Any) -> Any:
    """Use memory, and wait for what comes of it."""
    used = bytearray(event["megabytes"] * 2**20)
    time.sleep(5)
    return len(used)


def do_exit(event: Event, context: Any) -> Any:
    os._exit(event["status"])


def do_answer_and_exit(event: Event, context: Any) -> Any:
    """Answer, and end the process before it asks for the next event."""
    from awslambdaric.lambda_runtime_client import (  # noqa: PLC0415
        LambdaRuntimeClient,
    )

    def end(*_: Any) -> None:
        time.sleep(event.get("seconds", 0))
        os._exit(event.get("status", 0))

    LambdaRuntimeClient.wait_next_invocation = end
    return os.getpid()


def do_answer_and_linger(event: Event, context: Any) -> Any:
    """Answer, and be busy for a while before asking for the next event, once."""
    from awslambdaric.lambda_runtime_client import (  # noqa: PLC0415
        LambdaRuntimeClient,
    )

    wait = LambdaRuntimeClient.wait_next_invocation

    def linger(*arguments: Any) -> Any:
        LambdaRuntimeClient.wait_next_invocation = wait
        time.sleep(event["seconds"])
        return wait(*arguments)

    LambdaRuntimeClient.wait_next_invocation = linger
    return os.getpid()
