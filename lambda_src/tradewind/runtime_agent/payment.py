"""What calls of a runtime may cost: reserved before each that is sent, settled when it is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tradewind.agentcore.calls import ConnectionWasDead, Opened, RuntimeCall, Transport
from tradewind.bedrock.allowance import FREE, Reservation, reserve_amount
from tradewind.contracts.errors import (
    InvalidRuntimeRequest,
    RuntimeNotFound,
    RuntimeRefused,
    RuntimeThrottled,
)

#: What no runtime has worked for. One that was not able to serve may have been at work before.
_FREE_OF_CHARGE = (
    ConnectionWasDead,
    InvalidRuntimeRequest,
    RuntimeNotFound,
    RuntimeRefused,
    RuntimeThrottled,
)


class PaidTransport:
    """A ``Transport`` that asks the request's allowance before each call that it sends.

    A repeated call is another one: the first may have cost something, too. One per request.

    Args:
        transport: Carries the calls.
        most_nano: What each may cost at most, in nanodollars.
    """

    def __init__(self, transport: Transport, most_nano: int) -> None:
        self._transport = transport
        self._most_nano = most_nano
        self._answering: Reservation = FREE

    @asynccontextmanager
    async def open(self, call: RuntimeCall) -> AsyncIterator[Opened]:
        """Send a call. See ``Transport``.

        Raises:
            BudgetExceeded: It could cost more than is left; it is not sent.
            StorageError: It is not known what is left; it is not sent.
        """
        reservation = await asyncio.to_thread(reserve_amount, self._most_nano)
        begun = False
        try:
            async with self._transport.open(call) as opened:
                self._answering, begun = reservation, True
                yield opened
        except _FREE_OF_CHARGE:
            if not begun:
                await asyncio.to_thread(reservation.release)
            raise
        finally:
            # Without effect on one that is over; one whose answer has begun is settled with it.
            if not begun:
                reservation.settle(None)

    async def settle(self, cost_nano: int | None) -> None:
        """The answer is over; it cost so much, or, where it does not say, the most that it may."""
        if cost_nano is None:
            self._answering.settle(None)
        else:
            await asyncio.to_thread(self._answering.settle_at, cost_nano)
