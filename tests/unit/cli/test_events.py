"""Events are read alike, however their bytes come in."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.api import events as module
from cli.api.connection import Lost
from cli.api.events import Event, events

STREAM = (
    ": ping\n\n"
    'event: invocation\ndata: {"id": "a.k-1"}\n\n'
    # U+2028 and U+0085 are no ends of lines.
    'event: text\r\ndata: {"text": "a\u2028b\u0085cd"}\r\n\r\n'
    'id: 7\nretry: 10\nevent:result\ndata: {\ndata:"a": 1\ndata: }\n\n'
    "event: nothing\n\n"
    'data: {"b": 2}\n\n'
    'event: text\ndata: {"text": "cut off'
).encode()
EXPECTED = [
    Event("invocation", {"id": "a.k-1"}),
    Event("text", {"text": "a\u2028b\u0085cd"}),
    Event("result", {"a": 1}),
    Event("message", {"b": 2}),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_pieces_may_be_of_any_size(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in itertools.pairwise(bounds)]
    assert list(events(pieces)) == EXPECTED


def test_a_byte_at_a_time() -> None:
    assert list(events(bytes([byte]) for byte in STREAM)) == EXPECTED


@pytest.mark.parametrize("data", ["nonsense", "[1]", "1", ""])
def test_what_is_no_object_is_no_event(data: str) -> None:
    with pytest.raises(Lost):
        list(events([f"data: {data}\n\n".encode()]))


def test_an_endless_line_or_event_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    with pytest.raises(Lost, match="line"):
        list(events(b"data: " + b"x" * 100 for _ in range(100)))
    with pytest.raises(Lost, match="event"):
        list(events(b"data: " + b"x" * 100 + b"\n" for _ in range(100)))
