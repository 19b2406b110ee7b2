"""Runtimes on AgentCore are watched as agents are, and their calls besides."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from devtools.cloudwatch.series import Series
from devtools.dashboard.assembly import read_assembly
from devtools.dashboard.preview import Preview
from devtools.dashboard.sources import SeriesQuery, SeriesResult
from stacks.dashboards.runtime import KINDS
from stacks.settings.environment import Settings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.conftest import RUNTIMES, Synthesize
from tests.infra.test_dashboards_drawn import Ones
from tests.infra.test_observability_stack import (
    OUTAGES,
    PAGES,
    PER_AGENT,
    alarms,
    by_subject,
    dashboards,
    thresholds,
)
from tests.infra.watched import disagreements
from tradewind.telemetry.metric_names import BY_MODEL, METRICS, OF_RUNTIMES, MetricName

PER_RUNTIME = {
    "runtime-failed-calls",
    "runtime-throttled-calls",
    "runtime-first-chunk",
    "runtime-interruptions",
}
each_runtime = pytest.mark.parametrize("runtime", RUNTIMES)


def names_of_metrics(body: dict[str, Any]) -> set[str]:
    """The metrics of ours that a dashboard reads."""
    return {
        row[1]
        for widget in body["widgets"]
        for row in widget["properties"].get("metrics", [])
        if row[0] == "Tradewind"
    }


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
    assert "tradewind-dev-runtimes" not in dashboards(dev)
    for body in dashboards(dev).values():
        assert not OF_RUNTIMES & names_of_metrics(body)


def test_there_is_a_board_of_all_runtimes_and_of_each(with_runtimes: Assembly) -> None:
    subjects = ["overview", "model", "api", "runtimes", *AGENTS, *RUNTIMES]
    assert set(by_subject(with_runtimes)) == set(subjects)


#: A value of its own for each metric of runtimes.
VALUES = {str(name): float(place) for place, name in enumerate(sorted(OF_RUNTIMES), 1)}


class OwnValues(Ones):
    """A source in which each metric of runtimes has its own value."""

    def read(self, wanted: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        return {
            one: SeriesResult(Series(one.grid, (VALUES[one.metric.name],) * len(one.grid)))
            for one in wanted
        }


def test_each_total_is_of_its_own_metric(with_runtimes: Assembly) -> None:
    read = read_assembly(with_runtimes.folder, account="123456789012", region="us-east-1")
    page = Preview(read, OwnValues()).document("tradewind-dev-runtimes")
    shown = {
        widget["title"]: [line["latest"] for line in widget["series"]]
        for widget in page["widgets"]
        if widget["title"] in {"Calls", "Failed calls", "Answers", "Failed calls by kind"}
    }
    each = {
        "Calls": [MetricName.RUNTIME_CALLS, MetricName.RUNTIME_RETRIES],
        "Failed calls": [MetricName.RUNTIME_ERRORS],
        "Answers": [MetricName.RUNTIME_BYTES],
        "Failed calls by kind": [name for name, _, _ in KINDS],
    }
    assert shown == {
        title: [len(RUNTIMES) * VALUES[name] for name in metrics] for title, metrics in each.items()
    }


@each_runtime
def test_a_runtimes_board_has_its_calls_and_no_model(with_runtimes: Assembly, runtime: str) -> None:
    body = by_subject(with_runtimes)[runtime]
    read = names_of_metrics(body)
    assert read >= OF_RUNTIMES
    of_models = {name for name, spec in METRICS.items() if BY_MODEL in spec.dimension_sets}
    assert read & of_models == {MetricName.ESTIMATED_COST}
    assert f"SOURCE '/aws/lambda/tradewind-dev-{runtime}'" in json.dumps(body)


def test_boards_draw_what_alarms_watch(with_runtimes: Assembly) -> None:
    assert disagreements(by_subject(with_runtimes), alarms(with_runtimes)) == []


@pytest.mark.parametrize("subject", ["runtimes", *RUNTIMES])
def test_a_threshold_that_differs_from_its_alarms_is_found(
    with_runtimes: Assembly, subject: str
) -> None:
    bodies = by_subject(with_runtimes)
    found = 0
    for on, line in thresholds(bodies):
        if on == subject and "runtime-" in line["label"]:
            right, line["value"] = line["value"], -1
            assert disagreements(bodies, alarms(with_runtimes))[0].startswith(f"{subject}, ")
            line["value"] = right
            found += 1
    assert found


def test_an_alarm_that_is_changed_alone_is_found(with_runtimes: Assembly) -> None:
    for name in (one for one in alarms(with_runtimes) if "-runtime-" in one):
        changed = alarms(with_runtimes)
        changed[name] = {**changed[name], "Threshold": 12345}
        assert any(name in one for one in disagreements(by_subject(with_runtimes), changed)), name


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
    for subject in ("runtimes", *RUNTIMES):
        rows: dict[int, int] = {}
        for widget in by_subject(with_runtimes)[subject]["widgets"]:
            rows[widget["y"]] = rows.get(widget["y"], 0) + widget["width"]
        assert set(rows.values()) == {24}
