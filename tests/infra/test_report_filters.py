"""What Lambda reports of an invocation's end becomes metrics of its function, killed or not."""

import json
from typing import Any, Final

import pytest

from devtools.cloudwatch.filter_pattern import matches, value
from stacks.names import construct_id
from stacks.parts.reported import OVER_ALL, Reported
from stacks.settings.environment import Settings
from stacks.settings.watching import WatchingSettings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tradewind.telemetry.metric_names import MetricName

AGENT: Final = next(iter(AGENTS))
METRICS: Final = {"durationMs": 812.5, "billedDurationMs": 813, "maxMemoryUsedMB": 310}
DONE: Final = {Reported.DURATION: 812.5}
FAILED: Final = {**DONE, Reported.FAILURES: 1}
KILLED: Final = {**FAILED, Reported.KILLS: 1, Reported.CUT_SHORT: 1}
#: What Lambda reports, and what is counted of it.
REPORTS: Final[dict[str, tuple[dict[str, Any], dict[Reported, float]]]] = {
    "well": ({"status": "success"}, DONE),
    "failed": ({"status": "error", "errorType": "InvocationFailed"}, FAILED),
    "failed at Lambda": ({"status": "failure"}, FAILED),
    "killed at its timeout": (
        {"status": "timeout"},
        {**KILLED, Reported.TIMEOUTS: 1},
    ),
    "killed for its memory": (
        {"status": "error", "errorType": "Runtime.OutOfMemory"},
        {**KILLED, Reported.MEMORY_KILLS: 1},
    ),
    "crashed": (
        {"status": "error", "errorType": "Runtime.ExitError"},
        {**KILLED, Reported.CRASHES: 1},
    ),
    "nine tenths of its memory": (
        {"status": "success", "metrics": {**METRICS, "maxMemoryUsedMB": 2764}},
        DONE,
    ),
    "more of its memory": (
        {"status": "success", "metrics": {**METRICS, "maxMemoryUsedMB": 2765}},
        {**DONE, Reported.MEMORY_USED: 2765},
    ),
    "restored": (
        {"status": "success", "metrics": {**METRICS, "restoreDurationMs": 420}},
        {**DONE, Reported.RESTORES: 420},
    ),
}


def filters(assembly: Assembly, file: str = "Agents") -> list[dict[str, Any]]:
    template = json.loads((assembly.folder / f"{file}.template.json").read_text())
    return [
        resource["Properties"] for resource in assembly.all(template, "AWS::Logs::MetricFilter")
    ]


@pytest.fixture(scope="module")
def restored(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    """Agents that start from snapshots, with all the detail, and few lines."""
    return synthesize(
        dev_settings.model_copy(
            update={
                "snap_start": True,
                "watching": WatchingSettings(detailed_metrics=True),
                "log_level": "ERROR",
            }
        )
    )


def counted(assembly: Assembly, line: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    """What filters make of a line in the first agent's log, by namespace and name."""
    found: dict[str, dict[str, float | None]] = {}
    for one in filters(assembly):
        of_agent = one["LogGroupName"].startswith(f"<{construct_id(AGENT)}Logs")
        if of_agent and matches(one["FilterPattern"], json.dumps(line)):
            [made] = one["MetricTransformations"]
            amount = value(made["MetricValue"], json.dumps(line))
            found.setdefault(made["MetricNamespace"], {})[made["MetricName"]] = amount
    return found


def kept_of(expected: dict[Reported, float]) -> dict[str, dict[Reported, float]]:
    """What is counted of the first agent, and over all."""
    return {
        f"Tradewind/dev/{AGENT}": expected,
        "Tradewind/dev": {name: one for name, one in expected.items() if name in OVER_ALL},
    }


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_counted_as_what_it_is(restored: Assembly, name: str) -> None:
    record, expected = REPORTS[name]
    line = {
        "time": "2026-11-27T08:00:00.000Z",
        "type": "platform.report",
        "record": {"requestId": "r-1", "metrics": METRICS, **record},
    }
    assert counted(restored, line) == kept_of(expected)
    # An agent's own words, and what Lambda says besides, are no reports.
    assert counted(restored, {**line, "type": "platform.runtimeDone"}) == {}
    assert counted(restored, {"level": "INFO", **record}) == {}


def test_what_an_agent_stops_counts_as_failed_and_cut_short(restored: Assembly) -> None:
    """Lambda reports it as a success: the agent answered."""
    line = {"Agent": AGENT, "Invocations": 1, "Errors": 0, MetricName.DEADLINE_STOPS: 1}
    assert counted(restored, line) == kept_of({Reported.FAILURES: 1, Reported.CUT_SHORT: 1})
    assert counted(restored, {**line, MetricName.DEADLINE_STOPS: 0}) == {}


def test_every_agents_reports_are_counted_and_a_count_of_nothing_costs_nothing(
    dev: Assembly,
) -> None:
    made = [(one["LogGroupName"], *one["MetricTransformations"]) for one in filters(dev)]
    for agent in AGENTS:
        own = [one for _, one in made if one["MetricNamespace"] == f"Tradewind/dev/{agent}"]
        # What starts from no snapshot is never restored.
        assert {one["MetricName"] for one in own} == set(Reported) - {Reported.RESTORES}
        groups = [group for group, _ in made if group == f"<{construct_id(agent)}Logs>"]
        assert len(groups) == len(own) + len(OVER_ALL)
    assert not [one for _, one in made if "DefaultValue" in one or "Dimensions" in one]


def test_lambda_drops_no_line_of_metrics_whatever_the_level(restored: Assembly) -> None:
    functions = restored.everywhere("AWS::Lambda::Function").values()
    ours = [one["Properties"] for one in functions if "LoggingConfig" in one["Properties"]]
    assert len(ours) > len(AGENTS)
    for function in ours:
        assert function["LoggingConfig"]["ApplicationLogLevel"] == "INFO"
        variables = function["Environment"]["Variables"]
        assert variables["POWERTOOLS_LOG_LEVEL"] == "ERROR"
        assert variables["TRADEWIND_DETAILED_METRICS"] == "1"


def test_detail_is_for_who_asks(dev: Assembly) -> None:
    for function in dev.everywhere("AWS::Lambda::Function").values():
        variables = function["Properties"].get("Environment", {}).get("Variables", {})
        assert "TRADEWIND_DETAILED_METRICS" not in variables
