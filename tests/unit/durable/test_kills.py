"""Killed at each point in turn, a run goes on, does nothing twice, and ends as it would have."""

import itertools
import random
from collections import Counter

import pytest

from tests.durable_runs import FLOWS, left, service, undisturbed
from tests.durable_service import DurableService, Kills

_RETRIES = 2


@pytest.mark.parametrize("name", FLOWS)
def test_a_run_ends_as_it_does_in_one_process(name: str) -> None:
    flow = FLOWS[name]
    run = service(flow)

    assert left(run.run()) == undisturbed(flow)
    assert set(run.begun.values()) == {1}


@pytest.mark.parametrize("name", FLOWS)
def test_killed_at_each_checkpoint(name: str) -> None:
    flow = FLOWS[name]
    whole = undisturbed(flow)
    calm = service(flow)
    calm.run()

    # How many checkpoints there are depends on how many operations begin within a millisecond.
    for number in itertools.count(1):
        runs = [
            service(flow, kills=Kills(before=frozenset({number}))),
            service(flow, kills=Kills(after=frozenset({number}))),
        ]
        for run in runs:
            assert left(run.run()) == whole, number
            assert run.begun == calm.begun, number
        if any(run.checkpoints < number for run in runs):
            break
        assert all(run.invocations > calm.invocations for run in runs), number


@pytest.mark.parametrize("name", FLOWS)
def test_killed_at_each_turn_of_the_engine(name: str) -> None:
    flow = FLOWS[name]
    whole = undisturbed(flow)
    calm = service(flow)
    calm.run()

    for number in range(1, calm.looks + 1):
        run = service(flow, kills=Kills(looks=frozenset({number})))
        assert left(run.run()) == whole, number
        assert run.begun == calm.begun, number


@pytest.mark.parametrize("name", FLOWS)
def test_an_agents_function_killed_in_the_middle_of_each_call(name: str) -> None:
    flow = FLOWS[name]
    whole = undisturbed(flow)
    calm = service(flow)
    calm.run()

    for number in range(1, calm.calls + 1):
        run = service(flow, kills=Kills(calls=frozenset({number})))
        assert left(run.run()) == whole, number
        # The call that was killed was made once more, and no other was.
        assert run.calls == calm.calls + 1, number
        assert _attempts(run)[1] == 1, number


@pytest.mark.parametrize("name", FLOWS)
def test_attempts_are_bounded_whatever_ends_them(name: str) -> None:
    run = service(FLOWS[name], kills=Kills(calls=frozenset(range(1, 1000))))

    ended = run.run()

    assert ended.status == "FAILED"
    assert ended.error["ErrorType"].endswith("AgentFailed")
    assert max(_attempts(run)) == _RETRIES
    assert set(run.begun.values()) == {1}


@pytest.mark.parametrize("name", ["workflow", "parallel", "orchestrator"])
def test_whatever_order_calls_end_in(name: str) -> None:
    flow = FLOWS[name]
    whole = undisturbed(flow)

    for seed in range(20):
        run = service(flow, order=random.Random(seed))  # noqa: S311
        assert left(run.run()) == whole, seed
        assert set(run.begun.values()) == {1}, seed


@pytest.mark.parametrize("name", FLOWS)
def test_a_history_of_many_pages(name: str) -> None:
    flow = FLOWS[name]
    assert left(service(flow, page=1).run()) == undisturbed(flow)


def test_a_run_that_is_killed_again_and_again_is_given_up_by_the_service() -> None:
    run = service(FLOWS["chain"], kills=Kills(before=frozenset(range(1, 100))))

    assert run.run().error["ErrorType"] == "Invocations"
    assert run.calls == 0


def _attempts(run: DurableService) -> Counter[int]:
    """How many calls were first attempts (0), second ones, ..."""
    return Counter(int(name.rpartition("#")[2]) - 1 for name in run.begun)
