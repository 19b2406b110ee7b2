"""Spans without what exceptions say. Imported only where spans are sent.

A recorded exception brings its message, and a stack trace with the messages of all that led to it:
of a tool's input, or of a service that quotes the request. The log has the places.
"""

from collections.abc import Sequence
from typing import Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

_KEPT_OF_AN_EXCEPTION: Final = "exception.type"


class WithoutWords(SpanExporter):
    """Hands spans on to an exporter, with the types of exceptions and nothing they say."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export the spans. See ``SpanExporter.export``."""
        return self._exporter.export([_without_words(span) for span in spans])

    def shutdown(self) -> None:
        """See ``SpanExporter.shutdown``."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """See ``SpanExporter.force_flush``."""
        return self._exporter.force_flush(timeout_millis)


def _without_words(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[_wordless(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _wordless(event: Event) -> Event:
    attributes = event.attributes or {}
    if _KEPT_OF_AN_EXCEPTION not in attributes:
        return event
    kind = attributes[_KEPT_OF_AN_EXCEPTION]
    return Event(event.name, {_KEPT_OF_AN_EXCEPTION: kind}, event.timestamp)
