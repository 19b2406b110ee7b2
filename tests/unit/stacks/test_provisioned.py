"""Instances that are kept started: what a file may say of them, and what it may not."""

from pathlib import Path
from typing import Any

import pytest

from tests.sample_agents import SAMPLES
from tests.unit.stacks.test_settings import Content, content, load, refusal

__all__ = ["content"]
FIRST = next(iter(SAMPLES))


def said(folder: Path, content: Content, provisioned: Any, **others: Any) -> str:
    text = refusal(folder, {**content, "provisioned": provisioned, **others})
    return text.removeprefix("config/dev.yaml: ")


def test_none_are_unless_a_setting_says_so(tmp_path: Path, content: Content) -> None:
    assert load(tmp_path, content).provisioned == {}


def test_the_highest_number_is_what_counts(tmp_path: Path, content: Content) -> None:
    schedule = [{"cron": "cron(0 7 ? * MON-FRI *)", "instances": 5}]
    both = load(
        tmp_path,
        {
            **content,
            "provisioned": {
                FIRST: {"instances": 1, "schedule": schedule},
                "api": {"instances": 2, "most": 9},
            },
        },
    ).provisioned
    assert (both[FIRST].highest, both["api"].highest) == (5, 9)


@pytest.mark.parametrize(
    ("provisioned", "line"),
    [
        ({FIRST: {"instances": 0}}, f"provisioned.{FIRST}.instances: 0 is not allowed; give"),
        ({FIRST: {}}, f"provisioned.{FIRST}.instances is missing; give"),
        ({FIRST: {"instances": 1, "most": 1}}, f"provisioned.{FIRST}.most: 1 is not allowed"),
        (
            {FIRST: {"instances": 4, "most": 3}},
            f"provisioned.{FIRST}: most: has to be above the 4 that are always there",
        ),
        (
            {FIRST: {"instances": 1, "most": 5, "at_percent": 95}},
            f"provisioned.{FIRST}.at_percent: 95 is not allowed; give a whole number from 10 to 90",
        ),
        (
            {FIRST: {"instances": 21}},
            f"provisioned.{FIRST}: 21 are kept started, and its reserved_concurrency is 20; "
            "raise that",
        ),
        (
            {FIRST: {"instances": 1, "most": 21}},
            f"provisioned.{FIRST}: 21 are kept started, and its reserved_concurrency is 20; "
            "raise that",
        ),
        ({"sweep": {"instances": 1}}, "provisioned.sweep: there is no such function; those there"),
        ({"authorizer": {"instances": 1}}, "provisioned.authorizer: there is no such function;"),
    ],
)
def test_what_aws_would_refuse_is_refused_in_a_line(
    tmp_path: Path, content: Content, provisioned: Any, line: str
) -> None:
    assert said(tmp_path, content, provisioned).startswith(line)


def test_the_authorizer_is_there_where_tokens_are(tmp_path: Path, content: Content) -> None:
    oidc = {"issuer": "https://id.example.com", "audience": "us"}
    provisioned = {"authorizer": {"instances": 1}}
    assert load(tmp_path, {**content, "provisioned": provisioned, "oidc": oidc}).provisioned


def test_an_uncapped_function_may_have_any_number(tmp_path: Path, content: Content) -> None:
    content |= {"functions": {"reserved_concurrency": None}}
    loaded = load(tmp_path, {**content, "provisioned": {FIRST: {"instances": 300}}})
    assert loaded.provisioned[FIRST].highest == 300


def test_snapshots_and_started_instances_exclude_each_other(
    tmp_path: Path, content: Content
) -> None:
    line = said(tmp_path, content, {FIRST: {"instances": 1}}, snap_start=True)
    assert line.startswith(f"provisioned.{FIRST}: an agent starts from a snapshot (snap_start) or")


def test_the_api_has_no_snapshot(tmp_path: Path, content: Content) -> None:
    content |= {"snap_start": True, "provisioned": {"api": {"instances": 1}}}
    assert load(tmp_path, content).provisioned


def scheduled(folder: Path, content: Content, **change: Any) -> str:
    entry = {"cron": "cron(0 7 ? * MON-FRI *)", "instances": 1, **change}
    return said(folder, content, {FIRST: {"instances": 1, "schedule": [entry]}})


@pytest.mark.parametrize(
    "cron",
    [
        "0 7 * * *",
        "cron(0 7 * * *)",
        "cron(0 7 ? * MON-FRI * *)",
        "rate(5 minutes)",
        "cron(60 7 ? * MON-FRI *)",
        "cron(0 24 ? * MON-FRI *)",
        "cron(0 7 32 * ? *)",
        "cron(0 7 0 * ? *)",
        "cron(0 7 ? 13 MON *)",
        "cron(0 7 ? * MUN *)",
        "cron(0 7 ? * 8 *)",
        "cron(0 7 ? * FRI-MON *)",
        "cron(0 7 ? * MON-FRI 1969)",
        "cron(0 7 * * * *)",
        "cron(0 7 ? * ? *)",
        "cron(0/0 7 ? * MON *)",
        "cron(0, 7 ? * MON *)",
        "cron(0 7 ? * MON#6 *)",
        "",
        7,
    ],
)
def test_a_cron_expression_that_aws_has_not_is_refused(
    tmp_path: Path, content: Content, cron: object
) -> None:
    line = scheduled(tmp_path, content, cron=cron)
    assert line.startswith(f"provisioned.{FIRST}.schedule.0.cron: ")


@pytest.mark.parametrize(
    "cron",
    [
        "cron(0 7 ? * MON-FRI *)",
        "cron(0/15 8-18 * * ? *)",
        "cron(0 7 L * ? *)",
        "cron(0 7 3W * ? *)",
        "cron(0 7 ? JAN,MAR-MAY 2#1 2026-2030)",
        "cron(5,35 */2 ? * 6L *)",
        "cron(0 7 ? * SUN,7 *)",
    ],
)
def test_those_it_has_are_taken(tmp_path: Path, content: Content, cron: str) -> None:
    entry = {"cron": cron, "time_zone": "Europe/Copenhagen", "instances": 0}
    content |= {"provisioned": {FIRST: {"instances": 1, "schedule": [entry]}}}
    assert load(tmp_path, content).provisioned[FIRST].schedule[0].cron == cron


@pytest.mark.parametrize("zone", ["Europe/Kopenhagen", "CEST+1", "", "../etc"])
def test_a_time_zone_that_is_none_is_refused(tmp_path: Path, content: Content, zone: str) -> None:
    line = scheduled(tmp_path, content, time_zone=zone)
    assert line == (
        f"provisioned.{FIRST}.schedule.0.time_zone: {zone!r} is no time zone; give one such as "
        "Europe/Copenhagen or UTC"
    )
