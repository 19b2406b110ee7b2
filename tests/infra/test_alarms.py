"""Which alarms there are, and on what."""

import re

from stacks.settings.environment import Settings
from tests.deployed_agents import AGENTS, FIRST, LAST
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tests.infra.observed import EXPECTED, PER_AGENT, PER_API, PER_ENVIRONMENT, alarms


def test_every_agent_and_the_environment_are_watched(dev: Assembly) -> None:
    expected = {f"{agent}-{symptom}" for agent in AGENTS for symptom in PER_AGENT}
    assert set(alarms(dev)) == expected | PER_API | PER_ENVIRONMENT


def test_the_api_is_slow_when_it_takes_longer_than_callers_wait(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    api = dev_settings.api.model_copy(update={"wait_s": 10})
    changed = synthesize(dev_settings.model_copy(update={"api": api}))
    for symptom in ("api-latency", "mcp-latency"):
        assert alarms(changed)[symptom]["Threshold"] == 13_000


def test_a_rate_is_an_expression_of_two_counts(dev: Assembly) -> None:
    errors = alarms(dev)[f"{FIRST}-errors"]
    by_id = {metric["Id"]: metric for metric in errors["Metrics"]}
    expression = next(metric for metric in errors["Metrics"] if metric.get("ReturnData"))

    read = set(re.findall(r"FILL\((\w+), 0\)", expression["Expression"]))
    assert read == {"failed", "ended"} == set(by_id) - {expression["Id"]}
    assert by_id["failed"]["MetricStat"]["Metric"] == {
        "Namespace": f"Tradewind/dev/{FIRST}",
        "MetricName": "ReportedFailures",
    }
    assert errors["Threshold"] == dev.settings.alarms.error_percent


def test_silence_is_taken_for_what_it_is(prod: Assembly) -> None:
    treated = {name: alarm["TreatMissingData"] for name, alarm in alarms(prod).items()}
    silent = {"sweep-failures", *(f"{agent}-no-traffic" for agent in EXPECTED)}
    # What always fails is not over because nobody comes.
    doors = *(f"{agent}-" for agent in AGENTS), "api-", "mcp-"
    remembers = {f"{door}outage" for door in doors} | {f"{door}errors" for door in doors}
    remembers |= {"api-failures", "mcp-failures"}
    assert {treated.pop(name) for name in silent | remembers} == {"ignore"}
    assert set(treated.values()) == {"notBreaching"}


def test_silence_is_a_fault_only_where_the_settings_say_so(dev: Assembly, prod: Assembly) -> None:
    assert [name for name in alarms(dev) if "no-traffic" in name] == []
    watched = {name for name in alarms(prod) if "no-traffic" in name}
    assert watched == {f"{agent}-no-traffic" for agent in EXPECTED}
    for agent in EXPECTED:
        quiet = alarms(prod)[f"{agent}-no-traffic"]
        hours = prod.settings.function(AGENTS[agent]).expect_traffic_within_h
        assert quiet["DatapointsToAlarm"] == hours
        assert hours is not None
        assert hours < quiet["EvaluationPeriods"] <= 168
        [requests] = [one["MetricStat"] for one in quiet["Metrics"] if "MetricStat" in one]
        assert requests["Period"] == 3600


def test_thresholds_are_the_settings(synthesize: Synthesize, dev_settings: Settings) -> None:
    changed = synthesize(
        dev_settings.model_copy(
            update={
                "alarms": dev_settings.alarms.model_copy(
                    update={"p99_percent_of_timeout": 50, "init_time_ms": 1234}
                ),
                "runbook_url": "https://git.example.org/tradewind/main",
            }
        )
    )
    assert alarms(changed)[f"{LAST}-latency"]["Threshold"] == 450_000
    assert alarms(changed)[f"{LAST}-init-time"]["Threshold"] == 1234
    assert alarms(changed)["cost"]["AlarmDescription"].endswith(
        "Runbook: https://git.example.org/tradewind/main/docs/runbooks/cost.md"
    )
