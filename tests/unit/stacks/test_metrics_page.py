"""The page on metrics is current, and its count is the truth."""

import re

from stacks.metrics_page import PAGE, custom_metrics, render
from stacks.parts.reported import Reported
from tests.deployed_agents import AGENTS
from tradewind.telemetry.metric_names import Kept, MetricName


def test_the_page_is_what_the_names_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"


def test_the_page_names_no_agent() -> None:
    words = set(re.findall(r"\w+", render().replace("platform.report", "")))
    assert words & set(AGENTS) == set()


def test_every_metric_has_its_row() -> None:
    rows = {line.split("|")[1].strip(" `") for line in render().splitlines() if "| `" in line}
    assert rows >= {*MetricName, *Reported}


def test_the_count_grows_with_agents_not_with_requests() -> None:
    each = custom_metrics(1) - custom_metrics(0)
    assert custom_metrics(4) == custom_metrics(0) + 4 * each
    # Few, at CloudWatch's price of 0.30 dollars a month for each: what every hour has.
    always = {Kept.ALWAYS}
    assert custom_metrics(0, kept=always) <= 6
    assert custom_metrics(1, kept=always) - custom_metrics(0, kept=always) <= 2
    assert custom_metrics(1, runtimes=1, kept=always) - custom_metrics(1, kept=always) <= 2
    # And what an hour has in which everything happens, and one with all the detail.
    assert (custom_metrics(0), each) <= (16, 6)
    assert custom_metrics(1, detailed=True) <= 75
