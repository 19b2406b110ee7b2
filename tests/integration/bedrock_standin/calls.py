"""Calls that the tests make through boto3."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol

from tests.integration.callers import PROFILE


class Connect(Protocol):
    """Opens a bedrock-runtime client; ``settings`` are botocore's configuration."""

    def __call__(
        self, identity: Any = ..., endpoint_url: str | None = ..., **settings: Any
    ) -> Any: ...


def ask(client: Any, text: str = "good morning", **members: Any) -> Any:
    """Converse."""
    return client.converse(**_arguments(text, members))


def ask_streaming(client: Any, text: str = "good morning", **members: Any) -> list[Any]:
    """ConverseStream, read to its end."""
    answer = client.converse_stream(**_arguments(text, members))
    # An error in mid-stream leaves the connection to whoever reads.
    with closing(answer["stream"]) as stream:
        return list(stream)


def text_of(events: list[Any]) -> str:
    """The text that a stream's deltas spell."""
    deltas = (event.get("contentBlockDelta", {}).get("delta", {}) for event in events)
    return "".join(delta.get("text", "") for delta in deltas)


def tool_config(*names: str) -> dict[str, Any]:
    """Tools that take a count."""
    schema = {
        "type": "object",
        "properties": {"turbine_count": {"type": "integer"}},
        "required": ["turbine_count"],
    }
    return {
        "tools": [
            {"toolSpec": {"name": name, "description": name, "inputSchema": {"json": schema}}}
            for name in names
        ]
    }


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what the stand-in's own thread is about to do."""
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def _arguments(text: str, members: dict[str, Any]) -> dict[str, Any]:
    return {
        "modelId": PROFILE,
        "messages": [{"role": "user", "content": [{"text": text}]}],
        **members,
    }
