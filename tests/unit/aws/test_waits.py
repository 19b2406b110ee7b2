"""How long one wait of a call may last."""

import pytest

from tradewind.aws.deadline import (
    call_time_left_s,
    calls_within,
    require_time,
    time_is_over,
    within_time_left,
)
from tradewind.contracts.errors import DeadlineExceeded


def test_outside_of_a_request_a_wait_has_its_own_limit() -> None:
    assert call_time_left_s() is None
    assert within_time_left(5.0) == 5.0
    assert within_time_left(None) is None
    assert not time_is_over()
    require_time()


def test_a_wait_takes_its_share_of_the_time_that_is_left() -> None:
    with calls_within(lambda: 4.0):
        assert within_time_left(5.0) == 4.0
        assert within_time_left(3.0) == 3.0
        assert within_time_left(3.0, share=0.5) == 2.0
        assert within_time_left(None, share=0.5) == 2.0
    assert within_time_left(5.0) == 5.0


@pytest.mark.parametrize("left_s", [0.0, 0.005])
def test_without_time_there_is_no_wait(left_s: float) -> None:
    cause = KeyError("why")
    with calls_within(lambda: left_s):
        assert time_is_over()
        with pytest.raises(TimeoutError):
            within_time_left(5.0)
        with pytest.raises(DeadlineExceeded) as over:
            require_time(cause)
    assert over.value.__cause__ is cause


def test_bounds_can_be_within_each_other() -> None:
    with calls_within(lambda: 4.0):
        with calls_within(lambda: 1.0):
            assert call_time_left_s() == 1.0
        assert call_time_left_s() == 4.0
