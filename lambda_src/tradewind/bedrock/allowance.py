"""The seam through which a request's model calls are paid for: asked before, told after.

Whoever keeps the money implements ``Allowance``; ``bedrock.calls`` asks it before each call that it
sends, a repeated one too, and tells it once how the call ended.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Protocol

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    EventStreamError,
)


class Reservation(Protocol):
    """What one call may cost at most. The first that is said of its end counts; never raises."""

    def settle(self, metadata: Mapping[str, Any] | None) -> None:
        """The call was made.

        Args:
            metadata: ConverseStream's event of that name, or Converse's answer, with the usage;
                None where the service told of none, so that the call counts as what it may have
                cost at most.
        """

    def settle_at(self, nano: int) -> None:
        """The call was made, and is known to have cost so much, in nanodollars."""

    def release(self) -> None:
        """The call cost nothing: it was never sent, or refused before any work was done on it."""


class Allowance(Protocol):
    """What the model calls of one request may cost. Safe for threads."""

    def reserve(self, request: Mapping[str, Any]) -> Reservation:
        """Set aside what a call may cost at most.

        Args:
            request: The arguments of ``converse`` or ``converse_stream``.

        Raises:
            BudgetExceeded: More than what is left. The call must not be sent.
            StorageError: It is not known what is left. The call must not be sent.
        """

    def reserve_amount(self, nano: int) -> Reservation:
        """Set aside what a call of another service may cost at most. As ``reserve``.

        Args:
            nano: In nanodollars.
        """


class _Free:
    """Of a call that nobody counts."""

    def settle(self, metadata: Mapping[str, Any] | None) -> None:
        """Count nothing."""

    def settle_at(self, nano: int) -> None:
        """Count nothing."""

    def release(self) -> None:
        """Count nothing."""


FREE: Final[Reservation] = _Free()

#: The allowance of the request at work. asyncio and anyio carry it into the worker threads.
_current: Final[ContextVar[Allowance | None]] = ContextVar("_current", default=None)


@contextmanager
def allowing(allowance: Allowance | None) -> Iterator[None]:
    """Let the model calls within be paid for by ``allowance``; None for nobody."""
    token = _current.set(allowance)
    try:
        yield
    finally:
        _current.reset(token)


def reserve(request: Mapping[str, Any]) -> Reservation:
    """Ask the allowance of the request at work. See ``Allowance``."""
    allowance = _current.get()
    return FREE if allowance is None else allowance.reserve(request)


def reserve_amount(nano: int) -> Reservation:
    """Ask it for an amount. See ``Allowance``."""
    allowance = _current.get()
    return FREE if allowance is None else allowance.reserve_amount(nano)


@dataclass
class Sending:
    """One call on its way.

    Attributes:
        begun: Whether its request was handed to a connection.
    """

    begun: bool = False


_sending: Final[ContextVar[Sending | None]] = ContextVar("_sending", default=None)


@contextmanager
def sending() -> Iterator[Sending]:
    """Note whether the call within was sent."""
    call = Sending()
    token = _sending.set(call)
    try:
        yield call
    finally:
        _sending.reset(token)


def note_sent(**_event: Any) -> None:
    """Answer botocore's event ``before-send``, as the last one that does."""
    call = _sending.get()
    if call is not None:
        call.begun = True


#: Statuses of errors behind which the model may have worked: a timeout of the model, an error of
#: the model. Every other 4xx refuses the request; and 503 is the service that takes none.
_WORKED: Final = frozenset({408, 424})
_UNAVAILABLE: Final = 503


def cost_nothing(error: BaseException, *, begun: bool) -> bool:
    """Whether a call that ended in ``error``, before its stream began, has surely cost nothing."""
    if not begun or isinstance(error, ConnectTimeoutError | EndpointConnectionError):
        return True
    if not isinstance(error, ClientError) or isinstance(error, EventStreamError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status == _UNAVAILABLE or (status // 100 == 4 and status not in _WORKED)  # noqa: PLR2004
