"""Every model call of the process, metered at the one place that all of them pass.

Frameworks differ in how they send a call and what they make of its failure; all of them end in the
pooled client's ``converse_stream``, or in ``converse`` where a model is told not to stream. So a
call is counted, timed, paid for and checked there, once for all.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tradewind.bedrock.allowance import Reservation, cost_nothing, note_sent, reserve, sending
from tradewind.bedrock.faults import error_of_stop_reason
from tradewind.bedrock.meter import ModelMeter, current_meter
from tradewind.bedrock.streams import ModelStream

if TYPE_CHECKING:
    from botocore.session import Session


class _Streams:
    """The streams of one run. Calls of several threads open them; closed, it takes none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[ModelStream] = []
        self._closed = False

    def add(self, stream: ModelStream) -> None:
        """Keep a stream until the end, or close it when that has come already."""
        with self._lock:
            if not self._closed:
                self._open.append(stream)
                return
        stream.close()

    def close(self) -> None:
        """Close what is open, and what calls that are on their way may still open."""
        with self._lock:
            self._closed = True
        for stream in self._open:
            stream.close()


#: The streams of the request at work.
_streams: Final[ContextVar[_Streams | None]] = ContextVar("_streams", default=None)


@contextmanager
def closing_streams() -> Iterator[None]:
    """Close, at the end, what model calls have opened within and nobody has read to its end.

    A framework that is stopped may leave a stalled read to its timeout, in a thread of its own.
    """
    streams = _Streams()
    token = _streams.set(streams)
    try:
        yield
    finally:
        _streams.reset(token)
        streams.close()


def meter_calls(session: "Session") -> None:
    """Meter, and have paid for, the calls of the bedrock-runtime clients that a session will make.

    The event is boto3's own way of changing the methods of its clients.
    """
    events = session.get_component("event_emitter")
    events.register(
        "creating-client-class.bedrock-runtime",
        _meter_methods,
        unique_id="tradewind-meter",  # a call is to be counted once, however many clients there are
    )
    # Behind whatever may still refuse to send it.
    events.register_last("before-send.bedrock-runtime", note_sent, unique_id="tradewind-sent")


def _meter_methods(class_attributes: dict[str, Any], **_rest: Any) -> None:
    send_stream: Callable[..., dict[str, Any]] = class_attributes["converse_stream"]
    # A bundle whose framework has no use for it does not have it.
    send_whole: Callable[..., dict[str, Any]] | None = class_attributes.get("converse")

    def converse_stream(client: Any, **arguments: Any) -> dict[str, Any]:
        sent = _send(send_stream, client, arguments)
        stream = ModelStream(sent.answer["stream"], sent.meter, sent.started, sent.reservation)
        opened = _streams.get()
        if opened is not None:
            opened.add(stream)
        return {**sent.answer, "stream": stream}

    class_attributes["converse_stream"] = converse_stream
    if send_whole is not None:
        class_attributes["converse"] = _metered_whole(send_whole)


def _metered_whole(send: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def converse(client: Any, **arguments: Any) -> dict[str, Any]:
        sent = _send(send, client, arguments)
        sent.meter.tokens_used(sent.answer.get("usage", {}))
        sent.meter.guardrail_used(sent.answer)
        sent.reservation.settle(sent.answer)
        sent.meter.call_finished((time.perf_counter() - sent.started) * 1000, None)
        unusable = error_of_stop_reason(sent.answer.get("stopReason", ""))
        if unusable is not None:
            raise unusable
        return sent.answer

    return converse


@dataclass(frozen=True)
class _Sent:
    """A call whose answer has come, or has begun."""

    answer: dict[str, Any]
    meter: ModelMeter
    started: float
    reservation: Reservation


def _send(send: Callable[..., dict[str, Any]], client: Any, arguments: dict[str, Any]) -> _Sent:
    # asyncio and anyio carry the request's context into their worker threads.
    meter = current_meter.get() or ModelMeter()
    reservation = reserve(arguments)
    started = time.perf_counter()
    meter.call_sent()
    with sending() as call:
        try:
            answer = send(client, **arguments)
        except BaseException as error:
            if isinstance(error, Exception):
                meter.call_failed(error)
            if cost_nothing(error, begun=call.begun):
                reservation.release()
            else:
                reservation.settle(None)
            raise
    return _Sent(answer, meter, started, reservation)
