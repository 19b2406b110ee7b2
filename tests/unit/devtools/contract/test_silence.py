"""What was not emitted: because nobody called, because it rarely happens, or by mistake."""

import pytest

from devtools.contract import Emitter, logged_in
from tests.unit.devtools.contract.conftest import App, emf, emitter, function


def never_called(agent: str) -> str:
    return (
        f"agent {agent}: it was never called, and what reads it was not checked. "
        f"To call it: call {agent}"
    )


@pytest.mark.parametrize("lines", [[], ['{"message": "Done"}', "{not JSON", "[1]"]])
def test_when_no_function_was_called_that_is_all_that_is_said(app: App, lines: list[str]) -> None:
    app.lines = lines
    app.filter["LogGroupName"] = "/aws/lambda/app-layout"
    app.exceptions = "[{namespace: App, metric: X, dimensions: [Agent], reason: for later}]"
    assert list(map(str, app.findings(free=("Environment",)))) == [
        never_called("terrain"),
        "metric filter took: no template has the log group /aws/lambda/app-layout",
    ]


def test_when_only_others_were_called_it_is_too(app: App) -> None:
    app.lines = [emf(Agent="of another app").replace("Latency", "Wait")]
    found = [one for one in map(str, app.findings()) if "it is emitted, and no" not in one]
    assert found == [never_called("terrain")]


def test_one_function_that_was_not_called_hides_nothing_of_the_others(app: App) -> None:
    app.resources["Layout"] = function("layout")
    app.emitters.append(emitter("layout"))
    for title in ("Requests", "How long"):
        row = ["App", "Latency", "Environment", "dev", "Agent", "layout", {"stat": "p99"}]
        app.widget(title)["metrics"].append(row)
    assert app.said() == never_called("layout")
    terrains = app.widget("Requests")["metrics"][0]
    terrains[1] = "Request"
    assert "widget 'Requests': nothing emits App/Request" in app.said()
    # Nor may a name that the other one has heard of excuse it.
    terrains[1:4] = ["Requests", "Environment", "prod"]
    assert "nothing emits App/Requests with Agent=terrain, Environment=prod" in app.said()
    terrains[1:6] = ["Requests", "Environment", "dev"]
    assert "nothing emits App/Requests by Environment, only by Agent" in app.said()
    app.widget("Slowest")["query"] += ", Lateness"
    assert "widget 'Slowest': no line of a log has the field Lateness" in app.said()


def test_a_metric_of_all_is_excused_until_one_of_those_who_emit_it_was_called(app: App) -> None:
    app.emitters = [
        Emitter("the door", "knock", {"Knocks": None}, {"Knocks"}, "/aws/lambda/app-door"),
        *app.emitters,
    ]
    app.widget("Requests")["metrics"].append(["App", "Knocks", "Environment", "dev"])
    assert [one.where for one in app.findings()] == ["the door"]
    app.lines.append('{"Knocks": 1}')
    assert app.said() == "dashboard board, widget 'Requests': nothing emits App/Knocks"


def test_what_a_query_asks_of_a_function_that_was_not_called_is_not_compared(app: App) -> None:
    app.widget("Slowest")["query"] = "SOURCE '/aws/lambda/app-terrain' | fields Knocks"
    assert "no line of a log has the field Knocks" in app.said()
    app.emitters.append(
        Emitter("the door", "knock", {"Knocks": None}, {"Knocks"}, "/aws/lambda/app-terrain")
    )
    assert [one.where for one in app.findings()] == ["the door"]


def test_of_a_value_or_a_list_of_them_either_may_come() -> None:
    logged = [logged_in(['{"a": 1, "b": [1, 2]}'], lists=lists) for lists in ((), ("a", "b"))]
    assert [{"a.0", "b"} & one.fields for one in logged] == [set(), {"a.0", "b"}]


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
