from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from siting.geodata.http import AnswerCache, _retry_after_s


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_an_answer_is_kept_until_it_is_too_old(clock: Clock) -> None:
    cache = AnswerCache(100, 60.0, clock)
    cache.put("a", b"1")
    clock.now = 60.0
    assert cache.get("a") == b"1"
    clock.now = 60.1
    assert cache.get("a") is None
    assert cache.get("b") is None


def test_the_answer_unused_for_longest_gives_way(clock: Clock) -> None:
    cache = AnswerCache(10, 60.0, clock)
    for key in "abc":
        cache.put(key, b"1234")
        cache.get("a")

    assert [cache.get(key) for key in "abc"] == [b"1234", None, b"1234"]


def test_an_answer_larger_than_the_cache_is_not_kept(clock: Clock) -> None:
    cache = AnswerCache(10, 60.0, clock)
    cache.put("a", b"12345678901")

    assert cache.get("a") is None


def test_an_answer_replaces_an_older_one(clock: Clock) -> None:
    cache = AnswerCache(10, 60.0, clock)
    cache.put("a", b"1")
    cache.put("a", b"2")

    assert cache.get("a") == b"2"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0.0),
        ("", 0.0),
        ("7", 7.0),
        ("9" * 30, 1e6),
        ("9" * 5000, 1e6),
        ("-3", 0.0),
        ("soon", 0.0),
        ("²", 0.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 99 Nov 9999 08:49:37 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_a_date_or_nothing(value: str | None, seconds: float) -> None:
    assert _retry_after_s(value) == seconds


def test_retry_after_may_be_a_date_to_come() -> None:
    moment = datetime.now(UTC) + timedelta(minutes=5)

    assert _retry_after_s(format_datetime(moment, usegmt=True)) == pytest.approx(300, abs=5)
