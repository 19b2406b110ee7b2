"""The client of runtimes: one call in, typed events or one typed error out."""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Final

from tradewind.agentcore.answers import Failed, JsonValue, RuntimeEvent, Text, Value, reader_for
from tradewind.agentcore.calls import ConnectionWasDead, Opened, RuntimeCall, Transport
from tradewind.agentcore.limits import MAX_KEPT_BYTES, check_call
from tradewind.agentcore.observer import (
    ABANDONED,
    COMPLETED,
    RuntimeObserver,
    RuntimeOutcome,
)
from tradewind.agentcore.retries import RETRYABLE, Retries
from tradewind.contracts.errors import (
    BudgetExceeded,
    ConfigurationError,
    InternalError,
    RuntimeAnswerUnreadable,
    RuntimeCallError,
    RuntimeFailed,
    RuntimeUnavailable,
    StorageError,
    TradewindError,
)

#: With what a transport refuses to send a call: nobody pays for it, or knows where it is to go.
_NOT_SENT: Final = (BudgetExceeded, ConfigurationError, StorageError)
#: A call meets one dead connection; the others that are as old are given up with it.
_MAX_DEAD: Final = 3
#: Of what an agent says is wrong, as much is repeated.
_SHOWN_LENGTH: Final = 1000


@dataclass(frozen=True)
class RuntimeAnswer:
    """A whole answer.

    Attributes:
        values: Its JSON values that are not words alone, in order.
        text: Its words.
        session_id: The session that answered.
        attempts: How often the call was sent.
        chunks: How many pieces the answer came in.
        received_bytes: How long it was.
    """

    values: tuple[JsonValue, ...]
    text: str
    session_id: str
    attempts: int
    chunks: int
    received_bytes: int


class AgentCoreClient:
    """Calls runtimes. One for a process; it keeps nothing of a call.

    Args:
        transport: What carries the calls.
        observer: Who is told of them.
        retries: How they are repeated.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        observer: RuntimeObserver | None = None,
        retries: Retries | None = None,
    ) -> None:
        self._transport = transport
        self._observer = observer
        self._retries = retries or Retries()

    async def invoke(self, call: RuntimeCall) -> RuntimeAnswer:
        """Send a call, and keep the whole answer.

        Raises:
            RuntimeCallError: See ``stream``; and ``RuntimeAnswerUnreadable`` for an answer that is
                too large to be kept.
            DeadlineExceeded: The call's time is over.
        """
        progress = _Progress(call.session_id)
        values: list[JsonValue] = []
        texts: list[str] = []
        async with aclosing(self._events(call, progress, MAX_KEPT_BYTES)) as events:
            async for event in events:
                match event:
                    case Text(text):
                        texts.append(text)
                    case Value(data):
                        values.append(data)
        return RuntimeAnswer(
            tuple(values),
            "".join(texts),
            progress.session_id,
            progress.attempts,
            progress.chunks,
            progress.received_bytes,
        )

    def stream(self, call: RuntimeCall) -> AsyncGenerator[RuntimeEvent]:
        """Send a call, and yield its answer as it arrives. Nothing is read before it is asked for.

        To be closed by who stops before its end (``contextlib.aclosing``): that ends the call.

        Raises:
            RuntimeCallError: There is no answer, or not all of it; ``attempts`` tells how often the
                call was sent. It is sent again only while no answer has begun.
            DeadlineExceeded: The call's time is over.
        """
        return self._events(call, _Progress(call.session_id), None)

    async def _events(
        self, call: RuntimeCall, progress: "_Progress", max_bytes: int | None
    ) -> AsyncGenerator[RuntimeEvent]:
        ending = ABANDONED
        try:
            check_call(call)
            async with AsyncExitStack() as stack:
                opened = await self._open(call, progress, stack)
                reader = reader_for(opened.content_type)
                chunks = opened.chunks()
                if isinstance(chunks, AsyncGenerator):
                    await stack.enter_async_context(aclosing(chunks))
                async for chunk in chunks:
                    progress.received(chunk)
                    if max_bytes is not None and progress.received_bytes > max_bytes:
                        raise RuntimeAnswerUnreadable(  # noqa: TRY301
                            f"The answer is longer than the {max_bytes} bytes that are kept."
                        )
                    for event in _unfailed(reader.feed(chunk)):
                        yield event
                for event in _unfailed(reader.end()):
                    yield event
            ending = COMPLETED
        except TradewindError as error:
            ending = error.code
            _tell_attempts(error, progress.attempts)
            raise
        except Exception:
            ending = InternalError.code
            raise
        finally:
            if self._observer is not None:
                self._observer.call_ended(call, progress.outcome(ending))

    async def _open(
        self, call: RuntimeCall, progress: "_Progress", stack: AsyncExitStack
    ) -> Opened:
        dead = 0
        while True:
            progress.attempts += 1
            try:
                opened = await stack.enter_async_context(self._transport.open(call))
            except ConnectionWasDead as error:
                progress.attempts -= 1
                dead += 1
                if dead >= _MAX_DEAD:
                    raise RuntimeUnavailable("Every kept connection was dead.") from error
            except _NOT_SENT:
                progress.attempts -= 1
                raise
            except RETRYABLE as error:
                pause_s = self._retries.pause_after(progress.attempts, call.time_left_s())
                if pause_s is None:
                    raise
                if self._observer is not None:
                    self._observer.call_repeated(call, progress.attempts + 1, error.code)
                await self._retries.sleep(pause_s)
            else:
                progress.session_id = opened.session_id or call.session_id
                return opened


class _Progress:
    """What has become of a call so far."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.attempts = 0
        self.chunks = 0
        self.received_bytes = 0
        self._first_chunk_s: float | None = None
        self._started = time.perf_counter()

    def received(self, chunk: bytes) -> None:
        if self._first_chunk_s is None:
            self._first_chunk_s = time.perf_counter() - self._started
        self.chunks += 1
        self.received_bytes += len(chunk)

    def outcome(self, ending: str) -> RuntimeOutcome:
        return RuntimeOutcome(
            ending,
            self.attempts,
            time.perf_counter() - self._started,
            self._first_chunk_s,
            self.chunks,
            self.received_bytes,
        )


def _unfailed(events: Iterator[RuntimeEvent | Failed]) -> Iterator[RuntimeEvent]:
    for event in events:
        if isinstance(event, Failed):
            kind = f"{event.error_type}: " if event.error_type else ""
            raise RuntimeFailed(f"The agent failed: {kind}{event.error}"[:_SHOWN_LENGTH])
        yield event


def _tell_attempts(error: TradewindError, attempts: int) -> None:
    error.extensions["attempts"] = attempts
    if attempts > 1 and isinstance(error, RuntimeCallError):
        error.message = f"{error.message} The call was sent {attempts} times."
        error.args = (error.message,)
