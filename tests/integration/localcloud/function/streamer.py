"""A function whose answers stream as its event says, directly or through a REST API."""

import fcntl
import json
import os
import pathlib
import sys
import time
from collections.abc import Iterator
from typing import Any

sys.path[:0] = json.loads(os.environ["TEST_PATH"])

from tradewind.handlers.response_stream import (  # noqa: E402  needs the path
    HTTP_ANSWER,
    StreamedAnswer,
    hook_runtime,
)

hook_runtime()


def handler(event: dict[str, Any], context: Any) -> Any:
    if "invokeCompletionStatus" in event:
        with pathlib.Path(os.environ["COMPLETIONS"]).open("a") as completions:
            completions.write(json.dumps(event) + "\n")
        return None
    wish = json.loads(event["body"]) if "body" in event else event
    if "answer" in wish:
        return wish["answer"]
    return StreamedAnswer(
        chunks(wish["stream"]),
        content_type=wish.get("content_type", HTTP_ANSWER),
        time_left_s=lambda: context.get_remaining_time_in_millis() / 1000,
    )


def chunks(steps: list[dict[str, Any]]) -> Iterator[bytes]:
    closed = None
    try:
        for step in steps:
            closed = step.get("closed", closed)
            if "prelude" in step:
                yield json.dumps(step["prelude"]).encode() + bytes(8)
            if "send" in step:
                yield step["send"].encode()
            if "fill" in step:
                yield b"x" * step["fill"]
            while "await" in step and not pathlib.Path(step["await"]).exists():
                yield b""
                time.sleep(0.01)
            if "lock" in step:  # waits as long as another has it, and costs nothing meanwhile
                with pathlib.Path(step["lock"]).open() as gate:
                    fcntl.flock(gate, fcntl.LOCK_SH)
            if "fail" in step:
                raise ValueError(step["fail"])
            if "die" in step:
                os._exit(step["die"])
    finally:
        if closed:
            pathlib.Path(closed).touch()
