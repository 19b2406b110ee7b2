"""OpenTelemetry spans of agent, model and tool calls, where an endpoint is set to send them to.

Strands makes the spans. Without an endpoint nothing here imports an SDK, and a cold start costs the
same. Prompts, answers, tool inputs, results and what exceptions say never leave in a span.
"""

import os
from collections.abc import Callable
from typing import Final

from tradewind.contracts.names import OptionalEnvVar

#: Strands leaves contents out of spans where this is said; by default it puts them in.
_OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
_NO_CONTENT: Final = "gen_ai_unredacted_attributes="
#: How long the end of a request may wait for its spans to leave, in milliseconds. A frozen process
#: sends nothing, so they have to leave before the answer.
_FLUSH_MS: Final = 2000


def start_tracing() -> Callable[[], object]:
    """Send spans from now on, if an endpoint is set. Call it once, before the first agent.

    Returns:
        What to call at the end of each request.
    """
    if not os.environ.get(OptionalEnvVar.OTLP_ENDPOINT):
        return lambda: None
    os.environ[_OPT_IN] = _NO_CONTENT
    from opentelemetry import trace  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    from tradewind.telemetry.span_words import WithoutWords  # noqa: PLC0415

    service = os.environ.get("POWERTOOLS_SERVICE_NAME", "tradewind")
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = WithoutWords(OTLPSpanExporter(timeout=_FLUSH_MS / 1000))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return lambda: provider.force_flush(_FLUSH_MS)
