"""Which function may have how many instances."""

from typing import Any

import pytest

from stacks.settings.concurrency import ConcurrencySettings
from stacks.settings.environment import Settings
from stacks.settings.file import load_settings
from tests.sample_agents import SAMPLES
from tests.unit.stacks.test_settings import CONFIG

OIDC = {"issuer": "https://id.example.com", "audience": "us"}


@pytest.fixture(scope="module")
def dev() -> Settings:
    return load_settings("dev", CONFIG, {})


def with_(dev: Settings, **values: Any) -> Settings:
    return Settings.model_validate({**dev.model_dump(exclude_unset=True), **values})


def test_every_function_is_capped_unless_a_setting_says_otherwise(dev: Settings) -> None:
    reserved = dev.reservations(SAMPLES)
    assert reserved == {**dict.fromkeys(SAMPLES, 20), "api": 100, "mcp": 100, "sweep": 1}
    # What an account has, less what Lambda keeps for functions without.
    assert sum(reserved.values()) <= 900


def test_functions_that_a_setting_makes_are_counted_with_it(dev: Settings) -> None:
    more = with_(dev, oidc=OIDC, workflows={"durable": ["wind-farm"]})
    new = {
        name: cap
        for name, cap in more.reservations(SAMPLES).items()
        if name not in dev.reservations(SAMPLES)
    }
    assert new == {"authorizer": 50, "durable": 20}


def test_null_is_no_cap_and_what_an_agent_has_wins(dev: Settings) -> None:
    first, *others = SAMPLES
    said = with_(
        dev,
        functions={"reserved_concurrency": None},
        agents={first: {"reserved_concurrency": 3}},
        api={"reserved_concurrency": None},
    ).reservations(SAMPLES)
    assert said == {first: 3, "sweep": 1}
    assert others


def test_nothing_is_set_aside_in_a_new_account_and_an_agent_can_still_be_stopped(
    dev: Settings,
) -> None:
    first = next(iter(SAMPLES))
    said = with_(dev, concurrency={"reserve": False}, agents={first: {"reserved_concurrency": 0}})
    assert said.reservations(SAMPLES) == {first: 0}


@pytest.mark.parametrize(("said", "cap"), [(None, None), (0, 0), (7, 7)])
def test_a_cap_is_what_is_said(said: int | None, cap: int | None) -> None:
    assert ConcurrencySettings().cap(said) == cap
