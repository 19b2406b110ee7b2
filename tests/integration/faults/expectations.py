"""What each fault that the stand-in can inject must end in, wherever it is met.

Written by hand and held to the stand-in's own list: a kind without an expectation fails a test.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devtools.localcloud.bedrock import Fault, FaultKind
from tests.answers import saying
from tradewind.bedrock.retry import MAX_ATTEMPTS


class Operation(StrEnum):
    """How a model is asked."""

    STREAM = "ConverseStream"
    WHOLE = "Converse"


class Door(StrEnum):
    """Where a request comes in."""

    CREW = "crew agent"
    ASSISTANT = "assistant"
    WORKFLOW = "workflow"
    API = "API"
    AGENTCORE = "AgentCore"


@dataclass(frozen=True)
class Expected:
    """What becomes of a request whose model calls meet a fault.

    Attributes:
        fault: The fault; ``count`` is the test's to say.
        code: What the request ends with while the fault lasts; None for the right answer.
        repeated: Whether a call that met it is sent again.
        counted: Whether such a call is an error of the service's.
        met_by_converse: Whether a Converse call can meet it.
        seen: Whether the service sees the request of a call that meets it.
        begun: Whether it breaks off a stream that has said something.
        note: What the page says besides.
    """

    fault: Fault
    code: str | None = None
    repeated: bool = False
    counted: bool = True
    met_by_converse: bool = True
    seen: bool = True
    begun: bool = False
    note: str = ""

    @property
    def silent(self) -> bool:
        """Whether it ends by a read timeout."""
        return self.code == "MODEL_TIMEOUT" and self.fault.kind is not FaultKind.MODEL_TIMEOUT

    @property
    def on_idle(self) -> bool:
        """Whether it is the call after the one with the fault that suffers."""
        return self.fault.phase == "after"


def _passes(kind: FaultKind, code: str, *, begun: bool = False) -> Expected:
    return Expected(Fault(kind), code, repeated=True, begun=begun)


def _lasts(kind: FaultKind, code: str, *, begun: bool = False) -> Expected:
    return Expected(Fault(kind), code, begun=begun)


def _in_stream(kind: FaultKind, code: str, *, repeated: bool = True) -> Expected:
    return Expected(Fault(kind), code, repeated, met_by_converse=False, begun=True)


_SILENCE: Final = "MODEL_TIMEOUT"

EXPECTED: Final[Mapping[FaultKind, Expected]] = {
    expected.fault.kind: expected
    for expected in (
        _lasts(FaultKind.VALIDATION, "MODEL_REQUEST_REJECTED"),
        _lasts(FaultKind.ACCESS_DENIED, "MODEL_ACCESS_DENIED"),
        _lasts(FaultKind.NOT_FOUND, "MODEL_REQUEST_REJECTED"),
        _lasts(FaultKind.MODEL_TIMEOUT, _SILENCE),
        _passes(FaultKind.MODEL_ERROR, "MODEL_FAILED"),
        _passes(FaultKind.THROTTLED, "MODEL_THROTTLED"),
        _passes(FaultKind.MODEL_NOT_READY, "MODEL_UNAVAILABLE"),
        _passes(FaultKind.INTERNAL, "MODEL_FAILED"),
        _passes(FaultKind.UNAVAILABLE, "MODEL_UNAVAILABLE"),
        Expected(Fault(FaultKind.LATENCY, seconds=0.02), note="shorter than the read timeout"),
        Expected(
            Fault(FaultKind.SLOW_FIRST_BYTE, seconds=600),
            _SILENCE,
            note="longer than the read timeout",
        ),
        _in_stream(FaultKind.STREAM_VALIDATION, "MODEL_REQUEST_REJECTED", repeated=False),
        _in_stream(FaultKind.STREAM_THROTTLED, "MODEL_THROTTLED"),
        _in_stream(FaultKind.STREAM_MODEL_ERROR, "MODEL_STREAM_BROKEN"),
        _in_stream(FaultKind.STREAM_INTERNAL, "MODEL_FAILED"),
        _in_stream(FaultKind.STREAM_UNAVAILABLE, "MODEL_UNAVAILABLE"),
        _in_stream(FaultKind.NO_MESSAGE_STOP, "MODEL_STREAM_BROKEN"),
        _in_stream(FaultKind.MALFORMED_FRAME, "MODEL_STREAM_BROKEN"),
        Expected(
            Fault(FaultKind.SAYS, events=saying("")),
            "MODEL_FAILED",
            counted=False,
            met_by_converse=False,
            note="an end without a word",
        ),
        _passes(FaultKind.CUT, "MODEL_STREAM_BROKEN", begun=True),
        _passes(FaultKind.RESET, "MODEL_STREAM_BROKEN", begun=True),
        _lasts(FaultKind.STALL, _SILENCE, begun=True),
        Expected(Fault(FaultKind.IDLE_CLOSE), note="another connection is used"),
        Expected(
            Fault(FaultKind.IDLE_RESET),
            "MODEL_STREAM_BROKEN",
            repeated=True,
            counted=False,
            seen=False,
            note="the request was received: only the retry layer may repeat it",
        ),
        Expected(
            Fault(FaultKind.IDLE_SILENCE),
            _SILENCE,
            seen=False,
            note="a peer that acknowledges, and says nothing",
        ),
    )
}

#: Doors that add a transport to the handler that the first three are: one row for each kind.
TRANSPORTS: Final = frozenset({Door.API, Door.AGENTCORE})


@dataclass(frozen=True)
class Cell:
    """One kind of fault, met by one way to ask, behind one door.

    Attributes:
        lasting: Whether every call meets it, or one does.
    """

    kind: FaultKind
    operation: Operation
    door: Door
    lasting: bool

    def __str__(self) -> str:
        how = "for good" if self.lasting else "once"
        return f"{self.kind} {how}, {self.operation}, {self.door}"

    @property
    def expected(self) -> Expected:
        """What must become of it."""
        return EXPECTED[self.kind]

    @property
    def repeated(self) -> bool:
        """Whether a call that met the fault is sent again: a workflow has time for a silence."""
        return self.expected.repeated or (
            self.door is Door.WORKFLOW and self.expected.code == _SILENCE
        )

    @property
    def code(self) -> str | None:
        """What the request ends with."""
        return None if self.repeated and not self.lasting else self.expected.code

    @property
    def faulty_calls(self) -> int:
        """Calls that meet the fault and fail of it."""
        if self.expected.code is None:
            return 0
        return MAX_ATTEMPTS if self.repeated and self.lasting else 1


def has(operation: Operation, door: Door) -> bool:
    """Whether a model is asked so behind a door: PydanticAI's is always streamed."""
    return operation is Operation.STREAM or door in {Door.CREW, Door.WORKFLOW}


def cells() -> Iterator[Cell]:
    """All of them."""
    for kind, expected in EXPECTED.items():
        for operation in Operation:
            if operation is Operation.WHOLE and not expected.met_by_converse:
                continue
            for door in Door:
                if not has(operation, door):
                    continue
                for lasting in _how_long(expected, door):
                    yield Cell(kind, operation, door, lasting)


def _how_long(expected: Expected, door: Door) -> tuple[bool, ...]:
    if expected.on_idle:
        return (False,)  # the call after it opens a connection that nothing has befallen yet
    return (True,) if door in TRANSPORTS else (False, True)
