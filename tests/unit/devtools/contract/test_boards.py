"""A dashboard that shows nothing where something should be is found, and so is a lost link."""

from typing import Any

import pytest

from tests.unit.devtools.contract.conftest import App, Plant

ALARMS_PAGE = "#alarmsV2:?~(search~'{}~alarmStateFilter~'ALARM)"


def text(app: App, markdown: str) -> None:
    app.body["widgets"].append({"type": "text", "properties": {"markdown": markdown}})


def placed(app: App, *places: tuple[int, int, int]) -> None:
    """Give the first widgets places: x, y and width."""
    for widget, (x, y, width) in zip(app.body["widgets"], places, strict=False):
        widget.update(x=x, y=y, width=width, height=6)


def _another_board(app: App, name: str) -> None:
    app.resources["Second"] = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": name, "DashboardBody": '{"widgets": []}'},
    }


def _hidden(app: App) -> None:
    for row in app.widget("How long")["metrics"]:
        options = row[-1] if isinstance(row[-1], dict) else {}
        row[len(row) - bool(options) :] = [{**options, "visible": False}]


def _left(app: App, **axis: Any) -> None:
    app.widget("How long")["yAxis"]["left"].update(axis)


def _searched_every(app: App, period: int) -> None:
    search = f"SEARCH('{{AWS/Lambda,FunctionName}} Throttles', 'Sum', {period})"
    app.widget("By function")["metrics"][0][0]["expression"] = search


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (lambda app: text(app, "[one](#dashboards:name=bord)"), "leads to no dashboard"),
        (lambda app: text(app, "[one](#dashboards/dashboard/bord?start=PT3H)"), "leads to no dash"),
        (lambda app: text(app, "[one](#dashboard:name=board)"), "leads to no page of the console"),
        (lambda app: text(app, f"[red]({ALARMS_PAGE.format('slwo')})"), "finds no alarm"),
        (lambda app: _another_board(app, "the board"), "dashboard the board: A name has letters"),
        (lambda app: _another_board(app, "board"), "dashboard board: 2 dashboards have this name"),
        (lambda app: placed(app, (0, 0, 12), (6, 0, 12)), "'Slowest' at 6, 0 lies over another"),
        (lambda app: placed(app, (18, 0, 12)), "'Requests' at 18, 0 lies over another, or over"),
        (_hidden, "'How long': It draws nothing: none of its rows is visible."),
        (
            lambda app: app.widget("How long")["metrics"][1].append({"visible": False}),
            "'How long': Its row Took is not visible, and no expression reads it.",
        ),
        (lambda app: _left(app, min=9, max=9), "Its left axis ends at 9, and begins at 9."),
        (lambda app: _left(app, max=5), "Its line 'alarm: slow' is at 7, above its axis' 5."),
        (
            lambda app: app.widget("How long")["annotations"]["horizontal"][0].update(
                yAxis="right"
            ),
            "Its line 'alarm: slow' is on the right axis, where nothing is drawn.",
        ),
        (lambda app: _left(app, label="%"), "its axis says %, and Latency is emitted in Mill"),
        (lambda app: _searched_every(app, 7), "its period 7 is no multiple of 60 s"),
    ],
)
def test_what_a_person_would_not_see(app: App, plant: Plant, finding: str) -> None:
    plant(app)
    assert finding in app.said()


def _summed(app: App) -> None:
    """A row that only an expression reads, by a part of its id."""
    widget = app.widget("Requests")
    widget["metrics"][0][-1]["visible"] = False
    widget["metrics"][1][0]["expression"] = 'SUM(METRICS("m"))'


@pytest.mark.parametrize(
    "plant",
    [
        lambda app: text(app, "[one](#dashboards:name=board), [all](#dashboards:)"),
        lambda app: text(app, "[one](#dashboards/dashboard/board), [home](https://example.com)"),
        lambda app: text(app, f"[red]({ALARMS_PAGE.format('s*6cow')})"),
        lambda app: placed(app, (0, 0, 12), (12, 0, 12)),
        lambda app: _left(app, min=0, max=7),
        lambda app: _searched_every(app, 300),
        _summed,
    ],
)
def test_what_a_person_sees(app: App, plant: Plant) -> None:
    plant(app)
    assert app.findings() == []
