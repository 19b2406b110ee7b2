"""Alarms, dashboards and templates of one agent, of five and of twenty stay within AWS's limits."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest

from devtools.cloudwatch.math import evaluate
from devtools.cloudwatch.series import Grid, Series
from stacks.parts.metrics import Metrics
from stacks.parts.reported import Reported
from stacks.settings.environment import Settings
from stacks.settings.function import FunctionSettings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tests.infra.observed import alarms, by_subject
from tests.infra.watched import disagreements
from tradewind.contracts.agent_manifest import AgentManifest, AwsReach, FunctionNeeds
from tradewind.contracts.names import AGENT_NAME_LENGTH

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
METRICS_PER_WIDGET: Final = 500
METRICS_PER_DASHBOARD: Final = 2500
WIDGETS_PER_DASHBOARD: Final = 500
METRICS_PER_ALARM: Final = 10
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/ on alarm widgets,
# MetricDataQuery, PutCompositeAlarm and StartQuery.
ALARMS_PER_WIDGET: Final = 100
EXPRESSION_LENGTH: Final = 2048
ALARMS_PER_COMPOSITE: Final = 100
LOG_GROUPS_PER_QUERY: Final = 50
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
RESOURCES_PER_STACK: Final = 500
OUTPUTS_PER_STACK: Final = 200
TEMPLATE_BYTES: Final = 1_048_576

NAMES: Final = (
    "wind_farm",
    "cold_all_agent_1",
    "m1",
    "a" * AGENT_NAME_LENGTH,
    "alarms",
    *(f"agent_number_{number}" for number in range(15)),
)


#: What a manifest may ask for on top, with everything that is filled in and a wildcard.
REACH: Final = AwsReach(
    service="s3",
    operations=("HeadObject",),
    actions=("s3:GetObject",),
    resources=("arn:{partition}:s3:::maps-{region}-{account}/*", "arn:aws:s3:::map?"),
    reason="Maps are chosen at run time.",
)


def made_up(count: int) -> dict[str, AgentManifest]:
    """So many agents, the first with underscores in its name and silence watched."""
    return {
        name: AgentManifest(
            name=name,
            description=f"Stands for any agent, as the one called {name}.",
            framework="strands",
            function=FunctionNeeds(expect_traffic_within_h=24),
        )
        for name in NAMES[:count]
    }


@pytest.fixture(scope="module", params=[1, 5, 20])
def agents(request: pytest.FixtureRequest) -> dict[str, AgentManifest]:
    return made_up(request.param)


@pytest.fixture(scope="module")
def app(
    agents: dict[str, AgentManifest], synthesize: Synthesize, dev_settings: Settings
) -> Assembly:
    # As in dev, but for the manifests' own expectations of traffic.
    settings = dev_settings.model_copy(update={"functions": FunctionSettings()})
    return synthesize(settings, agents=agents)


@pytest.fixture(scope="module")
def boards(app: Assembly) -> dict[str, dict[str, Any]]:
    """The dashboards' bodies as they are shown, by what they are about."""
    return by_subject(app)


def rows(widget: Mapping[str, Any]) -> list[list[Any]]:
    found: list[list[Any]] = widget["properties"].get("metrics", [])
    return found


def test_every_agent_is_watched_and_drawn(
    app: Assembly, boards: dict[str, dict[str, Any]], agents: dict[str, AgentManifest]
) -> None:
    assert set(boards) == {"overview", "api", *agents}
    watched = ("api", *agents)
    assert set(alarms(app, "CompositeAlarm")) == {f"{one}-unwell" for one in watched}
    for agent in agents:
        assert f"{agent}-no-traffic" in alarms(app)
    assert disagreements(boards, alarms(app)) == []


def test_each_widget_by_agent_shows_every_agent(
    boards: dict[str, dict[str, Any]], agents: dict[str, AgentManifest]
) -> None:
    shown = []
    for widget in boards["overview"]["widgets"]:
        title = widget["properties"].get("title", "")
        if "by agent" in title and widget["type"] == "metric":
            drawn = [row for row in rows(widget) if row[-1].get("visible", True)]
            assert [row[-1]["label"] for row in drawn] == list(agents), title
            shown.append(title)
    assert len(shown) == 5


def test_lists_of_alarms_are_whole_and_no_longer_than_they_may_be(
    boards: dict[str, dict[str, Any]], agents: dict[str, AgentManifest], app: Assembly
) -> None:
    listed = []
    for widget in boards["overview"]["widgets"]:
        if widget["type"] == "alarm":
            arns = widget["properties"]["alarms"]
            assert len(arns) <= ALARMS_PER_WIDGET
            listed += arns
    assert len(set(listed)) == len(listed)
    assert len(listed) == len(alarms(app)) + len(agents) + 1  # unwell, and api-unwell


def test_no_dashboard_is_over_a_limit(boards: dict[str, dict[str, Any]]) -> None:
    for name, body in boards.items():
        counts = [sum(len(row) > 1 for row in rows(widget)) for widget in body["widgets"]]
        assert sum(counts) <= METRICS_PER_DASHBOARD, name
        assert len(body["widgets"]) <= WIDGETS_PER_DASHBOARD, name
        for widget in body["widgets"]:
            # CloudWatch counts expressions too.
            assert len(rows(widget)) <= METRICS_PER_WIDGET, (name, widget)


def test_metric_math_can_be_read(boards: dict[str, dict[str, Any]], app: Assembly) -> None:
    for widget in (widget for body in boards.values() for widget in body["widgets"]):
        options = [row[-1] for row in rows(widget)]
        ids = [one["id"] for one in options if "id" in one]
        assert len(set(ids)) == len(ids), widget
        assert all(re.fullmatch(r"[a-z][a-zA-Z0-9_]{0,254}", one) for one in ids), widget
        for one in options:
            assert len(one.get("expression", "")) <= EXPRESSION_LENGTH
    for name, alarm in alarms(app).items():
        assert sum("MetricStat" in one for one in alarm.get("Metrics", [])) <= METRICS_PER_ALARM
        assert len(name) <= 255 - len("tradewind-dev-")


def test_no_composite_or_query_is_over_a_limit(app: Assembly) -> None:
    for alarm in alarms(app, "CompositeAlarm").values():
        assert 0 < alarm["AlarmRule"].count("ALARM(") <= ALARMS_PER_COMPOSITE
    for query in app.all(app.observability, "AWS::Logs::QueryDefinition"):
        assert len(query["Properties"]["LogGroupNames"]) <= LOG_GROUPS_PER_QUERY


def test_no_template_is_over_a_limit(app: Assembly) -> None:
    for stack in ("State", "Agents", "Observability"):
        text = (app.folder / f"{stack}.template.json").read_text()
        template = json.loads(text)
        assert len(text.encode()) <= TEMPLATE_BYTES, stack
        assert len(template["Resources"]) <= RESOURCES_PER_STACK, stack
        assert len(template.get("Outputs", {})) <= OUTPUTS_PER_STACK, stack


def test_the_stacks_name_no_agent_that_there_is_not(app: Assembly) -> None:
    text = json.dumps(app.observability).replace("platform.report", "")
    assert set(re.findall(r"[a-z]+", text)) & set(AGENTS) == set()


@pytest.mark.parametrize("count", [1, 5, 20])
def test_a_sum_over_agents_counts_each_once_and_silence_as_nothing(count: int) -> None:
    names = NAMES[:count]
    metrics = Metrics("dev", names, "us.model", "us-east-1")
    grid = Grid(0, 600, 300)
    total = metrics.of_all("failed", lambda agent: agent.reported(Reported.FAILURES))
    prefixed = total.with_id_prefix("e1_")
    # In the second period no agent but the first had a request.
    values = {
        one: Series(grid, (1.0, 1.0 if number == 0 else None))
        for number, one in enumerate(prefixed.metrics)
    }
    assert evaluate(prefixed.expression, grid=grid, metrics=values) == Series(
        grid, (float(count), 1.0)
    )


def test_what_an_agent_reaches_is_granted_and_the_wildcard_accepted(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    [agent] = made_up(1).values()
    # Nothing is synthesized if the checks find what is not acknowledged.
    assembly = synthesize(
        dev_settings, agents={agent.name: agent.model_copy(update={"reach": (REACH,)})}
    )
    [role] = (
        one
        for logical_id, one in assembly.agents["Resources"].items()
        if one["Type"] == "AWS::IAM::Role" and not logical_id.startswith("Sweep")
    )
    [granted] = (
        policy["PolicyDocument"]["Statement"]
        for policy in role["Properties"]["Policies"]
        if policy["PolicyName"] == "Reach"
    )
    maps = ["arn:aws:s3:::maps-us-east-1-", {"Ref": "AWS::AccountId"}, "/*"]
    assert granted == [
        {
            "Action": "s3:GetObject",
            "Effect": "Allow",
            "Resource": ["arn:aws:s3:::map?", {"Fn::Join": ["", maps]}],
        }
    ]


def test_no_agents_name_is_taken_by_what_is_made_for_another(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    [agent] = made_up(1).values()
    twin = agent.model_copy(update={"name": f"{agent.name}_function_arn"})
    assembly = synthesize(dev_settings, agents={one.name: one for one in (agent, twin)})
    assert {"WindFarmFunctionArn", "WindFarmFunctionArnFunctionArn"} <= set(
        assembly.agents["Outputs"]
    )
