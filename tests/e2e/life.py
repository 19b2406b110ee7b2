"""A project and an account of its own to live a whole life in, with what people type."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import yaml

from cli import cdk
from cli.console import Step
from devtools.localcloud import LocalCloud
from devtools.localcloud.running import Running
from tests.e2e.conftest import LIMIT_S, eventually
from tests.e2e.copies import copy_with_own_bundles

#: The environment that lives.
ENVIRONMENT: Final = "life"
#: The agent that stays, and the one that comes and goes: the same with another name.
STAYS: Final = "assistant"
GOES: Final = "helper"
#: What a command ends with when it is interrupted.
INTERRUPTED: Final = 130
#: Whose key is in a secret.
CALLER: Final = "backend"


@dataclass(frozen=True)
class Life:
    """A copy of the project, and an embedded AWS that stands for somebody's account.

    Attributes:
        root: The project.
        running: The embedded AWS.
        variables: The environment of the commands.
    """

    root: Path
    running: Running
    variables: dict[str, str]

    def tradewind(self, *words: str, status: int = 0) -> str:
        """Run the command, and return all that it said.

        Raises:
            AssertionError: It ended with another status.
        """
        done = subprocess.run(
            ["./tradewind", *words],
            cwd=self.root,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout[-6000:]}"
        return done.stdout

    def deploy(self, status: int = 0) -> str:
        """Deploy the environment, and return all that was said."""
        return self.tradewind("deploy", ENVIRONMENT, "--yes", status=status)

    def interrupted_deploy(self, sign: signal.Signals) -> None:
        """Deploy, and stop it as soon as CloudFormation is at work.

        Raises:
            AssertionError: It did not end as an interrupt ends a command.
        """
        with subprocess.Popen(
            ["./tradewind", "deploy", ENVIRONMENT, "--yes"],
            cwd=self.root,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # As in a terminal, where Ctrl-C means all of a command.
            process_group=0,
        ) as process:
            try:
                eventually(lambda: self._at_work() or process.poll() is not None)
                process.send_signal(sign)
                assert process.wait(LIMIT_S) == INTERRUPTED
            finally:
                process.kill()

    def _at_work(self) -> bool:
        return any(
            status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
            for status in self.statuses().values()
        )

    def destroy(self, *options: str, status: int = 0) -> str:
        """Destroy it, and return all that was said."""
        return self.tradewind("destroy", ENVIRONMENT, "--yes", *options, status=status)

    def client(self, service: str) -> Any:
        """A client of the account's administrator."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.running.endpoint_url,
            verify=self.running.ca_bundle,
            aws_access_key_id=self.running.access_key,
            aws_secret_access_key=self.running.secret_key,
            region_name=self.running.region,
        )

    def settings(self, **changes: Any) -> None:
        """Change the environment's settings."""
        file = self.root / "config" / f"{ENVIRONMENT}.yaml"
        content = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**content, **changes}))

    def add_agent(self) -> None:
        """Write the agent that comes and goes."""
        agents = self.root / "lambda_src" / "agents"
        shutil.copytree(agents / STAYS, agents / GOES)
        manifest = agents / GOES / "agent.toml"
        lines = manifest.read_text().splitlines(keepends=True)
        manifest.write_text("".join(one for one in lines if not one.startswith("agentcore")))

    def remove_agent(self) -> None:
        """Take that away."""
        shutil.rmtree(self.root / "lambda_src" / "agents" / GOES)

    def statuses(self) -> dict[str, str]:
        """The environment's stacks that are there, and their states."""
        pages = self.client("cloudformation").get_paginator("describe_stacks").paginate()
        return {
            stack["StackName"].rpartition("-")[2]: stack["StackStatus"]
            for page in pages
            for stack in page["Stacks"]
            if stack["StackName"].startswith(f"Tradewind-{ENVIRONMENT}-")
        }

    def has(self, stack: str, type_: str) -> dict[str, str]:
        """What a stack has of a type: physical ids by logical ids."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for page in pages.paginate(StackName=f"Tradewind-{ENVIRONMENT}-{stack}")
            for one in page["StackResourceSummaries"]
            if one["ResourceType"] == type_
        }


def _without_checks(root: Path) -> None:
    """Synthesize without what other tests are for: most of the time of each synthesis."""
    app = root / "app.py"
    text = app.read_text()
    assert text.count("    add_checks(app)\n") == 1
    app.write_text(text.replace("    add_checks(app)\n", ""))
    file = root / "cdk.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"app": f"CDK_VALIDATION=false {content['app']}"}))


@contextmanager
def life(folder: Path, *, keep_data: bool) -> Iterator[Life]:
    """Give a project with two agents and an account that is bootstrapped."""
    root = folder / "tradewind"
    copy_with_own_bundles(root)
    for agent in (root / "lambda_src" / "agents").iterdir():
        if agent.is_dir() and agent.name != STAYS:
            shutil.rmtree(agent)
    _without_checks(root)
    settings = yaml.safe_load((root / "config" / f"{cdk.LOCAL_ENV}.yaml").read_text())
    settings |= {
        "keep_data": keep_data,
        "runtimes": {},
        "workflows": {},
        "external_callers": {CALLER: {"kind": "user", "routes": ["GET /agents"]}},
        "tags": {"environment": ENVIRONMENT},
    }
    (root / "config" / f"{ENVIRONMENT}.yaml").write_text(yaml.safe_dump(settings))
    cloud = LocalCloud(folder / "cloud")
    running = cloud.up()
    try:
        cdk.bootstrap(running, Step("bootstrap"))
        home = folder / "home"
        home.mkdir()
        variables = {**os.environ, **running.environment(), "HOME": str(home)}
        one = Life(root, running, variables)
        one.add_agent()
        yield one
    finally:
        cloud.down()
