"""The simulation against what can be worked out by hand."""

from dataclasses import replace

import pytest

from bench.scale.inputs import setting
from bench.scale.simulation import Setting, Simulation
from tradewind.bedrock.retry import MAX_ATTEMPTS

PLAIN = Setting(
    api_per_s=1e9,
    api_burst=1e9,
    instances=10,
    new_instances_per_s=1e9,
    new_instances_at_once=1e9,
    queue_life_s=1e9,
    queue_pause_s=0.05,
    look_s=0.001,
    timeout_s=900,
    cold_s=0.0,
    work_s=0.0,
    model_calls=1,
    model_s=1.0,
    model_spread=0.0,
    input_tokens=100,
    output_tokens=10,
    max_tokens=100,
    output_weight=1,
    tokens_per_minute=1e9,
    requests_per_minute=None,
    memory_gb=1.0,
    usd_per_gb_s=0.0,
    usd_per_invocation=0.0,
    usd_per_input_token=0.01,
    usd_per_output_token=0.1,
)


def test_what_a_function_can_do_at_once_is_what_it_does() -> None:
    # 100 requests of a second each, ten at a time. Events first come back after a second.
    found = Simulation(PLAIN, 100).run()
    assert (found.answered, found.cold) == (100, 10)
    assert found.drained_s == pytest.approx(10, abs=0.8)


def test_the_stage_lets_in_at_its_rate() -> None:
    found = Simulation(replace(PLAIN, api_per_s=2, api_burst=10), 20).run()
    assert found.drained_s == pytest.approx(10 / 2 + 1)


def test_instances_come_at_their_rate() -> None:
    slow = replace(PLAIN, instances=100, new_instances_per_s=1, new_instances_at_once=2, model_s=50)
    found = Simulation(slow, 10).run()
    assert found.cold == 10
    assert found.drained_s == pytest.approx(50 + 8, abs=0.8)


def test_an_event_that_is_too_old_is_given_up() -> None:
    found = Simulation(replace(PLAIN, queue_life_s=0.5), 15).run()
    assert (found.answered, found.never_begun) == (10, 5)


def test_the_quota_is_a_minutes_and_an_answer_gives_back_what_it_held() -> None:
    # 200 tokens are held by each call; ten fit. Whoever finds no room tries four times.
    spent = replace(PLAIN, queue_pause_s=5, instances=11, tokens_per_minute=2000, model_s=1e6)
    found = Simulation(spent, 11).run()
    assert found.throttles >= 1
    assert found.answered + found.throttled_out == 11
    assert Simulation(replace(spent, tokens_per_minute=2200), 11).run().throttles == 0
    # 40 tokens a second come back: the answers alone would be paid for by them.
    back = Simulation(replace(spent, model_s=0.1, tokens_per_minute=2400), 200).run()
    held = Simulation(
        replace(spent, model_s=0.1, tokens_per_minute=2400, output_weight=10), 200
    ).run()
    assert back.throttles < held.throttles


def test_a_quota_of_requests_counts_them() -> None:
    found = Simulation(replace(PLAIN, requests_per_minute=5), 10).run()
    assert found.throttles >= 5
    assert found.throttles <= 5 * MAX_ATTEMPTS


def test_dollars_are_of_calls_that_were_answered() -> None:
    found = Simulation(replace(PLAIN, usd_per_invocation=0.5, usd_per_gb_s=0.25), 4).run()
    assert found.usd == pytest.approx(4 * (100 * 0.01 + 10 * 0.1 + 0.5 + 0.25))


def test_it_is_the_same_again() -> None:
    drawn = replace(PLAIN, model_spread=0.5, queue_pause_s=5.0)
    assert Simulation(drawn, 50).run() == Simulation(drawn, 50).run()
    assert Simulation(drawn, 50, seed=2).run() != Simulation(drawn, 50).run()


def test_callers_that_ask_again_are_as_many_at_once() -> None:
    # Two seconds until each look, so ten callers see five ends a second, for ten seconds.
    found = Simulation(replace(PLAIN, look_s=2.0), 10, until=10.0).run()
    assert found.answered == 10 * 5
    assert set(found.wall_s) == {2.0}


def test_a_figure_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no such figure: tokens"):
        setting("prod", "terrain", {"tokens": 1})
