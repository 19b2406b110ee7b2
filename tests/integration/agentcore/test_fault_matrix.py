"""Every fault of a wire, on both transports, before, at and after the first byte of an answer.

Each cell ends in the right events, or in these and one typed error; how often a call was sent is
what the runtime counted. Nothing is waited for but what happens: pauses are drawn and not slept.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

import pytest

from tests.driven_loop import DrivenClock, DrivenLoop
from tests.integration.agentcore.calls import PLENTY_S, Call, Clients, Patience
from tests.integration.agentcore.wires import SDK, SOCKET, Wire
from tests.raw_runtime import Answer, Piece, Then, raw_runtime
from tradewind.agentcore.observer import COMPLETED
from tradewind.contracts.errors import (
    DeadlineExceeded,
    RuntimeAnswerUnreadable,
    RuntimeFailed,
    RuntimeInterrupted,
    RuntimeThrottled,
    RuntimeUnavailable,
    TradewindError,
)

ATTEMPTS: Final = 3
#: An event that is cut into a thousand parts.
LONG: Final = "\N{LINE SEPARATOR}æ" * 200


class At(Enum):
    """Where in an answer a fault is."""

    BEFORE = "before the first byte"
    HEAD = "at the head"
    BYTE = "at the first byte"
    AFTER = "after the first event"


@dataclass(frozen=True)
class Cell:
    """One fault at one place on one wire.

    Attributes:
        name: Of the test.
        wire: Which one.
        answers: What the runtime sends for each attempt.
        values: Of the events that arrive.
        error: What the answer ends with; None where it ends well.
        attempts: How often the call is sent.
    """

    name: str
    wire: Wire
    answers: tuple[Answer, ...]
    values: tuple[object, ...]
    error: type[TradewindError] | None
    attempts: int = 1

    @property
    def stalls(self) -> bool:
        """Whether it ends because its time does."""
        return self.error is DeadlineExceeded


def _so_far(wire: Wire, at: At) -> tuple[tuple[Piece, ...], tuple[object, ...]]:
    """What has been sent where a fault begins, and the values in it."""
    return {
        At.BEFORE: ((), ()),
        At.HEAD: (wire.begin, ()),
        At.BYTE: ((*wire.begin, wire.first_byte), ()),
        At.AFTER: ((*wire.begin, wire.event("one")), ("one",)),
    }[at]


def _whole(wire: Wire, *values: object) -> Answer:
    return Answer((*wire.begin, *map(wire.event, values), wire.end), wire.then)


def _begun(wire: Wire, at: At) -> bool:
    """Whether an answer has begun there: it is never asked for again then."""
    return at in {At.BYTE, At.AFTER} or (wire is SDK and at is At.HEAD)


def _broken_off(wire: Wire) -> Iterator[Cell]:
    """The connection ends, or nothing more comes on it."""
    for at in At:
        pieces, values = _so_far(wire, at)
        for name, then in (("truncated", Then.CLOSE), ("reset", Then.RESET)):
            error, attempts = (
                (RuntimeInterrupted, 1) if _begun(wire, at) else (RuntimeUnavailable, ATTEMPTS)
            )
            yield Cell(f"{name} {at.value}", wire, (Answer(pieces, then),), values, error, attempts)
        stalled = Answer(pieces, Then.STALL)
        yield Cell(f"stalled {at.value}", wire, (stalled,), values, DeadlineExceeded)


def _garbage(wire: Wire) -> Iterator[Cell]:
    """Bytes that are nothing, and bytes in whole frames that are no text."""
    nothing = Answer((b"\x00\xffno answer at all\r\n\r\n",), Then.CLOSE)
    yield Cell(f"garbage {At.BEFORE.value}", wire, (nothing,), (), RuntimeAnswerUnreadable)
    # What is no chunk may be one that was cut: the library cannot tell.
    error = RuntimeInterrupted if wire is SDK else RuntimeAnswerUnreadable
    for at in (At.HEAD, At.BYTE, At.AFTER):
        pieces, values = _so_far(wire, at)
        broken = Answer((*pieces, wire.broken), Then.CLOSE)
        yield Cell(f"garbage {at.value}", wire, (broken,), values, error)
        no_text = Answer((*pieces, wire.raw(b"data: \xff\xfe\n\n")), Then.CLOSE)
        yield Cell(f"no text {at.value}", wire, (no_text,), values, RuntimeAnswerUnreadable)


def _refused_first(wire: Wire) -> Iterator[Cell]:
    """A refusal that may pass, whole or broken off itself, and then an answer."""
    refusal = wire.refused("503 Service Unavailable")
    body_at = refusal.index(b"\r\n\r\n") + 4
    sent = {At.BEFORE: len(refusal), At.HEAD: body_at, At.BYTE: body_at + 1, At.AFTER: body_at + 9}
    for at, length in sent.items():
        then = Then.KEEP if at is At.BEFORE else Then.CLOSE
        answers = (Answer((refusal[:length],), then), _whole(wire, "one", "two"))
        yield Cell(f"503, cut {at.value}, then success", wire, answers, ("one", "two"), None, 2)
    for status, error in (
        ("503 Service Unavailable", RuntimeUnavailable),
        ("504 Gateway Timeout", RuntimeUnavailable),
        ("429 Too Many Requests", RuntimeThrottled),
    ):
        refused = Answer((wire.refused(status),))
        yield Cell(f"{status[:3]}, and again", wire, (refused,), (), error, ATTEMPTS)


def _error_within(wire: Wire) -> Iterator[Cell]:
    """The agent's own error, in an answer whose status says that all is well."""
    failure = {"error": "no key", "error_type": "KeyError", "message": "An error occurred"}
    pieces = {
        At.BEFORE: ((*wire.begin, wire.event(failure)), ()),
        At.BYTE: ((*wire.begin, *wire.split(failure)), ()),
        At.AFTER: ((*wire.begin, wire.event("one"), wire.event(failure)), ("one",)),
    }
    for at, (sent, values) in pieces.items():
        answer = Answer((*sent, wire.end), wire.then)
        yield Cell(f"error in a 200 {at.value}", wire, (answer,), values, RuntimeFailed)


def _cut_differently(wire: Wire) -> Iterator[Cell]:
    """Two events in a packet, and one in a thousand: the same events."""
    one, two, three = (wire.event(value) for value in ("one", "two", LONG))
    parts = wire.split(LONG)
    bytewise = tuple(bytes([byte]) for byte in three)
    assert len(parts) >= 1000
    for name, pieces, values in (
        ("two events in the packet of the head", (one + two,), ("one", "two")),
        ("two events, cut after a byte", (one[:1], one[1:] + two), ("one", "two")),
        ("two events in a packet after the first", (one, two + three), ("one", "two", LONG)),
        ("an event in a thousand frames", parts, (LONG,)),
        ("an event in a thousand frames after the first", (one, *parts), ("one", LONG)),
        ("an event in a thousand packets", bytewise, (LONG,)),
        ("an event in a thousand packets after the first", (one, *bytewise), ("one", LONG)),
    ):
        answer = Answer((*wire.begin, *pieces, wire.end), wire.then)
        yield Cell(name, wire, (answer,), values, None)


CELLS: Final = [
    cell
    for wire in (SDK, SOCKET)
    for kind in (_broken_off, _garbage, _refused_first, _error_within, _cut_differently)
    for cell in kind(wire)
]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.wire.transport}: {cell.name}")
def test_each_fault_ends_in_the_right_events_or_one_error(cell: Cell, clients: Clients) -> None:
    clock = DrivenClock()
    loop = DrivenLoop(clock)
    call = Call(clients.transport(cell.wire.transport))

    async def run() -> None:
        async with raw_runtime(*cell.answers, listener=clients.listener) as runtime:

            def is_at_the_stall() -> bool:
                """Whether the call is where nothing more comes that it could see."""
                sent = bool(runtime.connections) or clients.is_reached()
                return cell.stalls and sent and len(call.values) == len(cell.values)

            asking = asyncio.create_task(call.ask(Patience(loop.time, is_at_the_stall)))
            if cell.stalls:
                # Who gives up may have sent what is still to be read.
                await runtime.until(lambda seen: bool(seen.asked))
                await call.until_values(len(cell.values))
                loop.advance(PLENTY_S)
            await asking
            clients.sdk.close()
            # Nobody listens to what is over.
            await runtime.until(lambda seen: not seen.busy)
            assert call.values == list(cell.values)
            assert type(call.error) is (cell.error or type(None))
            [outcome] = call.outcomes
            assert outcome.attempts == len(runtime.asked) == cell.attempts
            assert outcome.ending == (call.error.code if call.error else COMPLETED)
            if call.error is not None:
                assert call.error.extensions["attempts"] == cell.attempts

    with contextlib.closing(loop):
        loop.run_until_complete(run())
        loop.run_until_complete(loop.shutdown_default_executor())
