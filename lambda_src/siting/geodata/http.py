"""JSON from public services over HTTPS, read as if it came from a stranger.

One layer repeats: urllib3 sends each attempt once. What may pass (429, 502, 503, 504, a lost
connection, silence) is tried again with growing, jittered pauses, or after the pause the service
asks for, while attempts and time are left; a request's end ends its exchanges, too. Redirects are
refused: the endpoint is a setting, and where data comes from is not a server's to change.
"""

import email.utils
import hashlib
import json
import random
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, Final, NoReturn, Self
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.connection import HTTPConnection

from tradewind.aws.deadline import call_time_left_s, require_time
from tradewind.aws.sockets import SOCKET_OPTIONS
from tradewind.contracts.errors import (
    DataSourceError,
    DataSourceInvalid,
    DataSourceRejected,
    DataSourceThrottled,
    DataSourceUnavailable,
)
from tradewind.telemetry.logger import get_logger

#: Public services ask clients to name themselves, and refuse HTTP libraries' stock names.
USER_AGENT: Final = "tradewind/0.1 (wind-farm siting; contact: the operator of this deployment)"

MAX_ATTEMPTS: Final = 3
#: The pause before the second attempt, at most; doubled before the third.
BASE_PAUSE_S: Final = 2.0
_CONNECT_TIMEOUT_S: Final = 5.0
_CHUNK_BYTES: Final = 65_536
#: Characters of a service's own words that a message repeats.
_SHOWN: Final = 200

_PASSING: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)

# A process restored from a snapshot must not repeat its siblings' pauses.
_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Limits:
    """What an exchange with a service may take.

    Attributes:
        answer_s: One attempt, from its start to the answer's last byte.
        silence_s: Without a byte, within an attempt.
        total_s: All attempts and the pauses between them.
        answer_bytes: Of the answer, unpacked.
    """

    answer_s: float
    silence_s: float
    total_s: float
    answer_bytes: int


class AnswerCache:
    """The latest answers of public services, by request, up to a number of bytes and an age.

    It holds what anybody is told who asks the same, and no caller's data; one can only get an
    answer from it by asking for the same place. Kept per process: a conversation often asks for
    the same site again, with other setbacks, and services that cost nothing deserve to be spared.

    Args:
        most_bytes: Older answers give way.
        oldest_s: Older answers are asked for again.
        clock: Monotonic seconds.
    """

    def __init__(
        self, most_bytes: int, oldest_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most_bytes = most_bytes
        self._oldest_s = oldest_s
        self._clock = clock
        self._answers: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """Return an answer that is there and not too old."""
        with self._lock:
            kept = self._answers.get(key)
            if kept is None or self._clock() - kept[0] > self._oldest_s:
                return None
            self._answers.move_to_end(key)
            return kept[1]

    def put(self, key: str, answer: bytes) -> None:
        """Keep an answer, unless it is too large by itself."""
        with self._lock:
            self._answers.pop(key, None)
            self._answers[key] = (self._clock(), answer)
            while sum(len(body) for _, body in self._answers.values()) > self._most_bytes:
                self._answers.popitem(last=False)


def tls_pool() -> urllib3.PoolManager:
    """Connections that trust the system's authorities, or ``SSL_CERT_FILE``'s where it is set.

    A kept one whose peer is gone, as after a freeze, is given up by the kernel in about 5 s.
    """
    return urllib3.PoolManager(
        ssl_context=ssl.create_default_context(),
        maxsize=2,
        socket_options=[*HTTPConnection.default_socket_options, *SOCKET_OPTIONS],
    )


@dataclass
class JsonClient:
    """Asks one service.

    Attributes:
        service: How messages name it.
        url: Its endpoint.
        limits: What an exchange may take.
        cache: Where answers are kept.
        pool: Its connections.
        clock: Monotonic seconds.
        sleep: Waits that many seconds.
    """

    service: str
    url: str
    limits: Limits
    cache: AnswerCache
    pool: urllib3.PoolManager = field(default_factory=tls_pool)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def ask(
        self,
        method: str,
        fields: Mapping[str, str],
        check: Callable[[Any], object] = lambda _answer: None,
    ) -> Any:
        """Return the service's answer, decoded; an earlier one to the same question if there is.

        Args:
            method: ``GET`` sends the fields in the address, ``POST`` as a form.
            fields: The question.
            check: Raises a ``DataSourceError`` for an answer that is not one; only what passes is
                kept, and only what is unavailable is asked for again.

        Raises:
            DataSourceError: There is no usable answer, repeats included.
            DeadlineExceeded: The request's time is over.
        """
        question = json.dumps([self.url, method, dict(fields)]).encode()
        key = hashlib.sha256(question).hexdigest()
        kept = self.cache.get(key)
        if kept is not None:
            return self._decode(kept)
        give_up_at = self.clock() + self._in_time(self.limits.total_s)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                body = self._send(method, fields)
                answer = self._decode(body)
                check(answer)
            except _Passing as passing:
                pause_s = passing.pause_s(attempt)
                if attempt == MAX_ATTEMPTS or self.clock() + pause_s >= give_up_at:
                    raise passing.error from passing
                get_logger().warning(
                    "Asking a data source again",
                    service=self.service,
                    error_code=passing.error.code,
                    attempt=attempt + 1,
                )
                self.sleep(pause_s)
            else:
                self.cache.put(key, body)
                return answer
        raise AssertionError  # the last attempt returns or raises

    def overloaded(self, words: str) -> NoReturn:
        """Reject an answer that says the service could not do its work this time.

        For use in ``check``: the question is asked again while attempts and time are left.
        """
        raise _Passing(DataSourceUnavailable(f"{self.service} could not answer: {words[:_SHOWN]}"))

    def _send(self, method: str, fields: Mapping[str, str]) -> bytes:
        require_time()
        ends_at = self.clock() + self._in_time(self.limits.answer_s)
        form = method == "POST"
        try:
            response = self.pool.request(
                method,
                self.url if form else f"{self.url}?{urlencode(fields)}",
                body=urlencode(fields) if form else None,
                headers={
                    "User-Agent": USER_AGENT,
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip",
                    **({"Content-Type": "application/x-www-form-urlencoded"} if form else {}),
                },
                timeout=urllib3.Timeout(
                    connect=self._in_time(_CONNECT_TIMEOUT_S),
                    read=self._in_time(self.limits.silence_s),
                ),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                self._check_head(response)
                return self._read(response, ends_at)
            finally:
                # Not back to the pool: what is left of a refused answer would be read next.
                response.close()
        except urllib3.exceptions.HTTPError as error:
            require_time(error)
            if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args):
                raise DataSourceRejected(
                    f"{self.service} at {self._host} could not prove who it is: {_words(error)}"
                ) from error
            raise _Passing(
                DataSourceUnavailable(
                    f"{self.service} at {self._host} could not be reached, fell silent or broke "
                    f"off ({type(error).__name__})."
                )
            ) from error

    def _check_head(self, response: urllib3.BaseHTTPResponse) -> None:
        status = response.status
        answered = f"{self.service} at {self._host} answered HTTP {status}"
        if status in _PASSING:
            wait_s = _retry_after_s(response.headers.get("Retry-After"))
            advice = f"; it asks to wait {wait_s:.0f} s." if wait_s else ". Try again later."
            throttled = status == HTTPStatus.TOO_MANY_REQUESTS
            failure = DataSourceThrottled if throttled else DataSourceUnavailable
            raise _Passing(failure(answered + advice), wait_s)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise DataSourceUnavailable(f"{answered}.")
        if status != HTTPStatus.OK:
            raise DataSourceRejected(f"{answered} to the request.")
        content_type = response.headers.get("Content-Type", "")
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise DataSourceInvalid(
                f"{self.service} answered {content_type[:_SHOWN] or 'no type'}, not JSON."
            )

    def _read(self, response: urllib3.BaseHTTPResponse, ends_at: float) -> bytes:
        body = bytearray()
        # Whatever has arrived, so that an answer that trickles in cannot outlast its time.
        while chunk := response.read1(_CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > self.limits.answer_bytes:
                raise DataSourceInvalid(
                    f"{self.service} answered more than {self.limits.answer_bytes // 10**6} MB. "
                    "Ask for a smaller area or a shorter time."
                )
            if self.clock() > ends_at:
                require_time()
                raise _Passing(
                    DataSourceUnavailable(
                        f"{self.service} did not finish within {self.limits.answer_s:.0f} s."
                    )
                )
        return bytes(body)

    def _decode(self, body: bytes) -> Any:
        try:
            return json.loads(body, parse_constant=_no_number)
        # Nested too deep, a RecursionError; not UTF-8, a ValueError like the rest.
        except (ValueError, RecursionError) as malformed:
            raise DataSourceInvalid(
                f"{self.service} answered something that is not JSON, or only a part of it."
            ) from malformed

    @staticmethod
    def _in_time(limit_s: float) -> float:
        """The shorter of a limit and the time that the request at work has left."""
        left_s = call_time_left_s()
        return limit_s if left_s is None else min(limit_s, left_s)

    @property
    def _host(self) -> str:
        return urlsplit(self.url).netloc


class _Passing(Exception):
    """A failure that may pass.

    Attributes:
        error: What it is when it does not.
    """

    def __init__(self, error: DataSourceError, wait_s: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self._wait_s = wait_s

    def pause_s(self, attempt: int) -> float:
        """How long to wait after that attempt: what the service asks for, or a drawn time."""
        bound_s = BASE_PAUSE_S * 2 ** (attempt - 1)
        # The service's word is the least; the jitter keeps clients from coming back together.
        return self._wait_s + _random.uniform(bound_s / 4, bound_s)


def _retry_after_s(value: str | None) -> float:
    """Read ``Retry-After``, seconds or a date; 0 for none, and for what is neither."""
    if not value:
        return 0.0
    if value.strip().isdecimal():
        return float(min(int(value), 10**6)) if len(value) < _SHOWN else float(10**6)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return max(0.0, moment.timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _words(error: Exception) -> str:
    return str(error)[:_SHOWN]


class ServiceClient:
    """What the client of any one service is: its JSON, within the service's own limits.

    Args:
        http: How to reach it.
    """

    service: ClassVar[str]
    limits: ClassVar[Limits]
    cache_bytes: ClassVar[int]
    cache_age_s: ClassVar[float]

    def __init__(self, http: JsonClient) -> None:
        self._http = http

    @classmethod
    def at(cls, url: str) -> Self:
        """A client of an endpoint, with a cache of its own."""
        cache = AnswerCache(cls.cache_bytes, cls.cache_age_s)
        return cls(JsonClient(cls.service, url, cls.limits, cache))
