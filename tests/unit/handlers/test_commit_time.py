"""A commit whose calls stall leaves the record the time to be written in."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.driven_loop import DrivenClock
from tradewind.aws.deadline import Deadline, call_time_left_s, time_is_over
from tradewind.contracts.errors import StorageUnavailable
from tradewind.handlers.closing import commit_artifacts


@pytest.mark.parametrize("remaining_s", [1, 4, 60, 900])
def test_a_commit_that_stalls_leaves_time_for_the_record(remaining_s: float) -> None:
    clock = DrivenClock()
    deadline = Deadline(remaining_s, clock)
    clock.now += deadline.work_s + 2 * deadline.grace_s
    whole_s = deadline.closing_s()

    def stalls() -> None:
        for _ in range(100):  # as calls do that are repeated: half of what is left, each time
            clock.now += (call_time_left_s() or 0.0) / 2
        assert time_is_over()
        raise StorageUnavailable("Silence.")

    served: Any = SimpleNamespace(project=SimpleNamespace(commit=stalls), deadline=deadline)
    assert isinstance(commit_artifacts(served, None), StorageUnavailable)
    assert deadline.closing_s() == pytest.approx(0.4 * whole_s)
