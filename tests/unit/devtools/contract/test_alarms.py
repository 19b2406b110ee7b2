"""An alarm that tells nobody is found, and so is a widget that shows another than there is."""

from tests.unit.devtools.contract.conftest import REGION_TEXT, App, emf, widget


def test_an_alarm_without_an_action(app: App) -> None:
    del app.alarm["AlarmActions"]
    assert app.said().startswith("alarm slow: It tells nobody")


def test_an_alarm_whose_actions_are_off(app: App) -> None:
    app.alarm["ActionsEnabled"] = False
    assert app.said().startswith("alarm slow: It tells nobody")


def test_an_alarm_left_out_of_its_composite(app: App) -> None:
    app.composite["AlarmRule"] = 'ALARM("slow")'
    assert app.said().startswith("alarm failing: It tells nobody")


def test_a_composite_without_an_action_and_what_is_in_it(app: App) -> None:
    app.composite["AlarmActions"] = []
    assert [one.where for one in app.findings()] == ["alarm failing", "alarm unwell"]


def test_one_two_levels_above_tells_of_it(app: App) -> None:
    app.composite["AlarmActions"] = []
    app.resources["Above"] = {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            "AlarmName": "above",
            "AlarmRule": 'ALARM("unwell")',
            "AlarmActions": [{"Ref": "Topic"}],
        },
    }
    assert app.findings() == []


def test_a_line_elsewhere_than_its_alarm(app: App) -> None:
    app.alarm["Threshold"] = 8
    assert "'How long': Its line 'alarm: slow' is at 7, and the alarm's at 8." in app.said()


def test_a_line_of_no_alarm(app: App) -> None:
    app.widget("How long")["annotations"]["horizontal"][0]["label"] = "alarm: low"
    assert "widget 'How long': Its line 'alarm: low' is no alarm's." in app.said()


def test_a_line_of_an_alarm_on_something_else(app: App) -> None:
    app.widget("How long")["annotations"]["horizontal"][0]["label"] = "alarm: failing"
    assert "Its line 'alarm: failing' is of no alarm on a metric that it draws." in app.said()


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
