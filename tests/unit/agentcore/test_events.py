"""Server-sent events, cut anywhere."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradewind.agentcore.events import SseEvent, SseParser, serialise
from tradewind.contracts.errors import RuntimeAnswerUnreadable

LIMIT = 10_000

#: Pieces that mean something to a parser, and others that look as if they did.
_PIECES = [
    *("data:", "data: ", "data", "event: ", "id: ", "retry: ", ":", ": ", " ", "\0", "5", "x"),
    *(
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\r\r",
        "\ufeff",
        "\u2028",
        "\u2029",
        "\x85",
        "\x0b",
        "\x0c",
        "\x1c",
    ),
    *("é", "風", "🌬", '{"a": 1}'),
]
bodies = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=30).map(
    lambda pieces: "".join(pieces).encode("utf-8", "replace")
)
#: Some of them no UTF-8.
hostile_bodies = bodies | st.binary(max_size=60)


def parse(*chunks: bytes, limit: int = LIMIT) -> list[SseEvent]:
    parser = SseParser(limit)
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.end()


def parse_until_failure(chunks: list[bytes], limit: int) -> tuple[list[SseEvent], bool]:
    """The events, and whether the body is read to its end."""
    parser = SseParser(limit)
    events: list[SseEvent] = []
    try:
        for chunk in chunks:
            events += parser.feed(chunk)
        events += parser.end()
    except RuntimeAnswerUnreadable:
        return events, False
    return events, True


def cut(body: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


@given(hostile_bodies, st.lists(st.integers(min_value=0), max_size=8))
@example(b"data: a\r\n\r\ndata: b\r\r", [8])
def test_where_a_body_is_cut_changes_nothing(body: bytes, places: list[int]) -> None:
    for limit in (4, LIMIT):
        whole = parse_until_failure([body], limit)
        assert parse_until_failure(cut(body, places), limit) == whole
        assert parse_until_failure([body[i : i + 1] for i in range(len(body))], limit) == whole


@given(bodies)
def test_reading_what_was_written_of_what_was_read_changes_nothing(body: bytes) -> None:
    events = parse(body)
    assert parse(b"".join(map(serialise, events))) == events


lines = st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@given(
    st.builds(
        SseEvent,
        data=st.lists(lines, min_size=1).map("\n".join),
        event=lines,
        id=st.none() | lines.filter(lambda text: "\0" not in text),
        retry_ms=st.none() | st.integers(0, 10**17),
    )
)
def test_every_event_can_be_written_and_read(event: SseEvent) -> None:
    assert parse(serialise(event)) == [event]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_lines_end_in_any_of_three_ways(end: bytes) -> None:
    body = end.join([b"event: e", b"data: a", b"data: b", b"", b"data: c", b"", b""])
    assert parse(body) == [SseEvent("a\nb", "e"), SseEvent("c")]


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_a_line_ends_nowhere_else(inside: str) -> None:
    assert parse(f"data: a{inside}b\n\n".encode()) == [SseEvent(f"a{inside}b")]


def test_a_carriage_return_at_a_chunks_end_may_be_half_a_line_end() -> None:
    assert parse(b"data: a\r", b"\ndata: b\r", b"\r", b"\n") == [SseEvent("a\nb")]


def test_an_event_is_given_when_its_last_byte_has_come() -> None:
    parser = SseParser(LIMIT)
    assert parser.feed(b"data: a\n") == []
    assert parser.feed(b"\n") == [SseEvent("a")]
    assert parser.feed(b"data: b\r\r") == [SseEvent("b")]  # whether a line feed follows or not
    assert parser.feed(b"\ndata: c\n\n") == [SseEvent("c")]


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"", []),
        (b"\n\n\n", []),
        (b": keep-alive\n\n", []),
        (b":\ndata: a\n: b\n\n", [SseEvent("a")]),
        (b"data\n\n", [SseEvent("")]),
        (b"data:\ndata\n\n", [SseEvent("\n")]),
        (b"data:a\n\n", [SseEvent("a")]),
        (b"data:  a \n\n", [SseEvent(" a ")]),
        (b"data: a: b\n\n", [SseEvent("a: b")]),
        (
            b"event: e\nid: 1\nretry: 5\ndata: a\n\ndata: b\n\n",
            [SseEvent("a", "e", "1", 5), SseEvent("b")],
        ),
        (b"event: e\nevent: f\ndata: a\n\n", [SseEvent("a", "f")]),
        (b"event: lost\n\ndata: a\n\n", [SseEvent("a")]),
        (b"id\ndata: a\n\n", [SseEvent("a", id="")]),
        (b"id: a\0b\ndata: a\n\n", [SseEvent("a")]),
        (b"retry: 5s\nretry: -1\nretry:\ndata: a\n\n", [SseEvent("a")]),
        ("retry: ٣\ndata: a\n\n".encode(), [SseEvent("a")]),
        (b"Data: x\ndata : x\n data: x\ndatum: x\ndata: a\n\n", [SseEvent("a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [SseEvent("a")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\ndata: a\n\n", [SseEvent("a")]),
        (b"data: \xef\xbb\xbfa\n\n", [SseEvent("\ufeffa")]),
        (b"data: a", [SseEvent("a")]),
        (b"data: a\n", [SseEvent("a")]),
        (b"data: a\r", [SseEvent("a")]),
    ],
)
def test_what_is_an_event(body: bytes, events: list[SseEvent]) -> None:
    assert parse(body) == events


@pytest.mark.parametrize(
    "body",
    [b"data: \xff\n\n", b": \xc3\n\n", b"\xff: a\n\n", b"data: \xed\xa0\x80\n\n", b"\xef\xbb"],
)
def test_what_is_no_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(RuntimeAnswerUnreadable):
        parse(body)


def test_events_before_a_fault_are_given_first_and_the_fault_stays() -> None:
    parser = SseParser(LIMIT)
    assert parser.feed(b"data: a\n\ndata: \xff\n\ndata: b\n\n") == [SseEvent("a")]
    with pytest.raises(RuntimeAnswerUnreadable):
        parser.feed(b"data: c\n\n")
    with pytest.raises(RuntimeAnswerUnreadable):
        parser.end()


def test_an_event_may_be_as_long_as_it_may_be_and_no_longer() -> None:
    body = b"data: 12345\ndata: 1234\n\n"
    assert parse(body + body, limit=11) == [SseEvent("12345\n1234")] * 2
    for body in (b"data: 123456\n\n", b"data: 123456", b"data: 12345\ndata: 123456\n\n"):
        with pytest.raises(RuntimeAnswerUnreadable):
            parse(body, limit=11)


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    parser = SseParser(1000)
    for _ in range(10):
        parser.feed(b"x" * 100)
    with pytest.raises(RuntimeAnswerUnreadable):
        parser.feed(b"x")


def test_a_line_break_within_written_data_begins_no_field() -> None:
    assert parse(serialise(SseEvent("a\r\nevent: b\rid: c"))) == [SseEvent("a\nevent: b\nid: c")]
