"""What happens in a run, told while it happens."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class MessageBegun:
    """The model begins a message. What it had written of one that has not ended is dropped."""


@dataclass(frozen=True)
class TextDelta:
    """A piece of the message."""

    text: str


@dataclass(frozen=True)
class MessageEnded:
    """The message is whole, and stays."""


@dataclass(frozen=True)
class ToolStarted:
    """A tool is at work, or was refused before it began.

    Attributes:
        call_id: The model's id of the call.
        tool: What it called; a name of the model's own where there is no such tool.
    """

    call_id: str
    tool: str


@dataclass(frozen=True)
class ToolEnded:
    """A tool's call is over. See ``ToolStarted``."""

    call_id: str
    tool: str
    succeeded: bool


RunEvent = MessageBegun | TextDelta | MessageEnded | ToolStarted | ToolEnded

#: Told of each event in the run's own threads: it must be quick, and must not raise.
Listener = Callable[[RunEvent], None]


def nobody(_event: RunEvent) -> None:
    """Listen to nothing."""


def both(*listeners: Listener) -> Listener:
    """Return a listener that tells each of ``listeners``, in their order."""
    those = [listener for listener in listeners if listener is not nobody]

    def tell(event: RunEvent) -> None:
        for listener in those:
            listener(event)

    return tell if those else nobody
