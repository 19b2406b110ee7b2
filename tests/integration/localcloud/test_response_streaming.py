"""Answers stream through the embedded AWS as they do through AWS: when they come, or not at all."""

import fcntl
import http.client
import json
import ssl
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devtools.localcloud import Running
from tests.integration.localcloud.conftest import Client, Deploy, package, role
from tests.integration.localcloud.rest_api import (
    Api,
    function,
    method,
    permission,
    resource,
    rest_api,
    stage,
)

ROOT = Path(__file__).parents[3]
STREAMER = Path(__file__).parent / "function" / "streamer.py"
OK = {"prelude": {"statusCode": 200, "headers": {"Content-Type": "text/event-stream"}}}
PATIENCE_S = 60.0
STREAMS = 100
#: Processes that start at the same time: each has ten seconds for it, on any machine.
STARTING = 4

Upload = Callable[[str, bytes], dict[str, str]]


def until(done: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < give_up
        time.sleep(0.01)


@pytest.fixture(scope="module")
def completions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the function notes its completion invocations."""
    path = tmp_path_factory.mktemp("completions") / "lines"
    path.touch()
    return path


@pytest.fixture(scope="module")
def api(cloud: Running, deploy: Deploy, upload: Upload, completions: Path) -> Api:
    """An API with a streaming integration, and one that gives up soon."""
    code = upload("streamer.zip", package(**{"streamer.py": STREAMER.read_text()}))
    streamer = function(code, "streamer.handler")
    streamer["Properties"]["Timeout"] = 900
    path = [str(ROOT), str(ROOT / "lambda_src"), sysconfig.get_path("purelib")]
    streamer["Properties"]["Environment"] = {
        "Variables": {"TEST_PATH": json.dumps(path), "COMPLETIONS": str(completions)}
    }
    uri = (
        "arn:aws:apigateway:${AWS::Region}:lambda:path/2021-11-15/functions/"
        "${Front.Arn}/response-streaming-invocations"
    )
    streams = {"ResponseTransferMode": "STREAM", "Uri": {"Fn::Sub": uri}}
    resources = {
        "Role": role(),
        "Front": streamer,
        "Api": rest_api(),
        "May": permission({"Ref": "Front"}, "*"),
        "Stream": resource("stream"),
        "StreamPost": method("Stream", integration={**streams, "TimeoutInMillis": 900_000}),
        "Soon": resource("soon"),
        "SoonPost": method("Soon", integration={**streams, "TimeoutInMillis": 1_500}),
    }
    outputs = {"Api": {"Ref": "Api"}, "Front": {"Ref": "Front"}}
    made = deploy("streaming", stage(resources), outputs)
    return Api(cloud, made["Api"], made)


@contextmanager
def asking(api: Api, *steps: dict[str, Any], path: str = "/stream", **wish: Any) -> Iterator[Any]:
    """Ask the function through the API; the response has its body still to be read."""
    body = json.dumps({"stream": steps, **wish} if steps else wish).encode()
    request = AWSRequest("POST", api.url(path), data=body)
    keys = Credentials(api.running.access_key, api.running.secret_key)
    SigV4Auth(keys, "execute-api", api.running.region).add_auth(request)
    target = urlsplit(api.url(path))
    connection = http.client.HTTPSConnection(
        target.netloc,
        context=ssl.create_default_context(cafile=api.running.ca_bundle),
        timeout=PATIENCE_S,
    )
    try:
        connection.request("POST", target.path, body, dict(request.headers.items()))
        yield connection.getresponse()
    finally:
        connection.close()


def end_of(completions: Path, response: Any) -> dict[str, Any]:
    """The completion invocation of one answer; those of other requests come whenever they come."""
    (end,) = ends_of(completions, [response])
    return end


def ends_of(completions: Path, responses: Sequence[Any]) -> list[dict[str, Any]]:
    """The completion invocations of answers, once each has one."""
    wanted = {response.headers["x-amzn-requestid"] for response in responses}

    def found() -> list[dict[str, Any]]:
        *whole, _unfinished = completions.read_text().split("\n")
        return [end for line in whole if (end := json.loads(line))["requestId"] in wanted]

    until(lambda: {end["requestId"] for end in found()} == wanted)
    return found()


class TestThroughTheGateway:
    def test_the_prelude_is_status_and_headers_and_what_follows_comes_as_it_is_made(
        self, api: Api, tmp_path: Path, completions: Path
    ) -> None:
        gate = tmp_path / "gate"
        prelude = {
            "statusCode": 207,
            "headers": {"Content-Type": "text/plain", "X-Own": "1"},
            "multiValueHeaders": {"X-Many": ["a", "b"]},
            "cookies": ["c=1", "d=2"],
        }
        steps = ({"prelude": prelude, "send": "first"}, {"await": str(gate)}, {"send": "second"})
        with asking(api, *steps) as response:
            assert (response.status, response.headers["X-Own"]) == (207, "1")
            assert response.headers["Content-Type"] == "text/plain"
            assert response.headers.get_all("X-Many") == ["a", "b"]
            assert response.headers.get_all("Set-Cookie") == ["c=1", "d=2"]
            assert response.read1() == b"first"
            gate.touch()
            assert response.read() == b"second"
        completion = end_of(completions, response)
        assert completion["invokeCompletionStatus"] == "Success"

    def test_what_is_no_http_answer_is_a_bad_gateway(self, api: Api) -> None:
        for steps, wish in (
            ([{"send": "no prelude at all"}], {}),
            ([{"send": "{" + " " * 17_000}, {"send": "}" + "\0" * 8}], {}),
            ([{"send": "no json" + "\0" * 8}], {}),
            ([{"prelude": {"statusCode": 200, "body": "x"}}], {}),
            ([OK], {"content_type": "text/event-stream"}),
            ([], {"answer": {"statusCode": 200, "body": "not streamed"}}),
            ([{"fail": "before the first byte"}], {}),
        ):
            with asking(api, *steps, **wish) as response:
                assert response.status == 502
                assert json.loads(response.read()) == {"message": "Internal server error"}

    def test_a_late_beginning_is_a_timeout(self, api: Api, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        never = {"await": str(tmp_path / "never"), "closed": str(closed)}
        with asking(api, {"send": "{"}, never, OK, path="/soon") as response:
            assert response.status == 504
            assert json.loads(response.read()) == {"message": "Endpoint request timed out"}
        until(closed.exists)

    def test_a_late_end_breaks_off(self, api: Api, tmp_path: Path, completions: Path) -> None:
        never = {"await": str(tmp_path / "never")}
        with asking(api, {**OK, "send": "half"}, never, path="/soon") as response:
            assert response.status == 200
            with pytest.raises(http.client.IncompleteRead) as broken:
                response.read()
            assert broken.value.partial == b"half"
        completion = end_of(completions, response)
        assert completion["invokeCompletionStatus"] == "Failure"

    @pytest.mark.parametrize("end", [{"fail": "in the middle"}, {"die": 7}], ids=["fails", "dies"])
    def test_a_function_that_fails_in_the_middle_breaks_off(
        self, api: Api, tmp_path: Path, completions: Path, end: dict[str, Any]
    ) -> None:
        arrived = tmp_path / "arrived"
        until_then = {"await": str(arrived)}
        with asking(api, {**OK, "send": "half"}, until_then, end) as response:
            assert response.status == 200
            assert response.read1() == b"half"
            arrived.touch()
            with pytest.raises(http.client.IncompleteRead):
                response.read()
        completion = end_of(completions, response)
        assert completion["invokeCompletionStatus"] == "Failure"

    def test_a_caller_that_hangs_up_is_noticed_by_the_function(
        self, api: Api, tmp_path: Path, completions: Path
    ) -> None:
        closed = tmp_path / "closed"
        never = {"await": str(tmp_path / "never"), "closed": str(closed)}
        with asking(api, {**OK, "send": "first"}, never) as response:
            assert response.read1() == b"first"
            assert not closed.exists()
        until(closed.exists)
        completion = end_of(completions, response)
        assert completion["invokeCompletionStatus"] == "Failure"

    def test_a_large_body_comes_whole(self, api: Api) -> None:
        with asking(api, OK, *[{"fill": 500_000}] * 20) as response:
            assert len(response.read()) == 10_000_000

    def test_a_hundred_streams_at_once_do_not_wait_for_one_another(
        self, api: Api, tmp_path: Path, completions: Path
    ) -> None:
        """Each has read its first byte before any may end."""
        path = tmp_path / "gate"
        with (
            path.open("w") as gate,
            ExitStack() as open_ones,
            ThreadPoolExecutor(STARTING) as callers,
        ):
            fcntl.flock(gate, fcntl.LOCK_EX)

            def begin(number: int) -> Any:
                steps = (
                    {**OK, "send": f"first of {number}"},
                    {"lock": str(path)},
                    {"send": f", last of {number}"},
                )
                response = open_ones.enter_context(asking(api, *steps))
                assert response.read1() == b"first of %d" % number
                return response

            responses = [*callers.map(begin, range(STREAMS))]
            fcntl.flock(gate, fcntl.LOCK_UN)
            for number, response in enumerate(responses):
                assert response.read() == b", last of %d" % number
        ended = ends_of(completions, responses)
        assert len(ended) == STREAMS
        assert {one["invokeCompletionStatus"] for one in ended} == {"Success"}


class TestDirectly:
    def test_chunks_come_as_they_are_made(self, api: Api, client: Client, tmp_path: Path) -> None:
        gate = tmp_path / "gate"
        steps = [{"send": "first"}, {"await": str(gate)}, {"send": "second"}]
        events = self.invoke(client, api, stream=steps)
        assert next(events) == {"PayloadChunk": {"Payload": b"first"}}
        gate.touch()
        assert next(events) == {"PayloadChunk": {"Payload": b"second"}}
        assert next(events) == {"InvokeComplete": {}}

    def test_a_failure_in_the_middle_is_told_at_the_end(self, api: Api, client: Client) -> None:
        steps = [{"send": "half"}, {"fail": "secret"}]
        *chunks, last = self.invoke(client, api, stream=steps)
        assert [chunk["PayloadChunk"]["Payload"] for chunk in chunks] == [b"half"]
        assert last["InvokeComplete"]["ErrorCode"] == "ValueError"
        assert "secret" not in str(last)

    def test_a_function_that_does_not_stream_comes_as_one_chunk(
        self, api: Api, client: Client
    ) -> None:
        assert [*self.invoke(client, api, answer={"a": 1})] == [
            {"PayloadChunk": {"Payload": b'{"a": 1}'}},
            {"InvokeComplete": {}},
        ]

    def test_a_caller_that_does_not_stream_gets_it_whole(self, api: Api, client: Client) -> None:
        event = json.dumps({"stream": [{"send": "a"}, {"send": "b"}]})
        answer = client("lambda").invoke(FunctionName=api.outputs["Front"], Payload=event)
        assert answer["Payload"].read() == b"ab"

    @staticmethod
    def invoke(client: Client, api: Api, **event: Any) -> Iterator[Any]:
        answer = client("lambda").invoke_with_response_stream(
            FunctionName=api.outputs["Front"], Payload=json.dumps(event)
        )
        with closing(answer["EventStream"]) as events:  # or its socket would be anybody's to close
            yield from events
