"""Real botocore against a server of bytes: each fault ends in the right events or one typed error.

What was sent is counted at the server.
"""

import asyncio
import functools
import json
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from devtools.localcloud.tls import TlsFiles
from tests.integration.agentcore.byte_server import (
    LAST,
    Act,
    ByteServer,
    chunk,
    event,
    head,
    refuse,
    say,
    say_and_close,
    say_and_reset,
    tell,
)
from tests.integration.aws.server import server_context
from tests.runtime_calls import RUNTIME, SESSION, make_call
from tradewind.agentcore.answers import RuntimeEvent, Text, Value
from tradewind.agentcore.calls import RuntimeCall, TraceHeaders
from tradewind.agentcore.client import AgentCoreClient
from tradewind.agentcore.retries import Retries
from tradewind.agentcore.sdk import SdkAnswer, SdkTransport
from tradewind.aws.clients import AwsClients
from tradewind.aws.sockets import IDLE_LIMIT_S, SocketTrust
from tradewind.contracts.errors import (
    DeadlineExceeded,
    InvalidRuntimeRequest,
    RuntimeAnswerUnreadable,
    RuntimeCallError,
    RuntimeFailed,
    RuntimeInterrupted,
    RuntimeNotFound,
    RuntimeRefused,
    RuntimeSilent,
    RuntimeThrottled,
    RuntimeUnavailable,
    TradewindError,
)

#: How long a test waits for what always comes before it says that it did not.
PATIENCE_S = 60.0
VALUES = ["how ", {"n": 1}, "windy"]
ELSEWHERE = replace(RUNTIME, region="eu-central-1")
EVENTS = [Text("how "), Value({"n": 1}), Text("windy")]


async def _no_rest(_pause_s: float) -> None:
    return


NO_REST = Retries(sleep=_no_rest)


@dataclass
class Setting:
    """A server, and clients of it whose pauses take no time.

    Attributes:
        server: It.
        client: One that waits for long.
        transport: That client's.
        impatient: One for which a silence is over soon.
        clock: What tells the clients how long a connection was idle.
    """

    server: ByteServer
    client: AgentCoreClient
    transport: "Seen"
    impatient: AgentCoreClient
    clock: list[float]

    def forget(self) -> None:
        """Begin anew: nothing of another test's is left."""
        self.transport.close()
        self.server.forget()


@contextmanager
def running(tls: ssl.SSLContext | None, variables: dict[str, str]) -> Iterator[Setting]:
    server = ByteServer(tls)
    clock = [1_000_000.0]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", server.url)
        aws = AwsClients(trust=SocketTrust(wall_clock=lambda: clock[0]))
        regions = [RUNTIME.region, ELSEWHERE.region]
        patient = Seen(aws, regions=regions)
        impatient = SdkTransport(aws, regions=regions[:1], read_timeout_s=0.2)
    yield Setting(
        server,
        AgentCoreClient(patient, retries=NO_REST),
        patient,
        AgentCoreClient(impatient, retries=NO_REST),
        clock,
    )
    patient.close()
    impatient.close()
    server.stop()


VARIABLES = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def plain() -> Iterator[Setting]:
    with running(None, VARIABLES) as setting:
        yield setting


@pytest.fixture(scope="module")
def secure(tls_files: TlsFiles) -> Iterator[Setting]:
    context = server_context(tls_files.certificate, tls_files.key)
    with running(context, {**VARIABLES, "AWS_CA_BUNDLE": str(tls_files.ca)}) as setting:
        yield setting


@pytest.fixture
def setting(plain: Setting) -> Setting:
    """Without TLS. What another test left is gone."""
    plain.forget()
    return plain


@pytest.fixture(params=["plain", "secure"])
def either_setting(request: pytest.FixtureRequest) -> Setting:
    """Without TLS and with it."""
    one: Setting = request.getfixturevalue(request.param)
    one.forget()
    return one


async def read(client: AgentCoreClient, **changes: Any) -> list[RuntimeEvent]:
    return [one async for one in client.stream(make_call(**changes))]


def ends(client: AgentCoreClient, **changes: Any) -> tuple[list[RuntimeEvent], TradewindError]:
    """The events that come before an error, and that."""
    events: list[RuntimeEvent] = []

    async def collect() -> None:
        async for one in client.stream(make_call(**changes)):
            events.append(one)

    with pytest.raises(TradewindError) as caught:
        asyncio.run(collect())
    return events, caught.value


def test_a_call_on_the_wire(setting: Setting) -> None:
    setting.server.acts.append(tell(*VALUES))
    trace = TraceHeaders("Root=1-2-3", "00-1-2-01", "a=b", "c=d")
    answer = asyncio.run(
        setting.client.invoke(make_call(qualifier="live", user_id="ann", trace=trace))
    )
    assert (answer.text, answer.values, answer.session_id) == ("how windy", ({"n": 1},), "answered")
    [request] = setting.server.requests
    assert request.body == make_call().payload
    arn = str(RUNTIME).replace(":", "%3A").replace("/", "%2F")
    assert request.line == f"POST /runtimes/{arn}/invocations?qualifier=live HTTP/1.1"
    expected = {
        "x-amzn-bedrock-agentcore-runtime-session-id": SESSION,
        "x-amzn-bedrock-agentcore-runtime-user-id": "ann",
        "x-amzn-trace-id": "Root=1-2-3",
        "traceparent": "00-1-2-01",
        "tracestate": "a=b",
        "baggage": "c=d",
        "content-type": "application/json",
        "accept": "text/event-stream, application/json",
    }
    assert {name: request.headers[name] for name in expected} == expected
    scope = f"{RUNTIME.region}/bedrock-agentcore/aws4_request"
    assert scope in request.headers["authorization"]


def test_what_is_not_said_is_not_sent(setting: Setting) -> None:
    setting.server.acts.append(tell())
    asyncio.run(read(setting.client))
    [request] = setting.server.requests
    absent = {"x-amzn-bedrock-agentcore-runtime-user-id", "traceparent", "tracestate", "baggage"}
    assert not absent & set(request.headers)


def test_a_runtime_is_called_in_its_region(setting: Setting) -> None:
    setting.server.acts.append(tell())
    asyncio.run(read(setting.client, runtime=ELSEWHERE))
    assert "/eu-central-1/bedrock-agentcore/" in setting.server.requests[0].headers["authorization"]


class Gate:
    """Holds the server until the client has seen something."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.opened_in_time = False

    def wait(self) -> None:
        self.opened_in_time = self._open.wait(PATIENCE_S)

    def open(self) -> None:
        self._open.set()


async def read_and_open(setting: Setting, gates: list[Gate]) -> list[RuntimeEvent]:
    """Read an answer, and open a gate for each of its first events."""
    events: list[RuntimeEvent] = []
    async for one in setting.client.stream(make_call()):
        if len(events) < len(gates):
            gates[len(events)].open()
        events.append(one)
    return events


def test_each_event_comes_before_the_next_is_sent(either_setting: Setting) -> None:
    gates = [Gate() for _ in VALUES]
    parts = [
        part
        for value, gate in zip(VALUES, gates, strict=True)
        for part in (chunk(event(value)), gate.wait)
    ]
    either_setting.server.acts.append(say(head(), *parts, LAST))
    assert asyncio.run(read_and_open(either_setting, gates)) == EVENTS
    assert all(gate.opened_in_time for gate in gates)


@pytest.mark.parametrize("rest", [chunk(event("windy")) + LAST, LAST], ids=["another", "the end"])
def test_an_event_comes_though_a_part_of_what_follows_is_there(
    either_setting: Setting, rest: bytes
) -> None:
    wire = chunk(event("how ")) + rest
    for length in range(len(wire) - len(rest) - 2, len(wire) - len(rest) + 5):
        gate = Gate()
        either_setting.server.acts.append(say(head(), wire[:length], gate.wait, wire[length:]))
        events = asyncio.run(read_and_open(either_setting, [gate]))
        assert events[0] == Text("how ")
        assert gate.opened_in_time


def test_how_an_answer_is_cut_into_packets_and_chunks_changes_nothing(
    either_setting: Setting,
) -> None:
    body = b"".join(event(value) for value in ["風" * 100, *VALUES])
    every_byte = [chunk(body[i : i + 1]) for i in range(len(body))]
    wire = b"".join(every_byte) + LAST
    acts = [
        say(head(), chunk(body), LAST),
        say(head() + chunk(body) + LAST),
        say(head(), *every_byte, LAST),
        say(head(), wire),
        say(head(), *(wire[i : i + 7] for i in range(0, len(wire), 7))),
        say(head(framing=str(len(body))), body),
        say(head(framing=str(len(body))), *(body[i : i + 1] for i in range(len(body)))),
    ]
    either_setting.server.acts.extend(acts)
    for _ in acts:
        assert asyncio.run(read(either_setting.client)) == [Text("風" * 100), *EVENTS]
    assert either_setting.server.connections == 1


def test_an_answer_that_is_not_streamed(setting: Setting) -> None:
    body = json.dumps({"n": 1}).encode()
    setting.server.acts.append(say(head("application/json", framing=str(len(body))), body))
    assert asyncio.run(read(setting.client)) == [Value({"n": 1})]


FIRST = chunk(event("how "))
#: What the answer may have said before it goes wrong: nothing, its head, or an event.
BEGINNINGS: dict[str, list[bytes]] = {"before": [], "at": [head()], "after": [head(), FIRST]}


@pytest.mark.parametrize("place", BEGINNINGS)
@pytest.mark.parametrize(
    ("fault", "unanswered", "attempts"),
    [
        (say_and_close, RuntimeUnavailable, 3),
        (say_and_reset, RuntimeUnavailable, 3),
        (
            lambda *parts: say_and_close(*parts, b"\x00\xffgarbage\r\n\r\n"),
            RuntimeAnswerUnreadable,
            1,
        ),
    ],
    ids=["closed", "reset", "garbage"],
)
def test_an_answer_that_goes_wrong(
    setting: Setting,
    place: str,
    fault: Callable[..., Act],
    unanswered: type[RuntimeCallError],
    attempts: int,
) -> None:
    setting.server.acts.extend(fault(*BEGINNINGS[place]) for _ in range(3))
    events, error = ends(setting.client)
    assert events == ([Text("how ")] if place == "after" else [])
    assert type(error) is (unanswered if place == "before" else RuntimeInterrupted)
    sent = attempts if place == "before" else 1
    assert (error.extensions["attempts"], len(setting.server.requests)) == (sent, sent)


class Seen(SdkTransport):
    """A transport that knows whether an answer has begun."""

    begun = False

    @asynccontextmanager
    async def open(self, call: RuntimeCall) -> AsyncGenerator[SdkAnswer]:
        async with super().open(call) as answer:
            self.begun = True
            yield answer


@pytest.mark.parametrize("place", BEGINNINGS)
@pytest.mark.parametrize("limit", ["silence", "deadline"])
def test_an_agent_that_falls_silent(setting: Setting, place: str, limit: str) -> None:
    # On a busy machine the patience may be over before the server has said a word: then longer.
    for patience_s in (0.1, 0.5, 2.5, 12.5):
        setting.forget()
        over = threading.Event()
        setting.server.acts.append(
            say(*BEGINNINGS[place], functools.partial(over.wait, PATIENCE_S))
        )
        setting.transport.begun = False
        end = time.monotonic() + patience_s
        events, error = ends(
            setting.client,
            time_left_s=lambda end=end, patience_s=patience_s: (
                patience_s if limit == "silence" else end - time.monotonic()
            ),
        )
        over.set()
        if setting.server.requests and setting.transport.begun == (place != "before"):
            break
    if limit == "deadline":
        assert type(error) is DeadlineExceeded
    else:
        assert type(error) is (RuntimeSilent if place == "before" else RuntimeInterrupted)
    assert events in ([], [Text("how ")])
    assert (error.extensions["attempts"], len(setting.server.requests)) == (1, 1)


def test_how_long_an_agent_may_be_silent_is_set(setting: Setting) -> None:
    over = threading.Event()
    setting.server.acts.append(say(functools.partial(over.wait, PATIENCE_S)))
    _, error = ends(setting.impatient)
    over.set()
    assert isinstance(error, RuntimeSilent)


def test_without_any_time_nothing_is_sent(setting: Setting) -> None:
    _, error = ends(setting.client, time_left_s=lambda: 0.0)
    assert isinstance(error, DeadlineExceeded)
    assert setting.server.requests == []


@pytest.mark.parametrize(
    "act",
    [
        say_and_close(head(framing="100"), event("how ")),
        say_and_close(head(), FIRST[:-4]),
        say_and_close(head(), FIRST, b"5\r\n"),
        say_and_close(head(), FIRST, b"zz\r\n"),
        say(head(), FIRST, b"\r\n\r\n"),
    ],
    ids=[
        "a length that is not reached",
        "half a chunk",
        "no chunk",
        "no length",
        "an empty length",
    ],
)
def test_an_answer_that_is_cut_is_no_answer(setting: Setting, act: Act) -> None:
    setting.server.acts.append(act)
    events, error = ends(setting.client)
    assert isinstance(error, RuntimeInterrupted)
    assert events in ([Text("how ")], [])
    assert len(setting.server.requests) == 1


@pytest.mark.parametrize(
    "act",
    [
        say_and_close(head(framing="none"), event("how ")),
        say_and_close(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-st"),
        say(head("image/png", framing="0")),
        say(head("", framing="0")),
        say(head(), chunk(b"data: \xff\n\n"), LAST),
    ],
    ids=["no end is named", "half a head", "an image", "no kind", "no UTF-8"],
)
def test_an_answer_that_cannot_be_read(setting: Setting, act: Act) -> None:
    setting.server.acts.extend([act, tell(1)])
    events, error = ends(setting.client)
    assert events == []
    assert isinstance(error, RuntimeAnswerUnreadable)
    assert len(setting.server.requests) == 1
    assert asyncio.run(read(setting.client)) == [Value(1)]


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (refuse(503), RuntimeUnavailable),
        (refuse(504), RuntimeUnavailable),
        (refuse(429), RuntimeThrottled),
        (refuse(429, "ThrottlingException"), RuntimeThrottled),
        (refuse(409, "RetryableConflictException"), RuntimeUnavailable),
    ],
)
def test_what_may_pass_is_asked_three_times(
    setting: Setting, act: Act, kind: type[RuntimeCallError]
) -> None:
    setting.server.acts.extend([act, act, tell(*VALUES)])
    answer = asyncio.run(setting.client.invoke(make_call()))
    assert (answer.text, answer.attempts) == ("how windy", 3)
    setting.server.acts.extend([act, act, act])
    _, error = ends(setting.client)
    assert type(error) is kind
    assert error.extensions["attempts"] == 3
    assert len(setting.server.requests) == 6


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (refuse(400, "ValidationException"), InvalidRuntimeRequest),
        (refuse(402, "ServiceQuotaExceededException"), RuntimeRefused),
        (refuse(403, "AccessDeniedException"), RuntimeRefused),
        (refuse(404, "ResourceNotFoundException"), RuntimeNotFound),
        (refuse(424, "RuntimeClientError"), RuntimeFailed),
        (refuse(500, "InternalServerException"), RuntimeFailed),
        (refuse(502), RuntimeFailed),
        (refuse(500, body=b"\x00\xff{"), RuntimeFailed),
        (tell({"error": "boom", "error_type": "ValueError", "message": "m"}), RuntimeFailed),
        (
            say_and_close(b"HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\nhalf"),
            RuntimeInterrupted,
        ),
    ],
)
def test_what_a_repeat_cannot_help_is_asked_once(
    setting: Setting, act: Act, kind: type[RuntimeCallError]
) -> None:
    setting.server.acts.append(act)
    events, error = ends(setting.client)
    assert (events, type(error)) == ([], kind)
    assert (error.extensions["attempts"], len(setting.server.requests)) == (1, 1)


def test_where_nobody_listens_three_attempts_are_made() -> None:
    with running(None, VARIABLES) as setting:
        setting.server.stop()
        _, error = ends(setting.client)
    assert isinstance(error, RuntimeUnavailable)
    assert error.attempts == 3


@pytest.mark.parametrize("end", [say_and_close(), say_and_reset()], ids=["closed", "reset"])
def test_a_kept_connection_that_was_dead_is_no_attempt(setting: Setting, end: Act) -> None:
    setting.server.acts.extend([tell("a"), end, tell("b")])
    assert asyncio.run(read(setting.client)) == [Text("a")]
    answer = asyncio.run(setting.client.invoke(make_call()))
    assert (answer.text, answer.attempts) == ("b", 1)
    assert len(setting.server.requests) == 3
    assert setting.server.connections == 2


def test_a_connection_that_says_more_than_its_answer_is_not_kept(setting: Setting) -> None:
    setting.server.acts.extend([say(head() + FIRST + LAST + b"HTTP/1.1 200 OK\r\n"), tell("b")])
    assert asyncio.run(read(setting.client)) == [Text("how ")]
    assert asyncio.run(read(setting.client)) == [Text("b")]
    assert setting.server.connections == 2


def test_connections_are_kept_and_not_trusted_after_a_freeze(setting: Setting) -> None:
    setting.server.acts.extend(tell("a") for _ in range(4))
    for _ in range(3):
        asyncio.run(read(setting.client))
    assert setting.server.connections == 1
    setting.clock[0] += IDLE_LIMIT_S + 1
    asyncio.run(read(setting.client))
    assert setting.server.connections == 2


def waits_for_its_caller_to_leave(gone: threading.Event, *parts: bytes) -> Act:
    def act(connection: socket.socket) -> bool:
        say(*parts)(connection)
        connection.settimeout(PATIENCE_S)
        try:
            left = connection.recv(1) == b""
        except ConnectionError:
            left = True
        if left:
            gone.set()
        return False

    return act


@pytest.mark.parametrize("place", BEGINNINGS)
def test_a_caller_who_is_cancelled_leaves_no_connection_and_no_thread(
    setting: Setting, place: str
) -> None:
    gone = threading.Event()
    setting.server.acts.extend([waits_for_its_caller_to_leave(gone, *BEGINNINGS[place]), tell("b")])

    async def cancel() -> None:
        task = asyncio.create_task(read(setting.client))
        while not setting.server.requests:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert gone.wait(PATIENCE_S)
    for thread in threading.enumerate():
        if thread.name.startswith("runtime-call"):
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
    assert asyncio.run(read(setting.client)) == [Text("b")]


def test_who_leaves_early_ends_the_call(setting: Setting) -> None:
    gone = threading.Event()
    setting.server.acts.extend([waits_for_its_caller_to_leave(gone, head(), FIRST), tell("b")])

    async def leave() -> None:
        async with aclosing(setting.client.stream(make_call())) as events:
            assert await anext(events) == Text("how ")

    asyncio.run(leave())
    assert gone.wait(PATIENCE_S)
    assert asyncio.run(read(setting.client)) == [Text("b")]


def test_many_answers_at_once_keep_no_other_waiting(setting: Setting) -> None:
    count = 100
    together = threading.Barrier(count)
    first, last = chunk(event("how ")), chunk(event("windy"))
    # Each goes on when the first event of all has been sent: a caller that had to wait for another
    # one's end would wait for ever.
    act = say(head(), first, lambda: together.wait(PATIENCE_S), last, LAST)
    setting.server.acts.extend([act] * count)

    async def all_of_them() -> list[list[RuntimeEvent]]:
        return await asyncio.gather(*(read(setting.client) for _ in range(count)))

    assert asyncio.run(all_of_them()) == [[Text("how "), Text("windy")]] * count


def test_who_takes_their_time_slows_the_sender_and_loses_nothing(setting: Setting) -> None:
    piece = chunk(event("x" * 65_000))
    count = 1000
    stopped = threading.Event()
    sent = 0

    def act(connection: socket.socket) -> bool:
        nonlocal sent
        connection.sendall(head())
        connection.settimeout(0.2)
        wire = memoryview(piece * count + LAST)
        while sent < len(wire):
            try:
                sent += connection.send(wire[sent : sent + 65_536])
            except TimeoutError:  # nobody takes any more
                stopped.set()
        stopped.set()
        connection.settimeout(None)
        return True

    setting.server.acts.append(act)

    async def dawdle() -> int:
        lengths = 0
        async for one in setting.client.stream(make_call()):
            assert isinstance(one, Text)
            if not lengths:
                assert await asyncio.to_thread(stopped.wait, PATIENCE_S)
                assert sent < len(piece) * count / 2
            lengths += len(one.text)
        return lengths

    assert asyncio.run(dawdle()) == 65_000 * count


def test_a_hundred_megabytes_take_a_few(setting: Setting) -> None:
    piece = chunk(event("x" * 100_000))

    def act(connection: socket.socket) -> bool:
        connection.sendall(head())
        for _ in range(1000):
            connection.sendall(piece)
        connection.sendall(LAST)
        return True

    setting.server.acts.append(act)

    async def measure() -> tuple[int, int]:
        length = 0
        tracemalloc.start()
        try:
            async for one in setting.client.stream(make_call()):
                assert isinstance(one, Text)
                length += len(one.text)
            return length, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    length, peak = asyncio.run(measure())
    assert length == 100_000_000
    assert peak < 4_000_000
