"""An alarm widget says which alarms are red, why and since when, in the order it asks for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from devtools.cloudwatch.template import AnyAlarm
from devtools.dashboard.assembly import Assembly, Dashboard
from devtools.dashboard.insights import Table
from devtools.dashboard.preview import Preview
from devtools.dashboard.sources import AlarmReport, SeriesQuery, SeriesResult
from tests.dashboard_app import ACCOUNT, NOW, REGION, read_app, widget

END = NOW.timestamp()
MINUTE, HOUR, DAY = 60, 3600, 86_400


def arn(name: str) -> str:
    return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"


class Told:
    """A source that was told the alarms' states."""

    label = "what a test says"

    def __init__(self, *reports: AlarmReport) -> None:
        self._reports = {report.name: report for report in reports}

    def read(self, wanted: Sequence[SeriesQuery]) -> dict[SeriesQuery, SeriesResult]:
        return {}

    def query(self, query: str, groups: Sequence[str], start: float, end: float) -> Table:
        raise NotImplementedError

    def alarms(self, names: Sequence[str]) -> list[AlarmReport]:
        return [self._reports.get(name, AlarmReport(name, "UNKNOWN")) for name in names]


def shown(
    *reports: AlarmReport, alarms: Mapping[str, AnyAlarm] | None = None, **properties: Any
) -> Any:
    names = properties.pop("names", [report.name for report in reports])
    one = widget(0, 0, 12, 4, "alarm", alarms=[arn(name) for name in names], **properties)
    assembly = Assembly((Dashboard("d", {"widgets": [one]}),), alarms or {})
    (filled,) = Preview(assembly, Told(*reports), lambda: NOW).document("d")["widgets"]
    return filled


FOUR = (
    AlarmReport("b", "OK", since=END - MINUTE),
    AlarmReport("a", "ALARM", "too many", END - HOUR),
    AlarmReport("d", "ALARM", "too slow", END - MINUTE),
    AlarmReport("c", "INSUFFICIENT_DATA", since=END - DAY),
)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ({}, "abcd"),
        ({"sortBy": "default"}, "abcd"),
        ({"sortBy": "stateUpdatedTimestamp"}, "dacb"),
        ({"sortBy": "timestamp"}, "bdac"),
    ],
)
def test_alarms_stand_in_the_order_that_the_widget_says(order: Any, names: str) -> None:
    assert [one["name"] for one in shown(*FOUR, **order)["alarms"]] == list(names)


def test_only_the_states_that_the_widget_names_are_shown() -> None:
    filled = shown(*FOUR, states=["ALARM", "OK"])
    assert [one["name"] for one in filled["alarms"]] == ["a", "b", "d"]
    assert filled["left_out"] == 1


def test_a_widget_of_red_alarms_has_something_to_say_when_none_is_red() -> None:
    filled = shown(*FOUR[:1], states=["ALARM"])
    assert (filled["state"], filled["alarms"], filled["left_out"]) == ("data", [], 1)


@pytest.mark.parametrize(
    ("ago", "says"),
    [
        (0, "12:00 (0 min)"),
        (25 * MINUTE, "11:35 (25 min)"),
        (3 * HOUR + 5 * MINUTE, "08:55 (3 h)"),
        (13 * HOUR, "11-19 23:00 (13 h)"),
        (3 * DAY, "11-17 12:00 (3 days)"),
    ],
)
def test_since_when_is_a_moment_and_how_long_ago(ago: int, says: str) -> None:
    (one,) = shown(AlarmReport("a", "ALARM", since=END - ago))["alarms"]
    assert one["since"] == says


def test_nobody_knows_since_when() -> None:
    (one,) = shown(AlarmReport("a", "ALARM"))["alarms"]
    assert one["since"] == ""


def test_a_composite_shows_the_states_of_what_it_is_made_of(tmp_path: Path) -> None:
    alarms = read_app(tmp_path).alarms
    child = AlarmReport("shop-cart-errors", "ALARM", "2 in the last period", END - HOUR)
    filled = shown(
        AlarmReport("shop-unwell", "ALARM", since=END - HOUR),
        child,
        alarms=alarms,
        names=["shop-unwell"],
    )
    (one,) = filled["alarms"]
    assert (one["name"], one["state"]) == ("shop-unwell", "ALARM")
    (found,) = one["children"]
    assert (found["name"], found["state"]) == (child.name, "ALARM")
    assert (found["reason"], found["since"]) == ("2 in the last period", "11:00 (60 min)")


def test_a_graph_of_a_composite_is_an_error_as_it_has_no_metric(tmp_path: Path) -> None:
    one = widget(0, 0, 12, 4, "metric", annotations={"alarms": [arn("shop-unwell")]})
    assembly = Assembly((Dashboard("d", {"widgets": [one]}),), read_app(tmp_path).alarms)
    (filled,) = Preview(assembly, Told(), lambda: NOW).document("d")["widgets"]
    assert filled["state"] == "error"
    assert "shop-unwell whose metric" in filled["message"]
    # A widget without a title is called by its alarm.
    assert filled["title"] == "shop-unwell"
