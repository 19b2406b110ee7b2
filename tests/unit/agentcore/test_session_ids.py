"""Ids of sessions: long enough, nobody else's, and the same for the same conversation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.agentcore.session_ids import check_session_id, new_session_id, session_id_for
from tradewind.contracts.errors import InvalidRuntimeRequest

parts = st.lists(st.text(), max_size=4)


def test_new_ids_are_valid_and_differ() -> None:
    ids = {new_session_id() for _ in range(1000)}
    assert len(ids) == 1000
    for one in ids:
        check_session_id(one)


@given(parts)
def test_what_is_named_alike_has_one_id(named: list[str]) -> None:
    check_session_id(session_id_for(*named))
    assert session_id_for(*named) == session_id_for(*named)


@given(parts, parts)
def test_what_is_named_otherwise_has_another_one(one: list[str], other: list[str]) -> None:
    assert (session_id_for(*one) == session_id_for(*other)) == (one == other)


def test_where_a_part_ends_is_a_part_of_it() -> None:
    assert session_id_for("ab", "c") != session_id_for("a", "bc")
    assert session_id_for("a", "") != session_id_for("a")
    assert session_id_for("1:a") != session_id_for("a")


def test_half_a_surrogate_pair_is_no_failure() -> None:
    check_session_id(session_id_for("\ud800"))


@pytest.mark.parametrize("text", ["a" * 33, "a" * 100, "0" + "-_" * 20])
def test_ids_that_a_request_may_have(text: str) -> None:
    check_session_id(text)


@pytest.mark.parametrize(
    "text",
    ["", "a" * 32, "a" * 101, "-" + "a" * 40, "a" * 40 + "\n", "a" * 40 + "/", "é" * 40, "٣" * 40],
)
def test_ids_that_it_may_not_have(text: str) -> None:
    with pytest.raises(InvalidRuntimeRequest) as caught:
        check_session_id(text)
    assert caught.value.field == "session_id"
