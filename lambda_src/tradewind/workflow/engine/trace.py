"""A run as spans: an observer that keeps them, and writes them as JSON."""

import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tradewind.workflow.engine.events import (
    BudgetWarned,
    Event,
    PersonAsked,
    Retried,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
)
from tradewind.workflow.spec.model import Spec

#: Spans that are kept; the oldest go first.
_MOST: Final = 1000


@dataclass(slots=True)
class Span:
    """A step, or a part of the run, from its start to its end. Times are seconds since 1970."""

    name: str
    parent: str | None
    started: float
    attributes: dict[str, Any]
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))
    ended: float | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    status: str = "UNSET"
    description: str = ""

    def to_json(self, now: float) -> dict[str, Any]:
        """As plain values; a span that has not ended lasts until ``now``."""
        ended = now if self.ended is None else self.ended
        return {
            "name": self.name,
            "span_id": self.span_id,
            "parent_span_id": self.parent,
            "start_time": _written(self.started),
            "end_time": _written(ended),
            "duration_ms": round((ended - self.started) * 1000, 3),
            "attributes": self.attributes,
            "events": self.events,
            "status": {"status_code": self.status, "description": self.description},
        }


class Trace:
    """Observes a run.

    Args:
        spec: The workflow.
        wall_clock: Seconds since 1970.
        redact: What is written of an error's message; as it is where nothing is given.
        ended: Told of each span when it has ended, the root last.
    """

    def __init__(
        self,
        spec: Spec,
        wall_clock: Callable[[], float] = time.time,
        *,
        redact: Callable[[str], str] | None = None,
        ended: Callable[[Span], None] | None = None,
    ) -> None:
        self.trace_id = secrets.token_hex(16)
        self._spec = spec
        self._clock = wall_clock
        self._redact = redact
        self._told = ended
        self._open: dict[str, Span] = {}
        self._ended: deque[Span] = deque()
        self._evicted = 0
        self._root = self._new_root()

    def __call__(self, event: Event) -> None:
        """Hear of something."""
        match event:
            case RunStarted():
                self._root.started = self._clock()
            case StepStarted():
                attributes = {} if event.agent is None else {"agent": event.agent}
                self._open[event.key] = Span(
                    event.key, self._parent(event.key).span_id, self._clock(), attributes
                )
            case StepEnded():
                self._end_step(event)
            case Retried():
                self._note(
                    self._open.get(event.key, self._root),
                    "retry_attempt",
                    {
                        "attempt": event.attempt,
                        "wait_s": event.wait_s,
                        "error": self._redacted(event.error),
                    },
                )
            case BudgetWarned():
                self._note(
                    self._root,
                    "budget_warning",
                    {"budget": event.budget, "used": event.used, "limit": event.limit},
                )
            case PersonAsked():
                self._note(self._root, "person_asked", {"step": event.key})
            case RunEnded():
                self._end(self._root, event.error, ok=event.status in ("completed", "paused"))
                if self._told is not None:
                    self._told(self._root)

    def to_json(self) -> dict[str, Any]:
        """The trace so far."""
        now = self._clock()
        # The root is the oldest, and is what the others hang on: it stays.
        spans = [self._root, *self._ended, *self._open.values()]
        if len(spans) > _MOST:
            spans = [self._root, *spans[len(spans) - _MOST + 1 :]]
        known = {span.span_id for span in spans}
        written = [span.to_json(now) for span in spans]
        for span in written:
            if span["parent_span_id"] not in known:
                span["parent_span_id"] = None if span is written[0] else self._root.span_id
        return {
            "trace_id": self.trace_id,
            "spec_name": self._spec.name,
            "spec_version": self._spec.version,
            "pattern": self._spec.pattern.type,
            "duration_ms": written[0]["duration_ms"],
            "span_count": len(written),
            "evicted_count": self._evicted + len(self._ended) + len(self._open) + 1 - len(written),
            "spans": written,
        }

    def _new_root(self) -> Span:
        spec = self._spec
        return Span(
            f"execute.{spec.pattern.type}",
            None,
            self._clock(),
            {
                "spec.name": spec.name,
                "pattern.type": spec.pattern.type,
                "runtime.provider": spec.runtime.provider,
                "runtime.model_id": spec.runtime.model_id,
            },
        )

    def _parent(self, key: str) -> Span:
        above = key.rpartition("/")[0]
        while above:
            if above in self._open:
                return self._open[above]
            above = above.rpartition("/")[0]
        return self._root

    def _end_step(self, event: StepEnded) -> None:
        span = self._open.pop(event.key, None)
        if span is None:
            return
        if "agent" in span.attributes and event.error is None:
            span.attributes["tokens"] = event.tokens
            span.attributes["tool_calls"] = event.tool_calls
            if event.dollars is not None:
                span.attributes["dollars"] = event.dollars
        self._end(span, event.error, ok=event.error is None)
        if self._told is not None:
            self._told(span)
        self._note(self._root, "step_complete", {"step": event.key, "ok": event.error is None})
        self._ended.append(span)
        if len(self._ended) > _MOST:
            self._ended.popleft()
            self._evicted += 1

    def _end(self, span: Span, error: str | None, *, ok: bool) -> None:
        span.ended = self._clock()
        span.status = "OK" if ok else "ERROR"
        span.description = self._redacted(error or "")

    def _redacted(self, message: str) -> str:
        return message if self._redact is None or not message else self._redact(message)

    def _note(self, span: Span, name: str, attributes: dict[str, Any]) -> None:
        event = {"name": name, "timestamp": _written(self._clock()), "attributes": attributes}
        span.events.append(event)
        if len(span.events) > _MOST:
            del span.events[0]


def _written(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
