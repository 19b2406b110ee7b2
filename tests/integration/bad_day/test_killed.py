"""kill -9 at every write of every agent: the project stays whole, and a repeat succeeds."""

from pathlib import Path

import pytest

from tests.deployed_agents import AGENTS
from tests.frameworks import FRAMEWORKS
from tests.integration.bad_day.deaths import PROJECT, Deaths, Whole
from tests.integration.bad_day.examples import example
from tests.integration.bad_day.mortal_agents import StartMortal, deaths, planned, start_mortal

__all__ = ["deaths", "planned", "start_mortal"]


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agent_that_is_killed_at_any_write_does_no_harm(
    start_mortal: StartMortal, deaths: Deaths, planned: Path, tmp_path: Path, agent: str
) -> None:
    home = tmp_path / agent
    # Some compute for seconds: each state is left once. The sketches below die on both sides of
    # each write, and so show that the sides are alike.
    count = deaths.try_all(start_mortal(agent), example(agent), planned, home, Whole.states)
    print(f"{agent}: killed {count} times")
    assert count >= 1 + 2  # before all, and at least after the record's start and its end


@pytest.mark.parametrize("there_before", [True, False])
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_agent_of_either_framework_that_is_killed_at_any_write_does_no_harm(
    start_mortal: StartMortal, deaths: Deaths, tmp_path: Path, framework: str, there_before: bool
) -> None:
    agent, base = start_mortal(framework), tmp_path / "base"
    base.mkdir()
    event = {"query": "Survey the site.", "project_id": PROJECT}
    if there_before:
        Whole.of(agent.serve({**event, "request_id": f"{framework}-earlier"}, base))
    home = tmp_path / f"{framework}-{there_before}"
    assert deaths.try_all(agent, event, base, home) == 2 * 6
