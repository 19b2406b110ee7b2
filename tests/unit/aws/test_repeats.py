"""How long a repeat waits, and when there is none."""

import statistics

import pytest

from tradewind.aws.deadline import calls_within
from tradewind.aws.repeats import (
    BASE_PAUSE_S,
    MAX_ATTEMPTS,
    MAX_PAUSE_S,
    MIN_USEFUL_S,
    pause_before_repeat,
)


def drawn(attempts: int) -> list[float]:
    pauses = [pause_before_repeat(attempts) for _ in range(500)]
    assert None not in pauses
    return [pause for pause in pauses if pause is not None]


@pytest.mark.parametrize("attempts", range(1, MAX_ATTEMPTS))
def test_a_pause_is_drawn_from_all_of_a_bound_that_doubles(attempts: int) -> None:
    bound = min(MAX_PAUSE_S, BASE_PAUSE_S * 2 ** (attempts - 1))
    pauses = drawn(attempts)
    assert max(pauses) <= bound
    # Of 500 draws, all outside a tenth of the range is a matter of 0.9 to the power of 500.
    assert min(pauses) < bound * 0.1
    assert max(pauses) > bound * 0.9
    assert statistics.stdev(pauses) > bound * 0.2


def test_a_repeat_has_an_end() -> None:
    assert pause_before_repeat(MAX_ATTEMPTS) is None


def test_what_could_not_do_anything_is_not_begun() -> None:
    with calls_within(lambda: MIN_USEFUL_S * 0.99):
        assert pause_before_repeat(1) is None
    with calls_within(lambda: MIN_USEFUL_S + BASE_PAUSE_S * 1.01):
        assert pause_before_repeat(1) is not None
