"""The benchmark of freezes, small: no call fails, and connections are what it is judged by.

Seconds are measured and not judged here: the machine may be busy.
"""

import math
from dataclasses import replace

from bench.freeze.__main__ import SERVICES, cells, faults, measured
from bench.freeze.cells import OURS, PLAIN, Cell, Outcome
from bench.freeze.peer import Mode

KEEPS = Outcome(Cell("s3", OURS, Mode.VANISHED, 59, 30), (), 30, 30, 0, 5.9)


def test_no_call_fails_after_a_freeze_and_none_opens_two_connections() -> None:
    outcomes = measured(cells(SERVICES, quick=True), stopped_s=0)
    assert {one.cell.service for one in outcomes} == set(SERVICES)
    assert faults(outcomes, most_lost_s=math.inf) == []
    # What was lost is known to have been lost: each call needed a new connection, or waited for
    # another's.
    assert all(one.handshakes_above_warm >= 1 for one in outcomes)


def test_what_is_not_kept_to_is_told() -> None:
    def told(outcome: Outcome) -> str:
        return ", ".join(faults([outcome]))

    assert told(KEEPS) == ""
    assert "1 failed: E: x" in told(replace(KEEPS, failures=("E: x",)))
    assert "31 handshakes" in told(replace(KEEPS, handshakes_above_warm=31))
    assert "6.1 s lost" in told(replace(KEEPS, lost_s=6.1))
    late = replace(KEEPS.cell, freeze_s=61)
    assert "30 connections were trusted" in told(replace(KEEPS, cell=late))
    plain = replace(KEEPS.cell, client=PLAIN)
    assert told(replace(KEEPS, cell=plain, failures=("E: x",), lost_s=60.0)) == ""


def test_every_service_mode_and_freeze_is_measured_with_both_clients() -> None:
    every = cells(SERVICES, quick=False)
    assert len(every) == len(set(every))
    assert {one.client for one in every} == {OURS, PLAIN}
    assert {one.freeze_s for one in every} == {1, 59, 61, 400}
    assert {one.at_once for one in every} == {1, 30}
    assert {Mode.CLOSED, Mode.RESET, Mode.VANISHED, Mode.UNANSWERED} < {one.mode for one in every}
