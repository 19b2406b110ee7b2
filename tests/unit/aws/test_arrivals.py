"""Bodies in chunks, cut anywhere. The rest of their way is in ``tests/integration/agentcore``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.aws.arrivals import _Chunks, _Length

pieces = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
cuts = st.lists(st.integers(1, 200), max_size=12)


def framed(content: list[bytes], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    chunks = (b"%x%b\r\n%b\r\n" % (len(one), extension, one) for one in content)
    return b"".join(chunks) + b"0\r\n" + trailer + b"\r\n"


def cut(body: bytes, lengths: list[int]) -> list[bytes]:
    parts = []
    for length in lengths:
        parts.append(body[:length])
        body = body[length:]
    return [*parts, body]


@given(
    pieces,
    cuts,
    st.sampled_from([b"", b";a=b", b" ;a"]),
    st.sampled_from([b"", b"A: b\r\nC: d\r\n"]),
)
def test_a_body_is_read_wherever_it_is_cut(
    content: list[bytes], lengths: list[int], extension: bytes, trailer: bytes
) -> None:
    wire = framed(content, extension, trailer)
    for parts in (cut(wire, lengths), [wire[at : at + 1] for at in range(len(wire))]):
        chunks = _Chunks()
        read = b""
        for part in parts:
            assert not (chunks.is_over and part)
            read += chunks.feed(part)
        assert read == b"".join(content)
        assert (chunks.is_over, chunks.is_clean, chunks.failure) == (True, True, None)


@given(pieces, st.integers(min_value=1))
def test_a_body_that_is_cut_short_is_not_over(content: list[bytes], missing: int) -> None:
    wire = framed(content)
    chunks = _Chunks()
    chunks.feed(wire[: -(missing % len(wire) or 1)])
    assert not chunks.is_over


def test_what_comes_after_the_end_is_no_part_of_it() -> None:
    chunks = _Chunks()
    assert chunks.feed(framed([b"windy"]) + b"HTTP/1.1 200 OK") == b"windy"
    assert (chunks.is_over, chunks.is_clean) == (True, False)
    length = _Length(5)
    assert length.feed(b"windy!") == b"windy"
    assert (length.is_over, length.is_clean) == (True, False)


@pytest.mark.parametrize(
    "bad",
    [
        b"zz\r\n",
        b"-5\r\n",
        b"+5\r\n",
        b"0x5\r\n",
        b"\r\n",
        b"1_0\r\n",
        b"f" * 13 + b"\r\n",
        b"1" * 5000,
    ],
)
def test_what_is_no_chunk_is_a_failure_after_what_was_one(bad: bytes) -> None:
    chunks = _Chunks()
    assert chunks.feed(b"5\r\nwindy\r\n" + bad) == b"windy"
    assert chunks.failure is not None
    assert not chunks.is_over


def test_a_chunk_may_not_be_longer_than_it_says() -> None:
    chunks = _Chunks()
    assert chunks.feed(b"5\r\nwindyX\r\n") == b"windy"
    assert chunks.failure is not None
