"""Response streaming from Lambda's managed Python runtime, which has none of its own.

awslambdaric posts what a handler returned with one method of its client. Here that method learns
one more kind of answer: a ``StreamedAnswer`` is sent chunk by chunk while it is produced. Every
other answer goes the runtime's own way, untouched.

One answer leaves per event: nothing is posted as an error once the first byte has gone. What
breaks off later is told in trailers; what nobody reads any more just ends. The method returns when
the Runtime API has the whole answer, so that the runtime asks for the next event after it only.
"""

import base64
import contextlib
import functools
import http.client
import inspect
import json
import select
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, Self

from tradewind.contracts.errors import ConfigurationError
from tradewind.telemetry.defects import log_defect
from tradewind.telemetry.logger import get_logger

#: The content type of a stream that is an HTTP answer: a prelude with its status and headers
#: comes before the body.
HTTP_ANSWER: Final = "application/vnd.awslambda.http-integration-response"

#: How long a reader may take nothing before it counts as gone.
STALL_LIMIT_S: Final = 60.0

_RUNTIME_CLIENT: Final = ("awslambdaric.lambda_runtime_client", "LambdaRuntimeClient")
_POSTS_AN_ANSWER: Final = "post_invocation_result"
#: The parameters of that method, over all releases that are known; the last one is newer.
_PARAMETERS: Final = ("self", "invoke_id", "result_data", "content_type", "invocation_id")
_NEEDED: Final = 4
_ERROR_TYPE: Final = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY: Final = "Lambda-Runtime-Function-Error-Body"


class StreamedAnswer(bytes):
    """What a handler returns to have its answer sent while it is produced.

    It is ``bytes`` because those pass the runtime's encoding as they are.

    Attributes:
        chunks: Each is sent as it comes. An empty one sends nothing: it is an occasion to notice
            that nobody reads any more. Closed when that is so, and at the end.
        content_type: Of the whole.
        time_left_s: Tells the seconds left until the answer has to have left.
    """

    chunks: Iterator[bytes]
    content_type: str
    time_left_s: Callable[[], float]

    def __new__(
        cls, chunks: Iterator[bytes], *, content_type: str, time_left_s: Callable[[], float]
    ) -> Self:
        """Make an answer of ``chunks``."""
        answer = super().__new__(cls)
        answer.chunks = chunks
        answer.content_type = content_type
        answer.time_left_s = time_left_s
        return answer


class Runtime(Enum):
    """How the runtime of this process streams."""

    HOOKED = "through this module"
    NATIVE = "by itself"
    UNKNOWN = "in no way that is known"


def hook_runtime() -> Runtime:
    """Teach Lambda's runtime in this process to stream, where it can be taught."""
    module_name, class_name = _RUNTIME_CLIENT
    module = sys.modules.get(module_name)
    client = getattr(module, class_name, None)
    post = getattr(client, _POSTS_AN_ANSWER, None)
    if client is None or post is None:
        return Runtime.UNKNOWN
    if hasattr(post, "streams"):
        return Runtime.HOOKED
    if _streams_by_itself(module, client):
        return Runtime.NATIVE
    if not _is_known(client, post):
        return Runtime.UNKNOWN

    @functools.wraps(post)
    def post_or_stream(
        self: Any, invoke_id: str, result_data: Any, *rest: Any, **named: Any
    ) -> Any:
        if not isinstance(result_data, StreamedAnswer):
            return post(self, invoke_id, result_data, *rest, **named)
        given = inspect.signature(post).bind(self, invoke_id, result_data, *rest, **named)
        return _stream(self, invoke_id, result_data, given.arguments.get("invocation_id"))

    post_or_stream.streams = True  # type: ignore[attr-defined]  # says that it is hooked
    setattr(client, _POSTS_AN_ANSWER, post_or_stream)
    return Runtime.HOOKED


def require_streaming(runtime: Runtime) -> None:
    """Refuse to start where streaming is used and there is no way to.

    Raises:
        ConfigurationError: The runtime is none that is known.
    """
    if runtime is Runtime.UNKNOWN:
        raise ConfigurationError(
            "This function streams its answers, and this runtime knows no way to: it is neither "
            "an awslambdaric whose client is known nor one that streams by itself."
        )


def http_prelude(status: int, content_type: str, **headers: str) -> bytes:
    """The beginning of a stream that is an HTTP answer: everything before its body.

    Args:
        status: Its code.
        content_type: Of the body; empty where there is none.
        **headers: Its others.
    """
    kind = {"Content-Type": content_type} if content_type else {}
    answer = {"statusCode": status, "headers": {**kind, **headers}}
    return json.dumps(answer).encode() + bytes(8)


def http_stream(answer: Mapping[str, Any]) -> Iterator[bytes]:
    """What a proxy integration takes, as a stream: whole, or with a body that is made meanwhile.

    Args:
        answer: Status, headers, and a body that is a text or an iterator of bytes.
    """
    headers = dict(answer["headers"])
    prelude = http_prelude(answer["statusCode"], headers.pop("Content-Type", ""), **headers)
    body = answer["body"]
    if isinstance(body, str):
        yield prelude + body.encode()
        return
    try:
        yield prelude
        yield from body
    finally:
        body.close()


def _streams_by_itself(module: Any, client: Any) -> bool:
    """Whether the runtime has a way of its own: by name, as nobody knows it yet."""
    posts = getattr(module, "runtime_client", None)
    names = [*dir(client), *dir(posts)]
    return any("stream" in name.lower() and not name.startswith("__") for name in names)


def _is_known(client: Any, post: Any) -> bool:
    parameters = tuple(inspect.signature(post).parameters)
    if parameters not in (_PARAMETERS, _PARAMETERS[:_NEEDED]):
        return False
    probe = StreamedAnswer(iter(()), content_type="", time_left_s=float)
    try:
        encoded, _ = client.marshaller.marshal_response(probe)
    except Exception:  # whatever it may be by then
        return False
    return encoded is probe


def _stream(client: Any, invoke_id: str, answer: StreamedAnswer, invocation_id: str | None) -> None:
    """Send an answer. What cannot begin is posted as an error, which is an answer too."""
    chunks = answer.chunks
    identified = () if invocation_id is None else (invocation_id,)
    try:
        first = next((chunk for chunk in chunks if chunk), b"")
    except Exception as error:
        log_defect("A streamed answer did not begin", error)
        document = json.dumps(_error_document(error))
        client.post_invocation_error(invoke_id, document, "{}", *identified)
        return
    connection = http.client.HTTPConnection(client.lambda_runtime_address)
    try:
        with contextlib.closing(connection):
            _send_all(connection, invoke_id, invocation_id, answer, first)
    finally:
        _close(chunks)


def _send_all(
    connection: http.client.HTTPConnection,
    invoke_id: str,
    invocation_id: str | None,
    answer: StreamedAnswer,
    first: bytes,
) -> None:
    outlet = _Outlet(connection, answer.time_left_s)
    failure: Exception | None = None
    try:
        outlet.begin(invoke_id, invocation_id, answer.content_type)
        outlet.send(first)
        while True:
            try:
                chunk = next(answer.chunks, None)
            except Exception as error:
                log_defect("A streamed answer broke off", error)
                failure = error
                break
            if chunk is None:
                break
            outlet.send(chunk)
        status = outlet.end(failure)
    except _ReaderGone as gone:
        get_logger().warning("Nobody reads the streamed answer any more", reason=str(gone))
        return
    if status != http.client.ACCEPTED:
        get_logger().error("The streamed answer was refused", status=status)


class _ReaderGone(Exception):
    """The Runtime API takes no more of the answer."""


class _Outlet:
    """One answer on its way to the Runtime API.

    Every method raises ``_ReaderGone`` when the other side has closed, has answered early, or has
    taken nothing for too long.
    """

    def __init__(
        self, connection: http.client.HTTPConnection, time_left_s: Callable[[], float]
    ) -> None:
        self._connection = connection
        self._time_left_s = time_left_s

    def begin(self, invoke_id: str, invocation_id: str | None, content_type: str) -> None:
        connection = self._connection
        with self._reader_may_go():
            connection.connect()  # sets TCP_NODELAY: a small event leaves at once
            connection.putrequest("POST", f"/2018-06-01/runtime/invocation/{invoke_id}/response")
            connection.putheader("Content-Type", content_type)
            connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
            if invocation_id is not None:
                connection.putheader("Lambda-Runtime-Invocation-Id", invocation_id)
            connection.putheader("Transfer-Encoding", "chunked")
            # Trailers that are not announced here are dropped on the other side.
            connection.putheader("Trailer", f"{_ERROR_TYPE}, {_ERROR_BODY}")
            connection.endheaders()

    def send(self, chunk: bytes) -> None:
        with self._reader_may_go():
            if chunk:
                self._write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            elif select.select([self._connection.sock], [], [], 0)[0]:
                raise _ReaderGone("closed")

    def end(self, failure: Exception | None) -> int:
        """End the answer, and return the status that it is taken with."""
        trailers = b""
        if failure is not None:
            body = base64.b64encode(json.dumps(_error_document(failure)).encode())
            trailers = b"%b: %b\r\n%b: %b\r\n" % (
                _ERROR_TYPE.encode(),
                _name_of(failure).encode(),
                _ERROR_BODY.encode(),
                body,
            )
        with self._reader_may_go():
            self._write(b"0\r\n" + trailers + b"\r\n")
            response = self._connection.getresponse()
            response.read()
            return response.status

    def _write(self, data: bytes) -> None:
        """Write as it is taken, looking for a close all the while.

        A reader who closes need not reset the connection: a write that waits for room would not
        be told.
        """
        sock = self._connection.sock
        unsent = memoryview(data)
        while unsent:
            readable, writable, _ = select.select([sock], [sock], [], self._limit_s())
            if readable:
                raise _ReaderGone("closed")  # nothing is to be read before the end
            if not writable:
                raise TimeoutError
            unsent = unsent[sock.send(unsent) :]

    @contextlib.contextmanager
    def _reader_may_go(self) -> Iterator[None]:
        try:
            if self._connection.sock is not None:
                self._connection.sock.settimeout(self._limit_s())
            else:
                self._connection.timeout = self._limit_s()
            yield
        except TimeoutError:
            raise _ReaderGone("stalled") from None
        except (OSError, http.client.HTTPException) as error:
            raise _ReaderGone(type(error).__name__) from None

    def _limit_s(self) -> float:
        return min(STALL_LIMIT_S, max(0.1, self._time_left_s()))


def _error_document(error: Exception) -> dict[str, str]:
    """What Lambda is told of an error: no word of it, which may be the caller's or the model's."""
    return {
        "errorMessage": "The answer could not be produced; the function's log has the cause.",
        "errorType": _name_of(error),
    }


def _name_of(error: Exception) -> str:
    """Its class, as a header can hold it."""
    name = type(error).__name__
    return name if name.isascii() and name.isidentifier() else "Exception"


def _close(chunks: Iterator[bytes]) -> None:
    """Let the producer end what nobody waits for, and wait until it has."""
    close = getattr(chunks, "close", None)
    if close is not None:
        try:
            close()
        except Exception as error:
            log_defect("A streamed answer did not end well", error)
