"""A description says all that its alarm waits for: who is woken reads no expression."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.assembly import Assembly

#: Descriptions may spell small numbers out.
WORDS = dict(enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight"], 1))
#: What metric math asks for at least; above nothing is no number to tell.
LEAST = re.compile(r">=? ?(\d+)")


def waited_for(alarm: dict[str, Any]) -> Iterator[str]:
    """What decides whether an alarm goes off, its threshold aside, as texts that must be said."""
    every, breaching = alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]
    if every > 1 and every == breaching:
        yield rf"Seen in {every} [\w ]+ in a row"
    elif every > 1:
        yield rf"Seen in {breaching} of {every} "
    for metric in alarm.get("Metrics", []):
        for least in map(int, LEAST.findall(metric.get("Expression", ""))):
            number = rf"({least}|{WORDS.get(least, least)})"
            if least:
                yield rf"(at least|more than|up to) {number}\b|\b{number} (of them )?at least"


def unsaid(alarm: dict[str, Any]) -> set[str]:
    """What an alarm's description leaves out."""
    text = alarm["AlarmDescription"]
    return {one for one in waited_for(alarm) if not re.search(one, text)}


@pytest.fixture(scope="module")
def every_alarm(everything: Assembly) -> dict[str, dict[str, Any]]:
    return {
        alarm["Properties"]["AlarmName"]: alarm["Properties"]
        for template in (everything.observability, everything.agents)
        for alarm in everything.all(template, "AWS::CloudWatch::Alarm")
    }


def test_a_description_says_how_many_periods_and_how_many_samples_it_takes(
    every_alarm: dict[str, dict[str, Any]],
) -> None:
    left_out = {name: unsaid(alarm) for name, alarm in every_alarm.items()}
    assert {name: texts for name, texts in left_out.items() if texts} == {}


def test_any_number_that_a_description_leaves_out_is_found(
    every_alarm: dict[str, dict[str, Any]],
) -> None:
    """Change each number that is waited for, one alarm at a time."""
    for name, alarm in every_alarm.items():
        periods = {key: alarm[key] + 1 for key in ("EvaluationPeriods", "DatapointsToAlarm")}
        assert len(unsaid(alarm | periods)) == 1, name
        for metric in alarm.get("Metrics", []):
            expression = metric.get("Expression", "")
            changed = LEAST.sub(lambda found: f">= {int(found[1]) + 1000}", expression)
            other = {**alarm, "Metrics": [{**metric, "Expression": changed}]}
            count = len(set(LEAST.findall(expression)))
            assert len(unsaid(other)) == count, name


def test_what_alarms_wait_for_is_read_from_their_templates(
    every_alarm: dict[str, dict[str, Any]],
) -> None:
    waited = {
        symptom: " ".join(waited_for(every_alarm[f"tradewind-prod-{symptom}"]))
        for symptom in ("bedrock-errors", "terrain-outage", "terrain-latency")
    }
    assert "2 of 3" in waited["bedrock-errors"]
    assert "(10|10)" in waited["bedrock-errors"]
    assert "(10|10)" in waited["terrain-outage"]
    assert "(2|two)" in waited["terrain-outage"]
    assert "in a row" in waited["terrain-latency"]
