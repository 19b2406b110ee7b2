"""OpenTelemetry spans of agent, model and tool calls, where an endpoint is set to send them to.

Strands makes the spans. Without an endpoint nothing here imports an SDK, and a cold start costs the
same. Prompts, answers, tool inputs and results never enter a span, nor what an exception says.
"""

import logging
import os
from collections.abc import Callable
from typing import Final

from tradewind.contracts.names import OptionalEnvVar

#: Strands leaves contents out of spans where this is said; by default it puts them in.
_OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
_NO_CONTENT: Final = "gen_ai_unredacted_attributes="
#: For connecting to the collector, and for its answer: each may take this long.
_TIMEOUT_S: Final = 1.0
#: Whose lines on a failed attempt say less than ours.
_CHATTY_LIBRARY: Final = "opentelemetry.exporter"


def leave_contents_out() -> None:
    """Have Strands write no prompt and no answer into spans, whoever keeps them."""
    os.environ[_OPT_IN] = _NO_CONTENT


def start_tracing() -> Callable[[Callable[[], float]], object]:
    """Keep spans from now on, if an endpoint is set. Call it once, before the first agent.

    Returns:
        What sends them: to be called after each answer, with what tells the seconds left for it.
    """
    if not os.environ.get(OptionalEnvVar.OTLP_ENDPOINT):
        return lambda _time_left_s: None
    leave_contents_out()
    from opentelemetry import trace  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    from tradewind.telemetry.span_outbox import SpanOutbox  # noqa: PLC0415
    from tradewind.telemetry.wordless_spans import WordlessExporter  # noqa: PLC0415

    logging.getLogger(_CHATTY_LIBRARY).setLevel(logging.CRITICAL)
    service = os.environ.get("POWERTOOLS_SERVICE_NAME", "tradewind")
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = WordlessExporter(OTLPSpanExporter(timeout=_TIMEOUT_S))
    outbox = SpanOutbox(exporter, needed_s=2 * _TIMEOUT_S)
    provider.add_span_processor(outbox)
    trace.set_tracer_provider(provider)
    return outbox.send
