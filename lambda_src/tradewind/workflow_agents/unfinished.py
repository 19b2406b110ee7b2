"""What a failed attempt of a call has come to: no tool that has run is to run again.

The engine repeats a call as a whole. Where its model failed behind the results of tools, the next
attempt goes on from them; where no tool had run, it begins anew.
"""

from dataclasses import dataclass, field

from strands.telemetry.metrics import EventLoopMetrics
from strands.types.content import Messages


@dataclass(slots=True)
class Used:
    """What a call used."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read: int = 0
    cache_write: int = 0
    tool_calls: int = 0

    def add(self, metrics: EventLoopMetrics) -> None:
        """Add what an agent used."""
        usage = metrics.accumulated_usage
        self.input_tokens += usage["inputTokens"]
        self.output_tokens += usage["outputTokens"]
        self.cache_read += usage.get("cacheReadInputTokens", 0)
        self.cache_write += usage.get("cacheWriteInputTokens", 0)
        self.tool_calls += sum(one.call_count for one in metrics.tool_metrics.values())


@dataclass(slots=True)
class Unfinished:
    """A call that has failed, or has not begun.

    Attributes:
        messages: Its conversation, up to its tools' last results; None where none has run.
        used: What its attempts used so far.
    """

    messages: Messages | None = None
    used: Used = field(default_factory=Used)

    def left_at(self, messages: Messages, before: int) -> None:
        """Note what a conversation has come to, of which ``before`` messages were there before."""
        for end in range(len(messages), before, -1):
            if any("toolResult" in block for block in messages[end - 1]["content"]):
                self.messages = messages[:end]
                return
