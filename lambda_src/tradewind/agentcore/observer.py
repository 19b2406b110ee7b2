"""Who is told what becomes of calls of runtimes."""

from dataclasses import dataclass
from typing import Final, Protocol

from tradewind.agentcore.calls import RuntimeCall

COMPLETED: Final = "completed"
#: Nobody wanted the rest of the answer.
ABANDONED: Final = "abandoned"


@dataclass(frozen=True)
class RuntimeOutcome:
    """How a call ended, and what it took.

    Attributes:
        ending: ``COMPLETED``, ``ABANDONED``, or the code of the error that it ended with.
        attempts: How often it was sent; 0 when it was refused before.
        duration_s: From its beginning, pauses included.
        first_chunk_s: From its beginning to the first bytes of the answer; None without any.
        chunks: How many pieces the answer came in.
        received_bytes: How long the answer was.
    """

    ending: str
    attempts: int
    duration_s: float
    first_chunk_s: float | None
    chunks: int
    received_bytes: int


class RuntimeObserver(Protocol):
    """Is told of calls, in the event loop that makes them. Nothing it is told has a word of them.

    What it raises is its own defect; it is not caught.
    """

    def call_repeated(self, call: RuntimeCall, attempt: int, code: str) -> None:
        """A call that failed with an error of this code is sent again, as this attempt."""

    def call_ended(self, call: RuntimeCall, outcome: RuntimeOutcome) -> None:
        """A call ended, whatever way. Told once for each."""
