"""What of a conversation goes to the model."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tradewind.contracts.conversation import PastTurn, TurnMessages
from tradewind.conversations.bounds import BYTES_PER_TOKEN, bounded, estimated_tokens, turn_tokens
from tradewind.conversations.item import StoredTurn, pack_turn

SIZES = st.integers(min_value=0, max_value=300)
TURNS = st.lists(st.tuples(SIZES, SIZES, SIZES), max_size=12)


def stored(number: int, tokens: int, query: str = "q", response: str = "r") -> StoredTurn:
    messages = TurnMessages("test/1", [number])
    packed, _ = pack_turn(query, messages, {"response": response})
    return StoredTurn(
        number=number,
        attempt="a",
        previous=None,
        record_id="r",
        request_id="r",
        asked_at="",
        appended_at="",
        tokens=tokens,
        expires_at=0,
        packed=packed,
    )


def conversation(sizes: list[tuple[int, int, int]]) -> list[StoredTurn]:
    """The newest first."""
    turns = [
        stored(number, tokens, "q" * query, "r" * response)
        for number, (tokens, query, response) in enumerate(sizes)
    ]
    return turns[::-1]


@given(TURNS, SIZES)
def test_the_newest_whole_turns_that_fit_are_taken_in_their_order(
    sizes: list[tuple[int, int, int]], limit: int
) -> None:
    turns = conversation(sizes)
    chosen = bounded(turns, limit)
    whole = [turn for turn in chosen if turn.messages is not None]
    in_words = [turn for turn in chosen if turn.messages is None]
    # In words is the newest one alone, when nothing else fits.
    assert len(in_words) <= 1
    assert not (whole and in_words)
    newest = turns[: len(whole)]
    assert whole == [turn.past for turn in newest][::-1]
    assert sum(turn.tokens for turn in newest) <= limit
    for turn in in_words:
        assert (turn.query, turn.response) == (turns[0].past.query, turns[0].past.response)
        assert turns[0].tokens > limit
        assert estimated_tokens(turn.query) + estimated_tokens(turn.response) <= limit
    # No older turn fits behind them.
    if not in_words and len(whole) < len(turns):
        assert sum(turn.tokens for turn in turns[: len(whole) + 1]) > limit


@given(TURNS, SIZES)
def test_no_more_turns_are_read_than_it_takes(
    sizes: list[tuple[int, int, int]], limit: int
) -> None:
    read: list[StoredTurn] = []

    def reading() -> Any:
        for turn in conversation(sizes):
            read.append(turn)
            yield turn

    chosen = bounded(reading(), limit)
    assert len(read) <= len(chosen) + 1


@given(st.text(), st.lists(st.text()))
def test_an_estimate_is_of_the_bytes_that_are_sent(text: str, texts: list[str]) -> None:
    size = len(text.encode(errors="replace"))
    assert size <= BYTES_PER_TOKEN * estimated_tokens(text) < size + BYTES_PER_TOKEN
    sent = json.dumps(texts, ensure_ascii=False).encode(errors="replace")
    assert len(sent) <= BYTES_PER_TOKEN * estimated_tokens(texts) < len(sent) + BYTES_PER_TOKEN


def test_a_turn_is_what_the_context_grows_by() -> None:
    query, messages = "q" * 30, ["m" * 300]
    assert turn_tokens(query, messages, [(1000, 50), (1080, 20)]) == 100 + 10
    assert turn_tokens(query, messages, [(1000, 50)]) == 50 + 10
    estimate = estimated_tokens(messages)
    assert turn_tokens(query, messages, []) == estimate
    # Counts that tell nothing.
    assert turn_tokens(query, messages, [(0, 0)]) == estimate
    assert turn_tokens(query, messages, [(1000, 5), (10, 5)]) == estimate


def test_a_turn_over_the_bound_that_does_not_fit_in_words_is_left_out() -> None:
    long = stored(1, 1000, "q" * 300, "r" * 300)
    assert bounded([long, stored(0, 1)], 100) == []
    assert bounded([long, stored(0, 1)], 200) == [PastTurn("q" * 300, "r" * 300, None)]
