"""The checks. Each asks a runtime that is idle; an ``AssertionError`` says where it falls short.

None looks at a clock: what has to happen after something else is made to wait for a file.
"""

import base64
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from devtools.runtime_conformance.process import PATIENCE_S, RuntimeProcess
from devtools.runtime_conformance.wire import Exchange

Check = Callable[[RuntimeProcess], None]


def arrives_while_it_is_produced(runtime: RuntimeProcess) -> None:
    """A chunk is read before the function has gone on."""
    with tempfile.TemporaryDirectory() as folder:
        gates = [str(Path(folder) / str(number)) for number in range(3)]
        steps = [step for gate in gates for step in ({"send": f"<{gate}>"}, {"await": gate})]
        asked = runtime.ask(stream=steps)
        for gate in gates:
            text = f"<{gate}>".encode()
            assert asked.read(len(text)) == text, "the chunk did not come as it was sent"
            Path(gate).touch()
        rest, end = asked.read_all()
    assert (rest, end.error, end.truncated) == (b"", None, False)


def is_whole_and_in_order(runtime: RuntimeProcess) -> None:
    """Chunks of all sizes come in order; an empty one ends nothing."""
    sizes = [1, 0, 15, 16, 70_000, 0, 1_000_000, 2]
    asked = runtime.ask(stream=[{"fill": size} for size in sizes] + [{"send": "ж."}])
    body, end = asked.read_all()
    assert body == b"x" * sum(sizes) + "ж.".encode()
    assert end.error is None
    assert not end.truncated


def says_that_it_streams(runtime: RuntimeProcess) -> None:
    """The request is chunked, in streaming mode, with its content type and trailers announced."""
    asked = runtime.ask(stream=[{"send": "a"}], content_type="text/event-stream")
    asked.read_all()
    posted = _posts(runtime, asked.request_id)
    assert len(posted) == 1, "an event is answered once"
    headers = posted[0].headers
    assert asked.pipe.content_type == "text/event-stream"
    assert headers["lambda-runtime-function-response-mode"] == "streaming"
    assert headers["transfer-encoding"] == "chunked"
    assert "content-length" not in headers
    announced = {name.strip().lower() for name in headers["trailer"].split(",")}
    assert announced >= {
        "lambda-runtime-function-error-type",
        "lambda-runtime-function-error-body",
    }


def tells_of_a_failure_in_trailers(runtime: RuntimeProcess) -> None:
    """What fails in mid-stream ends it with trailers; it is not posted as an error as well."""
    asked = runtime.ask(stream=[{"send": "half"}, {"fail": "a secret"}])
    body, end = asked.read_all()
    assert body == b"half"
    assert (end.error, end.truncated) == ("ValueError", False)
    told = json.loads(base64.b64decode(end.body))
    assert told["errorType"] == "ValueError"
    assert "secret" not in json.dumps(told), "the words of an error are not the runtime's to tell"
    posted = _posts(runtime, asked.request_id)
    assert [one.request_line.rpartition("/")[2] for one in posted] == ["response"]
    _serves_the_next(runtime)


def posts_what_cannot_begin_as_an_error(runtime: RuntimeProcess) -> None:
    """A stream that fails before its first byte is an ordinary error, and the only answer."""
    asked = runtime.ask(stream=[{"fail": "at once"}, {"send": "never"}])
    answer = asked.answer()
    assert answer.is_error
    assert answer.stream is None
    assert json.loads(answer.payload)["errorType"] == "ValueError"
    assert len(_posts(runtime, asked.request_id)) == 1
    _serves_the_next(runtime)


def ends_an_empty_stream(runtime: RuntimeProcess) -> None:
    """A stream of nothing is an answer too."""
    asked = runtime.ask(stream=[])
    body, end = asked.read_all()
    assert (body, end.error, end.truncated) == (b"", None, False)
    _serves_the_next(runtime)


def asks_for_the_next_event_after_the_answer_only(runtime: RuntimeProcess) -> None:
    """``/next`` follows the Runtime API's reply to the whole answer."""
    asked = runtime.ask(stream=[{"send": "a"}, {"send": "b"}])
    asked.read_all()
    runtime.wait_until_idle()
    (posted,) = _posts(runtime, asked.request_id)
    assert bytes(posted.got).startswith(b"HTTP/1.1 202")
    later = [one for one in runtime.wire.named("/invocation/next") if one.begun > posted.begun]
    assert len(later) == 1
    assert later[0].begun > posted.answered


def notices_a_reader_that_hangs_up_in_silence(runtime: RuntimeProcess) -> None:
    """A function that has nothing to send is told that nobody reads any more."""
    with tempfile.TemporaryDirectory() as folder:
        never, closed = Path(folder) / "never", Path(folder) / "closed"
        asked = runtime.ask(stream=[{"send": "a"}, {"await": str(never)}], closed=str(closed))
        assert asked.read(1) == b"a"
        asked.pipe.hang_up()
        runtime.wait_until_idle()
        assert closed.exists(), "the function was not told"
    assert len(_posts(runtime, asked.request_id)) == 1
    _serves_the_next(runtime)


def notices_a_reader_that_hangs_up_in_full_flow(runtime: RuntimeProcess) -> None:
    """A function that is sending more than anybody reads is told that nobody will."""
    with tempfile.TemporaryDirectory() as folder:
        closed = Path(folder) / "closed"
        flood = [{"fill": 1_000_000}] * 200
        asked = runtime.ask(stream=[{"send": "a"}, *flood], closed=str(closed))
        assert asked.read(1)
        _wait_until_nothing_moves(runtime, asked.request_id)
        asked.pipe.hang_up()
        runtime.wait_until_idle()
        assert closed.exists(), "the function was not told"
    assert len(_posts(runtime, asked.request_id)) == 1
    _serves_the_next(runtime)


def survives_an_answer_that_is_refused(runtime: RuntimeProcess) -> None:
    """An answer that comes when nobody waits for it any more is refused; the process goes on."""
    for limit_s in (0.2, 1.0, 5.0, PATIENCE_S):
        with tempfile.TemporaryDirectory() as folder:
            begun, gate = Path(folder) / "begun", Path(folder) / "gate"
            steps = [{"touch": str(begun)}, {"await": str(gate)}, {"send": "late"}]
            asked = runtime.ask(limit_s=limit_s, stream=steps)
            try:
                asked.answer()
            except TimeoutError:
                pass
            else:
                raise AssertionError("there was an answer")
            late = begun.exists()
            gate.touch()
            runtime.wait_until_idle()
        if late:  # else the machine was too busy to begin in so much time
            break
    (posted,) = _posts(runtime, asked.request_id)
    assert not bytes(posted.got).startswith(b"HTTP/1.1 202")
    _serves_the_next(runtime)


def answers_whole_in_between(runtime: RuntimeProcess) -> None:
    """Answers that are not streamed, and errors, go as ever, before and after streamed ones."""
    for _ in range(2):
        assert json.loads(runtime.ask(answer={"a": ["ж", 1, None]}).answer().payload) == {
            "a": ["ж", 1, None]
        }
        failed = runtime.ask(fail="no").answer()
        assert failed.is_error
        assert json.loads(failed.payload)["errorMessage"] == "no"
        body, _ = runtime.ask(stream=[{"send": "streamed"}]).read_all()
        assert body == b"streamed"


CHECKS: Final[tuple[Check, ...]] = (
    arrives_while_it_is_produced,
    is_whole_and_in_order,
    says_that_it_streams,
    tells_of_a_failure_in_trailers,
    posts_what_cannot_begin_as_an_error,
    ends_an_empty_stream,
    asks_for_the_next_event_after_the_answer_only,
    notices_a_reader_that_hangs_up_in_silence,
    notices_a_reader_that_hangs_up_in_full_flow,
    survives_an_answer_that_is_refused,
    answers_whole_in_between,
)


def whole_answers_are_untouched(hooked: RuntimeProcess, plain: RuntimeProcess) -> None:
    """What is not streamed leaves both byte for byte alike, whether or not it could be streamed."""
    for event in ({"answer": {"a": "ж" * 5000}}, {"answer": None}, {"fail": "no"}):
        sent = []
        for runtime in (hooked, plain):
            asked = runtime.ask(**event)
            asked.answer()
            (posted,) = _posts(runtime, asked.request_id)
            port = runtime.wire.address.rpartition(":")[2]
            text = bytes(posted.sent).replace(asked.request_id.encode(), b"ID")
            sent.append(text.replace(port.encode(), b"PORT"))
        assert sent[0] == sent[1]


def _posts(runtime: RuntimeProcess, request_id: str) -> list[Exchange]:
    return runtime.wire.named("POST", request_id)


def _wait_until_nothing_moves(runtime: RuntimeProcess, request_id: str) -> None:
    """Until the function waits in a write. Too short a wait only makes the check milder."""
    before = -1
    while before != (now := sum(len(one.sent) for one in _posts(runtime, request_id))):
        before = now
        time.sleep(0.1)


def _serves_the_next(runtime: RuntimeProcess) -> None:
    assert json.loads(runtime.ask(answer="next").answer().payload) == "next"
    assert runtime.is_alive()
