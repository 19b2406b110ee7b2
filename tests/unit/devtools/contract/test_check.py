"""Each way to ship a widget or an alarm that cannot work is found, and named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.contract import (
    ContractError,
    emitted_in,
    load_catalogue,
    load_exceptions,
    read_contract,
)
from tests.unit.devtools.contract.conftest import App, Plant, emf


def test_an_app_that_keeps_its_promises_has_no_finding(app: App) -> None:
    assert app.findings() == []


def widget_metric(app: App, *path: str) -> None:
    app.widget("Requests")["metrics"][0][: len(path)] = path


def _wrong_namespace(app: App) -> None:
    widget_metric(app, "Ap")


def _wrong_metric(app: App) -> None:
    widget_metric(app, "App", "Request")


def _dimension_too_few(app: App) -> None:
    del app.widget("Requests")["metrics"][0][4:6]


def _dimension_too_many(app: App) -> None:
    app.widget("Requests")["metrics"][0][6:6] = ["Start", "cold"]


def _wrong_value(app: App) -> None:
    app.widget("Requests")["metrics"][0][5] = "terain"


def _sum_of_times(app: App) -> None:
    del app.alarm["ExtendedStatistic"]
    app.alarm["Statistic"] = "Sum"


def _percentile_of_ones(app: App) -> None:
    app.widget("Requests")["stat"] = "p99"


def _no_statistic_at_all(app: App) -> None:
    app.widget("Requests")["stat"] = "Mean"


def _wrong_unit(app: App) -> None:
    app.alarm["Unit"] = "Seconds"


def _undefined_id(app: App) -> None:
    app.widget("Requests")["metrics"][1][0]["expression"] = "2 * n"


def _undefined_id_in_an_alarm(app: App) -> None:
    app.math_alarm["Metrics"][0]["Expression"] = "100 * bad / total"


def _no_math(app: App) -> None:
    app.widget("Requests")["metrics"][1][0]["expression"] = "2 *"


def _unknown_service(app: App) -> None:
    widget_metric(app, "AWS/Lambada", "Errors")


def _unknown_metric_of_a_service(app: App) -> None:
    app.math_alarm["Metrics"][1]["MetricStat"]["Metric"]["MetricName"] = "ColdStarts"


def _wrong_dimension_of_a_service(app: App) -> None:
    metric = app.math_alarm["Metrics"][1]["MetricStat"]["Metric"]
    metric["Dimensions"] = [{"Name": "Function", "Value": "app-terrain"}]


def _wrong_resource_of_a_service(app: App) -> None:
    metric = app.math_alarm["Metrics"][1]["MetricStat"]["Metric"]
    metric["Dimensions"][0]["Value"] = "app-layout"


def _wrong_statistic_of_a_service(app: App) -> None:
    app.math_alarm["Metrics"][1]["MetricStat"]["Stat"] = "p99"


def _wrong_unit_of_a_service(app: App) -> None:
    app.math_alarm["Metrics"][1]["MetricStat"]["Unit"] = "Seconds"


def _wrong_log_group(app: App) -> None:
    query = app.body["widgets"][1]["properties"]
    query["query"] = query["query"].replace("terrain", "layout")


def _unreadable_widget(app: App) -> None:
    app.widget("Requests")["metrics"] = [["App"]]


def _time_range_that_is_none(app: App) -> None:
    app.body["start"] = "3h"


def _widget_too_wide(app: App) -> None:
    app.body["widgets"][0]["width"] = 30


def _emitted_and_unread(app: App) -> None:
    del app.widget("Requests")["metrics"]
    app.widget("Requests")["metrics"] = [
        ["App", "Latency", "Environment", "dev", "Agent", "terrain"]
    ]
    app.widget("Requests")["stat"] = "p50"


def _emitted_by_one_set_too_many(app: App) -> None:
    app.lines.append(emf().replace('["Environment", "Agent"]', '["Environment"]'))


def _emitted_in_two_units(app: App) -> None:
    app.lines.append(emf().replace("Milliseconds", "Seconds"))


def _another_unit_than_the_axis(app: App) -> None:
    app.lines[0] = emf().replace("Milliseconds", "Seconds")


def _another_unit_than_declared(app: App) -> None:
    app.declare("Latency", unit="Seconds", Environment="*", Agent="*")


def _axis_of_another_unit(app: App) -> None:
    app.widget("How long")["yAxis"]["left"]["label"] = "s"


def _wrong_region(app: App) -> None:
    app.widget("Requests")["region"] = "eu-west-9"


def _wrong_region_of_one_metric(app: App) -> None:
    app.widget("How long")["metrics"][1].append({"region": "eu-west-9"})


def _region_of_another_service(app: App) -> None:
    # The model is called in a region of its own, which the widget has to name.
    app.widget("How long")["metrics"][3].pop()


def _unknown_alias(app: App) -> None:
    metric = app.math_alarm["Metrics"][1]["MetricStat"]["Metric"]
    metric["Dimensions"].append({"Name": "Resource", "Value": "app-terrain:life"})


def _stale_exception(app: App) -> None:
    app.exceptions = "[{namespace: App, metric: Gone, dimensions: [], reason: was once}]"


def _needless_exception(app: App) -> None:
    app.exceptions = (
        "[{namespace: App, metric: Latency, dimensions: [Agent, Environment], reason: unread}]"
    )


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (_wrong_namespace, "widget 'Requests': nothing emits into the namespace Ap"),
        (_wrong_metric, "widget 'Requests': nothing emits App/Request"),
        (
            _dimension_too_few,
            "nothing emits App/Requests by Environment, only by Agent, Environment",
        ),
        (_dimension_too_many, "nothing emits App/Requests by Agent, Environment, Start, only by"),
        (_wrong_value, "nothing emits App/Requests with Agent=terain, Environment=dev"),
        (_sum_of_times, "alarm slow: Sum of App/Latency says nothing: its unit is Milliseconds"),
        (_percentile_of_ones, "p99 of App/Requests says nothing: its unit is Count"),
        (_no_statistic_at_all, "Mean of App/Requests says nothing"),
        (_wrong_unit, "alarm slow: App/Latency is emitted in Milliseconds, not in Seconds"),
        (_undefined_id, "widget 'Requests': '2 * n' uses n, which nothing defines"),
        (_no_math, "'2 *' is no metric math"),
        (_unknown_service, "the catalogue has no namespace AWS/Lambada"),
        (_unknown_metric_of_a_service, "the catalogue has no metric AWS/Lambda/ColdStarts"),
        (_wrong_dimension_of_a_service, "alarm failing: AWS/Lambda/Errors is not kept by Function"),
        (
            _wrong_resource_of_a_service,
            "no AWS::Lambda::Function of the templates has the Function",
        ),
        (_wrong_statistic_of_a_service, "p99 of AWS/Lambda/Errors says nothing: it has Sum"),
        (_wrong_unit_of_a_service, "AWS/Lambda/Errors is emitted in Count, not in Seconds"),
        (
            _wrong_log_group,
            "widget 'Slowest': no template has the log group /aws/lambda/app-layout",
        ),
        (_unreadable_widget, "widget 'Requests': A row of metrics is"),
        (_time_range_that_is_none, "dashboard board: start: '3h' is neither a duration"),
        (_widget_too_wide, "dashboard board, widget 'Requests': "),
        (
            _emitted_and_unread,
            "App/Requests by Agent, Environment: it is emitted, and no widget, alarm or exception",
        ),
        (_emitted_by_one_set_too_many, "App/Latency by Environment: it is emitted, and no"),
        (_emitted_in_two_units, "App/Latency is emitted in more than one unit: Mill"),
        (_another_unit_than_the_axis, "its axis says ms, and Latency is emitted in Seconds"),
        (_another_unit_than_declared, "App/Latency is emitted in more than one unit: Mill"),
        (_axis_of_another_unit, "its axis says s, and Duration is emitted in Milliseconds"),
        (_wrong_region, "widget 'Requests': App/Requests is not in eu-west-9, but in any-region"),
        (_wrong_region_of_one_metric, "App/terrain/Took is not in eu-west-9"),
        (
            _region_of_another_service,
            "AWS/Bedrock/InvocationLatency is not in any-region, but in us-west-2",
        ),
        (
            _unknown_alias,
            "no AWS::Lambda::Alias of the templates has the Resource app-terrain:life",
        ),
        (_stale_exception, "App/Gone by nothing: it is an exception, and nothing emits it"),
        (_needless_exception, "it is an exception, and a widget or an alarm reads it"),
    ],
)
def test_a_planted_mistake_is_found(app: App, plant: Plant, finding: str) -> None:
    plant(app)
    assert finding in app.said()


def test_an_alarm_on_what_is_not_defined_cannot_be_read(app: App) -> None:
    _undefined_id_in_an_alarm(app)
    with pytest.raises(ContractError, match="total, which is not defined"):
        app.findings()


def test_an_exception_with_a_reason_lets_a_metric_go_unread(app: App) -> None:
    _emitted_and_unread(app)
    app.exceptions = (
        "[{namespace: App, metric: Requests, dimensions: [Environment, Agent], reason: a test}]"
    )
    assert app.findings() == []


def test_an_exception_without_a_reason_is_none(app: App) -> None:
    app.exceptions = "[{namespace: App, metric: Requests, dimensions: [], reason: ' '}]"
    with pytest.raises(ContractError, match="has no reason"):
        app.findings()


def test_what_another_deployment_emitted_counts_but_for_its_name(app: App) -> None:
    app.lines = [emf(Environment="local")]
    assert app.findings() != []
    assert app.findings(free=("Environment",)) == []
    app.lines = [emf(Environment="local", Agent="layout")]
    assert app.findings(free=("Environment",)) != []


@pytest.mark.parametrize("environment", ["prod", "local"])
def test_a_name_that_is_no_deployments_is_found_all_the_same(app: App, environment: str) -> None:
    app.lines = [emf(Environment="local")]
    widget_metric(app, "App", "Requests", "Environment", environment)
    problem = f"no function is told the Environment {environment}"
    assert [one.problem for one in app.findings(free=("Environment",))] == [problem]


@pytest.mark.parametrize(
    "statistic", ["tm99", "TM(2%:98%)", "wm98", "WM(:90%)", "IQM", "PR(:300)", "TC(:0.5)", "p99.9"]
)
def test_a_statistic_of_where_times_lie_says_something(app: App, statistic: str) -> None:
    app.widget("How long")["stat"] = statistic
    assert app.findings() == []


@pytest.mark.parametrize("statistic", ["ts99", "TS(2%:98%)", "p101", "tm", "PR(1%:2%)"])
def test_other_statistics_of_times_do_not(app: App, statistic: str) -> None:
    app.widget("How long")["stat"] = statistic
    assert f"{statistic} of App/Latency says nothing" in app.said()


def test_a_line_that_breaks_the_format_emits_nothing() -> None:
    assert emitted_in([emf(Agent="")]) == frozenset()
    assert emitted_in([emf(Latency="fast", Requests=None)]) == frozenset()


@given(st.text())
def test_any_line_can_be_read(line: str) -> None:
    emitted_in([line])


def test_no_templates_are_no_contract(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"no \*.template.json"):
        read_contract(tmp_path)


@pytest.mark.parametrize("content", ["AWS/X: {metrics: {}}", "- 1", "AWS/X: [", ""])
def test_a_bad_catalogue_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "catalogue.yaml").write_text(content)
    with pytest.raises(ContractError, match=r"catalogue\.yaml"):
        load_catalogue(tmp_path / "catalogue.yaml")


@pytest.mark.parametrize("content", ["- 1", "{a: 1}", "[{metric: x}]", "["])
def test_bad_exceptions_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "exceptions.yaml").write_text(content)
    with pytest.raises(ContractError, match=r"exceptions\.yaml"):
        load_exceptions(tmp_path / "exceptions.yaml")
