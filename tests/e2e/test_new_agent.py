"""The recipe for a new agent, followed with the commands that a person types, in a copy.

Two agents come, one on each framework, are deployed beside those there are, asked cold and warm,
drawn and watched; and go again.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import pytest

from tests.deployed_agents import AGENTS
from tests.e2e.copies import SHARED, copy_project

NEW: Final = {"grid_1": "strands", "tides": "pydantic-ai"}
#: What the example in the template comes to: 1200 for 20 years at 2.5 %.
FINAL_AMOUNT: Final = 1966.34


@dataclass(frozen=True)
class Checkout:
    """A copy of the repository with an embedded AWS of its own.

    Attributes:
        root: Where it is.
        variables: The environment of its commands.
    """

    root: Path
    variables: dict[str, str]

    def run(self, *command: str, status: int = 0) -> str:
        """Run a command in it and return what it printed."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def tradewind(self, *arguments: str, status: int = 0) -> Any:
        """Run the command in it, and return the JSON that it printed."""
        return json.loads(self.run("./tradewind", *arguments, "--json", status=status))

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        return self.run("git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """Copy what git knows of, as it is in the working tree, and commit it."""
    root = tmp_path / "tradewind"
    copy_project(root)
    copy = Checkout(
        root,
        {
            **os.environ,
            "TRADEWIND_HOME": str(tmp_path / "cloud"),
            # A developer's own settings, such as signed commits, are not for this one.
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        },
    )
    copy.git("init", "--quiet")
    # To git, a link to a folder is none.
    (root / ".git" / "info" / "exclude").write_text("".join(f"/{name}\n" for name in SHARED))
    copy.git("add", "--all")
    copy.git("commit", "--quiet", "--message=Before")
    try:
        yield copy
    finally:
        copy.run("./tradewind", "down")


def deployed(environment: dict[str, str], agent: str) -> dict[str, int]:
    """How many of each kind of thing there are of an agent's."""

    def client(service: str) -> Any:
        made: Any = boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            verify=environment["AWS_CA_BUNDLE"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
        return made

    def listed(service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        pages = client(service).get_paginator(operation).paginate(**arguments)
        return [one for page in pages for one in page.get(key, [])]

    name = f"tradewind-local-{agent}"
    alarms = {"AlarmNamePrefix": f"{name}-", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    groups = listed("logs", "describe_log_groups", "logGroups")
    board = client("cloudwatch").get_dashboard(DashboardName="tradewind-local-agent")
    return {
        "functions": sum(
            function["FunctionName"] == name
            for function in listed("lambda", "list_functions", "Functions")
        ),
        "roles": sum(
            role.get("Description") == f"What the {agent} agent may do."
            for role in listed("iam", "list_roles", "Roles")
        ),
        "queues": len(listed("sqs", "list_queues", "QueueUrls", QueueNamePrefix=f"{name}-")),
        "log groups": sum(group["logGroupName"] == f"/aws/lambda/{name}" for group in groups),
        "alarms": len(listed("cloudwatch", "describe_alarms", "MetricAlarms", **alarms)),
        "composites": len(listed("cloudwatch", "describe_alarms", "CompositeAlarms", **alarms)),
        "choices of the agents' dashboard": sum(
            choice["value"] == agent
            for variable in json.loads(board["DashboardBody"])["variables"]
            for choice in variable["values"]
        ),
    }


def unheard_of(findings: list[dict[str, str]], agents: Iterable[str]) -> set[str]:
    """The agents of which the contract's check says that they were never called."""
    silent = {one["where"] for one in findings if "it was never called" in one["problem"]}
    return {agent for agent in agents if f"agent {agent}" in silent}


def test_a_new_agent_is_a_folder_and_nothing_else(checkout: Checkout) -> None:
    for agent, framework in NEW.items():
        checkout.tradewind("agent", "new", agent, "--framework", framework)
    folders = {agent: f"lambda_src/agents/{agent}" for agent in NEW}
    checkout.run(".venv/bin/pytest", "-q", "-p", "no:cacheprovider", *folders.values())
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "--message=Add agents")
    changed = checkout.git("diff", "--name-only", "HEAD~1").split()
    assert {str(Path(name).parent) for name in changed} == set(folders.values())

    up = checkout.tradewind("up")
    for agent in NEW:
        asked = ["invoke", agent, "--request", f"{folders[agent]}/request.json"]
        cold, warm = checkout.tradewind(*asked), checkout.tradewind(*asked)
        assert [one["performance"]["coldStart"] for one in (cold, warm)] == [True, False]
        assert warm["performance"]["connectionReused"]
        for answer in (cold, warm):
            assert answer["facts"] == {"years": 20, "final_amount": FINAL_AMOUNT}
            (artifact,) = answer["artifacts"]
            assert artifact["key"].startswith(f"{agent}/{answer['project_id']}/")
            assert artifact["key"].endswith("/growth.json")
        there = deployed(up["environment"], agent)
        assert there.pop("alarms") > there["composites"]
        assert set(there.values()) == {1}, there

    drawn = checkout.tradewind("dashboard", *NEW, "--out", "out/drawn", "--range", "15m")
    assert [one["name"] for one in drawn] == [f"tradewind-local-agent-{agent}" for agent in NEW]
    for dashboard in drawn:
        states = {widget["title"]: widget["state"] for widget in dashboard["widgets"]}
        assert "broken" not in states.values()
        for title in ("Requests", "Latency", "Init time", "Model calls", "Tokens", "Tool calls"):
            assert states[title] == "drawn", states

    # Of agents that were not asked it says so, and of the API; of these it says nothing.
    unasked = checkout.tradewind("contract", "check", status=1)
    assert unheard_of(unasked["findings"], [*AGENTS, *NEW]) == set(AGENTS)

    for agent in NEW:
        checkout.tradewind("agent", "remove", agent, "--yes")
    again = checkout.tradewind("up")
    for agent in NEW:
        gone = deployed(again["environment"], agent)
        assert set(gone.values()) == {0}, gone
    for agent in AGENTS:
        assert 0 not in deployed(again["environment"], agent).values()
    # The folders are gone, and nothing else has changed or been left.
    checkout.git("add", "--all")
    assert checkout.git("diff", "--cached", "HEAD~1") == ""
