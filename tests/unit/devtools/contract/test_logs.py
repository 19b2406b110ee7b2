"""A query or a metric filter that finds nothing in the logs is found, and named."""

import json
from typing import Any

import pytest

from devtools.contract import logged_in
from devtools.localcloud.extension.results import error_type_of
from tests.unit.devtools.contract.conftest import ACCESS, TERRAIN, App, emf


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("fields took", "no line of a log has the field took"),
        # Lists are flattened: ids.0 is a field, and ids is none.
        ("fields ids", "no line of a log has the field ids"),
        ("sort durations desc", "no line of a log has the field durations"),
        ("stats count(*) by agent", "no line of a log has the field agent"),
        ('filter message = "Dome"', "no line of a log has a message like 'Dome'"),
        ('filter message in ["Done", "Dome"]', "no line of a log has a message like 'Dome'"),
        ("filter message like /^Do..e/", "no line of a log has a message like '^Do..e'"),
        ('filter message like "(one"', "no line of a log has a message like '\\\\(one'"),
        ('filter type = "platform.end"', "no line of a log has a type like 'platform.end'"),
        (
            "stats count(*) as n by message | sort Latency",
            "its query cannot be read: After stats there is no Latency",
        ),
        ("filter (message", "its query cannot be read: ')' is expected"),
        ("filter message = 'Done' |> limit 2", "its query cannot be read"),
        ("stats mean(Latency)", "its query cannot be read: There is no statistic mean()"),
        ('filter message != "Dome"', "no line of a log has a message like 'Dome'"),
        (
            'filter record.status = "timed out"',
            "no line of a log has a record.status like 'timed out'",
        ),
        (
            'filter record.errorType in ["Runtime.OutOfMem"]',
            "no line of a log has a record.errorType like 'Runtime.OutOfMem'",
        ),
        (" ", "its query is empty"),
        ("filters message", "its query cannot be read: There is no command 'filters'"),
    ],
)
def test_a_saved_query_that_finds_nothing(app: App, query: str, problem: str) -> None:
    app.saved["QueryString"] = query
    assert f"saved query slow: {problem}" in app.said()


@pytest.mark.parametrize(
    "query",
    [
        "fields @timestamp, record.metrics.restoreDurationMs | limit 5",
        "parse @message '* took * ms' as what, took | filter took > 5 | display what",
        "parse @message /(?<first>[a-z]+)/ | stats count(*) by first",
        'filter message =~ "Do" or message not in ["Done"] | dedup Agent',
        "fields Latency * 2 as double, `Agent` | stats max(double) as worst by Agent | sort worst",
        'filter Agent = "any other" and isempty(ids.0) | stats count(*) by bin(5m)',
        "fields coalesce(Latency, 0) as took # Dome\n| sort took asc",
    ],
)
def test_a_query_of_what_is_there(app: App, query: str) -> None:
    app.saved["QueryString"] = query
    assert app.findings() == []


def test_a_log_group_that_no_template_has(app: App) -> None:
    app.saved["LogGroupNames"].append("/aws/lambda/app-layout")
    assert app.said() == "saved query slow: no template has the log group /aws/lambda/app-layout"


def test_more_log_groups_than_one_query_searches(app: App) -> None:
    app.saved["LogGroupNames"] *= 51
    assert app.said() == "saved query slow: it searches 51 log groups, more than 50"


@pytest.mark.parametrize(
    ("view", "query", "problem"),
    [
        ("pie", "fields Latency", "A chart needs stats."),
        ("bar", "sort Latency desc", "A chart needs stats."),
        ("timeSeries", "stats max(Latency) by Agent", "A line over time needs stats ... by bin("),
        ("timeSeries", "stats max(Latency) by bin(5m), Agent", "A line over time needs stats"),
    ],
)
def test_a_chart_of_what_is_none(app: App, view: str, query: str, problem: str) -> None:
    app.widget("Slowest").update(view=view, query=f"SOURCE '{TERRAIN}' | {query}")
    assert f"widget 'Slowest': its query cannot be read: {problem}" in app.said()


@pytest.mark.parametrize(
    ("view", "query"),
    [("bar", "stats max(Latency) by Agent"), ("timeSeries", "stats max(Latency) by bin(5m)")],
)
def test_a_chart_of_statistics(app: App, view: str, query: str) -> None:
    app.widget("Slowest").update(view=view, query=f"SOURCE '{TERRAIN}' | {query}")
    assert app.findings() == []


def test_a_widget_that_searches_no_log_group(app: App) -> None:
    app.widget("Slowest")["query"] = "fields @message"
    assert "no log group" in app.said()


def test_a_widget_that_searches_in_another_region(app: App) -> None:
    app.widget("Slowest")["region"] = "eu-west-9"
    assert "widget 'Slowest': It searches in eu-west-9" in app.said()


def test_an_access_log_has_the_fields_that_its_stage_says(app: App) -> None:
    app.widget("Refused")["query"] = f"SOURCE '{ACCESS}' | stats count(*) by Latency"
    assert "widget 'Refused': no line of a log has the field Latency" in app.said()


def test_without_the_logs_nothing_is_said_of_what_is_in_them(app: App) -> None:
    app.saved["QueryString"] = "fields took"
    app.filter["FilterPattern"] = '{ $.type = "start" && $.record.metrics.durationMs = * }'
    assert len(app.findings()) == 2
    assert app.findings(logged=False) == []


def transformed(app: App, **changes: str) -> None:
    transformation: dict[str, Any] = app.filter["MetricTransformations"][0]
    transformation.update(changes)


def test_a_filter_that_no_line_matches(app: App) -> None:
    app.filter["FilterPattern"] = '{ $.type = "platform.repot" && $.record.metrics.durationMs = * }'
    assert "metric filter took: no line of a log matches" in app.said()


def test_a_filter_of_a_field_that_its_lines_lack(app: App) -> None:
    app.filter["FilterPattern"] = '{ $.type = "platform.report" && $.record.durationMs NOT EXISTS }'
    transformed(app, MetricValue="$.record.durationMs")
    assert "no line that it matches has a number at $.record.durationMs" in app.said()


def test_a_filter_of_a_field_that_is_not_in_its_pattern(app: App) -> None:
    app.filter["FilterPattern"] = '{ $.type = "platform.report" }'
    assert "its value $.record.metrics.durationMs is not in its pattern" in app.said()


def test_a_filter_whose_pattern_is_refused(app: App) -> None:
    app.filter["FilterPattern"] = "{ $.type == platform }"
    assert "metric filter took: CloudWatch Logs would refuse it" in app.said()


def test_a_filter_in_another_unit_than_its_field(app: App) -> None:
    transformed(app, Unit="Seconds")
    found = app.said()
    assert "it publishes $.record.metrics.durationMs in Seconds, not in Milliseconds" in found
    assert "its axis says ms, and Took is emitted in Seconds" in found


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ('$.record.status = "timedout"', '{ $.record.status = "timedout" }'),
        ('$.record.status != "succes"', '{ $.record.status = "succes" }'),
        ("$.record.metrics.memorySizeMB = 513", "{ $.record.metrics.memorySizeMB = 513 }"),
        ('$.record.errorType = "Runtime.*" && $.type = report', "{ $.type = report }"),
    ],
)
def test_a_filter_of_which_a_part_matches_no_line(app: App, part: str, found: str) -> None:
    """What is asked for beside it hides that."""
    app.filter["FilterPattern"] = (
        f'{{ $.record.metrics.durationMs = * && ($.type = "platform.report" || {part}) }}'
    )
    expected = f"metric filter took: no line of a log matches {found!r}, a part of its pattern"
    assert app.said() == expected


def test_a_filter_in_no_unit(app: App) -> None:
    transformed(app, MetricValue="1", Unit="Requests")
    assert "metric filter took: CloudWatch has no unit Requests" in app.said()


def test_a_filter_with_dimensions_and_a_default(app: App) -> None:
    app.filter["MetricTransformations"][0]["DefaultValue"] = 0
    app.filter["MetricTransformations"][0]["Dimensions"] = [
        {"Key": "Status", "Value": "$.record.status"}
    ]
    assert "CloudWatch Logs would refuse it: with dimensions it has no default" in app.said()


def test_a_statistic_that_a_filters_default_moves(app: App) -> None:
    app.filter["MetricTransformations"][0]["DefaultValue"] = 0
    problem = "p99 of Took counts the default 0 of every minute without a line"
    assert f"widget 'How long': {problem}" in app.said()
    app.widget("How long")["metrics"][1].append({"stat": "Maximum"})
    assert app.findings() == []


def test_a_filter_of_a_log_group_that_no_template_has(app: App) -> None:
    app.filter["LogGroupName"] = "/aws/lambda/app-layout"
    assert app.said() == "metric filter took: no template has the log group /aws/lambda/app-layout"


def test_a_filter_that_nobody_reads(app: App) -> None:
    del app.widget("How long")["metrics"][1]
    assert "App/terrain/Took by nothing: it is emitted, and no widget" in app.said()


def test_a_filter_into_another_namespace_than_is_read(app: App) -> None:
    transformed(app, MetricNamespace="App/layout")
    assert "nothing emits into the namespace App/terrain" in app.said()


def test_a_filters_dimension_has_the_values_of_its_field(app: App) -> None:
    app.filter["FilterPattern"] = "{ $.Latency = * && $.Agent = * }"
    dimensions = [{"Key": "Agent", "Value": "$.Agent"}]
    app.filter["MetricTransformations"][0].update(Dimensions=dimensions, MetricValue="$.Latency")
    app.widget("How long")["metrics"][1] = ["App/terrain", "Took", "Agent", "terrain"]
    app.lines.append(emf(Agent="terrain"))
    assert app.findings() == []
    app.widget("How long")["metrics"][1][3] = "terain"
    assert "nothing emits App/terrain/Took with Agent=terain" in app.said()


def test_lambdas_lines_end_in_the_ways_that_the_embedded_aws_has() -> None:
    records = [json.loads(line)["record"] for line in logged_in([]).lines]
    ended = [record for record in records if "status" in record]
    assert {record["status"] for record in ended} == {"success", "error", "timeout"}
    for record in ended:
        kind = record.get("errorType")
        assert (kind is not None) == (record["status"] == "error")
        if kind is not None:
            failed = {"error": True, "body": {"errorType": kind}}
            assert error_type_of(failed, None) == kind
