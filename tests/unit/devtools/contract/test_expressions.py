"""Metric math that cannot be evaluated is found, and a search that finds nothing."""

import pytest

from tests.unit.devtools.contract.conftest import App


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("AVERAGE(m)", "'AVERAGE(m)' cannot be evaluated: there is no function AVERAGE()"),
        ("ABS(m, m)", "ABS() takes 1 arguments, not 2"),
        ("SUM(m)", "'SUM(m)' cannot be evaluated: 'SUM(m)' is a single number"),
        ("1 + twice", "twice goes in a circle"),
        ('SUM(METRICS("calls"))', "reads METRICS('calls'), and no metric's id has that"),
    ],
)
def test_math_that_cannot_be_evaluated(app: App, expression: str, problem: str) -> None:
    app.widget("Requests")["metrics"][1][0]["expression"] = expression
    assert problem in app.said()


@pytest.mark.parametrize(
    "expression",
    ['SUM(METRICS("m"))', "ANOMALY_DETECTION_BAND(m, 2)", "FILL(m, REPEAT)", "RATE(m) * PERIOD(m)"],
)
def test_math_that_can(app: App, expression: str) -> None:
    app.widget("Requests")["metrics"][1][0]["expression"] = expression
    assert app.findings() == []


def test_an_unknown_function_in_an_alarm(app: App) -> None:
    app.math_alarm["Metrics"][0]["Expression"] = "100 * SHARE(bad, all)"
    assert "alarm failing: '100 * SHARE(bad, all)' cannot be evaluated" in app.said()


def search(app: App, expression: str) -> None:
    app.widget("By function")["metrics"][0][0]["expression"] = expression


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("""SEARCH('{App,Environment,Agent} MetricName="Request"', 'Sum')""", "finds no metric"),
        ("""SUM(SEARCH('{AWS/Lambda,FunctionName} layout', 'Sum', 300))""", "finds no metric"),
        ("""SEARCH('{App,Environment} MetricName="Requests"', 'Sum', 300)""", "finds no metric"),
        ("""SEARCH('{App,Environment,Agent} Requests NOT App', 'Sum')""", "finds no metric"),
        ("""SEARCH('{App,Environment,Agent} reQUESTs', 'Sum')""", "finds no metric"),
        ("""SEARCH('{App,Environment,Agent} Latency', 'Sum')""", "Sum of App/Latency says nothing"),
        ("""SEARCH('{AWS/Lambda,FunctionName} Duration', 'Sum')""", "Sum of AWS/Lambda/Duration"),
        ("""SEARCH('{App,Agent} (Latency', 'p99', 300)""", "a parenthesis is not closed"),
        ("""SEARCH('{App,Agent} Latency)', 'p99', 300)""", "')' is not expected"),
        ("""SEARCH('{App,Agent} Latency AND', 'p99')""", "a term is expected, not 'the end'"),
        ("""SEARCH('', 'p99', 300)""", "it searches for nothing"),
        ("SEARCH(m, 300)", "SEARCH takes a search and a statistic, both in quotes"),
        ("""SELECT SUM(Requests) FROM "App" WHERE Agent = 'layout'""", "finds no metric"),
        ("""SELECT SUM(Requests) FROM SCHEMA("App", Environment)""", "finds no metric"),
        ("""SELECT SUM(Latency) FROM "App" """, "Sum of App/Latency says nothing"),
        ("""SELECT MEAN(Latency) FROM "App" """, "it is no Metrics Insights query"),
        ("""SELECT SUM(Requests) FROM "App" WHERE Agent > 5""", "'Agent > 5' is not understood"),
    ],
)
def test_a_search_that_finds_nothing(app: App, expression: str, problem: str) -> None:
    search(app, expression)
    assert problem in app.said()


@pytest.mark.parametrize(
    "expression",
    [
        """SEARCH('{App,Environment,Agent} MetricName="Requests"', 'Sum', 300)""",
        """SEARCH('{App, Environment, Agent} request OR requests', 'Sum')""",
        """SEARCH('Namespace="App" (Requests OR Errors) NOT Agent="layout"', 'Sum', 300)""",
        """SELECT SUM(Requests) FROM SCHEMA("App", Environment, Agent) WHERE Agent = 'terrain'""",
        """SELECT SUM(Requests) FROM "App" WHERE Agent != 'layout' GROUP BY Agent LIMIT 5""",
    ],
)
def test_what_a_search_finds_is_read(app: App, expression: str) -> None:
    del app.body["widgets"][0]
    assert "App/Requests by Agent, Environment: it is emitted, and no widget" in app.said()
    search(app, expression)
    assert app.findings() == []


@pytest.mark.parametrize(
    "expression",
    [
        """SEARCH('{AWS/Lambda,FunctionName}, "app-terrain" AND Throttles', 'Sum', 300)""",
        """SEARCH('{AWS/Lambda,FunctionName} AppTerrain OR app-terrain Errors', 'Sum', 300)""",
        """SEARCH('{AWS/SQS,QueueName} MetricName="NumberOfMessagesSent" mine', 'Sum')""",
        """SELECT MAX(Duration) FROM "AWS/Lambda" GROUP BY FunctionName ORDER BY MAX() DESC""",
    ],
)
def test_a_search_among_the_metrics_of_services(app: App, expression: str) -> None:
    app.resources["Queue"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "mine"}}
    search(app, expression)
    assert app.findings() == []
