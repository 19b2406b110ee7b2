"""What runtimes answer, in each of the ways that agents answer, as typed events."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.agentcore import answers
from tradewind.agentcore.answers import Failed, RuntimeEvent, Text, Value, reader_for
from tradewind.contracts.errors import RuntimeAnswerUnreadable

EVENTS = "text/event-stream"


def read(content_type: str, *chunks: bytes) -> list[RuntimeEvent | Failed]:
    reader = reader_for(content_type)
    return [event for chunk in chunks for event in reader.feed(chunk)] + list(reader.end())


def as_agentcore_sends(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


@pytest.mark.parametrize(
    ("value", "event"),
    [
        ("how windy", Text("how windy")),
        ("", Text("")),
        ("a\nb\u2028c\x85d", Text("a\nb\u2028c\x85d")),
        ("🌬", Text("🌬")),
        (None, Value(None)),
        (True, Value(True)),
        (1.5, Value(1.5)),
        ([1, "a"], Value([1, "a"])),
        ({"data": {"a": 1}}, Value({"data": {"a": 1}})),
        ({"error": None, "error_type": None}, Value({"error": None, "error_type": None})),
        ({"error": "of the measurement: 5 %"}, Value({"error": "of the measurement: 5 %"})),
        (
            {"error": "boom", "error_type": "ValueError", "message": "An error occurred"},
            Failed("boom", "ValueError", "An error occurred"),
        ),
        ({"error": {"code": 5}, "error_type": "T"}, Failed('{"code": 5}', "T")),
    ],
)
def test_one_json_value_per_event(value: Any, event: RuntimeEvent | Failed) -> None:
    assert read(EVENTS, as_agentcore_sends(value)) == [event]
    if not isinstance(value, str):
        assert read("application/json", json.dumps(value).encode()) == [event]


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (b"data: how windy\n\n", Text("how windy")),
        (b"data:  windy\n\n", Text(" windy")),
        (b"data: [DONE]\n\n", Text("[DONE]")),
        (b'data: {"a": \ndata: 1}\n\n', Value({"a": 1})),
        (b'data:  {"a": 1}\t\n\n', Value({"a": 1})),
        (b'data: {"a": 1} {"b": 2}\n\n', Text('{"a": 1} {"b": 2}')),
        (b"data: NaN\n\n", Text("NaN")),
        (b"data: " + b"9" * 5000 + b"\n\n", Text("9" * 5000)),
        (b"event: delta\ndata: a\n\n", Text("a", "delta")),
        (b'event: done\ndata: {"a": 1}\n\n', Value({"a": 1}, "done")),
        (b"event: error\ndata: boom\n\n", Failed("boom")),
        (b'event: error\ndata: {"code": "C", "message": "m"}\n\n', Failed("m", "C", "m")),
        (b'data: "\\ud83c\\udf2c \\ud800"\n\n', Text("🌬 �")),
        (b'data: {"\\uD800": ["\\udfff"]}\n\n', Value({"�": ["�"]})),
    ],
)
def test_events_of_other_agents(body: bytes, event: RuntimeEvent | Failed) -> None:
    assert read(EVENTS, body) == [event]


def test_words_in_order_are_the_text_wherever_they_were_cut() -> None:
    body = "how windy\r\nis it 風\u2028".encode()
    for size in range(1, len(body) + 1):
        chunks = [body[start : start + size] for start in range(0, len(body), size)]
        texts = [event.text for event in read("text/plain; charset=utf-8", *chunks)]  # type: ignore[union-attr]
        assert "".join(texts) == body.decode()
        assert "" not in texts


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda value: st.lists(value, max_size=3) | st.dictionaries(st.text(), value, max_size=3),
    max_leaves=8,
)


@given(anything, st.sampled_from(["", "event: error\n"]))
def test_whatever_an_agent_says_is_an_event_that_can_be_encoded(value: Any, name: str) -> None:
    [event] = read(EVENTS, f"{name}data: {json.dumps(value)}\n\n".encode())
    assert isinstance(event, Failed) == bool(name)
    json.dumps(asdict(event), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/x+json"]
)
def test_json_is_given_when_all_of_it_has_come(content_type: str) -> None:
    reader = reader_for(content_type)
    assert list(reader.feed(b"\xef\xbb")) == []
    assert list(reader.feed(b'\xbf{"a"')) == []
    assert list(reader.feed(b": 1}")) == []
    assert list(reader.end()) == [Value({"a": 1})]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b""),
        ("application/json", b'{"a": 1'),
        ("application/json", b"how windy"),
        ("application/json", b'"\xff"'),
        ("application/json", b"{} {}"),
        ("application/json", b"[" * 100_000),
        (EVENTS, b"data: " + b"[" * 100_000 + b"\n\n"),
        (EVENTS, b"data: \xff\n\n"),
        ("text/plain", b"\xff"),
        ("text/plain", b"\xc3"),
    ],
)
def test_what_an_answer_is_not(content_type: str, body: bytes) -> None:
    with pytest.raises(RuntimeAnswerUnreadable):
        read(content_type, body)


@pytest.mark.parametrize("content_type", ["", "image/png", "application/octet-stream", "json"])
def test_what_nothing_here_reads(content_type: str) -> None:
    with pytest.raises(RuntimeAnswerUnreadable):
        reader_for(content_type)


def test_what_came_before_a_fault_is_given_first() -> None:
    for content_type, body in (
        (EVENTS, b"data: a\n\ndata: " + b"[" * 100_000 + b"\n\n"),
        ("text/plain", b"a\xff"),
    ):
        events = reader_for(content_type).feed(body)
        assert next(events) == Text("a")
        with pytest.raises(RuntimeAnswerUnreadable):
            next(events)


def test_json_that_is_too_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_KEPT_BYTES", 10)
    assert read("application/json", b'"12345678"') == [Text("12345678")]
    with pytest.raises(RuntimeAnswerUnreadable):
        read("application/json", b'"123456', b'789"')
