"""What a story tells, as single requests and calls; and what an app says of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class RequestEnd(StrEnum):
    """How a request to an agent ends."""

    OK = "ok"
    #: By our fault: the invocation fails.
    FAILED = "failed"
    #: Killed by Lambda at the function's timeout.
    TIMEOUT = "timeout"
    #: Killed because its memory was used up.
    MEMORY = "memory"
    #: The process ended in the midst of it.
    CRASH = "crash"
    #: The caller must mend it; Lambda sees a good answer.
    REJECTED = "rejected"
    #: Stopped by the agent shortly before the timeout; Lambda sees a good answer.
    DEADLINE = "deadline"
    #: Turned away by Lambda before it began.
    THROTTLED = "throttled"

    @property
    def is_killed(self) -> bool:
        """Whether the process printed nothing more."""
        return self in {RequestEnd.TIMEOUT, RequestEnd.MEMORY, RequestEnd.CRASH}

    @property
    def fails(self) -> bool:
        """Whether Lambda counts a failed invocation."""
        return self is RequestEnd.FAILED or self.is_killed


class CallEnd(StrEnum):
    """How a call of another function ends."""

    OK = "ok"
    #: The invocation fails; a gateway before it answers 502.
    FAILED = "failed"
    #: The process dies, and prints nothing; a gateway before it answers 502.
    KILLED = "killed"
    #: Answered with a status of 500 or more.
    ANSWERED_5XX = "5xx"
    #: A failure by our fault, within an answer that a gateway counts as a good one.
    WITHIN_ANSWER = "within"
    #: Turned away by Lambda; a gateway before it answers 500 or more.
    THROTTLED = "throttled"

    @property
    def fails(self) -> bool:
        """Whether Lambda counts a failed invocation."""
        return self in {CallEnd.FAILED, CallEnd.KILLED}


@dataclass(frozen=True, slots=True)
class Request:
    """A request to an agent, as an app needs it to know what is printed.

    Attributes:
        agent: The agent.
        ends: How it ends.
        takes_ms: From its start to its end, without a process's start.
        cold_ms: How long the process took to start; 0 when it was there.
        restored_ms: How long it took to be restored from a snapshot; 0 when it was not.
        memory_mb: The most that the process used so far.
        cost_usd: What its model calls cost.
        model_calls: How many there were.
        model_errors: How many of them failed.
        model_throttles: How many of these were throttled.
    """

    agent: str
    ends: RequestEnd
    takes_ms: int
    cold_ms: int
    restored_ms: int
    memory_mb: int
    cost_usd: float
    model_calls: int
    model_errors: int
    model_throttles: int

    @property
    def lasts_ms(self) -> int:
        """From its coming to its end, with what it waits for a process."""
        return self.cold_ms + self.restored_ms + self.takes_ms


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function that is no agent's.

    Attributes:
        function: Its name in the app.
        ends: How it ends.
        takes_ms: From its start to its end.
    """

    function: str
    ends: CallEnd
    takes_ms: int


class App(Protocol):
    """What an app says of itself."""

    def function_name(self, name: str) -> str:
        """What the function of an agent, or another one, is called in AWS."""
        ...

    def alias_of(self, name: str) -> str:
        """What callers call, as AWS/Lambda's dimension Resource has it: ``function:alias``."""
        ...

    def queue_name(self, agent: str) -> str:
        """What an agent's dead-letter queue is called."""
        ...

    def gateway_before(self, function: str) -> Sequence[tuple[str, str]] | None:
        """The dimensions of AWS/ApiGateway's metrics before a function; None when there is none."""
        ...

    def printed_by_request(self, request: Request) -> Sequence[str]:
        """The lines that hold metrics, of a request that was not killed."""
        ...

    def printed_by_call(self, call: Call) -> Sequence[str]:
        """The lines that hold metrics, of a call that was not killed."""
        ...

    def printed_count(self, name: str, agent: str | None, amount: int) -> Sequence[str]:
        """The lines in which a metric of the app's own is counted."""
        ...
