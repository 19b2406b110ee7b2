"""Who is told of which alarm, and of which runbook."""

import re
from pathlib import Path
from typing import Any

import pytest

from stacks.settings.environment import Settings
from stacks.settings.file import load_settings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly, without_hash
from tests.infra.conftest import Synthesize
from tests.infra.observed import (
    API_NOTICES,
    API_OUTAGES,
    API_PAGES,
    ENVIRONMENT_NOTICES,
    ENVIRONMENT_PAGES,
    EXPECTED,
    NOTICES,
    OUTAGES,
    PAGES,
    alarms,
)

PAGES_TOPIC = ["<PagesTopic>"]
NOTICES_TOPIC = ["<NoticesTopic>"]


def told(assembly: Assembly, kind: str = "Alarm") -> dict[str, tuple[Any, Any]]:
    """Whom each alarm tells that it went off, and whom that it is over."""
    return {
        name: (alarm.get("AlarmActions"), alarm.get("OKActions"))
        for name, alarm in alarms(assembly, kind).items()
    }


@pytest.mark.parametrize("whose", [*(f"{agent}-" for agent in AGENTS), ""])
def test_one_alarm_pages_for_all_that_page_and_no_lesser_one_hides_behind_it(
    dev: Assembly, whose: str
) -> None:
    outages, pages, notices = (
        (OUTAGES, PAGES, NOTICES) if whose else (API_OUTAGES, API_PAGES, API_NOTICES)
    )
    unwell = f"{whose or 'api-'}unwell"
    found = told(dev)
    assert told(dev, "CompositeAlarm")[unwell] == (PAGES_TOPIC, PAGES_TOPIC)
    rule = alarms(dev, "CompositeAlarm")[unwell]["AlarmRule"]
    asked = {f"{whose}{symptom}" for symptom in outages | pages}
    spelled = {
        name
        for name, alarm in alarms(dev).items()
        if f"alarm:{alarm['AlarmName']}" in rule or logical(dev, name) in rule
    }
    assert spelled == asked
    assert rule.count("ALARM(") == len(asked)
    for symptom in outages:
        # It is over when the one for all is.
        assert found[f"{whose}{symptom}"] == (PAGES_TOPIC, None)
    for symptom in pages:
        assert found[f"{whose}{symptom}"] == (None, None)
    for symptom in notices:
        assert found[f"{whose}{symptom}"] == (NOTICES_TOPIC, None)


def logical(assembly: Assembly, name: str) -> str:
    """An alarm as a rule refers to it."""
    [found] = [
        logical_id
        for logical_id, one in assembly.observability["Resources"].items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
        and one["Properties"]["AlarmName"].endswith(f"-{assembly.settings.environment}-{name}")
    ]
    return f"<{without_hash(found)}.Arn>"


def test_a_sum_of_all_is_in_the_composite_of_its_own_agent_alone(dev: Assembly) -> None:
    rules = [alarm["AlarmRule"] for alarm in alarms(dev, "CompositeAlarm").values()]
    parts = [part for rule in rules for part in rule.split(" OR ")]
    assert len(parts) == len(set(parts))


def test_the_environments_alarms_tell_by_themselves(dev: Assembly) -> None:
    found = told(dev)
    for symptom in ENVIRONMENT_PAGES:
        assert found[symptom] == (PAGES_TOPIC, PAGES_TOPIC)
    for symptom in ENVIRONMENT_NOTICES:
        assert found[symptom] == (NOTICES_TOPIC, None)


def addresses(assembly: Assembly) -> dict[str, str]:
    """Who is told by each topic."""
    return {
        mail["Properties"]["TopicArn"]: mail["Properties"]["Endpoint"]
        for mail in assembly.all(assembly.observability, "AWS::SNS::Subscription")
    }


def test_notices_go_where_pages_go_unless_the_settings_say_otherwise(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    awake, tomorrow = "awake@example.org", "tomorrow@example.org"
    one = dev_settings.model_copy(update={"alarm_email": awake})
    two = one.model_copy(update={"notice_email": tomorrow})
    assert addresses(synthesize(one)) == {"<PagesTopic>": awake, "<NoticesTopic>": awake}
    assert addresses(synthesize(two)) == {"<PagesTopic>": awake, "<NoticesTopic>": tomorrow}


def test_the_docs_name_the_alarms_that_a_first_deployment_tells_of(
    everything: Assembly, root: Path
) -> None:
    of_agents = {*AGENTS, *everything.settings.runtimes}
    tell = {
        "unwell" if name.removesuffix("-unwell") in of_agents else name
        for kind in ("Alarm", "CompositeAlarm")
        for name, (_, over) in told(everything, kind).items()
        if over is not None
    }
    page = (root / "docs/watching.md").read_text(encoding="utf-8")
    sentence = page.partition("first deployment tells once that")[2].partition(" is OK")[0]
    assert set(re.findall(r"`([^`]+)`", sentence)) == tell


def said_of_nobody(assembly: Assembly) -> str | None:
    """What the deployment's outputs say of who is told."""
    output = assembly.observability.get("Outputs", {}).get("AlarmsPageNobody", {})
    said: str | None = output.get("Value")
    return said


def test_without_an_address_the_outputs_say_who_is_not_told(
    dev: Assembly, synthesize: Synthesize, dev_settings: Settings
) -> None:
    assert dev.settings.alarm_email is None
    assert addresses(dev) == {}
    said = "Nobody is told of dev's alarms: give alarm_email in config/dev.yaml"
    assert said_of_nobody(dev) == dev.settings.nobody_paged == said
    tomorrow = dev_settings.model_copy(update={"notice_email": "tomorrow@example.org"})
    assert said_of_nobody(synthesize(tomorrow)) == (
        "notice_email is told of what can wait, and nobody is paged by dev's alarms: "
        "give alarm_email in config/dev.yaml"
    )
    somebody = synthesize(dev_settings.model_copy(update={"alarm_email": "crew@example.org"}))
    assert said_of_nobody(somebody) is somebody.settings.nobody_paged is None


def test_on_this_machine_nobody_need_be_told(root: Path) -> None:
    assert load_settings("local", root / "config", AGENTS).nobody_paged is None


@pytest.mark.parametrize("which", ["Pages", "Notices"])
def test_alarms_travel_encrypted_and_only_this_accounts(dev: Assembly, which: str) -> None:
    topic = dev.only(dev.observability, "AWS::SNS::Topic", which)["Properties"]
    policy = dev.only(dev.observability, "AWS::SNS::TopicPolicy", which)["Properties"]
    plain_http, publish = policy["PolicyDocument"]["Statement"]

    assert topic["KmsMasterKeyId"] == "<DataKey.Arn>"
    assert plain_http["Effect"] == "Deny"
    assert plain_http["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "ACCOUNT"},
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:ACCOUNT:alarm:tradewind-dev-*"},
    }


def test_every_alarm_has_its_runbook_and_every_runbook_its_alarm(
    everything: Assembly, root: Path
) -> None:
    named = {
        alarm["AlarmDescription"].rpartition("Runbook: ")[2]
        for kind in ("Alarm", "CompositeAlarm")
        for alarm in alarms(everything, kind).values()
    } | {
        alarm["Properties"]["AlarmDescription"].rpartition("Runbook: ")[2]
        for alarm in everything.all(everything.agents, "AWS::CloudWatch::Alarm")
    }
    written = {f"docs/runbooks/{page.name}" for page in (root / "docs/runbooks").glob("*.md")}
    # Whether there is an alarm on silence is the agents' own matter.
    assert named | (set() if EXPECTED else {"docs/runbooks/no-traffic.md"}) == written


def test_a_runbook_says_what_it_means_where_to_look_and_how_to_end_it(root: Path) -> None:
    for page in (root / "docs/runbooks").glob("*.md"):
        lines = page.read_text().splitlines()
        headings = [line for line in lines if line.startswith("#")]
        assert headings[1:] == ["## What it means", "## Look first at", "## Make it stop"], page
        looks = lines[lines.index("## Look first at") : lines.index("## Make it stop")]
        assert [line[:3] for line in looks if line[:1].isdigit()] == ["1. ", "2. ", "3. "], page
