"""An agent's process on Lambda's own runtime: what it does after its answers, and before a kill."""

import contextlib
import json
import socket
import sysconfig
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devtools.localcloud.execution import ExecutionEnvironment, Function, Warden
from devtools.localcloud.lifecycle import LAMBDA_RUNTIME
from devtools.localcloud.runtime_api import Invocation
from devtools.localcloud.streamed import StreamEnd, StreamPipe
from tests.agent_environment import AGENT_VARIABLES
from tests.integration.handler.test_streams import proxied
from tests.metric_lines import values_of
from tests.unit.handlers.test_server_sent_events import parsed

ROOT = Path(__file__).parents[3]
#: For a process to come to where it is waited for, on a machine that is busy.
PATIENCE_S = 60.0

APP = """
import json, os, sys
sys.path[:0] = json.loads(os.environ["TEST_PATH"])
from tests.metric_lines import values_of
from tests.integration.handler.process_app import handler
"""

VARIABLES = {
    "TEST_PATH": json.dumps([str(ROOT), str(ROOT / "lambda_src"), sysconfig.get_path("purelib")]),
    **AGENT_VARIABLES,
}


@dataclass
class Process:
    """A process, what happened around it in order, and what it printed."""

    environment: ExecutionEnvironment
    happened: list[str]
    printed: list[str]
    answered_at: float = 0.0

    def ask(self, query: str, remaining_s: float = PATIENCE_S) -> dict[str, Any]:
        """Ask, and return the answer and ``late_s``: how long after Lambda's deadline it came."""
        self.happened.append("event")
        deadline = time.time() + remaining_s
        invocation = Invocation(
            request_id=uuid.uuid4().hex,
            payload=json.dumps({"query": query}).encode(),
            deadline_ms=int(deadline * 1000),
            function_arn="arn",
        )
        outcome = self.environment.invoke(invocation, remaining_s + PATIENCE_S)
        assert outcome.answer is not None, outcome
        answer: dict[str, Any] = json.loads(outcome.answer.payload)
        return {**answer, "late_s": self.answered_at - deadline}

    def stream(self, query: str, remaining_s: float = PATIENCE_S) -> tuple[bytes, StreamEnd]:
        """Ask for a stream; return the whole of it, and how it ended."""
        self.happened.append("event")
        pipe = StreamPipe()
        invocation = Invocation(
            request_id=uuid.uuid4().hex,
            payload=json.dumps(proxied({"query": query})).encode(),
            deadline_ms=int((time.time() + remaining_s) * 1000),
            function_arn="arn",
        )
        arguments = (invocation, remaining_s + PATIENCE_S, pipe)
        invoking = threading.Thread(target=self.environment.invoke, args=arguments)
        invoking.start()
        read, end = b"", None
        while end is None:
            more, end = pipe.read(remaining_s + PATIENCE_S)
            read += more
        invoking.join()
        return read, end

    def stays(self) -> bool:
        """Whether it asks for another event; what it does after the last answer is done then."""
        stays = self.environment.wait_until_idle(PATIENCE_S, restored=True)
        self.environment.drain()
        return stays

    def metric(self, name: str) -> list[float]:
        documents = [json.loads(line) for line in self.printed if line.startswith('{"_aws"')]
        return [value for document in documents for value in values_of(document, name)]


Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    warden = Warden()
    started: list[ExecutionEnvironment] = []
    (tmp_path / "app.py").write_text(APP)

    def start_process(happened: list[str], **variables: str) -> Process:
        printed: list[str] = []
        function = Function(
            name="tradewind-test-terrain",
            version="7",
            handler="app.handler",
            memory_mb=512,
            timeout_s=60,
            region="us-east-1",
            code=tmp_path,
            log_group="group",
            log_stream="stream",
            log_format="JSON",
            log_level="INFO",
            snapshot=False,
            variables={**VARIABLES, **variables},
            credentials={"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
            endpoints={},
        )
        environment = ExecutionEnvironment(
            function,
            LAMBDA_RUNTIME,
            warden,
            printed.append,
            lambda _request_id, status: happened.append(f"ended with {status}"),
        )
        started.append(environment)
        process = Process(environment, happened, printed)
        take_answer = environment._api.take_answer

        def take(request_id: str, payload: bytes, *, is_error: bool) -> bool:
            process.answered_at = time.time()
            happened.append("answer")  # before the process is told that it has left
            return take_answer(request_id, payload, is_error=is_error)

        environment._api.take_answer = take  # type: ignore[method-assign]
        end_stream = environment._api.end_stream

        def take_end(request_id: str, pipe: StreamPipe, end: StreamEnd) -> bool:
            happened.append("end of stream")
            return end_stream(request_id, pipe, end)

        environment._api.end_stream = take_end  # type: ignore[method-assign]
        assert environment.initialise(PATIENCE_S) is None
        return process

    yield start_process
    for environment in started:
        environment.end()
        assert environment.process.stdout is not None
        environment.process.stdout.close()
    warden.end()


def test_a_few_threads_that_wait_stay_with_their_process(start: Start) -> None:
    process = start([])
    assert process.ask("one_hangs", 3)["error"]["code"] == "DEADLINE_EXCEEDED"
    assert process.stays()
    assert process.ask("Windy?")["success"]
    assert process.stays()
    assert process.metric("LeftoverThreads") == [1, 1]
    assert process.metric("ProcessesRetired") == [0, 0]


@pytest.mark.parametrize("query", ["many_hang", "one_burns"])
def test_a_process_that_carries_too_much_ends_after_its_answer(start: Start, query: str) -> None:
    happened: list[str] = []
    process = start(happened)
    assert process.ask("Windy?")["success"]
    assert process.stays()
    # Longer than it may take the tools to begin.
    assert process.ask(query, 6)["error"]["code"] == "DEADLINE_EXCEEDED"
    assert not process.stays()
    process.environment.process.wait(PATIENCE_S)
    until(lambda: happened[-1].startswith("ended"))
    assert happened == ["event", "answer", "event", "answer", "ended with 0"]
    assert process.metric("ProcessesRetired") == [0, 0, 1]
    assert any('"Ending the process"' in line for line in process.printed)


def test_a_process_that_is_killed_prints_no_metrics(start: Start) -> None:
    process = start([])
    assert process.ask("Windy?")["success"]
    assert process.stays()
    invocation = Invocation(
        request_id="killed",
        payload=json.dumps(proxied({"query": "one_hangs"})).encode(),
        deadline_ms=int((time.time() + PATIENCE_S) * 1000),
        function_arn="arn",
    )
    pipe = StreamPipe()
    arguments = (invocation, PATIENCE_S, pipe)
    invoking = threading.Thread(target=process.environment.invoke, args=arguments)
    invoking.start()
    assert pipe.read(PATIENCE_S)[0]  # it is at work
    process.environment.process.kill()
    invoking.join()
    process.environment.process.wait(PATIENCE_S)
    process.environment.drain()
    # Only of the request before: of this one Lambda's report alone tells.
    assert process.metric("Invocations") == [1]


def test_streams_and_answers_take_turns_in_a_process(start: Start) -> None:
    happened: list[str] = []
    process = start(happened)
    for _ in range(2):
        read, end = process.stream("Windy?")
        assert (end.error, end.truncated) == (None, False)
        names = [name for name, _ in parsed(read.partition(bytes(8))[2])]
        assert (names[0], names[-1]) == ("invocation", "result")
        assert process.stays()
        assert process.ask("Windy?")["success"]
        assert process.stays()
    assert happened == ["event", "end of stream", "event", "answer"] * 2
    assert process.metric("Invocations") == [1, 1, 1, 1]


def test_a_process_that_carries_too_much_ends_after_its_stream(start: Start) -> None:
    happened: list[str] = []
    process = start(happened)
    read, end = process.stream("one_burns", 6)
    assert (end.error, end.truncated) == (None, False)
    assert parsed(read.partition(bytes(8))[2])[-1] == ("result", {"code": "DEADLINE_EXCEEDED"})
    assert not process.stays()
    process.environment.process.wait(PATIENCE_S)
    until(lambda: happened[-1].startswith("ended"))
    assert happened == ["event", "end of stream", "ended with 0"]


@pytest.mark.parametrize("query", ["one_hangs", "one_burns"])
def test_the_answer_leaves_before_lambdas_deadline(start: Start, query: str) -> None:
    process = start([])
    answer = process.ask(query, 6)
    assert answer["error"]["code"] == "DEADLINE_EXCEEDED"
    assert answer["late_s"] < 0


# -- spans ------------------------------------------------------------------------------------


@dataclass
class Collector:
    """Notes who connects; then does as it is told."""

    happened: list[str]
    reply: Callable[[socket.socket], None]
    connections: list[socket.socket] = field(default_factory=list)
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.happened.append("export")
            self.connections.append(connection)
            threading.Thread(target=self.reply, args=(connection,), daemon=True).start()


@contextlib.contextmanager
def collecting(happened: list[str], reply: Callable[[socket.socket], None]) -> Iterator[str]:
    collector = Collector(happened, reply)
    thread = threading.Thread(target=collector.serve)
    thread.start()
    yield collector.url
    collector.listening.shutdown(socket.SHUT_RDWR)
    collector.listening.close()
    thread.join()
    for connection in collector.connections:
        connection.close()


def answering(status: str, after_s: float = 0) -> Callable[[socket.socket], None]:
    def reply(connection: socket.socket) -> None:
        connection.recv(1 << 20)
        threading.Event().wait(after_s)
        head = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        with contextlib.suppress(OSError):  # it may have given up
            connection.sendall(head.encode())
            connection.shutdown(socket.SHUT_RDWR)

    return reply


REPLIES = {
    "fails": answering("500 Internal Server Error"),
    "is overloaded": answering("503 Service Unavailable"),
    "is slow": answering("200 OK", after_s=5),
    "is silent": lambda _connection: None,
    "hangs up": lambda connection: connection.close(),
}


@pytest.mark.parametrize("collector", REPLIES)
def test_a_collector_that_takes_no_spans_costs_no_caller_any_time(
    start: Start, collector: str
) -> None:
    happened: list[str] = []
    with collecting(happened, REPLIES[collector]) as url:
        process = start(happened, OTEL_EXPORTER_OTLP_ENDPOINT=url)
        for _ in range(3):
            assert process.ask("Windy?")["success"]
            assert process.stays()
    exports = happened.count("export")
    assert exports
    # All of them after the first answer; the breaker keeps the later ones from asking again.
    asked = ["event", "answer"]
    assert happened == asked + ["export"] * exports + asked * 2
    assert sum("did not take the spans" in line for line in process.printed) == 1


def test_a_collector_that_is_not_there_costs_no_caller_any_time(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = start([], OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")
    for _ in range(3):
        assert process.ask("Windy?")["success"]
        assert process.stays()
    said = [
        number for number, line in enumerate(process.printed) if "did not take the spans" in line
    ]
    done = [number for number, line in enumerate(process.printed) if '"Request done"' in line]
    assert len(said) == 1
    assert done[0] < said[0] < done[1]


def test_a_collector_that_takes_spans_gets_them_after_each_answer(start: Start) -> None:
    happened: list[str] = []
    with collecting(happened, answering("200 OK")) as url:
        process = start(happened, OTEL_EXPORTER_OTLP_ENDPOINT=url)
        for _ in range(2):
            assert process.ask("Windy?")["success"]
            assert process.stays()
    assert happened == ["event", "answer", "export"] * 2


def until(done: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not done() and time.monotonic() < give_up:
        time.sleep(0.01)
