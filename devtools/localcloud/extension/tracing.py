"""The trace that a request belongs to, from the service that takes it in to the function."""

import secrets
import time
from contextvars import ContextVar

#: The header of the request's trace, where a traced service has taken it in.
inbound: ContextVar[str | None] = ContextVar("inbound_trace", default=None)


def new_trace() -> str:
    """The header of a trace that begins here, and is sampled."""
    root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled=1"


def root_of(header: str) -> str:
    """The id of the trace that a header names; empty when it names none."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == "Root":
            return value
    return ""
