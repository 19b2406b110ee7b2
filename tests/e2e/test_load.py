"""Callers by the dozen while functions die: nothing vanishes, and nobody pays for nothing."""

from dataclasses import replace

from bench.load.measure import Load, measure
from tests.deployed_agents import FIRST
from tests.e2e.conftest import Deployment

#: It has no files and asks the model once; and one with both.
TALKER = "assistant"
LOAD = Load(
    callers=10,
    seconds=5,
    connections=6,
    model_s=0.5,
    kill_every_s=0,
    agents=(TALKER, TALKER, TALKER, FIRST),
)


def test_every_accepted_request_ends_well(deployment: Deployment) -> None:
    measured = measure(deployment.running, deployment.outputs, LOAD)
    assert measured.problems == []
    assert len(measured.seen.asked) >= LOAD.callers
    assert measured.accounts.ended == {"succeeded": len(measured.seen.asked)}
    assert measured.accounts.reservations == 0
    assert measured.accounts.unexplained_nano == 0
    assert measured.accounts.files > 0


def test_what_is_killed_fails_or_is_repeated(deployment: Deployment) -> None:
    deadly = measure(deployment.running, deployment.outputs, replace(LOAD, kill_every_s=0.5))
    assert deadly.problems == []
    assert sum(deadly.deaths.killed.values()) >= 5
    assert sum(deadly.accounts.ended.values()) == len(deadly.seen.asked)
    assert deadly.accounts.ended["succeeded"] > 0
