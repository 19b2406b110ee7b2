"""The event stream of one model call: metered, checked for its end, and closed when it fails.

botocore leaves the connection of a half-read stream open until the garbage collector finds it, and
takes a stream that stops in mid-answer for a whole one.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

from tradewind.aws.deadline import require_time
from tradewind.bedrock.allowance import FREE, Reservation
from tradewind.bedrock.faults import error_of_stop_reason
from tradewind.bedrock.meter import ModelMeter
from tradewind.bedrock.reading import readable
from tradewind.contracts.errors import ModelStreamBroken


class ModelStream:
    """What ConverseStream answers, in place of botocore's ``EventStream``.

    One thread reads it; any may close it.

    Args:
        events: botocore's stream.
        meter: Of the request that made the call.
        started: ``time.perf_counter()`` when the call was sent.
        reservation: What the call may cost; settled once, however the stream ends.
    """

    def __init__(
        self, events: Any, meter: ModelMeter, started: float, reservation: Reservation = FREE
    ) -> None:
        self._events = events
        self._reservation = reservation
        self._meter = meter
        self._started = started
        self._closed = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the events, made ``readable``.

        Raises:
            DeadlineExceeded: It broke off because the call's time is over.
            ModelStreamBroken: The stream ended without ``messageStop``.
            ModelError: The answer ended for a reason that leaves it useless.
            Exception: What botocore and urllib3 raise, as it is.
        """
        first_token_ms: float | None = None
        stop_reason: str | None = None
        try:
            for event in readable(self._events):
                if first_token_ms is None and (
                    "contentBlockDelta" in event or "contentBlockStart" in event
                ):
                    first_token_ms = self._elapsed_ms()
                if "messageStop" in event:
                    stop_reason = event["messageStop"].get("stopReason", "")
                if "metadata" in event:
                    self._meter.tokens_used(event["metadata"].get("usage", {}))
                    self._meter.guardrail_used(event["metadata"])
                    self._reservation.settle(event["metadata"])
                yield event
            self._require_end(stop_reason)
        except Exception as error:
            closed = self._closed
            self.close()
            require_time(error)
            if not closed:  # a read that a close has ended is no failure of the service
                self._meter.call_failed(error)
            raise
        except BaseException:
            self.close()
            raise
        self._reservation.settle(None)  # of one that ended without metadata
        if stop_reason is not None:
            self._meter.call_finished(self._elapsed_ms(), first_token_ms)
            unusable = error_of_stop_reason(stop_reason)
            if unusable is not None:
                raise unusable

    def _require_end(self, stop_reason: str | None) -> None:
        if stop_reason is None and not self._closed:
            raise ModelStreamBroken("Bedrock's answer ended without messageStop.")

    def close(self) -> None:
        """Drop the connection, and with it a read that another thread may be waiting in."""
        if self._closed:
            return
        self._closed = True
        self._reservation.settle(None)
        # Closing alone waits for the lock that a stalled read holds until its timeout. botocore
        # keeps the urllib3 response to itself; once read to its end it has no socket any more.
        with contextlib.suppress(AttributeError, OSError):
            self._events._raw_stream.connection.sock.shutdown(socket.SHUT_RDWR)
        self._events.close()

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000
