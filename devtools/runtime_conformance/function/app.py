"""The function that the checks ask: it answers whole, or streams what its event says, step by step.

A runtime of another kind brings a function of its own that understands the same events.
"""

import json
import os
import pathlib
import sys
import time
from collections.abc import Iterator
from typing import Any

sys.path[:0] = json.loads(os.environ.get("CONFORMANCE_PATH", "[]"))

from tradewind.handlers.response_stream import (  # noqa: E402  needs the path
    Runtime,
    StreamedAnswer,
    hook_runtime,
    require_streaming,
)

if os.environ.get("CONFORMANCE_UNHOOKED") != "1":
    RUNTIME = hook_runtime()
    require_streaming(RUNTIME)

#: For a step that waits, so that a check that has failed does not leave the process behind.
_PATIENCE_S = 60.0


def handler(event: dict[str, Any], context: Any) -> Any:
    """Do what the event says.

    ``{"answer": X}`` returns X, ``{"fail": TEXT}`` raises, ``{"stream": [STEP, ...]}`` streams.
    """
    if "fail" in event:
        raise ValueError(event["fail"])
    if "stream" not in event:
        return event.get("answer")
    chunks = _chunks(event["stream"], event.get("closed"))
    if RUNTIME is Runtime.NATIVE:
        return chunks
    return StreamedAnswer(
        chunks,
        content_type=event.get("content_type", "application/octet-stream"),
        time_left_s=lambda: context.get_remaining_time_in_millis() / 1000,
    )


def _chunks(steps: list[dict[str, Any]], closed: str | None) -> Iterator[bytes]:
    """The steps: ``send`` a text, ``fill`` so many bytes, ``touch`` or ``await`` a file, ``fail``.

    When nobody reads any more, or at the end, the file ``closed`` is made.
    """
    try:
        for step in steps:
            if "send" in step:
                yield step["send"].encode()
            elif "fill" in step:
                yield b"x" * step["fill"]
            elif "touch" in step:
                pathlib.Path(step["touch"]).touch()
            elif "await" in step:
                give_up = time.monotonic() + _PATIENCE_S
                while not pathlib.Path(step["await"]).exists() and time.monotonic() < give_up:
                    yield b""
                    time.sleep(0.005)
            elif "fail" in step:
                raise ValueError(step["fail"])
    finally:
        if closed:
            pathlib.Path(closed).touch()
