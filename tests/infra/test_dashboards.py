"""What dashboards show, how, and where it leads."""

import json
from colorsys import rgb_to_hsv
from datetime import date
from typing import Any

import pytest

from stacks.dashboards.agent import AGENT
from stacks.parts.metrics import Metrics
from stacks.parts.reported import Reported
from stacks.parts.widgets import Colour
from stacks.settings.environment import Settings
from tests.deployed_agents import AGENTS, FIRST
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tests.infra.observed import PER_AGENT, alarms, by_subject, dashboards
from tradewind.contracts.names import API, MCP
from tradewind.telemetry.metric_names import MetricName

each_agent = pytest.mark.parametrize("agent", list(AGENTS))


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
