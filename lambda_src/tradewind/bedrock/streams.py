"""Closing event streams that end in an error.

botocore leaves the connection of a half-read stream open until the garbage collector finds it, and
Strands closes a stream only when it is cancelled.
"""

from collections.abc import Iterator
from typing import Any


class ClosingStream:
    """A botocore event stream that gives its connection up when reading it fails."""

    def __init__(self, events: Any) -> None:
        self._events = events

    def __iter__(self) -> Iterator[dict[str, Any]]:
        try:
            yield from self._events
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Drop the connection."""
        self._events.close()


def close_failed_streams(client: Any) -> None:
    """Make a client's ConverseStream answers close themselves when they fail."""

    def wrap(parsed: dict[str, Any], **_rest: Any) -> None:
        if "stream" in parsed:
            parsed["stream"] = ClosingStream(parsed["stream"])

    client.meta.events.register("after-call.bedrock-runtime.ConverseStream", wrap)
