"""What was not emitted: because nobody called, because it rarely happens, or by mistake."""

import pytest

from tests.unit.devtools.contract.conftest import App, emf, function

NOTHING = "nothing was emitted: were the functions called? What reads it was not checked."


@pytest.mark.parametrize("lines", [[], ['{"message": "Done"}']])
def test_when_no_function_was_called_that_is_all_that_is_said(app: App, lines: list[str]) -> None:
    app.lines = lines
    app.filter["LogGroupName"] = "/aws/lambda/app-layout"
    assert list(map(str, app.findings(free=("Environment",)))) == [
        f"Agent terrain: {NOTHING}",
        "metric filter took: no template has the log group /aws/lambda/app-layout",
    ]


def test_when_only_others_were_called_it_is_too(app: App) -> None:
    app.lines = [emf(Agent="of another app").replace("Latency", "Wait")]
    found = [one for one in map(str, app.findings()) if "it is emitted, and no" not in one]
    assert found == [f"Agent terrain: {NOTHING}"]


def test_one_function_that_was_not_called_hides_nothing_of_the_others(app: App) -> None:
    app.resources["Layout"] = function("layout")
    for title in ("Requests", "How long"):
        row = ["App", "Latency", "Environment", "dev", "Agent", "layout", {"stat": "p99"}]
        app.widget(title)["metrics"].append(row)
    assert app.said() == f"Agent layout: {NOTHING}"
    app.widget("Requests")["metrics"][0][1] = "Request"
    assert "widget 'Requests': nothing emits App/Request" in app.said()


def rarely(app: App) -> None:
    app.widget("Requests")["metrics"][0][1] = "Stops"
    app.lines = [emf().replace(', {"Name": "Requests", "Unit": "Count"}', "")]


def test_what_happens_rarely_need_not_have_happened(app: App) -> None:
    rarely(app)
    assert app.said() == "dashboard board, widget 'Requests': nothing emits App/Stops"
    app.declare("Stops", Environment="*", Agent="*")
    assert app.findings() == []


def test_what_happens_rarely_is_read_as_it_would_be_emitted(app: App) -> None:
    rarely(app)
    app.declare("Stops", Environment="*", Agent="*")
    metric = app.widget("Requests")["metrics"][0]
    metric[5] = "terain"
    assert "nothing emits App/Stops with Agent=terain" in app.said()
    del metric[4:6]
    assert "nothing emits App/Stops by Environment, only by Agent, Environment" in app.said()
    metric[4:4] = ["Agent", "terrain"]
    app.widget("Requests")["stat"] = "p99"
    assert "p99 of App/Stops says nothing: its unit is Count" in app.said()


def test_what_is_declared_excuses_an_exception(app: App) -> None:
    app.exceptions = "[{namespace: App, metric: Stops, dimensions: [Agent], reason: it is rare}]"
    assert "App/Stops by Agent: it is an exception, and nothing emits it" in app.said()
    app.declare("Stops", Agent="*")
    assert app.findings() == []
