"""A written trace, read: whoever wrote it, it is a trace, or is refused in one line."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, ValidationError, model_validator

from cli.errors import CommandError

#: More is no trace of the format: it keeps 1000 spans, each with as many events.
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_SPANS: Final = 1000


class NoTrace(CommandError):
    """The file is not a trace that was written by a run."""

    status = 3


class Event(BaseModel):
    """Something that happened within a span."""

    name: str
    timestamp: AwareDatetime
    attributes: dict[str, Any] = Field(default_factory=dict)


class Status(BaseModel):
    """How a span ended."""

    status_code: Literal["UNSET", "OK", "ERROR"]
    description: str = ""


class Span(BaseModel):
    """A step, or a part of the run."""

    name: str
    span_id: str
    parent_span_id: str | None = None
    start_time: AwareDatetime
    duration_ms: Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]
    attributes: dict[str, Any] = Field(default_factory=dict)
    events: list[Event] = Field(default_factory=list)
    status: Status


class Trace(BaseModel):
    """A run."""

    trace_id: str
    spec_name: str
    pattern: str
    duration_ms: Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]
    evicted_count: Annotated[int, Field(ge=0)] = 0
    spans: Annotated[list[Span], Field(min_length=1, max_length=_MOST_SPANS)]

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        if len({span.span_id for span in self.spans}) < len(self.spans):
            raise ValueError("two spans have the same id")
        if sum(1 for _ in _in_order(self)) < len(self.spans):
            raise ValueError("a span is in itself")
        return self


@dataclass(frozen=True, slots=True)
class Row:
    """A span in its place.

    Attributes:
        span: The span.
        depth: How many spans it is in.
        start_ms: When it began, after the trace's first span did.
        failed_below: Whether it failed, or one that is in it.
    """

    span: Span
    depth: int
    start_ms: float
    failed_below: bool

    @property
    def failed(self) -> bool:
        """Whether it failed itself."""
        return self.span.status.status_code == "ERROR"

    def after_ms(self, event: Event) -> float:
        """When an event of it was, after the trace's first span began."""
        return self.start_ms + _ms(self.span.start_time, event.timestamp)


def read_trace(file: Path) -> Trace:
    """Read a trace.

    Raises:
        NoTrace: It is none.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as failed:
        reason = getattr(failed, "strerror", None) or failed
        raise NoTrace(f"{file} cannot be read: {reason}") from None
    if len(content) > _MOST_BYTES:
        raise NoTrace(f"{file} is no trace: it is larger than 64 MB")
    try:
        return Trace.model_validate_json(content)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
        place = "".join(f"/{part}" for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        message = f"{place}: {said}" if place else said
        told = " ".join(message.split())[:300]
        raise NoTrace(f"{file} is no trace of a run: {told}") from None


def rows(trace: Trace) -> list[Row]:
    """The spans in the order of a waterfall: each before those in it, earlier before later.

    A span whose parent is not there has none.
    """
    ordered = list(_in_order(trace))
    failed: set[str | None] = set()
    for span, _ in reversed(ordered):
        if span.status.status_code == "ERROR" or span.span_id in failed:
            failed |= {span.span_id, span.parent_span_id}
    began = min(span.start_time for span in trace.spans)
    return [
        Row(span, depth, _ms(began, span.start_time), span.span_id in failed)
        for span, depth in ordered
    ]


def _in_order(trace: Trace) -> Iterator[tuple[Span, int]]:
    """The spans that are not in themselves, and how deep each is."""
    known = {span.span_id for span in trace.spans}
    inside: dict[str | None, list[Span]] = defaultdict(list)
    for span in sorted(trace.spans, key=lambda span: span.start_time):
        inside[span.parent_span_id if span.parent_span_id in known else None].append(span)
    pending = [(span, 0) for span in reversed(inside[None])]
    while pending:
        span, depth = pending.pop()
        yield span, depth
        pending += [(one, depth + 1) for one in reversed(inside.get(span.span_id, ()))]


def _ms(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() * 1000


def summary(trace: Trace, found: Sequence[Row]) -> dict[str, Any]:
    """A trace for programs: its spans in order, with how deep they are and when they began."""
    return {
        "trace_id": trace.trace_id,
        "spec_name": trace.spec_name,
        "pattern": trace.pattern,
        "duration_ms": trace.duration_ms,
        "evicted_count": trace.evicted_count,
        "failed": sum(row.failed for row in found),
        "spans": [
            {
                "name": row.span.name,
                "depth": row.depth,
                "start_ms": round(row.start_ms, 3),
                "duration_ms": row.span.duration_ms,
                "status": row.span.status.status_code,
                "error": row.span.status.description or None,
                "events": len(row.span.events),
            }
            for row in found
        ],
    }
