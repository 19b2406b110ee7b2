"""Many callers that are throttled together come through, and do not make it worse."""

import random

import pytest

from tests.storms import storm
from tradewind.bedrock import retry
from tradewind.contracts.errors import ModelThrottled, ModelUnavailable

CALLERS, PER_S = 100, 5.0


@pytest.fixture(autouse=True)
def _drawn_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_random", random.Random(1))  # noqa: S311  pauses of a test


def test_a_storm_drains_and_each_has_an_answer() -> None:
    seen = storm(ModelThrottled, callers=CALLERS, per_s=PER_S)
    assert (seen.admitted, seen.given_up) == (CALLERS, 0)
    # Who is refused once costs two: (100 + 95) / 100 is the least there is.
    assert 1.95 <= seen.amplification < 2.6


def test_the_pauses_of_other_failures_would_not_do() -> None:
    seen = storm(ModelUnavailable, callers=CALLERS, per_s=PER_S)
    assert seen.given_up > CALLERS / 2
    assert seen.amplification > 10
