"""What watching costs: counted in the templates, and said in the docs and at synth."""

import json
from pathlib import Path
from typing import Any

import pytest

import app as cdk_app
from stacks.parts.reported import Reported
from stacks.settings.environment import Settings
from stacks.settings.file import load_settings
from stacks.settings.watching import WatchingSettings
from stacks.watching_cost import Parts, said_of_cost, watched, watching_prices
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly


def row(environment: str, counts: Parts) -> str:
    """An environment's row of the table in docs/watching.md."""
    prices = watching_prices()
    usd = counts.times(prices.usd)
    alone = counts.beyond(prices.free).times(prices.usd).total
    cells = [
        f"{count:.0f}, {getattr(usd, part):.2f}" for part, count in counts.model_dump().items()
    ]
    return f"| {' | '.join([f'`{environment}`', *cells, f'{usd.total:.2f}', f'{alone:.2f}'])} |"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_docs_say_what_the_templates_cost(
    environment: str, request: pytest.FixtureRequest, root: Path
) -> None:
    assembly: Assembly = request.getfixturevalue(environment)
    counts = watched(assembly.folder, assembly.settings, AGENTS)
    assert row(environment, counts) in (root / "docs/watching.md").read_text().splitlines()
    # What is left in an account that has nothing else.
    prices = watching_prices()
    assert counts.beyond(prices.free).times(prices.usd).total < 25


def test_a_synth_says_what_it_costs_who_is_told_and_whether_mails_link(dev: Assembly) -> None:
    cost, nobody, no_links = cdk_app._to_say(dev.folder, dev.settings, AGENTS)
    counts = watched(dev.folder, dev.settings, AGENTS)
    assert cost == said_of_cost("dev", counts)
    assert f"alarms on {counts.alarm_metrics:.0f} metrics" in cost
    assert nobody == dev.settings.nobody_paged
    assert no_links == (
        "Mails of dev's alarms name their runbooks by the repository's files, and link to none: "
        "give runbook_url in config/dev.yaml"
    )
    told = dev.settings.model_copy(update={"alarm_email": "crew@example.org"})
    assert cdk_app._to_say(dev.folder, told, AGENTS) == [cost, no_links]
    linked = told.model_copy(update={"runbook_url": "https://git.example.org/tradewind/main"})
    assert cdk_app._to_say(dev.folder, linked, AGENTS) == [cost]


def test_on_this_machine_a_synth_says_nothing_of_it(dev: Assembly, root: Path) -> None:
    local = load_settings("local", root / "config", AGENTS)
    assert local.runbook_url is None
    assert cdk_app._to_say(dev.folder, local, AGENTS) == []


def test_details_cost_more(dev: Assembly, dev_settings: Settings) -> None:
    detailed = dev_settings.model_copy(update={"watching": WatchingSettings(detailed_metrics=True)})
    usual = watched(dev.folder, dev_settings, AGENTS)
    assert watched(dev.folder, detailed, AGENTS).metrics > 3 * usual.metrics


def test_each_part_is_counted(tmp_path: Path, dev_settings: Settings) -> None:
    none = watched(tmp_path, dev_settings, AGENTS)

    def filtered(name: Reported) -> dict[str, Any]:
        made = {"MetricNamespace": "N", "MetricName": name}
        return {"Type": "AWS::Logs::MetricFilter", "Properties": {"MetricTransformations": [made]}}

    def alarm(**properties: Any) -> dict[str, Any]:
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}

    resources = {
        "One": alarm(MetricName="Errors"),
        "Two": alarm(Metrics=[{"MetricStat": {}}, {"MetricStat": {}}, {"Expression": "a / b"}]),
        "Composite": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {}},
        "Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {}},
        "Taken": filtered(Reported.DURATION),
        "AndOnceMore": filtered(Reported.DURATION),
        "Rare": filtered(Reported.KILLS),
        "RareWithAValue": filtered(Reported.MEMORY_USED),
    }
    (tmp_path / "One.template.json").write_text(json.dumps({"Resources": resources}))
    found = watched(tmp_path, dev_settings, AGENTS)
    assert found == Parts(
        metrics=none.metrics + 1, alarm_metrics=3, composite_alarms=1, dashboards=1
    )


def test_what_is_free_is_free_once() -> None:
    few = Parts(metrics=4, alarm_metrics=12, composite_alarms=1, dashboards=3)
    prices = watching_prices()
    assert few.beyond(prices.free).times(prices.usd).total == pytest.approx(2 * 0.10 + 0.50)
