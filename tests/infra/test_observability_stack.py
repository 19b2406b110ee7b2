"""What is watched, who is told, and where it is seen."""

import json
import re
from colorsys import rgb_to_hsv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stacks.dashboards.agent import AGENT
from stacks.parts.metrics import Metrics
from stacks.parts.reported import Reported
from stacks.parts.widgets import Colour
from stacks.settings.environment import Settings
from stacks.settings.file import load_settings
from tests.deployed_agents import AGENTS, FIRST, LAST
from tests.infra.assembly import Assembly, without_hash
from tests.infra.conftest import Synthesize
from tests.infra.watched import disagreements
from tradewind.contracts.names import API, MCP
from tradewind.telemetry.metric_names import MetricName

each_agent = pytest.mark.parametrize("agent", list(AGENTS))
#: Whose silence is a fault.
EXPECTED = [name for name, one in AGENTS.items() if one.function.expect_traffic_within_h]

#: By the name's end: what wakes somebody whatever stands, what does together, what can wait.
OUTAGES = {"outage", "turned-away"}
PAGES = {"errors", "errors-by-hour", "throttles"}
NOTICES = {"latency", "killed", "memory", "cold-starts", "init-time", "dead-letters"}
PER_AGENT = OUTAGES | PAGES | NOTICES
API_OUTAGES = {"api-outage", "mcp-outage"}
API_PAGES = {
    "api-failures-by-hour",
    *(f"{door}-{what}" for door in ("api", "mcp") for what in ("failures", "errors", "throttles")),
}
API_NOTICES = {"api-latency", "mcp-latency"}
PER_API = API_OUTAGES | API_PAGES | API_NOTICES
ENVIRONMENT_PAGES = {"cost"}
ENVIRONMENT_NOTICES = {
    "requests-not-started",
    "bedrock-errors",
    "bedrock-throttles",
    "deadline-stops",
    "retired-processes",
    "records-settled",
    "sweep-failures",
}
PER_ENVIRONMENT = ENVIRONMENT_PAGES | ENVIRONMENT_NOTICES
PAGES_TOPIC = ["<PagesTopic>"]
NOTICES_TOPIC = ["<NoticesTopic>"]


def alarms(assembly: Assembly, kind: str = "Alarm") -> dict[str, dict[str, Any]]:
    """Alarms by name, without the environment's prefix."""
    prefix = f"tradewind-{assembly.settings.environment}-"
    found = assembly.all(assembly.observability, f"AWS::CloudWatch::{kind}")
    return {
        alarm["Properties"]["AlarmName"].removeprefix(prefix): alarm["Properties"]
        for alarm in found
    }


def dashboards(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """Dashboards' bodies by name."""
    found = assembly.all(assembly.observability, "AWS::CloudWatch::Dashboard")
    return {
        board["Properties"]["DashboardName"]: json.loads(board["Properties"]["DashboardBody"])
        for board in found
    }


def test_every_agent_and_the_environment_are_watched(dev: Assembly) -> None:
    expected = {f"{agent}-{symptom}" for agent in AGENTS for symptom in PER_AGENT}
    assert set(alarms(dev)) == expected | PER_API | PER_ENVIRONMENT


def told(assembly: Assembly, kind: str = "Alarm") -> dict[str, tuple[Any, Any]]:
    """Whom each alarm tells that it went off, and whom that it is over."""
    return {
        name: (alarm.get("AlarmActions"), alarm.get("OKActions"))
        for name, alarm in alarms(assembly, kind).items()
    }


@pytest.mark.parametrize("whose", [*(f"{agent}-" for agent in AGENTS), ""])
def test_one_alarm_pages_for_all_that_page_and_no_lesser_one_hides_behind_it(
    dev: Assembly, whose: str
) -> None:
    outages, pages, notices = (
        (OUTAGES, PAGES, NOTICES) if whose else (API_OUTAGES, API_PAGES, API_NOTICES)
    )
    unwell = f"{whose or 'api-'}unwell"
    found = told(dev)
    assert told(dev, "CompositeAlarm")[unwell] == (PAGES_TOPIC, PAGES_TOPIC)
    rule = alarms(dev, "CompositeAlarm")[unwell]["AlarmRule"]
    asked = {f"{whose}{symptom}" for symptom in outages | pages}
    spelled = {
        name
        for name, alarm in alarms(dev).items()
        if f"alarm:{alarm['AlarmName']}" in rule or logical(dev, name) in rule
    }
    assert spelled == asked
    assert rule.count("ALARM(") == len(asked)
    for symptom in outages:
        # It is over when the one for all is.
        assert found[f"{whose}{symptom}"] == (PAGES_TOPIC, None)
    for symptom in pages:
        assert found[f"{whose}{symptom}"] == (None, None)
    for symptom in notices:
        assert found[f"{whose}{symptom}"] == (NOTICES_TOPIC, None)


def logical(assembly: Assembly, name: str) -> str:
    """An alarm as a rule refers to it."""
    [found] = [
        logical_id
        for logical_id, one in assembly.observability["Resources"].items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
        and one["Properties"]["AlarmName"].endswith(f"-{assembly.settings.environment}-{name}")
    ]
    return f"<{without_hash(found)}.Arn>"


def test_a_sum_of_all_is_in_the_composite_of_its_own_agent_alone(dev: Assembly) -> None:
    rules = [alarm["AlarmRule"] for alarm in alarms(dev, "CompositeAlarm").values()]
    parts = [part for rule in rules for part in rule.split(" OR ")]
    assert len(parts) == len(set(parts))


def test_the_api_is_slow_when_it_takes_longer_than_callers_wait(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    api = dev_settings.api.model_copy(update={"wait_s": 10})
    changed = synthesize(dev_settings.model_copy(update={"api": api}))
    for symptom in ("api-latency", "mcp-latency"):
        assert alarms(changed)[symptom]["Threshold"] == 13_000


def test_the_environments_alarms_tell_by_themselves(dev: Assembly) -> None:
    found = told(dev)
    for symptom in ENVIRONMENT_PAGES:
        assert found[symptom] == (PAGES_TOPIC, PAGES_TOPIC)
    for symptom in ENVIRONMENT_NOTICES:
        assert found[symptom] == (NOTICES_TOPIC, None)


def test_a_rate_is_an_expression_of_two_counts(dev: Assembly) -> None:
    errors = alarms(dev)[f"{FIRST}-errors"]
    by_id = {metric["Id"]: metric for metric in errors["Metrics"]}
    expression = next(metric for metric in errors["Metrics"] if metric.get("ReturnData"))

    assert expression["Expression"] == "IF(FILL(failed, 0) >= 3, 100 * failed / ended, 0)"
    assert by_id["failed"]["MetricStat"]["Metric"] == {
        "Namespace": f"Tradewind/dev/{FIRST}",
        "MetricName": "ReportedFailures",
    }
    assert errors["Threshold"] == dev.settings.alarms.error_percent


def test_silence_is_taken_for_what_it_is(prod: Assembly) -> None:
    treated = {name: alarm["TreatMissingData"] for name, alarm in alarms(prod).items()}
    assert {treated.pop(f"{agent}-no-traffic") for agent in EXPECTED} <= {"ignore"}
    assert set(treated.values()) == {"notBreaching"}


def test_silence_is_a_fault_only_where_the_settings_say_so(dev: Assembly, prod: Assembly) -> None:
    assert [name for name in alarms(dev) if "no-traffic" in name] == []
    watched = {name for name in alarms(prod) if "no-traffic" in name}
    assert watched == {f"{agent}-no-traffic" for agent in EXPECTED}
    for agent in EXPECTED:
        quiet = alarms(prod)[f"{agent}-no-traffic"]
        hours = prod.settings.function(AGENTS[agent]).expect_traffic_within_h
        assert quiet["DatapointsToAlarm"] == hours
        assert hours is not None
        assert hours < quiet["EvaluationPeriods"] <= 168
        [requests] = [one["MetricStat"] for one in quiet["Metrics"] if "MetricStat" in one]
        assert requests["Period"] == 3600


def test_thresholds_are_the_settings(synthesize: Synthesize, dev_settings: Settings) -> None:
    changed = synthesize(
        dev_settings.model_copy(
            update={
                "alarms": dev_settings.alarms.model_copy(
                    update={"p99_percent_of_timeout": 50, "init_time_ms": 1234}
                ),
                "runbook_url": "https://git.example.org/tradewind/main",
            }
        )
    )
    assert alarms(changed)[f"{LAST}-latency"]["Threshold"] == 450_000
    assert alarms(changed)[f"{LAST}-init-time"]["Threshold"] == 1234
    assert alarms(changed)["cost"]["AlarmDescription"].endswith(
        "Runbook: https://git.example.org/tradewind/main/docs/runbooks/cost.md"
    )


def by_subject(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """Dashboards' bodies by what they are about, an agent's name chosen; each call gives new ones.

    What a board is about that is chosen at its top: a body for each choice.
    """
    prefix = f"tradewind-{assembly.settings.environment}-"
    found = {}
    for name, body in dashboards(assembly).items():
        [variable] = body.pop("variables", [None])
        if variable is None:
            found[name.removeprefix(prefix)] = body
        else:
            text = json.dumps(body)
            for one in variable["values"]:
                chosen = text.replace(variable["pattern"], one["value"])
                found[one["label"]] = json.loads(chosen)
    return found


def test_dashboards_draw_what_alarms_watch(dev: Assembly, prod: Assembly) -> None:
    for assembly in (dev, prod):
        assert disagreements(by_subject(assembly), alarms(assembly)) == []


def thresholds(bodies: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Every threshold that is drawn, and the dashboard it is on."""
    return [
        (subject, line)
        for subject, body in bodies.items()
        for widget in body["widgets"]
        for line in widget["properties"].get("annotations", {}).get("horizontal", [])
    ]


def test_any_threshold_that_differs_from_its_alarms_is_found(prod: Assembly) -> None:
    """Plant the mistake in every threshold that is drawn, one at a time."""
    count = len(thresholds(by_subject(prod)))
    assert count
    for number in range(count):
        for mistake in ({"value": -1}, {"label": "alarm: no-such"}, {"fill": "none"}):
            bodies = by_subject(prod)
            subject, line = thresholds(bodies)[number]
            line |= mistake
            [found, *_] = disagreements(bodies, alarms(prod))
            assert found.startswith(f"{subject}, "), (line, found)


def test_an_alarm_that_no_widget_draws_is_found(prod: Assembly) -> None:
    """Leave the graph of each alarm away, one at a time."""
    missed = set()
    for name in alarms(prod):
        bodies = by_subject(prod)
        for body in bodies.values():
            body["widgets"] = [
                widget
                for widget in body["widgets"]
                if not any(arn.endswith(f"-prod-{name}") for arn in drawn_alarms(widget))
            ]
        found = disagreements(bodies, alarms(prod))
        if found:
            assert [one.partition(": no widget")[0] for one in found] == [name]
            missed.add(name)
    # The others are drawn once more, beside what they are compared with.
    assert {f"{agent}-latency" for agent in AGENTS} | {"cost", "api-latency"} <= missed


def drawn_alarms(widget: dict[str, Any]) -> list[str]:
    """The alarms that a graph is of."""
    if widget["type"] != "metric":
        return []
    arns: list[str] = widget["properties"].get("annotations", {}).get("alarms", [])
    return arns


def test_a_graph_of_an_alarm_that_there_is_not_is_found(prod: Assembly) -> None:
    bodies = by_subject(prod)
    [graph, *_] = [w for w in bodies["api"]["widgets"] if drawn_alarms(w)]
    graph["properties"]["annotations"]["alarms"] = ["arn:aws:::alarm:tradewind-prod-no-such"]
    assert any("there is no alarm no-such" in one for one in disagreements(bodies, alarms(prod)))


def addresses(assembly: Assembly) -> dict[str, str]:
    """Who is told by each topic."""
    return {
        mail["Properties"]["TopicArn"]: mail["Properties"]["Endpoint"]
        for mail in assembly.all(assembly.observability, "AWS::SNS::Subscription")
    }


def test_notices_go_where_pages_go_unless_the_settings_say_otherwise(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    awake, tomorrow = "awake@example.org", "tomorrow@example.org"
    one = dev_settings.model_copy(update={"alarm_email": awake})
    two = one.model_copy(update={"notice_email": tomorrow})
    assert addresses(synthesize(one)) == {"<PagesTopic>": awake, "<NoticesTopic>": awake}
    assert addresses(synthesize(two)) == {"<PagesTopic>": awake, "<NoticesTopic>": tomorrow}


def test_the_docs_name_the_alarms_that_a_first_deployment_tells_of(
    everything: Assembly, root: Path
) -> None:
    of_agents = {*AGENTS, *everything.settings.runtimes}
    tell = {
        "unwell" if name.removesuffix("-unwell") in of_agents else name
        for kind in ("Alarm", "CompositeAlarm")
        for name, (_, over) in told(everything, kind).items()
        if over is not None
    }
    page = (root / "docs/watching.md").read_text(encoding="utf-8")
    sentence = page.partition("first deployment tells once that")[2].partition(" is OK")[0]
    assert set(re.findall(r"`([^`]+)`", sentence)) == tell


def said_of_nobody(assembly: Assembly) -> str | None:
    """What the deployment's outputs say of who is told."""
    output = assembly.observability.get("Outputs", {}).get("AlarmsPageNobody", {})
    said: str | None = output.get("Value")
    return said


def test_without_an_address_the_outputs_say_who_is_not_told(
    dev: Assembly, synthesize: Synthesize, dev_settings: Settings
) -> None:
    assert dev.settings.alarm_email is None
    assert addresses(dev) == {}
    said = "Nobody is told of dev's alarms: give alarm_email in config/dev.yaml"
    assert said_of_nobody(dev) == dev.settings.nobody_paged == said
    tomorrow = dev_settings.model_copy(update={"notice_email": "tomorrow@example.org"})
    assert said_of_nobody(synthesize(tomorrow)) == (
        "notice_email is told of what can wait, and nobody is paged by dev's alarms: "
        "give alarm_email in config/dev.yaml"
    )
    somebody = synthesize(dev_settings.model_copy(update={"alarm_email": "crew@example.org"}))
    assert said_of_nobody(somebody) is somebody.settings.nobody_paged is None


def test_on_this_machine_nobody_need_be_told(root: Path) -> None:
    assert load_settings("local", root / "config", AGENTS).nobody_paged is None


@pytest.mark.parametrize("which", ["Pages", "Notices"])
def test_alarms_travel_encrypted_and_only_this_accounts(dev: Assembly, which: str) -> None:
    topic = dev.only(dev.observability, "AWS::SNS::Topic", which)["Properties"]
    policy = dev.only(dev.observability, "AWS::SNS::TopicPolicy", which)["Properties"]
    plain_http, publish = policy["PolicyDocument"]["Statement"]

    assert topic["KmsMasterKeyId"] == "<DataKey.Arn>"
    assert plain_http["Effect"] == "Deny"
    assert plain_http["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "ACCOUNT"},
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:ACCOUNT:alarm:tradewind-dev-*"},
    }


def test_every_alarm_has_its_runbook_and_every_runbook_its_alarm(
    everything: Assembly, root: Path
) -> None:
    named = {
        alarm["AlarmDescription"].rpartition("Runbook: ")[2]
        for kind in ("Alarm", "CompositeAlarm")
        for alarm in alarms(everything, kind).values()
    } | {
        alarm["Properties"]["AlarmDescription"].rpartition("Runbook: ")[2]
        for alarm in everything.all(everything.agents, "AWS::CloudWatch::Alarm")
    }
    written = {f"docs/runbooks/{page.name}" for page in (root / "docs/runbooks").glob("*.md")}
    # Whether there is an alarm on silence is the agents' own matter.
    assert named | (set() if EXPECTED else {"docs/runbooks/no-traffic.md"}) == written


def test_a_runbook_says_what_it_means_where_to_look_and_how_to_end_it(root: Path) -> None:
    for page in (root / "docs/runbooks").glob("*.md"):
        lines = page.read_text().splitlines()
        headings = [line for line in lines if line.startswith("#")]
        assert headings[1:] == ["## What it means", "## Look first at", "## Make it stop"], page
        looks = lines[lines.index("## Look first at") : lines.index("## Make it stop")]
        assert [line[:3] for line in looks if line[:1].isdigit()] == ["1. ", "2. ", "3. "], page


def test_there_are_boards_of_all_of_the_api_and_one_of_any_agent(dev: Assembly) -> None:
    # Each is paid by the month.
    subjects = ["overview", "api", "agent"]
    assert set(dashboards(dev)) == {f"tradewind-dev-{subject}" for subject in subjects}
    assert set(by_subject(dev)) == {"overview", "api", *AGENTS}


def test_an_agent_is_chosen_at_the_top_of_its_board(dev: Assembly) -> None:
    board = dashboards(dev)["tradewind-dev-agent"]
    assert board["variables"] == [
        {
            "type": "pattern",
            "pattern": AGENT,
            "inputType": "select",
            "id": "agent",
            "label": "Agent",
            "defaultValue": next(iter(AGENTS)),
            "visible": True,
            "values": [{"value": agent, "label": agent} for agent in AGENTS],
        }
    ]
    # Whatever names an agent names the chosen one.
    text = json.dumps(board["widgets"]).replace("platform.report", "")
    assert not [agent for agent in AGENTS if agent in text]
    for widget in board["widgets"]:
        if widget["type"] != "text":
            assert AGENT in json.dumps(widget["properties"]), widget


def test_widgets_fill_the_grid_and_do_not_overlap(dev: Assembly) -> None:
    for name, body in by_subject(dev).items():
        taken: set[tuple[int, int]] = set()
        for widget in body["widgets"]:
            cells = {
                (x, y)
                for x in range(widget["x"], widget["x"] + widget["width"])
                for y in range(widget["y"], widget["y"] + widget["height"])
            }
            assert not cells & taken, (name, widget["properties"].get("title"))
            taken |= cells
        # No white halves: each row is as wide as the grid.
        rows = {y for _, y in taken}
        tops = {widget["y"] for widget in body["widgets"]}
        for y in tops & rows:
            assert {x for x, row in taken if row == y} == set(range(24)), (name, y)


def titles(body: dict[str, Any]) -> list[str]:
    """The titles of a dashboard's widgets, from top to bottom."""
    return [w["properties"]["title"] for w in body["widgets"] if "title" in w["properties"]]


def test_every_title_is_its_dashboards_only_one(prod: Assembly) -> None:
    for name, body in by_subject(prod).items():
        assert len(set(titles(body))) == len(titles(body)), name


def test_the_overview_says_what_good_looks_like_and_shows_alarms_first(dev: Assembly) -> None:
    first, *widgets = by_subject(dev)["overview"]["widgets"]
    markdown = first["properties"]["markdown"]
    assert "Good looks like" in markdown
    for subject in ("agent", "api"):
        assert f"](#dashboards:name=tradewind-dev-{subject})" in markdown
    kinds = [widget["type"] for widget in widgets]
    assert kinds.count("alarm") >= 2
    assert kinds == sorted(kinds, key=lambda kind: kind != "alarm")
    # Failures, those turned away, latency, starts and cost are on the first screen; the rest below.
    figures = [w for w in widgets if w["properties"].get("view") == "singleValue"]
    assert all(widget["y"] + widget["height"] <= 15 for widget in figures)
    assert [w["properties"]["title"] for w in figures] == [
        "Requests ended",
        "Failed",
        "Killed",
        "Turned away",
        "Latency",
        "Cold",
        "Cost in range",
    ]


def test_the_overview_links_to_the_runbooks_where_they_are_read(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    url = "https://git.example.org/tradewind/main"
    assembly = synthesize(dev_settings.model_copy(update={"runbook_url": url}))
    for body in by_subject(assembly).values():
        assert f"]({url}/docs/runbooks/" in body["widgets"][0]["properties"]["markdown"]


def test_every_alarm_is_in_one_list_of_the_overview(prod: Assembly) -> None:
    listed = [
        arn.rpartition(":alarm:tradewind-prod-")[2]
        for widget in by_subject(prod)["overview"]["widgets"]
        if widget["type"] == "alarm"
        for arn in widget["properties"]["alarms"]
    ]
    every = {**alarms(prod), **alarms(prod, "CompositeAlarm")}
    on_versions = {
        alarm["Properties"]["AlarmName"].removeprefix("tradewind-prod-")
        for alarm in prod.all(prod.agents, "AWS::CloudWatch::Alarm")
    }
    assert sorted(listed) == sorted({*every, *on_versions})


@each_agent
def test_an_agents_board_has_its_log_its_alarms_and_its_deployments(
    dev: Assembly, agent: str
) -> None:
    widgets = by_subject(dev)[agent]["widgets"]
    queries = [w["properties"]["query"] for w in widgets if w["type"] == "log"]
    assert len(queries) >= 3
    for query in queries:
        assert query.startswith(f"SOURCE '/aws/lambda/tradewind-dev-{agent}'")
    assert sum(MetricName.FUNCTION_VERSION in json.dumps(widget) for widget in widgets) >= 3
    [states] = [w["properties"] for w in widgets if w["type"] == "alarm"]
    assert states["sortBy"] == "stateUpdatedTimestamp"
    shown = {arn.rpartition(":alarm:tradewind-dev-")[2] for arn in states["alarms"]}
    assert shown == {f"{agent}-{symptom}" for symptom in (PER_AGENT | {"unwell"})}


def test_a_colour_means_one_thing(dev: Assembly) -> None:
    """The percentiles of any two widgets look alike."""
    colours: dict[str, set[str]] = {}
    for body in by_subject(dev).values():
        for widget in body["widgets"]:
            for row in widget["properties"].get("metrics", []):
                options = row[-1] if isinstance(row[-1], dict) else {}
                if options.get("label") in {"p90", "p99", "version", "alarm"}:
                    colours.setdefault(options["label"], set()).add(options["color"])
    assert {label: len(used) for label, used in colours.items()} == {
        "p90": 1,
        "p99": 1,
        "version": 1,
    }


def test_restores_are_drawn_where_processes_start_from_snapshots(
    dev: Assembly, synthesize: Synthesize, dev_settings: Settings
) -> None:
    snapped = synthesize(dev_settings.model_copy(update={"snap_start": True}))
    assert not dev.settings.snap_start
    drawn = [
        Reported.RESTORES in json.dumps(by_subject(one)[FIRST]["widgets"]) for one in (dev, snapped)
    ]
    assert drawn == [False, True]


def luminance(colour: str) -> float:
    """How bright a colour is, from 0 to 1, as WCAG 2 reckons it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    darker, brighter = sorted((luminance(one), luminance(other)))
    return (brighter + 0.05) / (darker + 0.05)


def test_percentiles_are_told_apart_in_the_dark_and_in_the_light() -> None:
    hues = []
    for colour in (Colour.P50, Colour.P90, Colour.P99):
        # 3 is what WCAG 2.1 asks of graphics.
        assert contrast(colour, "#ffffff") >= 3, colour
        assert contrast(colour, "#0f1b2a") >= 3, colour
        rgb = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        hues.append(360 * rgb_to_hsv(*rgb)[0])
    assert hues[1] - hues[0] > 40
    assert hues[2] - hues[1] > 40


def test_prices_on_the_overview_have_a_date(synthesize: Synthesize, dev_settings: Settings) -> None:
    old = dev_settings.prices.model_copy(update={"as_of": date(2025, 1, 2)})
    assembly = synthesize(dev_settings.model_copy(update={"prices": old}))
    text = dashboards(assembly)["tradewind-dev-overview"]["widgets"][0]["properties"]["markdown"]
    assert "2025-01-02" in text


def test_saved_queries_search_every_agents_log_and_the_apis(dev: Assembly) -> None:
    saved = dev.all(dev.observability, "AWS::Logs::QueryDefinition")
    assert len(saved) >= 5
    for query in saved:
        assert query["Properties"]["LogGroupNames"] == [
            f"/aws/lambda/tradewind-dev-{name}" for name in (*AGENTS, API, MCP)
        ]


def test_a_metric_cannot_be_drawn_by_what_it_is_not_kept_by() -> None:
    metrics = Metrics("dev", ("terrain",), "us.model", "us-east-1")
    with pytest.raises(ValueError, match="ToolCalls is not kept by Environment, ModelId"):
        metrics.model(MetricName.TOOL_CALLS, "Sum")
