"""A workflow's run, observed: its trace, and its spans on their way to where they are collected.

Spans leave from a thread of their own while the run goes on, and what is left of them when it is
over. A collector that is slow, dead or wrong never holds the run up: it costs a bounded wait at the
end, and is told of in one line.
"""

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tradewind.telemetry.workflow_redaction import redactor
from tradewind.workflow.engine.events import Event
from tradewind.workflow.engine.trace import Trace
from tradewind.workflow.spec.model import Spec

if TYPE_CHECKING:
    from tradewind.telemetry.span_sender import SpanSender

_TRACES: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_ALL: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PATH: Final = "/v1/traces"
#: At most, after a run.
WAIT_S: Final = 3.0


class WorkflowSpans:
    """Observes a run; ``open_spans`` makes it.

    Attributes:
        trace: The run as spans, for whoever writes it.
    """

    def __init__(
        self,
        trace: Trace,
        sender: "SpanSender | None",
        warn: Callable[[str], object],
        console: Callable[[str], object] | None = None,
    ) -> None:
        self.trace = trace
        self._sender = sender
        self._warn = warn
        self._console = console

    def __call__(self, event: Event) -> None:
        """Hear of something."""
        self.trace(event)

    def close(self) -> None:
        """Send what is left, for ``WAIT_S`` seconds at most. To be called once, whatever the end.

        It blocks: call it after the run's loop, or from a thread.
        """
        if self._console is not None:
            for span in self.trace.to_json()["spans"]:
                self._console(json.dumps(span))
        if self._sender is None:
            return
        trouble = self._sender.close(WAIT_S)
        if trouble is not None:
            self._warn(trouble)


def open_spans(
    spec: Spec,
    environ: Mapping[str, str] = os.environ,
    *,
    warn: Callable[[str], object],
    console: Callable[[str], object] | None = None,
) -> WorkflowSpans:
    """Observe a run.

    Spans go to ``telemetry.otel.endpoint`` of the file, else to what the environment names as
    OpenTelemetry's exporters read it; where neither is set, nothing is imported for it, and a file
    that has ``telemetry.otel`` has them written on the console.

    Args:
        spec: The workflow.
        environ: The environment's variables.
        warn: Told what went wrong with sending, in one line.
        console: Told each span as a line of JSON, where a file asks for spans and nobody says
            where to.
    """
    redacted = redactor(spec.telemetry.redact.custom_patterns if spec.telemetry else ())
    otel = spec.telemetry.otel if spec.telemetry else None
    endpoint = _endpoint(otel.endpoint if otel else None, environ)
    if endpoint is None:
        trace = Trace(spec, redact=redacted)
        written = otel is not None and not _disabled(environ)
        sampled = otel is not None and _is_sampled(trace.trace_id, otel.sample_ratio)
        return WorkflowSpans(trace, None, warn, console if written and sampled else None)
    try:
        from tradewind.telemetry.span_sender import SpanSender  # noqa: PLC0415

        sender = SpanSender(
            endpoint,
            service=otel.service_name if otel else None,
            ratio=otel.sample_ratio if otel else 1.0,
        )
    except Exception as error:  # whatever is wrong with it is not the run's
        warn(f"spans are not sent: {type(error).__name__}: {' '.join(str(error).split())}")
        return WorkflowSpans(Trace(spec, redact=redacted), None, warn)
    trace = Trace(spec, redact=redacted, ended=sender.put)
    sender.start(trace.trace_id)
    return WorkflowSpans(trace, sender, warn)


def _disabled(environ: Mapping[str, str]) -> bool:
    return environ.get("OTEL_SDK_DISABLED", "").lower() == "true"


def _is_sampled(trace_id: str, ratio: float) -> bool:
    """As OpenTelemetry's sampler decides by a trace's id: by its last 8 bytes."""
    return int(trace_id[-16:], 16) < round(ratio * 2**64)


def _endpoint(given: str | None, environ: Mapping[str, str]) -> str | None:
    """The whole address; that for all signals, and the file's, need not say the path."""
    if _disabled(environ):
        return None
    if given is None and environ.get(_TRACES):
        return environ[_TRACES]
    base = given or environ.get(_ALL)
    if not base:
        return None
    path = urlsplit(base).path
    return base if path.endswith(_PATH) else base.rstrip("/") + _PATH
