"""What the overview and an agent's dashboard show of an hour is what that hour was like."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from devtools.dashboard.browser import chromium
from tests.chromium import require_chromium
from tests.hours.__main__ import main
from tests.hours.kept import preview_of
from tests.hours.requests import ILL, Hour
from tests.infra.assembly import Assembly

#: The red alarms, those that page first.
RED: Final = {
    Hour.ORDINARY: set(),
    Hour.HALF_KILLED: {"outage", "unwell", "errors", "killed", "memory", "latency", "cold-starts"},
    Hour.THROTTLED: {"outage", "unwell", "throttles"},
    Hour.BAD_DEPLOYMENT: {"outage", "unwell", "errors"},
}
#: At least so many percent failed, were killed and were turned away, of those shown.
FIGURES: Final = {
    Hour.ORDINARY: (0, 0, 0),
    Hour.HALF_KILLED: (10, 50, 0),
    Hour.THROTTLED: (0, 0, 50),
    Hour.BAD_DEPLOYMENT: (10, 0, 0),
}

#: Texts of which a part is not seen, and lists and tables that have to be scrolled aside.
_CUT: Final = """
[...document.querySelectorAll(
  ".widget > h2, .alarm-list, .alarm-list span, .legend .name, .values .name, td > .cell, .scroll"
)].filter(one =>
  one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline" ||
  one.scrollHeight > one.clientHeight + 1 && !one.matches(".scroll, span")
).map(one => `${one.closest(".widget").dataset.widgetTitle}: ${one.textContent.slice(0, 60)}`)
"""


@pytest.fixture(scope="module", params=Hour)
def hour(request: pytest.FixtureRequest) -> Hour:
    found: Hour = request.param
    return found


@pytest.fixture(scope="module")
def boards(dev: Assembly, hour: Hour) -> tuple[dict[str, Any], dict[str, Any]]:
    """The overview's widgets and the ill agent's, by title."""
    preview = preview_of(dev.folder, hour)
    overview, agent = (
        {widget["title"]: widget for widget in preview.document(preview.full_name(name))["widgets"]}
        for name in ("overview", ILL)
    )
    return overview, agent


def latest(widget: Mapping[str, Any], label: str = "") -> float:
    [found] = [one["latest"] for one in widget["series"] if label in ("", one["label"])]
    return float(found)


def red(widget: Mapping[str, Any]) -> set[str]:
    return {one["short"] for one in widget["alarms"] if one["state"] == "ALARM"}


def test_the_overview_says_whether_and_for_whom_something_is_wrong(
    boards: tuple[dict[str, Any], dict[str, Any]], hour: Hour
) -> None:
    overview, _ = boards
    listed = set[str]().union(*(red(one) for one in overview.values() if one["kind"] == "alarms"))
    assert listed == {f"{ILL}-{symptom}" for symptom in RED[hour]}
    shown = [latest(overview[title]) for title in ("Failed", "Killed", "Turned away")]
    for found, least in zip(shown, FIGURES[hour], strict=True):
        assert found >= least
        # One in 250 ordinary requests fails.
        assert least or found < 1
    memory = overview["Most memory used in this range, % of the limit"]["series"]
    used = {one["label"]: one["latest"] for one in memory}
    assert {agent for agent, percent in used.items() if percent > 90} == (
        {ILL} if hour is Hour.HALF_KILLED else set()
    )
    by_agent = {one["label"]: one for one in overview["Turned away by Lambda, by agent"]["series"]}
    away = {agent for agent, one in by_agent.items() if any(value for _, value in one["points"])}
    assert set(used) == set(by_agent)
    assert away == ({ILL} if hour is Hour.THROTTLED else set())


def test_the_agents_board_says_what_is_wrong(
    boards: tuple[dict[str, Any], dict[str, Any]], hour: Hour
) -> None:
    _, agent = boards
    assert red(agent["Alarms of this agent"]) == RED[hour]
    for symptom in RED[hour] - {"unwell"}:
        # CloudWatch draws from the alarm itself what it watches, where it stands and its state.
        graph = agent[f"Alarm: {symptom}"]
        assert [one["state"] for one in graph["alarms"]] == ["ALARM"]
        [threshold] = graph["lines"]
        assert max(value for _, value in graph["series"][0]["points"]) >= threshold["value"]
    failures = {one["label"]: one for one in agent["Failed, killed and turned away"]["series"]}
    most = {label: max(value for _, value in one["points"]) for label, one in failures.items()}
    assert (most["killed: timeout"] > 1) is (hour is Hour.HALF_KILLED)
    assert (most["killed: memory"] > 1) is (hour is Hour.HALF_KILLED)
    assert (most["turned away"] > 1) is (hour is Hour.THROTTLED)
    versions = {value for _, value in agent["Requests"]["series"][-1]["points"]}
    assert len(versions) == (2 if hour is Hour.BAD_DEPLOYMENT else 1)
    assert bool(agent["Killed requests"].get("rows")) is (hour is Hour.HALF_KILLED)
    assert (len(agent["Failed requests"]["rows"]) > 9) is (hour is Hour.BAD_DEPLOYMENT)


def test_alarms_on_whole_hours_or_with_a_memory_are_drawn_over_longer(
    boards: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    overview, agent = boards
    hours = {
        title: (widget["range"]["end"] - widget["range"]["start"]) / 3_600_000
        for title, widget in (overview | agent).items()
        if "range" in widget
    }
    assert {hours["Requests"], hours["Alarm: throttles"]} == {3}
    assert {hours["Alarm: killed"], hours["Alarm: errors-by-hour"]} == {24}
    remembers = "Alarm: errors", "Alarm: outage", "Failed requests by agent, if several"
    assert {hours[one] for one in remembers} == {12}
    # What the dashboards show otherwise is all known.
    for title in remembers:
        widget = (overview | agent)[title]
        known_since = min(time for time, _ in widget["series"][0]["points"])
        assert known_since <= overview["Latency of all agents"]["range"]["start"]


def test_both_boards_are_drawn_light_and_dark(
    dev: Assembly, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require_chromium()
    main(tmp_path, dev.folder, hours=[Hour.ORDINARY], widths=[1280])
    drawn = sorted(tmp_path.glob("ordinary/1280/*.png"))
    # Nothing else is told: no problem of a page, no widget that cannot work.
    assert sorted(capsys.readouterr().out.split()) == [str(picture) for picture in drawn]
    assert len(drawn) == 4


def test_a_laptop_shows_the_worst_hour_whole(dev: Assembly, tmp_path: Path) -> None:
    require_chromium()
    main(tmp_path, dev.folder, hours=[Hour.HALF_KILLED], widths=[1280])
    pages = sorted(tmp_path.glob("half-killed/1280/*.html"))
    with chromium() as browser:
        tab = browser.open(width=1280)
        for page in pages:
            tab.goto(page.resolve().as_uri())
            assert tab.evaluate(_CUT) == []
            # As long as a real one, and not broken off.
            ids = tab.evaluate("[...document.querySelectorAll('.long')].map(e => e.textContent)")
            assert all(len(one) == len(str(UUID(int=0))) for one in ids)
            assert bool(ids) is (ILL in page.name)
    assert len(pages) == 2
