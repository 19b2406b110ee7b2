"""A run's events as a stream: what is said, to a reader who is slow or silent."""

import itertools
import json
import threading

from hypothesis import given
from hypothesis import strategies as st

from tradewind.handlers.server_sent_events import PING, RunEvents, Unread, event
from tradewind.run.events import (
    MessageBegun,
    MessageEnded,
    RunEvent,
    TextDelta,
    ToolEnded,
    ToolStarted,
)


def parsed(stream: bytes) -> list[tuple[str, object]]:
    """The events, read as a browser's EventSource does."""
    events: list[tuple[str, object]] = []
    for block in stream.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line[0] != ":")
        if fields:
            assert set(fields) == {"event", "data"}
            events.append((fields["event"], json.loads(fields["data"])))
    return events


def told(*happened: RunEvent) -> list[tuple[str, object]]:
    chunks: list[bytes] = []
    events = RunEvents(chunks.append)
    for one in happened:
        events.heard(one)
    return parsed(b"".join(chunks))


def never() -> None:
    raise AssertionError("it overflowed")


def test_each_event_of_a_run_has_a_name_and_its_data() -> None:
    assert told(
        MessageBegun(),
        TextDelta("Let me "),
        TextDelta(""),
        TextDelta("see."),
        MessageEnded(),
        ToolStarted("1", "measure"),
        ToolEnded("1", "measure", succeeded=True),
        MessageBegun(),
        TextDelta("Windy."),
        MessageEnded(),
    ) == [
        ("text", {"text": "Let me "}),
        ("text", {"text": "see."}),
        ("message_end", {}),
        ("tool_start", {"call_id": "1", "tool": "measure"}),
        ("tool_end", {"call_id": "1", "tool": "measure", "succeeded": True}),
        ("text", {"text": "Windy."}),
        ("message_end", {}),
    ]


def test_what_a_failed_call_had_said_is_void() -> None:
    assert [name for name, _ in told(MessageBegun(), TextDelta("Ha"), MessageBegun())] == [
        "text",
        "restart",
    ]
    # Nothing was shown of it, so that nothing is void.
    assert told(MessageBegun(), MessageBegun(), MessageBegun()) == []


@given(st.text(st.characters()), st.text(st.characters()))
def test_no_text_breaks_out_of_its_event(first: str, second: str) -> None:
    stream = event("text", {"text": first}) + event("text", {"text": second})
    shown = [text.encode(errors="replace").decode() for text in (first, second)]
    events = parsed(stream)
    assert len(events) == 2
    if shown == [first, second]:
        assert events == [("text", {"text": first}), ("text", {"text": second})]


def test_what_was_written_is_read_in_order_then_the_end() -> None:
    unread = Unread(never)
    for number in range(3):
        unread.write(b"%d" % number)
    unread.end()
    unread.write(b"late")
    assert b"".join(unread.read(pings=lambda: False)) == b"012"


def test_who_is_silent_looks_for_the_reader_and_pings_only_after_a_while() -> None:
    times = iter([0.0, 1.0, 14.9, 15.0, 15.0, 16.0])
    unread = Unread(never, clock=lambda: next(times))
    reading = unread.read(pings=lambda: True)
    assert [next(reading) for _ in range(3)] == [b"", b"", PING]


def test_there_is_no_ping_before_the_stream_has_begun() -> None:
    unread = Unread(never, clock=itertools.count(step=100).__next__)
    assert next(unread.read(pings=lambda: False)) == b""


def test_a_reader_who_is_too_far_behind_counts_as_gone_once() -> None:
    overflows: list[int] = []
    unread = Unread(lambda: overflows.append(1), limit=10)
    unread.write(b"x" * 10)
    assert overflows == []
    unread.write(b"y")
    unread.write(b"z" * 100)
    assert overflows == [1]
    assert list(unread.read(pings=lambda: False)) == []


def test_the_last_word_is_kept_whatever_its_size() -> None:
    unread = Unread(never, limit=10)
    unread.write(b"x" * 10)
    unread.end(b"y" * 100)
    unread.end(b"late")
    assert b"".join(unread.read(pings=lambda: False)) == b"x" * 10 + b"y" * 100
    gone = Unread(never, limit=10)
    gone.drop()
    gone.end(b"y")
    assert list(gone.read(pings=lambda: False)) == []


def test_what_is_read_makes_room() -> None:
    unread = Unread(never, limit=10)
    reading = unread.read(pings=lambda: False)
    for _ in range(5):
        unread.write(b"x" * 10)
        assert next(reading) == b"x" * 10


def test_a_writer_never_waits_for_a_reader() -> None:
    overflows: list[int] = []
    unread = Unread(lambda: overflows.append(1), limit=1000)

    def write() -> None:
        for _ in range(10_000):
            unread.write(b"x" * 10)

    writing = threading.Thread(target=write)
    writing.start()
    writing.join(60)
    assert not writing.is_alive()
    assert overflows == [1]
