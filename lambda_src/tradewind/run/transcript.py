"""What the model has said so far in one run."""

from dataclasses import dataclass, field

from tradewind.run.events import Listener, MessageBegun, MessageEnded, TextDelta, nobody


@dataclass
class Transcript:
    """The finished messages of a run, and the one being written.

    Attributes:
        listener: Who is told of each piece as it comes.
    """

    listener: Listener = nobody
    _finished: list[str] = field(default_factory=list)
    _writing: list[str] = field(default_factory=list)

    def begin_message(self) -> None:
        """Begin a message; what a failed call had begun is dropped."""
        self._writing.clear()
        self.listener(MessageBegun())

    def write(self, text: str) -> None:
        """Add a piece of the message."""
        self._writing.append(text)
        self.listener(TextDelta(text))

    def end_message(self) -> None:
        """Keep the message: its model call succeeded."""
        self._finished.append("".join(self._writing))
        self._writing.clear()
        self.listener(MessageEnded())

    @property
    def last_message(self) -> str:
        """The last finished message, which is an agent's answer when its run has ended."""
        return (self._finished[-1] if self._finished else "").strip()

    @property
    def everything(self) -> str:
        """All text there is, for an answer that was cut short."""
        return "\n\n".join(
            text for text in (*self._finished, "".join(self._writing)) if text.strip()
        ).strip()
