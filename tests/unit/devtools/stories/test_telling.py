"""What is sent follows from when things start and end, and from who is told of which alarm."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from devtools.cloudwatch.yaml_document import TestFileError
from devtools.stories.effects import report
from devtools.stories.happenings import Request, RequestEnd
from devtools.stories.telling import is_about
from devtools.stories.template import read_deployed
from tests.unit.devtools.stories.told import RESOURCES, Small, sent, told

#: From 20m to 26m40s; what ends is known a minute later.
FAILS = {"requests": "crew", "at": "20m", "takes": "400s", "ends": "failed"}


def test_what_is_printed_bears_the_end_and_what_lambda_counts_the_start(tmp_path: Path) -> None:
    one = told(tmp_path, happens=[FAILS])
    # Lambda's error is in the minute of the start and comes too late for an alarm on one minute.
    assert sent(one) == [
        "28m notice printed ALARM",
        "28m page unwell ALARM (ended)",
        "30m notice printed OK",
        "30m page unwell OK",
    ]


def test_an_alarm_that_looks_back_far_enough_sees_the_start(tmp_path: Path) -> None:
    resources = deepcopy(RESOURCES)
    resources["Lambda"]["Properties"] |= {"EvaluationPeriods": 10, "DatapointsToAlarm": 1}
    one = told(tmp_path, resources, happens=[FAILS])
    assert [s for s in sent(one) if "started" in s] == [
        "28m notice started ALARM",
        "33m notice started OK",
    ]


@pytest.mark.parametrize("ends", ["timeout", "memory", "crash"])
def test_a_killed_process_prints_nothing_and_lambda_reports_it(tmp_path: Path, ends: str) -> None:
    one = told(tmp_path, happens=[FAILS | {"ends": ends}])
    assert not [s for s in sent(one) if "printed" in s]
    assert [s.partition(" ")[2] for s in sent(one)] == [
        "page unwell ALARM (ended)",
        "page unwell OK",
    ]


def test_a_timeout_lasts_as_long_as_the_function_may(tmp_path: Path) -> None:
    one = told(tmp_path, happens=[FAILS | {"ends": "timeout", "takes": "1s"}])
    assert sent(one)[0] == "36m page unwell ALARM (ended)"


def test_a_throttled_request_neither_runs_nor_prints(tmp_path: Path) -> None:
    assert sent(told(tmp_path, happens=[FAILS | {"ends": "throttled"}])) == []


def test_lambda_drops_what_is_printed_where_only_warnings_may_be(tmp_path: Path) -> None:
    resources = deepcopy(RESOURCES)
    resources["Crew"]["Properties"]["LoggingConfig"]["ApplicationLogLevel"] = "WARN"
    one = told(tmp_path, resources, happens=[FAILS])
    assert sent(one) == ["28m page unwell ALARM (ended)", "30m page unwell OK"]


def test_values_come_as_late_as_the_file_says(tmp_path: Path) -> None:
    def first(seconds: int) -> str:
        (tmp_path / str(seconds)).mkdir()
        resources = deepcopy(RESOURCES)
        resources["Report"]["Properties"] |= {"EvaluationPeriods": 10, "DatapointsToAlarm": 1}
        one = told(tmp_path / str(seconds), resources, delay=seconds, happens=[FAILS])
        return next(s for s in sent(one) if "page" in s)

    assert (first(60), first(300)) == (
        "28m page unwell ALARM (ended)",
        "32m page unwell ALARM (ended)",
    )


def test_what_stands_is_told_of_once(tmp_path: Path) -> None:
    often = {"from": "10m", "to": "30m", "every": "30s"}
    happens = [often | {"requests": "crew", "takes": "1s", "ends": "failed"}]
    pages = [s for s in sent(told(tmp_path, happens=happens)) if "page" in s]
    assert [s.split()[3] for s in pages] == ["ALARM", "OK"]


def test_an_end_before_an_address_is_confirmed_reaches_nobody(tmp_path: Path) -> None:
    one = told(tmp_path)
    assert [(c.alarm, c.after) for c in one.changes if c.alarm == "unwell"] == [("unwell", "OK")]
    assert sent(one) == []


def test_a_story_fails_by_what_is_sent_besides_and_by_what_is_not(tmp_path: Path) -> None:
    expected = ["27m..29m page unwell ALARM", "30m page unwell OK", "30m page ended ALARM"]
    one = told(tmp_path, happens=[FAILS | {"ends": "crash"}], sends=expected)
    assert one.failures == ("30m page ended ALARM: it was not sent",)
    one = told(tmp_path, happens=[FAILS | {"ends": "crash"}], sends=expected[:1])
    assert one.failures == ("30m page unwell OK: sent, and not expected",)
    one = told(tmp_path, happens=[FAILS | {"ends": "crash"}], sends=expected[:2])
    assert one.passed


@pytest.mark.parametrize(
    "wrong",
    [
        "27m notice unwell ALARM",  # to somebody else
        "27m page unwell ALARM",  # too early
    ],
)
def test_what_goes_to_another_or_at_another_time_is_not_it(tmp_path: Path, wrong: str) -> None:
    expected = [wrong, "30m page unwell OK"]
    one = told(tmp_path, happens=[FAILS | {"ends": "crash"}], sends=expected)
    assert one.failures[0] == f"{wrong}: it was not sent"
    assert len(one.failures) == 2


def test_a_function_that_no_template_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(TestFileError, match="'A story': the templates have no app-cook"):
        told(tmp_path, happens=[FAILS | {"requests": "cook"}])


@pytest.mark.parametrize(
    ("story", "what"),
    [
        ({"happens": [{"every": "1m"}]}, "give one of requests, calls"),
        ({"happens": [FAILS | {"ends": "badly"}]}, "ends"),
        ({"sends": ["1h mail unwell ALARM"]}, "is no notification"),
        ({"sends": ["1h..30m page unwell ALARM"]}, "ends before it begins"),
        ({"lasts": "32d"}, "lasts"),
    ],
)
def test_a_wrong_story_is_named(tmp_path: Path, story: dict[str, Any], what: str) -> None:
    with pytest.raises(TestFileError, match=what):
        told(tmp_path, **story)


def test_a_call_whose_process_dies_fails_and_prints_nothing(tmp_path: Path) -> None:
    call = {"calls": "crew", "at": "20m", "takes": "400s"}
    failed = sent(told(tmp_path, happens=[call | {"ends": "failed"}]))
    killed = sent(told(tmp_path, happens=[call | {"ends": "killed"}]))
    assert [s for s in failed if "printed" not in s] == killed
    assert "28m page unwell ALARM (ended)" in killed
    assert "28m notice printed ALARM" in failed


def test_whoever_waits_for_a_restore_ends_later(tmp_path: Path) -> None:
    assert sent(told(tmp_path, happens=[FAILS | {"restored": "60s"}]))[0] == (
        "29m notice printed ALARM"
    )


def test_a_restore_is_reported_and_no_start(tmp_path: Path) -> None:
    (tmp_path / "A.template.json").write_text(json.dumps({"Resources": RESOURCES}))
    function = read_deployed(tmp_path).functions["app-crew"]
    waits = {"cold_ms": 0, "restored_ms": 400}
    request = Request("crew", RequestEnd.OK, 2000, **waits, memory_mb=300, cost_usd=0,
                      model_calls=0, model_errors=0, model_throttles=0)  # fmt: skip
    metrics = json.loads(report(request, function))["record"]["metrics"]
    assert metrics["restoreDurationMs"] == 400
    assert "initDurationMs" not in metrics


@pytest.mark.parametrize(
    ("needs", "snap_start", "is_told"),
    [
        ([], None, True),
        ("crew", None, True),
        (["crew", "nobody"], None, False),
        ("restored", None, False),
        ("restored", "None", False),
        ("restored", "PublishedVersions", True),
    ],
)
def test_a_story_is_about_who_has_what_it_needs(
    tmp_path: Path, needs: Any, snap_start: str | None, is_told: bool
) -> None:
    resources = deepcopy(RESOURCES)
    if snap_start is not None:
        resources["Crew"]["Properties"]["SnapStart"] = {"ApplyOn": snap_start}
    placed = told(tmp_path, resources, needs=needs).placed
    deployed = read_deployed(tmp_path)
    assert is_about(placed.story, "test", Small(), deployed) is is_told
    elsewhere = placed.story.model_copy(update={"environments": ("prod",)})
    assert not is_about(elsewhere, "test", Small(), deployed)
