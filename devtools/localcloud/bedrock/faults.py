"""Failures on demand."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from devtools.localcloud.bedrock import frames
from devtools.localcloud.bedrock.errors import ServiceError


class FaultKind(StrEnum):
    """What goes wrong."""

    # Instead of an answer.
    VALIDATION = "validation"
    ACCESS_DENIED = "access_denied"
    NOT_FOUND = "not_found"
    MODEL_TIMEOUT = "model_timeout"
    MODEL_ERROR = "model_error"
    THROTTLED = "throttled"
    MODEL_NOT_READY = "model_not_ready"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    # Before the answer.
    LATENCY = "latency"
    SLOW_FIRST_BYTE = "slow_first_byte"
    # In the middle of a stream: an exception frame, and the end.
    STREAM_VALIDATION = "stream_validation"
    STREAM_THROTTLED = "stream_throttled"
    STREAM_MODEL_ERROR = "stream_model_error"
    STREAM_INTERNAL = "stream_internal"
    STREAM_UNAVAILABLE = "stream_unavailable"
    # A stream that is not what it should be.
    NO_MESSAGE_STOP = "no_message_stop"
    MALFORMED_FRAME = "malformed_frame"
    # A whole stream, as the fault's ``events`` have it.
    SAYS = "says"
    # In the middle of an answer, on the connection.
    CUT = "cut"
    RESET = "reset"
    STALL = "stall"
    # After the answer, on the idle connection.
    IDLE_CLOSE = "idle_close"
    IDLE_RESET = "idle_reset"
    IDLE_SILENCE = "idle_silence"


_HTTP_ERRORS: Final[Mapping[FaultKind, tuple[int, str, str]]] = {
    FaultKind.VALIDATION: (400, "ValidationException", "The provided request is not valid"),
    FaultKind.ACCESS_DENIED: (
        403,
        "AccessDeniedException",
        "You don't have access to the model with the specified model ID.",
    ),
    FaultKind.NOT_FOUND: (
        404,
        "ResourceNotFoundException",
        "Could not resolve the foundation model from the provided model identifier.",
    ),
    FaultKind.MODEL_TIMEOUT: (
        408,
        "ModelTimeoutException",
        "Model has timed out in processing the request. Try your request again.",
    ),
    FaultKind.MODEL_ERROR: (
        424,
        "ModelErrorException",
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
    FaultKind.THROTTLED: (
        429,
        "ThrottlingException",
        "Too many requests, please wait before trying again.",
    ),
    FaultKind.MODEL_NOT_READY: (
        429,
        "ModelNotReadyException",
        "Model is not ready for inference. Wait and try your request again.",
    ),
    FaultKind.INTERNAL: (
        500,
        "InternalServerException",
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
    FaultKind.UNAVAILABLE: (
        503,
        "ServiceUnavailableException",
        "Bedrock is unable to process your request.",
    ),
}
_STREAM_EXCEPTIONS: Final[Mapping[FaultKind, tuple[str, FaultKind]]] = {
    FaultKind.STREAM_VALIDATION: ("validationException", FaultKind.VALIDATION),
    FaultKind.STREAM_THROTTLED: ("throttlingException", FaultKind.THROTTLED),
    FaultKind.STREAM_MODEL_ERROR: ("modelStreamErrorException", FaultKind.MODEL_ERROR),
    FaultKind.STREAM_INTERNAL: ("internalServerException", FaultKind.INTERNAL),
    FaultKind.STREAM_UNAVAILABLE: ("serviceUnavailableException", FaultKind.UNAVAILABLE),
}
_STREAM_ONLY: Final = frozenset(
    {*_STREAM_EXCEPTIONS, FaultKind.NO_MESSAGE_STOP, FaultKind.MALFORMED_FRAME, FaultKind.SAYS}
)
_DELAYS: Final = frozenset({FaultKind.LATENCY, FaultKind.SLOW_FIRST_BYTE})
_IDLE: Final = frozenset({FaultKind.IDLE_CLOSE, FaultKind.IDLE_RESET, FaultKind.IDLE_SILENCE})
#: What can be done to an answer that another service produces.
_RELAYABLE: Final = frozenset({*_HTTP_ERRORS, *_IDLE, FaultKind.LATENCY})


@dataclass(frozen=True)
class Fault:
    """A fault to inject.

    Attributes:
        kind: What goes wrong.
        count: How many requests it hits; None for every one until cleared.
        after_frames: How many frames of the answer go out first. A Converse answer counts as two.
        seconds: How long a delay or a stall lasts. A stall without it lasts until the client
            leaves; a delay needs it.
        model: Hit only requests for this model id, as the caller spelled it.
        role: Hit only requests of the role with this name.
        message: The error's message, in place of the service's usual one.
        events: What the model says in place of the scripted answer: events of ConverseStream.
    """

    kind: FaultKind
    count: int | None = 1
    after_frames: int = 2
    seconds: float | None = None
    model: str | None = None
    role: str | None = None
    message: str | None = None
    events: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        if self.count is not None and self.count < 1:
            raise ValueError(f"count must be at least 1, not {self.count}")
        if self.after_frames < 0:
            raise ValueError(f"after_frames must not be negative, not {self.after_frames}")
        if self.seconds is not None and self.seconds < 0:
            raise ValueError(f"seconds must not be negative, not {self.seconds}")
        if self.kind in _DELAYS and self.seconds is None:
            raise ValueError(f"{self.kind} needs seconds")
        if self.events and self.kind is not FaultKind.SAYS:
            raise ValueError(f"only {FaultKind.SAYS} takes events, not {self.kind}")
        frames.require_modelled(self.events)

    @property
    def phase(self) -> str:
        """Which part of a request it hits: at most one fault per part takes effect."""
        if self.kind in _DELAYS:
            return "before"
        return "after" if self.kind in _IDLE else "answer"

    @property
    def relayable(self) -> bool:
        """Whether it works on an answer that is only relayed."""
        return self.kind in _RELAYABLE

    def hits(self, *, streaming: bool, model: str, role: str) -> bool:
        """Say whether it is meant for such a request."""
        return (
            (streaming or self.kind not in _STREAM_ONLY)
            and self.model in (None, model)
            and self.role in (None, role)
        )

    def http_error(self) -> ServiceError | None:
        """The error that replaces the answer, if that is what this fault is."""
        if self.kind not in _HTTP_ERRORS:
            return None
        status, code, message = _HTTP_ERRORS[self.kind]
        members = {"originalStatusCode": 500} if self.kind is FaultKind.MODEL_ERROR else {}
        return ServiceError(status, code, self.message or message, members)

    def spoil(self, sequence: Sequence[bytes]) -> list[bytes]:
        """Return an answer's frames as this fault leaves them."""
        if self.kind is FaultKind.SAYS:
            return [frames.event(name, said) for one in self.events for name, said in one.items()]
        kept = list(sequence)
        if self.kind in _STREAM_EXCEPTIONS:
            name, like = _STREAM_EXCEPTIONS[self.kind]
            message = self.message or _HTTP_ERRORS[like][2]
            return [*kept[: self.after_frames], frames.exception(name, {"message": message})]
        if self.kind is FaultKind.NO_MESSAGE_STOP:
            # messageStop and metadata are the last two.
            return kept[:-2]
        if self.kind is FaultKind.MALFORMED_FRAME:
            at = min(self.after_frames, len(kept) - 1)
            kept[at] = frames.damaged(kept[at])
        return kept

    def to_json(self) -> dict[str, Any]:
        """The fault as the admin API takes it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> "Fault":
        """Read a fault of the admin API.

        Raises:
            ValueError: It is not a fault.
        """
        if not isinstance(value, dict):
            raise ValueError("a fault is a JSON object")  # noqa: TRY004  one error for bad input
        try:
            kind, events = FaultKind(str(value.get("kind"))), tuple(value.get("events", ()))
            return cls(**{**value, "kind": kind, "events": events})
        except TypeError as error:
            raise ValueError(str(error)) from error


@dataclass(frozen=True)
class Hit:
    """The faults that one request meets."""

    before: Fault | None = None
    answer: Fault | None = None
    after: Fault | None = None


class FaultBook:
    """The faults waiting for a request. Safe to use from any thread."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._waiting = list(faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Let these faults wait behind those already there."""
        with self._lock:
            self._waiting.extend(faults)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()

    def take(self, *, streaming: bool, model: str, role: str) -> Hit:
        """Return the first matching fault of each phase, and count them down."""
        hit: dict[str, Fault] = {}
        with self._lock:
            remaining = []
            for fault in self._waiting:
                left: Fault | None = fault
                if fault.phase not in hit and fault.hits(
                    streaming=streaming, model=model, role=role
                ):
                    hit[fault.phase] = fault
                    left = _counted_down(fault)
                if left is not None:
                    remaining.append(left)
            self._waiting = remaining
        return Hit(**hit)


def _counted_down(fault: Fault) -> Fault | None:
    if fault.count is None:
        return fault
    return replace(fault, count=fault.count - 1) if fault.count > 1 else None
