"""The page on metrics is current, and its count is the truth."""

import re

from stacks.metrics_page import PAGE, custom_metrics, render
from tests.deployed_agents import AGENTS
from tradewind.telemetry.metric_names import BY_AGENT, METRICS, OF_RUNTIMES, MetricName


def test_the_page_is_what_the_names_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"


def test_the_page_names_no_agent() -> None:
    words = set(re.findall(r"\w+", render()))
    assert words & set(AGENTS) == set()


def test_every_metric_has_its_row() -> None:
    rows = {line.split("|")[1].strip(" `") for line in render().splitlines() if "| `" in line}
    assert rows >= set(MetricName)


def test_the_count_grows_with_agents_not_with_requests() -> None:
    by_agent = sum(
        BY_AGENT in spec.dimension_sets for name, spec in METRICS.items() if name not in OF_RUNTIMES
    )
    each = custom_metrics(agents=1) - custom_metrics(agents=0)
    assert each > by_agent
    assert custom_metrics(agents=4) == custom_metrics(agents=0) + 4 * each
    # Low: at CloudWatch's price of 0.30 dollars a month for each, under 12 dollars an agent.
    assert each <= 40
    # Under 4 dollars more for one that is a runtime on AgentCore.
    assert {METRICS[name].dimension_sets for name in OF_RUNTIMES} == {(BY_AGENT,)}
    assert len(OF_RUNTIMES) <= 13
    # And under 11 dollars for what the API, MCP, conversations, questions and deployments share.
    assert custom_metrics(agents=0) <= 35
