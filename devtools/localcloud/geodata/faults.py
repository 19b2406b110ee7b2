"""What can go wrong with a public data service."""

import threading
from dataclasses import dataclass, replace
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong with one answer."""

    # Instead of an answer.
    THROTTLED = "throttled"
    GATEWAY_TIMEOUT = "gateway_timeout"
    SERVER_ERROR = "server_error"
    BAD_REQUEST = "bad_request"
    REDIRECT = "redirect"
    # An answer that is none.
    HTML = "html"
    MALFORMED = "malformed"
    EMPTY = "empty"
    NESTED = "nested"
    WITHOUT_DATA = "without_data"
    # A part of an answer that looks like all of it.
    REMARK = "remark"
    FEWER = "fewer"
    # On the connection.
    CUT = "cut"
    STALL = "stall"
    TRICKLE = "trickle"
    HUGE = "huge"
    HUGE_UNPACKED = "huge_unpacked"


@dataclass(frozen=True)
class Fault:
    """A fault to inject.

    Attributes:
        kind: What goes wrong.
        count: How many requests it hits; None for every one until cleared.
        service: ``overpass`` or ``wind``; None for both.
        retry_after: Sent as that header with ``throttled`` and ``gateway_timeout``.
    """

    kind: FaultKind
    count: int | None = 1
    service: str | None = None
    retry_after: str | None = None


class FaultBook:
    """The faults waiting for a request. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Let these faults wait behind those already there."""
        with self._lock:
            self._waiting += faults

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()

    def take(self, service: str) -> Fault | None:
        """Return the first fault meant for a service, and count it down."""
        with self._lock:
            for at, fault in enumerate(self._waiting):
                if fault.service not in (None, service):
                    continue
                if fault.count is not None:
                    left = [replace(fault, count=fault.count - 1)] if fault.count > 1 else []
                    self._waiting[at : at + 1] = left
                return fault
        return None
