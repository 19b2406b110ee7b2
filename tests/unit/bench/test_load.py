"""What the load bench calls a fault: whatever is lost, leaked or broken, and nothing else."""

from collections import Counter
from dataclasses import replace

import pytest

from bench.load.accounts import Accounts
from bench.load.callers import Asked, Seen
from bench.load.deaths import Deaths
from bench.load.measure import Load, Measured, problems_of

LOAD = Load(callers=2, seconds=1, connections=1, model_s=0, kill_every_s=0, agents=("a",))
WELL = Accounts(
    ended=Counter(succeeded=3),
    cost_usd=0.003,
    answers_nano=3_000_000,
    committed_nano=3_000_000,
    files=2,
)


def measured(accounts: Accounts, *, killed: int = 0, seen: Seen | None = None) -> Measured:
    return Measured(
        load=LOAD,
        cores=2,
        others=0.0,
        seconds=1.0,
        wall_s=[1.0],
        cpu_s={},
        processes={},
        seen=seen or Seen(asked=[Asked("a.x", "a", 0.0, 1.0)]),
        deaths=Deaths(killed=Counter(a=killed)),
        accounts=accounts,
    )


DIED = replace(WELL, ended=Counter({"succeeded": 3, "failed FUNCTION_DIED": 1}))


def test_where_all_is_well_there_is_nothing() -> None:
    assert problems_of(measured(WELL)) == []


def test_what_the_dead_held_stays_spent() -> None:
    held = replace(DIED, committed_nano=3_500_000, reserved_nano=500_000, reservations=1)
    assert problems_of(measured(held, killed=1)) == []
    # Or it had been settled, and the answer never came.
    assert problems_of(measured(replace(DIED, committed_nano=3_500_000), killed=1)) == []


@pytest.mark.parametrize(
    ("accounts", "killed", "said"),
    [
        (replace(WELL, missing=["a.x"]), 0, "not in the table: a.x"),
        (replace(WELL, open=["a.y"]), 0, "never ended: a.y"),
        (replace(WELL, broken_files=["a/p/f"]), 0, "another: a/p/f"),
        (replace(WELL, committed_nano=3_000_001), 0, "1 nanodollars are committed for nothing"),
        (replace(WELL, committed_nano=2_999_999), 0, "1 nanodollars were spent and are not"),
        (replace(WELL, reserved_nano=9, committed_nano=3_000_009, reservations=1), 0, "open of 0"),
        (DIED, 0, "1 invocations died of 0 killed"),
        (replace(WELL, ended=Counter({"failed INTERNAL_ERROR": 1})), 1, "ended failed INTERNAL"),
    ],
)
def test_what_is_lost_or_leaked_is_told(accounts: Accounts, killed: int, said: str) -> None:
    assert [line for line in problems_of(measured(accounts, killed=killed)) if said in line]


def test_lost_answers_are_none_while_functions_die() -> None:
    seen = Seen(repeated=Counter({"502": 1}))
    assert problems_of(measured(WELL, seen=seen)) == ["answers were lost: {'502': 1}"]
    assert problems_of(measured(WELL, seen=seen, killed=1)) == []
    gone = Seen(errors=Counter({"no answer: 502": 1}))
    assert problems_of(measured(WELL, seen=gone, killed=1)) == ["1 times no answer: 502"]
