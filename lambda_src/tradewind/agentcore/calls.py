"""What a call of a runtime is, and what carries one there and its answer back.

One invariant holds for every transport: what fails before the answer has begun is raised by
``open``, and may be sent again; what fails after that is raised by ``chunks``, and never is.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from tradewind.agentcore.arn import RuntimeArn

DEFAULT_QUALIFIER: Final = "DEFAULT"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"


@dataclass(frozen=True)
class TraceHeaders:
    """What ties a call to the trace it is part of; each as its header has it.

    Attributes:
        trace_id: X-Ray's ``X-Amzn-Trace-Id``.
        traceparent: Of W3C's trace context.
        tracestate: Of W3C's trace context.
        baggage: Of W3C's baggage.
    """

    trace_id: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    baggage: str | None = None


@dataclass(frozen=True)
class RuntimeCall:
    """One call of a runtime. ``limits.check_call`` says whether AgentCore would take it.

    Attributes:
        runtime: Whom to call.
        payload: What the agent is told, as its body. Never logged, nor printed.
        session_id: Of AgentCore: the same one reaches the same process of the agent.
        time_left_s: Tells the seconds that the call may still take.
        qualifier: The endpoint's name.
        user_id: On whose behalf, where the agent asks for tokens of that user's.
        trace: What ties it to a trace.
        content_type: Of the payload.
        accept: The kinds of answers that are understood.
    """

    runtime: RuntimeArn
    payload: bytes = field(repr=False)
    session_id: str
    time_left_s: Callable[[], float] = field(repr=False)
    qualifier: str = DEFAULT_QUALIFIER
    user_id: str | None = None
    trace: TraceHeaders = TraceHeaders()
    content_type: str = JSON
    accept: str = f"{EVENT_STREAM}, {JSON}"


class ConnectionWasDead(Exception):
    """A kept connection was dead when the call was sent on it: nobody's answer, nobody's fault.

    The call is sent again at once, on another connection, and it does not count as an attempt.
    """


class Opened(Protocol):
    """An answer that has begun.

    Attributes:
        content_type: What the answer is; empty where the agent does not say.
        session_id: The session that answers; None where the agent does not say.
    """

    @property
    def content_type(self) -> str: ...  # noqa: D102

    @property
    def session_id(self) -> str | None: ...  # noqa: D102

    def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it arrives, cut anywhere, none of it empty.

        Nothing is read before it is asked for: whoever takes their time slows the sender.

        Raises:
            RuntimeInterrupted: The answer broke off, or the agent fell silent.
            DeadlineExceeded: The call's time is over.
        """


class Transport(Protocol):
    """Carries calls to runtimes. Each call once: what is repeated is repeated by the client."""

    def open(self, call: RuntimeCall) -> AbstractAsyncContextManager[Opened]:
        """Send a call, and wait until its answer begins. Leaving the context gives it up.

        An answer begins with the head of a response, and on a WebSocket with its first message,
        whose connection gives each message as one event, ``data: ...`` and an empty line.

        Raises:
            ConnectionWasDead: It was sent on a connection that was dead.
            RuntimeUnavailable: Nobody could be reached, or AgentCore is not able to serve now.
            RuntimeThrottled: There are too many calls.
            RuntimeCallError: Of another kind: a repeat cannot help.
            DeadlineExceeded: The call's time is over.
        """
