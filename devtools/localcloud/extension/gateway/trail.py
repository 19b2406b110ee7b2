"""What is known of the request that is being served, for its line in the access log."""

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

_current: ContextVar[dict[str, Any] | None] = ContextVar("gateway_trail", default=None)


@contextlib.contextmanager
def following() -> Iterator[dict[str, Any]]:
    """Keep what is noted while a request is served, by the names of ``$context``."""
    notes: dict[str, Any] = {
        "requestTimeEpoch": int(time.time() * 1000),
        "started": time.monotonic(),
    }
    token = _current.set(notes)
    try:
        yield notes
    finally:
        _current.reset(token)


def note(**values: Any) -> None:
    """Keep values; a name's ``__`` stands for the dot of ``$context``'s."""
    notes = _current.get()
    if notes is not None:
        notes.update({name.replace("__", "."): value for name, value in values.items()})
