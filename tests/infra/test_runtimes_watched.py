"""Runtimes on AgentCore are watched as agents are, and their calls besides."""

import json
import re
from typing import Any

import pytest

from stacks.settings.environment import Settings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.conftest import RUNTIMES, Synthesize
from tests.infra.observed import (
    OUTAGES,
    PAGES,
    PER_AGENT,
    alarms,
    by_subject,
    dashboards,
)
from tests.infra.watched import disagreements
from tradewind.telemetry.metric_names import OF_RUNTIMES, MetricName

PER_RUNTIME = {
    "runtime-failed-calls",
    "runtime-throttled-calls",
    "runtime-first-chunk",
    "runtime-interruptions",
}
each_runtime = pytest.mark.parametrize("runtime", RUNTIMES)


def names_of_metrics(body: dict[str, Any]) -> set[str]:
    """The metrics of ours that a dashboard reads, as metrics or in the log."""
    text = json.dumps(body)
    return {name for name in MetricName if re.search(rf"\b{name}\b", text)}


def test_each_runtime_has_an_agents_alarms_and_those_of_its_calls(with_runtimes: Assembly) -> None:
    for runtime in RUNTIMES:
        prefix = f"{runtime}-"
        own = {name.removeprefix(prefix) for name in alarms(with_runtimes) if prefix in name}
        assert own == PER_AGENT | PER_RUNTIME
        unwell = alarms(with_runtimes, "CompositeAlarm")[f"{runtime}-unwell"]
        assert unwell["AlarmRule"].count("ALARM(") == len(OUTAGES | PAGES)


def test_no_agent_has_a_runtimes(with_runtimes: Assembly) -> None:
    watched = {name for name in alarms(with_runtimes) if "-runtime-" in name}
    assert watched == {f"{name}-{symptom}" for name in RUNTIMES for symptom in PER_RUNTIME}


def test_without_runtimes_nothing_speaks_of_them(dev: Assembly) -> None:
    assert [name for name in alarms(dev) if "runtime-" in name] == []
    assert "tradewind-dev-runtime" not in dashboards(dev)
    for body in dashboards(dev).values():
        assert not OF_RUNTIMES & names_of_metrics(body)


def test_there_is_one_board_of_any_runtime(with_runtimes: Assembly) -> None:
    assert set(dashboards(with_runtimes)) == {
        f"tradewind-dev-{subject}" for subject in ("overview", "api", "agent", "runtime")
    }
    assert set(by_subject(with_runtimes)) == {"overview", "api", *AGENTS, *RUNTIMES}


def test_the_overview_compares_runtimes(with_runtimes: Assembly) -> None:
    compared = {
        widget["properties"]["title"]: [row[-1]["label"] for row in widget["properties"]["metrics"]]
        for widget in by_subject(with_runtimes)["overview"]["widgets"]
        if "by runtime" in widget["properties"].get("title", "")
    }
    assert len(compared) == 3
    assert set(map(tuple, compared.values())) == {tuple(RUNTIMES)}


@each_runtime
def test_a_runtimes_board_has_its_calls_and_no_model(with_runtimes: Assembly, runtime: str) -> None:
    body = by_subject(with_runtimes)[runtime]
    read = names_of_metrics(body)
    assert read >= OF_RUNTIMES
    of_models = {name for name in MetricName if name.startswith(("Model", "TimeTo"))}
    # The tables of requests are every agent's.
    assert read & of_models == {MetricName.MODEL_CALLS}
    assert f"SOURCE '/aws/lambda/tradewind-dev-{runtime}'" in json.dumps(body)


def test_boards_draw_what_alarms_watch(with_runtimes: Assembly) -> None:
    assert disagreements(by_subject(with_runtimes), alarms(with_runtimes)) == []


def test_every_alarm_of_a_runtime_is_drawn_from_itself(with_runtimes: Assembly) -> None:
    for runtime in RUNTIMES:
        drawn = [
            arn.rpartition(":alarm:tradewind-dev-")[2]
            for widget in by_subject(with_runtimes)[runtime]["widgets"]
            for arn in widget["properties"].get("annotations", {}).get("alarms", ())
        ]
        own = [name for name in alarms(with_runtimes) if name.startswith(f"{runtime}-")]
        assert sorted(drawn) == sorted(own)


def test_thresholds_are_the_settings(synthesize: Synthesize, dev_settings: Settings) -> None:
    wanted = {
        "runtime_error_percent": 11,
        "runtime_throttle_percent": 12,
        "runtime_first_chunk_ms": 1300,
    }
    changed = synthesize(
        dev_settings.model_copy(
            update={
                "runtimes": {"onboarding": RUNTIMES["onboarding"]},
                "alarms": dev_settings.alarms.model_copy(update=wanted),
            }
        )
    )
    set_to = {symptom: alarms(changed)[f"onboarding-{symptom}"] for symptom in PER_RUNTIME}
    assert {symptom: alarm["Threshold"] for symptom, alarm in set_to.items()} == {
        "runtime-failed-calls": 11,
        "runtime-throttled-calls": 12,
        "runtime-first-chunk": 1300,
        "runtime-interruptions": 0,
    }
    assert {
        (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) for alarm in set_to.values()
    } == {(3, 2)}


def test_widgets_fill_the_grid(with_runtimes: Assembly) -> None:
    for subject in RUNTIMES:
        rows: dict[int, int] = {}
        for widget in by_subject(with_runtimes)[subject]["widgets"]:
            rows[widget["y"]] = rows.get(widget["y"], 0) + widget["width"]
        assert set(rows.values()) == {24}
