"""An alarm that tells nobody is found, and so is a widget that shows another than there is."""

from typing import Any

import pytest

from tests.unit.devtools.contract.conftest import REGION_TEXT, App, Plant, emf, widget

BOTH = 'ALARM("slow") AND ALARM("failing")'


def rule(app: App, text: str) -> None:
    app.composite["AlarmRule"] = text


def above(app: App, rule: str, **properties: Any) -> None:
    """One more composite alarm."""
    app.resources["Above"] = {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            "AlarmName": "above",
            "AlarmRule": rule,
            "AlarmActions": [{"Ref": "Topic"}],
            **properties,
        },
    }


def _circle(app: App) -> None:
    rule(app, 'ALARM("failing") OR ALARM("above")')
    above(app, 'ALARM("unwell")')


UNTOLD: list[tuple[str, Plant, str]] = [
    ("no action", lambda app: app.alarm.pop("AlarmActions"), "slow: It tells nobody"),
    ("actions are off", lambda app: app.alarm.update(ActionsEnabled=False), "slow: It tells no"),
    ("off, as a text", lambda app: app.alarm.update(ActionsEnabled="false"), "slow: It tells no"),
    (
        "told only of its end",
        lambda app: app.alarm.update(OKActions=app.alarm.pop("AlarmActions")),
        "slow: It tells nobody",
    ),
    (
        "told only of missing data",
        lambda app: app.alarm.update(InsufficientDataActions=app.alarm.pop("AlarmActions")),
        "slow: It tells nobody",
    ),
    (
        "it stops a machine",
        lambda app: app.alarm.update(AlarmActions=["arn:aws:automate:us-east-1:ec2:stop"]),
        "slow: It tells nobody",
    ),
    (
        "another topic's ARN",
        lambda app: app.alarm.update(AlarmActions=["arn:aws:sns:any-region:000000000000:Pagse"]),
        "slow: Its action arn:aws:sns:any-region:000000000000:Pagse is no topic",
    ),
    (
        "another stack's topic",
        lambda app: app.alarm.update(AlarmActions=[{"Fn::ImportValue": "dev-Topic"}]),
        "slow: Its action ${ImportValue dev-Topic} is no topic",
    ),
    (
        "a topic's name",
        lambda app: app.alarm.update(AlarmActions=[{"Fn::GetAtt": ["Topic", "TopicName"]}]),
        "slow: Its action ${Topic.TopicName} is no topic",
    ),
    (
        "no topic is told of its end",
        lambda app: app.composite.update(OKActions=["arn:aws:sns:x:1:gone"]),
        "unwell: Its action arn:aws:sns:x:1:gone is no topic",
    ),
    (
        "six actions",
        lambda app: app.alarm.update(AlarmActions=[{"Ref": "Topic"}] * 6),
        "slow: It has 6 AlarmActions, more than 5",
    ),
    ("left out", lambda app: rule(app, 'ALARM("slow")'), "failing: It tells nobody"),
    ("asked for OK", lambda app: rule(app, 'OK("failing")'), "failing: It tells nobody"),
    ("asked for not", lambda app: rule(app, 'NOT ALARM("failing")'), "failing: It tells nobody"),
    (
        "asked for silence",
        lambda app: rule(app, 'INSUFFICIENT_DATA("failing")'),
        "failing: It tells nobody",
    ),
    ("together only", lambda app: rule(app, BOTH), "failing: It tells nobody"),
    (
        "two of two",
        lambda app: rule(app, "AT_LEAST(2, ALARM, (slow, failing))"),
        "failing: It tells nobody",
    ),
    ("never", lambda app: rule(app, 'ALARM("failing") AND FALSE'), "failing: It tells nobody"),
    (
        "always",
        lambda app: rule(app, 'ALARM("failing") OR OK("slow")'),
        "unwell: Its rule holds though every alarm in it is OK",
    ),
    (
        "kept from telling by what it tells of",
        lambda app: app.composite.update(ActionsSuppressor="failing"),
        "failing: It tells nobody",
    ),
    (
        "kept from telling by none",
        lambda app: app.composite.update(ActionsSuppressor="deploying"),
        "unwell: No alarm of the templates is its suppressor deploying",
    ),
    ("in a circle", _circle, "Its rule goes in a circle: "),
]


@pytest.mark.parametrize(
    ("plant", "finding"), [row[1:] for row in UNTOLD], ids=[row[0] for row in UNTOLD]
)
def test_an_alarm_that_nobody_is_told_of(app: App, plant: Plant, finding: str) -> None:
    plant(app)
    assert f"alarm {finding}" in app.said() or finding in app.said()


@pytest.mark.parametrize(
    "text",
    [
        'ALARM("failing") AND NOT ALARM("slow")',
        "AT_LEAST(1, ALARM, (slow, failing))",
        'ALARM("failing") OR (ALARM("slow") AND OK("failing"))',
    ],
)
def test_an_alarm_that_alone_sets_off_its_composite_is_told_of(app: App, text: str) -> None:
    rule(app, text)
    assert app.findings() == []


def test_an_alarm_that_only_keeps_others_from_telling_need_not_tell(app: App) -> None:
    del app.alarm["AlarmActions"]
    app.composite.update(ActionsSuppressor="slow")
    assert app.findings() == []


@pytest.mark.parametrize(
    "action",
    [{"Fn::GetAtt": ["Topic", "TopicArn"]}, "arn:aws:sns:any-region:000000000000:pages", "pages"],
)
def test_a_topic_by_its_name_or_arn(app: App, action: Any) -> None:
    app.resources["Pages"] = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "pages"}}
    app.alarm["AlarmActions"] = [{"Ref": "Pages"} if action == "pages" else action]
    assert app.findings() == []


def test_a_composite_without_an_action_and_what_is_in_it(app: App) -> None:
    app.composite["AlarmActions"] = []
    assert [one.where for one in app.findings()] == ["alarm failing", "alarm unwell"]


def test_one_two_levels_above_tells_of_it(app: App) -> None:
    app.composite["AlarmActions"] = []
    above(app, 'ALARM("unwell")')
    assert app.findings() == []


def test_a_line_elsewhere_than_its_alarm(app: App) -> None:
    app.alarm["Threshold"] = 8
    assert "'How long': Its line 'alarm: slow' is at 7, and the alarm's at 8." in app.said()


def test_a_line_of_no_alarm(app: App) -> None:
    app.widget("How long")["annotations"]["horizontal"][0]["label"] = "alarm: low"
    assert "widget 'How long': Its line 'alarm: low' is no alarm's." in app.said()


def test_a_line_that_names_its_alarm_in_another_way(app: App) -> None:
    app.widget("How long")["annotations"]["horizontal"][0].update(label="Alarm slow", value=9)
    assert "Its line 'Alarm slow' names its alarm otherwise than 'alarm: name'." in app.said()


def test_a_line_of_an_alarm_on_something_else(app: App) -> None:
    app.widget("How long")["annotations"]["horizontal"][0]["label"] = "alarm: failing"
    assert "Its line 'alarm: failing' is of no alarm on a metric that it draws." in app.said()


def test_a_line_that_shades_where_all_is_well(app: App) -> None:
    line = app.widget("How long")["annotations"]["horizontal"][0]
    line["fill"] = "above"
    assert app.findings() == []
    line["fill"] = "below"
    assert "Its line 'alarm: slow' shades what is below it, where all is well." in app.said()


def test_a_line_may_be_of_an_alarm_on_the_sum_of_what_is_drawn(app: App) -> None:
    app.alarm["Dimensions"] = [{"Name": "Environment", "Value": "dev"}]
    app.lines.append(emf().replace('["Environment", "Agent"]', '["Environment"]'))
    app.exceptions = "[{namespace: App, metric: Requests, dimensions: [Environment], reason: one}]"
    assert app.findings() == []


def test_a_line_names_an_alarm_by_the_end_of_its_name(app: App) -> None:
    app.alarm["AlarmName"] = "app-terrain-slow"
    app.widget("Alarms")["alarms"][0] = f"arn:aws:cloudwatch:{REGION_TEXT}:1:alarm:app-terrain-slow"
    assert app.findings() == []


def test_an_alarm_widget_of_no_alarm(app: App) -> None:
    app.widget("Alarms")["alarms"][0] += "er"
    assert "alarm:slower, which is no alarm of the templates" in app.said()


def test_an_alarm_widget_of_an_alarm_in_another_region(app: App) -> None:
    app.widget("Alarms")["alarms"][0] = "arn:aws:cloudwatch:eu-west-9:1:alarm:slow"
    assert "eu-west-9" in app.said()


def test_a_graph_of_no_alarm(app: App) -> None:
    graph = widget("metric", "Graph", annotations={"alarms": ["arn:aws:cloudwatch:x:2:alarm:y"]})
    app.body["widgets"].append(graph)
    assert "widget 'Graph': It names arn:aws:cloudwatch:x:2:alarm:y, which is no" in app.said()
