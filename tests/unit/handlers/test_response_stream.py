"""Which runtimes are taught to stream, and which are left alone."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tradewind.contracts.errors import ConfigurationError
from tradewind.handlers.response_stream import (
    Runtime,
    StreamedAnswer,
    hook_runtime,
    http_prelude,
    http_stream,
    require_streaming,
)


class Marshaller:
    def marshal_response(self, response: object) -> tuple[object, str]:
        return response, "application/unknown"


class Choosy:
    def marshal_response(self, response: object) -> tuple[object, str]:
        raise TypeError("no bytes")


class Copying:
    def marshal_response(self, response: object) -> tuple[object, str]:
        return bytes(response) + b"", ""  # type: ignore[call-overload]


class Client:
    """awslambdaric's client, as far as it posts answers."""

    marshaller: Any = Marshaller()
    lambda_runtime_address = "127.0.0.1:1"

    def post_invocation_result(
        self,
        invoke_id: str,
        result_data: object,
        content_type: str = "application/json",
        invocation_id: str | None = None,
    ) -> tuple[object, ...]:
        return invoke_id, result_data, content_type, invocation_id


Install = Callable[..., type[Client]]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes this a process on a runtime whose client has these attributes besides."""

    def do(posts: object = None, **attributes: Any) -> type[Client]:
        client = type("LambdaRuntimeClient", (Client,), attributes)
        module: Any = ModuleType("awslambdaric.lambda_runtime_client")
        module.LambdaRuntimeClient = client
        module.runtime_client = posts
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return client

    return do


def older(self: Any, invoke_id: str, result_data: object, content_type: str = "") -> object:
    return invoke_id, result_data, content_type


def newer(self: Any, invoke_id: str, result_data: object, content_type: str, mode: str) -> object:
    return invoke_id, result_data, content_type, mode


class Posts:
    def post_stream(self) -> None:
        pass


@pytest.mark.parametrize("attributes", [{}, {"post_invocation_result": older}])
def test_a_known_runtime_is_hooked_once(install: Install, attributes: dict[str, Any]) -> None:
    client = install(**attributes)
    assert hook_runtime() is Runtime.HOOKED
    hooked = client.post_invocation_result
    assert hook_runtime() is Runtime.HOOKED
    assert client.post_invocation_result is hooked
    require_streaming(Runtime.HOOKED)


def test_other_answers_go_the_runtime_s_own_way(install: Install) -> None:
    client = install()
    hook_runtime()
    runtime = client()
    assert runtime.post_invocation_result("id", b"{}") == ("id", b"{}", "application/json", None)
    assert runtime.post_invocation_result("id", b"x", "a/b", invocation_id="i") == (
        "id",
        b"x",
        "a/b",
        "i",
    )


@pytest.mark.parametrize(
    ("posts", "attributes"),
    [
        (Posts(), {}),
        (None, {"post_invocation_stream": lambda self: None}),
        (None, {"response_streaming": True}),
    ],
)
def test_a_runtime_that_streams_by_itself_is_left_alone(
    install: Install, posts: object, attributes: dict[str, Any]
) -> None:
    client = install(posts, **attributes)
    before = client.post_invocation_result
    assert hook_runtime() is Runtime.NATIVE
    assert client.post_invocation_result is before
    require_streaming(Runtime.NATIVE)


@pytest.mark.parametrize(
    "attributes",
    [
        {"post_invocation_result": newer},
        {"post_invocation_result": None},
        {"marshaller": Choosy()},
        {"marshaller": Copying()},
        {"marshaller": None},
    ],
)
def test_an_unknown_runtime_is_left_alone_and_refused_where_streaming_is_used(
    install: Install, attributes: dict[str, Any]
) -> None:
    client = install(**attributes)
    before = client.post_invocation_result
    assert hook_runtime() is Runtime.UNKNOWN
    assert client.post_invocation_result is before
    with pytest.raises(ConfigurationError, match="no way"):
        require_streaming(Runtime.UNKNOWN)


def test_outside_of_lambda_there_is_no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "awslambdaric.lambda_runtime_client", raising=False)
    assert hook_runtime() is Runtime.UNKNOWN


def test_a_streamed_answer_that_nobody_streams_is_empty() -> None:
    answer = StreamedAnswer(iter([b"a"]), content_type="text/plain", time_left_s=lambda: 1.0)
    assert answer == b""
    assert list(answer.chunks) == [b"a"]


def test_a_prelude_says_status_and_headers_and_ends_with_eight_nul_bytes() -> None:
    assert http_prelude(200, "text/event-stream", **{"Cache-Control": "no-store"}) == (
        b'{"statusCode": 200, "headers": {"Content-Type": "text/event-stream", '
        b'"Cache-Control": "no-store"}}' + b"\0" * 8
    )


class Body:
    """A body that notes whether it was closed."""

    def __init__(self) -> None:
        self.closed = False
        self._pieces = iter([b"", b"one", b"two"])

    def __iter__(self) -> "Body":
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        self.closed = True


def streamed(body: object, **headers: str) -> Any:
    return http_stream({"statusCode": 202, "headers": headers, "body": body})


def test_a_whole_answer_is_a_stream_of_one_piece() -> None:
    prelude = b'{"statusCode": 202, "headers": {"Content-Type": "a/b", "X": "y"}}' + bytes(8)
    assert list(streamed("wört", **{"Content-Type": "a/b", "X": "y"})) == [
        prelude + "wört".encode()
    ]
    assert list(streamed("")) == [b'{"statusCode": 202, "headers": {}}' + bytes(8)]


@pytest.mark.parametrize("read", range(1, 6))
def test_a_body_is_closed_however_far_it_was_read(read: int) -> None:
    body = Body()
    chunks = streamed(body)
    pieces = [next(chunks, None) for _ in range(read)]
    assert pieces[1:] == [b"", b"one", b"two", None][: read - 1]
    assert body.closed == (read == 5)
    chunks.close()
    assert body.closed
