"""Spans without what an exception said.

Strands leaves prompts and answers out of its spans where it is asked to, but notes each exception
with its message and its traceback, and these may repeat them.
"""

from collections.abc import Sequence
from typing import Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

_KEPT_OF_AN_EXCEPTION: Final = "exception.type"


class WordlessExporter(SpanExporter):
    """Exports spans without their exceptions' words.

    Args:
        exporter: What exports the rest.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans."""
        return self._exporter.export([_without_words(span) for span in spans])

    def shutdown(self) -> None:
        """End the exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits."""
        return self._exporter.force_flush(timeout_millis)


def _without_words(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[_without_message(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _without_message(event: Event) -> Event:
    attributes = event.attributes or {}
    if _KEPT_OF_AN_EXCEPTION not in attributes:
        return event
    kept = {_KEPT_OF_AN_EXCEPTION: attributes[_KEPT_OF_AN_EXCEPTION]}
    return Event(event.name, kept, event.timestamp)
