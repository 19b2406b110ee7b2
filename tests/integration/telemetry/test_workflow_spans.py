"""A workflow's spans reach a collector over OTLP, redacted, and never hold the run up."""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collector import Collector, collecting
from tests.unit.cli.workflow.local_runs import LocalRuns, flow
from tests.workflows import run, workflow
from tradewind.telemetry import span_sender, workflow_spans
from tradewind.telemetry.workflow_redaction import HIDDEN, redactor
from tradewind.telemetry.workflow_spans import WorkflowSpans, open_spans
from tradewind.workflow.engine.calls import AgentCall
from tradewind.workflow.engine.errors import AgentFailed, Retryable
from tradewind.workflow.engine.memory_agents import MemoryAgents

STEPS = [{"agent": "a", "input": "Zephyrhorst"}]
BRANCHES = {"branches": [{"id": name, "steps": STEPS} for name in "pq"]}
#: Where nobody listens.
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(name, raising=False)
    # However busy the machine is, what is sent arrives.
    monkeypatch.setattr(span_sender, "_TIMEOUT_S", 60.0)
    monkeypatch.setattr(workflow_spans, "WAIT_S", 60.0)
    with collecting() as running:
        yield running


@pytest.fixture
def warnings() -> list[str]:
    return []


def observed(
    warnings: list[str],
    endpoint: str | None,
    environ: dict[str, str] | None = None,
    agents: MemoryAgents | None = None,
    redact: dict[str, Any] | None = None,
    **otel: Any,
) -> WorkflowSpans:
    """A run that has been observed to its end."""
    given = {**otel, **({"endpoint": endpoint} if endpoint else {})}
    telemetry = {"otel": given, **({"redact": redact} if redact else {})}
    spec = workflow("parallel", BRANCHES, telemetry=telemetry)
    spans = open_spans(spec, environ or {}, warn=warnings.append)
    try:
        run(spec, agents, observer=spans)
    except AgentFailed:
        assert agents is not None
    finally:
        spans.close()
    assert not any(thread.name == "workflow-spans" for thread in threading.enumerate())
    return spans


def test_every_span_arrives_with_its_parent_and_the_traces_ids(
    collector: Collector, warnings: list[str]
) -> None:
    spans = observed(warnings, collector.url, service_name="wind desk")
    assert warnings == []
    assert set(collector.paths) == {"/v1/traces"}
    written = {span["span_id"]: span for span in spans.trace.to_json()["spans"]}
    arrived = {span.span_id.hex(): span for span in collector.spans()}
    assert arrived.keys() == written.keys()
    for span_id, span in arrived.items():
        own = written[span_id]
        assert span.trace_id.hex() == spans.trace.trace_id
        assert span.parent_span_id.hex() == (own["parent_span_id"] or "")
        assert span.name == own["name"]
        assert span.status.code == 1
        assert span.end_time_unix_nano >= span.start_time_unix_nano
        assert len(span.events) == len(own["events"])
        given = {one.key: one.value for one in span.attributes}
        assert given.keys() == {
            key for key, value in own["attributes"].items() if value is not None
        }
    (name,) = {
        one.value.string_value
        for resource in collector.resources()
        for one in resource.resource.attributes
        if one.key == "service.name"
    }
    assert name == "wind desk"
    assert b"Zephyrhorst" not in b"".join(collector.bodies)


@pytest.mark.parametrize(
    ("file", "variable", "path"),
    [
        ("", "OTEL_EXPORTER_OTLP_ENDPOINT", "/v1/traces"),
        ("/", None, "/v1/traces"),
        ("/v1/traces", None, "/v1/traces"),
        ("/otlp", None, "/otlp/v1/traces"),
        ("/own", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/own"),
    ],
)
def test_where_spans_go(
    file: str, variable: str | None, path: str, collector: Collector, warnings: list[str]
) -> None:
    address = collector.url + file
    if variable is None:
        observed(warnings, address, {"OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY})
    else:
        observed(warnings, None, {variable: address})
    assert (set(collector.paths), warnings) == ({path}, [])


@pytest.mark.parametrize(
    "environ", [{}, {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY}]
)
def test_without_an_endpoint_there_is_no_thread_and_no_sender(
    environ: dict[str, str], warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tradewind.telemetry.span_sender", None)
    spans = observed(warnings, None, environ)
    assert spans.trace.to_json()["span_count"] == 5
    assert warnings == []


@pytest.mark.parametrize(("ratio", "sent"), [(0.0, False), (1.0, True)])
def test_a_share_of_the_runs_is_sent(
    ratio: float, *, sent: bool, collector: Collector, warnings: list[str]
) -> None:
    spans = observed(warnings, collector.url, sample_ratio=ratio)
    assert (bool(collector.bodies), warnings) == (sent, [])
    assert spans.trace.to_json()["span_count"] == 5


def test_half_of_the_runs_is_about_half() -> None:
    sent = 0
    for number in range(100):
        sender = span_sender.SpanSender(NOBODY, service=None, ratio=0.5)
        sender.start(f"{number * 0x9E3779B97F4A7C15:032x}")
        sent += sender._sampled
        sender.close(1)
    assert 40 <= sent <= 60


def test_an_error_is_sent_without_what_is_secret(collector: Collector, warnings: list[str]) -> None:
    message = "mail jane.doe@example.com, SSN 123-45-6789, site K-77"

    def answer(_: AgentCall) -> str:
        raise Retryable(message)

    policy = {"retries": 1, "wait_min": 0, "wait_max": 0}
    telemetry = {"otel": {"endpoint": collector.url}, "redact": {"custom_patterns": [r"K-\d+"]}}
    spec = workflow(
        "chain", {"steps": STEPS}, telemetry=telemetry, runtime={"failure_policy": policy}
    )
    spans = open_spans(spec, {}, warn=warnings.append)
    with pytest.raises(AgentFailed):
        run(spec, MemoryAgents({"a": answer}), observer=spans)
    spans.close()
    root = next(span for span in collector.spans() if not span.parent_span_id)
    step = next(span for span in collector.spans() if span.parent_span_id)
    assert root.status.code == step.status.code == 2
    hidden = f"mail {HIDDEN}, SSN {HIDDEN}, site {HIDDEN}"
    assert hidden in root.status.message
    (retry,) = [event for event in step.events if event.name == "retry_attempt"]
    said = {one.key: one.value for one in retry.attributes}
    assert said["error"].string_value == hidden
    everything = b"".join(collector.bodies) + str(spans.trace.to_json()).encode()
    for secret in (b"jane", b"6789", b"K-77"):
        assert secret not in everything


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("card 4111 1111 1111 1111", f"card {HIDDEN}"),
        ("call +49 30 1234567", f"call {HIDDEN}"),
        ("token=abcdef", f"token={HIDDEN}"),
        ("key 0123456789abcdef0123456789abcdef", f"key {HIDDEN}"),
        ("us.anthropic.claude-sonnet-4-6 on 2026-01-02",) * 2,
        ("branches/b/0: 12.5 GWh",) * 2,
        ("x" * 5000, f"{'x' * 2000}..."),
    ],
)  # fmt: skip
def test_what_has_a_form_is_hidden(text: str, hidden: str) -> None:
    assert redactor(())(text) == hidden


def test_a_pattern_that_takes_for_ever_hides_everything_and_is_tried_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tradewind.workflow.text.patterns._SECONDS", 1e-6)
    redacted = redactor(["(a+)+$"])
    assert redacted("a" * 40 + "b") == HIDDEN
    monkeypatch.setattr("tradewind.workflow.text.patterns._SECONDS", 1.0)
    assert redacted("short") == HIDDEN


def _silent() -> tuple[str, socket.socket]:
    """A server that takes connections and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    return f"http://127.0.0.1:{listener.getsockname()[1]}", listener


def test_a_collector_that_is_silent_costs_one_line(
    warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_sender, "_TIMEOUT_S", 0.05)
    address, listener = _silent()
    with listener:
        spans = observed(warnings, address.replace("//", "//user:word@"))
    assert warnings == [f"5 of 5 spans could not be sent to {address}"]
    assert spans.trace.to_json()["span_count"] == 5


@pytest.mark.parametrize("status", [400, 401, 503])
def test_a_collector_that_refuses_costs_one_line(
    status: int, collector: Collector, warnings: list[str], monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(span_sender, "_TIMEOUT_S", 0.05)
    collector.status = status
    observed(warnings, collector.url)
    assert warnings == [f"5 of 5 spans could not be sent to {collector.url}"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("endpoint", ["collector:4317", "ftp://x", "http://", "unix:/x"])
def test_an_endpoint_that_is_none_costs_one_line(endpoint: str, warnings: list[str]) -> None:
    observed(warnings, None, {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
    (told,) = warnings
    assert "spans are not sent" in told


def test_an_attempt_that_never_ends_is_left_behind(
    collector: Collector, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = threading.Event()
    monkeypatch.setattr(workflow_spans, "WAIT_S", 0.01)
    monkeypatch.setattr(span_sender.SpanSender, "_send_held", lambda _: ends.wait())
    spec = workflow("parallel", BRANCHES, telemetry={"otel": {"endpoint": collector.url}})
    spans = open_spans(spec, {}, warn=warnings.append)
    run(spec, observer=spans)
    spans.close()
    assert warnings == [f"5 of 5 spans could not be sent to {collector.url}"]
    (thread,) = [one for one in threading.enumerate() if one.name == "workflow-spans"]
    assert thread.daemon
    ends.set()
    thread.join()


def test_spans_leave_while_the_run_goes_on(collector: Collector, warnings: list[str]) -> None:
    spec = workflow("parallel", BRANCHES, telemetry={"otel": {"endpoint": collector.url}})
    spans = open_spans(spec, {}, warn=warnings.append)
    try:
        for _ in range(110):
            run(spec, observer=spans)
        while len(collector.spans()) < span_sender._BATCH:
            threading.Event().wait(0.01)
    finally:
        spans.close()
    assert len(collector.spans()) == 550
    assert warnings == []


def test_what_waits_is_bounded_and_what_is_lost_is_counted(
    collector: Collector, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_sender, "MAX_HELD", 3)
    monkeypatch.setattr(span_sender, "_GATHER_S", 600.0)
    gate = threading.Event()
    send = span_sender.SpanSender._send_held

    def gated(self: span_sender.SpanSender) -> bool:
        gate.wait()
        return send(self)

    monkeypatch.setattr(span_sender.SpanSender, "_send_held", gated)
    spec = workflow("parallel", BRANCHES, telemetry={"otel": {"endpoint": collector.url}})
    spans = open_spans(spec, {}, warn=warnings.append)
    run(spec, observer=spans)
    gate.set()
    spans.close()
    assert warnings == [f"2 of 5 spans could not be sent to {collector.url}"]
    assert len(collector.spans()) == 3


def _refuse(_: AgentCall) -> str:
    raise AgentFailed("no")


@pytest.mark.parametrize("fails", [False, True])
def test_a_run_of_the_command_sends_what_it_writes(
    fails: bool, collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    telemetry = {"otel": {"endpoint": collector.url}}
    runs = LocalRuns(tmp_path, monkeypatch)
    if fails:
        runs.agents = MemoryAgents({"a": _refuse})
    runs.told(runs.write(flow("chain", {"steps": STEPS}, telemetry=telemetry)), "--trace")
    written = json.loads((tmp_path / "artifacts" / "flow-trace.json").read_text())
    arrived = {span.span_id.hex(): span.status.code for span in collector.spans()}
    assert arrived == {span["span_id"]: 2 if fails else 1 for span in written["spans"]}


def test_a_run_of_the_command_says_that_spans_are_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    telemetry = {"otel": {"endpoint": NOBODY}}
    monkeypatch.setattr(span_sender, "_TIMEOUT_S", 0.05)
    monkeypatch.setattr(workflow_spans, "WAIT_S", 60.0)
    runs = LocalRuns(tmp_path, monkeypatch)
    result = runs("run", runs.write(flow("chain", {"steps": STEPS}, telemetry=telemetry)))
    assert result.exit_code == 0
    assert result.stderr.count(f"2 of 2 spans could not be sent to {NOBODY}\n") == 1


@pytest.mark.parametrize(
    ("otel", "environ", "lines"),
    [
        ({"service_name": "desk"}, {}, 5),
        ({"service_name": "desk"}, {"OTEL_SDK_DISABLED": "true"}, 0),
        ({"sample_ratio": 0.0}, {}, 0),
        (None, {}, 0),
    ],
)
def test_without_a_collector_a_file_that_asks_for_spans_has_them_on_the_console(
    otel: dict[str, Any] | None, environ: dict[str, str], lines: int, warnings: list[str]
) -> None:
    told: list[str] = []
    telemetry = {} if otel is None else {"telemetry": {"otel": otel}}
    spec = workflow("parallel", BRANCHES, **telemetry)
    spans = open_spans(spec, environ, warn=warnings.append, console=told.append)
    run(spec, observer=spans)
    spans.close()
    assert warnings == []
    assert len(told) == lines
    assert [json.loads(line) for line in told] == (spans.trace.to_json()["spans"] if lines else [])
