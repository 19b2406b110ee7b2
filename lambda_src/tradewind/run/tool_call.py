"""What one tool call reads and leaves. It counts only as a whole, once the call has succeeded."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from tradewind.run.artifact_manifest import Entry

#: A headline figure of an answer.
Fact = float | int | str


@dataclass
class ToolCall:
    """A tool call of a request.

    Attributes:
        attempt: The attempt at the request that it belongs to.
        number: Which of that attempt's calls it is.
        inputs: The artifacts it has read so far, ``{agent}/{file}``, and the SHA-256 of each.
        files: What it has written, by name.
        facts: The figures it has reported.
    """

    attempt: str
    number: int
    inputs: dict[str, str] = field(default_factory=dict)
    files: dict[str, Entry] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)


#: The tool call at work. Frameworks run calls in threads and tasks that copy the context.
CURRENT_CALL: Final[ContextVar[ToolCall | None]] = ContextVar("tool_call", default=None)
