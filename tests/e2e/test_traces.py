"""Spans leave a deployed function for where its setting says, without a word of what was said."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from cli.agents import example_request
from cli.invoke import invoke
from tests.deployed_agents import FIRST
from tests.e2e.conftest import Deployment, eventually

FUNCTION = f"tradewind-local-{FIRST}"
WORD = "Zephyrhorst"


@dataclass
class Collector:
    """Takes spans over OTLP/HTTP and keeps them."""

    url: str
    bodies: list[bytes] = field(default_factory=list)

    def spans(self) -> list[Any]:
        return [
            span
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers.get("Content-Encoding") is None
            kept.bodies.append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def traced(deployment: Deployment, collector: Collector) -> Iterator[None]:
    """The unpublished function sends spans; the published one, which others use, does not."""
    functions = deployment.functions
    environment = functions.get_function_configuration(FunctionName=FUNCTION)["Environment"]
    variables = environment["Variables"]
    sending = {**variables, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    functions.update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": sending}
    )
    yield
    functions.update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": variables}
    )


@pytest.mark.usefixtures("traced")
def test_agent_model_and_tools_are_spans_of_one_trace_without_a_word(
    deployment: Deployment, collector: Collector
) -> None:
    event = example_request(FIRST, deployment.project_id)
    event["query"] += f" {WORD}"
    answer = invoke(deployment.functions, FUNCTION, event).answer
    assert answer["success"], answer["error"]
    # After the answer, and before the process asks for the next event.
    eventually(lambda: any("invoke_agent" in span.name for span in collector.spans()))
    spans = collector.spans()
    names = [span.name for span in spans]
    assert sum("invoke_agent" in name for name in names) == 1
    assert sum(name.startswith("chat") for name in names) == answer["usage"]["model_calls"]
    assert sum("execute_tool" in name for name in names) == answer["usage"]["tool_calls"]
    assert len({span.trace_id for span in spans}) == 1
    everything = b"".join(collector.bodies)
    assert WORD.encode() not in everything
    assert answer["response"][:30].encode() not in everything
