"""Dashboards draw what alarms watch, and where they go off."""

from typing import Any

from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.observed import alarms, by_subject
from tests.infra.watched import disagreements


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
