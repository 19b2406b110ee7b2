"""What one tool call reads and leaves. It counts only as a whole, once the call has succeeded."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from tradewind.run.artifact_manifest import Entry, ProjectFile

#: A headline figure of an answer.
Fact = float | int | str


@dataclass
class ToolCall:
    """A tool call of a request.

    Attributes:
        attempt: The attempt at the request that it belongs to.
        number: Which of that attempt's calls it is.
        inputs: The artifacts it has read so far, ``{agent}/{file}``, and the SHA-256 of each.
        inherited: What those of its own agent were made from, in the same form.
        files: What it has written, by name.
        facts: The figures it has reported.
    """

    attempt: str
    number: int
    inputs: dict[str, str] = field(default_factory=dict)
    inherited: dict[str, str] = field(default_factory=dict)
    files: dict[str, Entry] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)

    def note_read(self, file: ProjectFile, *, own: bool) -> None:
        """Note that an artifact was read."""
        self.inputs[file.name] = file.entry.sha256
        if own:
            self.inherited |= file.entry.made_from

    @property
    def made_from(self) -> dict[str, str]:
        """What an artifact is made from that is written now."""
        return {**self.inherited, **self.inputs}


#: The tool call at work. Frameworks run calls in threads and tasks that copy the context.
CURRENT_CALL: Final[ContextVar[ToolCall | None]] = ContextVar("tool_call", default=None)
