"""How long a request waits: as its caller says, within what the environment lets it."""

import pytest

from tradewind.api.preferences import read_preference


@pytest.mark.parametrize(
    ("stated", "longest_s", "wait_s"),
    [
        ("", 25, 25),
        ("", 10, 10),
        ("wait=20", 10, 10),
        ("wait=3", 10, 3),
        ("respond-async", 10, 0),
        ("wait=" + "9" * 30, 25, 25),
    ],
)
def test_an_environment_may_have_callers_wait_less(
    stated: str, longest_s: int, wait_s: int
) -> None:
    assert read_preference({"prefer": stated}, longest_s).wait_s == wait_s
