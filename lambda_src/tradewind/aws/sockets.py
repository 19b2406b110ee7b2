"""The sockets of every AWS client: how they are set up, when a kept one is trusted, how it died.

A process that was frozen cannot see that a peer went away. Three things keep that from costing a
caller more than a moment. The kernel gives a silent peer up after about 5 s, since it is told so
before the socket connects. A socket that nothing was heard from for long is not used again. And
when a kept socket turns out to be dead, every other one that is as old is given up with it.

botocore has no hook for its connections. Its HTTP session keeps the urllib3 pool classes it uses in
``_pool_classes_by_scheme``; replacing them there is the narrowest way in. The integration tests
compare what is counted here with what a server sees on the wire.
"""

import functools
import http.client
import io
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from urllib3.exceptions import ConnectTimeoutError

from tradewind.aws.deadline import within_time_left
from tradewind.aws.interruption import Interruption, current_interruption

#: Seconds without a word after which a kept socket is not used again. NAT gateways and load
#: balancers forget a silent flow after 350 s at the latest; a new connection costs about 20 ms.
IDLE_LIMIT_S: Final = 60.0

# Keep-alive probes find a peer that vanished after it had acknowledged everything; the user timeout
# one that does not acknowledge. Each does nothing in the other's case, so both are needed. A user
# timeout under some 4 s would give up a live call over one lost probe.
_OPTIONS: Final = (
    ("TCP_KEEPIDLE", 2),
    ("TCP_KEEPINTVL", 1),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", 5000),
)
#: Set on each socket before it connects, so that they hold for an unanswered SYN, too.
SOCKET_OPTIONS: Final = tuple(
    (socket.IPPROTO_TCP, getattr(socket, name), value)
    for name, value in _OPTIONS
    if hasattr(socket, name)  # other systems have a part of them
)

# Where Linux's struct tcp_info holds what is read here.
_TCP_INFO_SIZE: Final = 148
_STATE: Final = struct.Struct("=B")
_UNACKNOWLEDGED: Final = struct.Struct("=24xI")
_NOT_SENT: Final = struct.Struct("=144xI")
_ESTABLISHED: Final = 1
#: A live peer's kernel acknowledges within this, however busy or stopped the peer is.
_ACKNOWLEDGED_WITHIN_S: Final = 1.0


class SocketTrust:
    """Says which kept sockets may be used again. One for all clients of a process.

    Disuse is counted in wall-clock time, which goes on whatever becomes of the process; whether
    monotonic clocks do is up to what freezes it. Safe for threads.

    Args:
        idle_limit_s: How long a kept socket may have been silent.
        wall_clock: Epoch seconds; a test may bring its own.
    """

    def __init__(
        self, idle_limit_s: float = IDLE_LIMIT_S, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._idle_limit_s = idle_limit_s
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._distrusted_before = float("-inf")

    def now(self) -> "Moment":
        """Return the moment that it is."""
        return Moment(self._wall_clock(), time.monotonic())

    def idle_s(self, heard: "Moment") -> float:
        """Seconds since something was heard; negative when the clock was set back since."""
        return self._wall_clock() - heard.wall

    def holds(self, heard: "Moment") -> bool:
        """Whether a socket that was last heard from at that moment may be used."""
        return (
            heard.order >= self._distrusted_before and 0 <= self.idle_s(heard) <= self._idle_limit_s
        )

    def forget(self) -> None:
        """Forget what was lost: the order of moments is another machine's from now on."""
        with self._lock:
            self._distrusted_before = float("-inf")

    def lost(self, asked: "Moment") -> None:
        """Note that a kept socket was dead when it was asked something.

        What else was last heard from before may have died with it. What was heard from since has
        shown that its way is open.
        """
        with self._lock:
            self._distrusted_before = max(self._distrusted_before, asked.order)


class Moment(NamedTuple):
    """A moment.

    Attributes:
        wall: Epoch seconds; for durations that include a freeze.
        order: Monotonic seconds; for what came first.
    """

    wall: float
    order: float


class ConnectionObserver(Protocol):
    """Is told what becomes of a process's connections, in the thread that makes the call."""

    def connection_opened(self, service: str, duration_ms: float) -> None:
        """A connection to a service was opened in so many milliseconds, TLS included."""

    def connection_retired(self, service: str) -> None:
        """A kept connection to a service was dead when a call was sent on it."""


@dataclass(frozen=True)
class SocketRules:
    """What holds for the sockets of one client.

    Attributes:
        service: Of AWS, as boto3 calls it.
        trust: Which kept ones may be used.
        read_timeout_s: How long the service may be silent, or slow to take what it is sent.
        share: Of the time that is left, how much one wait may take at most.
        observer: Who is told of them.
    """

    service: str
    trust: SocketTrust
    read_timeout_s: float
    share: float
    observer: ConnectionObserver | None


@dataclass(frozen=True)
class Death:
    """A kept socket that died before a word of the answer came.

    Attributes:
        unsent: Whether a part of the request surely never left, so that nobody has acted on it.
        idle_s: How long it had been silent when it was used.
    """

    unsent: bool
    idle_s: float


class _Thread(threading.local):
    """What a thread's last attempt met. botocore makes, and judges, an attempt in one thread."""

    death: Death | None = None
    status: int | None = None


_thread: Final = _Thread()


def take_death() -> Death | None:
    """Return the death that this thread has met since it was last asked, and forget it."""
    death, _thread.death = _thread.death, None
    return death


def take_status() -> int | None:
    """Return the status of the last response to this thread since it was last asked."""
    status, _thread.status = _thread.status, None
    return status


@dataclass
class _Line:
    """The state of one connection. Of its own, so that answers can share it without a cycle.

    Attributes:
        rules: What holds for it.
        heard: When anything last came.
        reused: Whether it has answered before.
        asked: When the request was begun that nothing has come back for; None when there is none.
        sent: Whether all of that request was handed to the kernel.
    """

    rules: SocketRules
    heard: Moment
    reused: bool = False
    asked: Moment | None = None
    sent: bool = False

    def hear(self) -> None:
        self.heard = self.rules.trust.now()
        self.asked = None

    def wait_s(self, limit_s: float | None) -> float | None:
        return within_time_left(limit_s, self.rules.share)


class SocketReads(io.RawIOBase):
    """What a socket receives: each wait is bounded by the time that is left then.

    Attributes:
        waits: Whether a read waits for something to arrive.
    """

    def __init__(self, raw: io.RawIOBase, sock: Any, line: _Line) -> None:
        self.waits = True
        self._raw = raw
        self._sock = sock
        self._limit_s = line.rules.read_timeout_s
        self._line = line

    def readable(self) -> bool:
        """Whether it can be read: it can."""
        return True

    def fileno(self) -> int:
        """The socket's. See ``IOBase.fileno``."""
        return int(self._sock.fileno())

    def readinto(self, buffer: Any, /) -> int | None:
        """Receive into a buffer. See ``RawIOBase.readinto``."""
        self._sock.settimeout(self._line.wait_s(self._limit_s) if self.waits else 0)
        try:
            count: int | None = self._raw.readinto(buffer)
        except ssl.SSLWantReadError:
            return None
        if count:
            self._line.hear()
        return count

    def close(self) -> None:
        """Close it. The socket has another owner."""
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, line: _Line, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp: Any
        self.fp = io.BufferedReader(SocketReads(self.fp.detach(), sock, line))


class _KeptMixin:
    """A connection that knows when it was last heard from, and tells how it died."""

    sock: Any
    timeout: Any
    socket_options: Any

    def __init__(self, *args: Any, rules: SocketRules, **kwargs: Any) -> None:
        self._rules = rules
        self._line = _Line(rules, rules.trust.now())
        self._interruption: Interruption | None = None
        self.response_class = functools.partial(_Response, line=self._line)
        super().__init__(*args, **kwargs)
        self.socket_options = (*(self.socket_options or ()), *SOCKET_OPTIONS)

    def connect(self) -> None:
        started = time.perf_counter()
        self.timeout = self._line.wait_s(self.timeout)
        try:
            super().connect()  # type: ignore[misc]  # the urllib3 connection this is mixed into
        except TimeoutError as error:
            # urllib3 would call a slow TLS handshake a slow answer, and nothing was asked yet.
            raise ConnectTimeoutError(self, "The TLS handshake took too long.") from error
        self._line.reused = False
        if self._rules.observer is not None:
            self._rules.observer.connection_opened(
                self._rules.service, (time.perf_counter() - started) * 1000
            )

    @property
    def is_connected(self) -> bool:
        connected: bool = super().is_connected  # type: ignore[misc]
        return connected and self._rules.trust.holds(self._line.heard)

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()  # plain HTTP would, when it sends
        line = self._line
        self._interruption = current_interruption()
        if self._interruption is not None:
            self._interruption.begin(self)
        # urllib3 would bound the sending, all of it, by the timeout for connecting.
        self.timeout = line.wait_s(self._rules.read_timeout_s)
        line.asked, line.sent = self._rules.trust.now(), False
        # botocore would take half an item for the whole one, and that for "there is none".
        kwargs["enforce_content_length"] = True
        super().request(*args, **kwargs)  # type: ignore[misc]
        line.sent = True

    def getresponse(self) -> Any:
        self.timeout = self._line.wait_s(self.timeout)
        response = super().getresponse()  # type: ignore[misc]
        self._answered()
        # botocore reads an answer that comes instead of "100 Continue" with a class of its own.
        self._line.hear()
        self._line.reused = True
        _thread.status = response.status
        return response

    def close(self) -> None:
        # Here, since http.client closes before it raises, and then nothing can be asked any more.
        if self.sock is not None:
            self._note_death()
        self._line.asked = None
        self._answered()
        super().close()  # type: ignore[misc]

    def _answered(self) -> None:
        if self._interruption is not None:
            self._interruption.end(self)
            self._interruption = None

    def _note_death(self) -> None:
        line, trust = self._line, self._rules.trust
        if line.asked is None or not line.reused or not hasattr(socket, "TCP_INFO"):
            return
        try:
            info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
        except (OSError, AttributeError):  # closed already, or TLS within a proxy's TLS
            return
        (state,) = _STATE.unpack_from(info)
        (unacknowledged,) = _UNACKNOWLEDGED.unpack_from(info)
        waited_s = trust.now().order - line.asked.order
        if state == _ESTABLISHED and not (unacknowledged and waited_s > _ACKNOWLEDGED_WITHIN_S):
            return  # the peer lives: it was our own patience that ended
        # "Not acknowledged" would prove nothing: the acknowledgement may be what was lost.
        (not_sent,) = _NOT_SENT.unpack_from(info)
        trust.lost(line.asked)
        _thread.death = Death(
            unsent=not line.sent or not_sent > 0,
            idle_s=line.asked.wall - line.heard.wall,
        )
        if self._rules.observer is not None:
            self._rules.observer.connection_retired(self._rules.service)


# The stubs of botocore's own bases contradict each other.
class _HTTPConnection(_KeptMixin, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _HTTPSConnection(_KeptMixin, AWSHTTPSConnection):  # type: ignore[misc]
    pass


def _create_pool(
    pool_class: Any, connection_class: Any, rules: SocketRules, *args: Any, **kwargs: Any
) -> Any:
    pool = pool_class(*args, **kwargs)
    pool.ConnectionCls = functools.partial(connection_class, rules=rules)
    return pool


def set_socket_rules(client: Any, rules: SocketRules) -> None:
    """Let the sockets of a botocore client follow ``rules``. Before its first call."""
    pools = client._endpoint.http_session._pool_classes_by_scheme
    pools.update(
        http=functools.partial(_create_pool, AWSHTTPConnectionPool, _HTTPConnection, rules),
        https=functools.partial(_create_pool, AWSHTTPSConnectionPool, _HTTPSConnection, rules),
    )
