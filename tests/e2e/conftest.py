"""The app, deployed by the real CDK command line into an embedded AWS of the tests' own."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config

from cli import cdk
from cli.agents import example_request
from cli.console import Step
from cli.invoke import Invocation, invoke, lambda_client, role_of
from devtools.localcloud import LocalCloud
from devtools.localcloud.bedrock import StandInAdmin
from devtools.localcloud.running import Running
from stacks.names import agent_arn_output, dead_letter_queue_name, function_name
from stacks.settings.file import load_settings
from tests.deployed_agents import AGENTS
from tradewind.contracts.names import RECORD_KEY, SWEEP, record_key

_READ = TypeDeserializer()
#: The runtimes on AgentCore that the deployment names.
RUNTIMES = tuple(load_settings(cdk.LOCAL_ENV, cdk.PROJECT / "config", AGENTS).runtimes)


if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@dataclass
class Deployment:
    """What is deployed, and clients that reach it.

    Attributes:
        home: The embedded AWS's folder.
        running: The embedded AWS.
        outputs: The stacks' outputs by name.
        out: The folder the deployment wrote them to.
        project_id: A project on which all agents have done their work once.
        cold: Each agent's first answer.
    """

    home: Path
    running: Running
    outputs: dict[str, str]
    out: Path
    project_id: str = ""
    cold: dict[str, Invocation] = field(default_factory=dict)

    @cached_property
    def functions(self) -> "LambdaClient":
        """A client that waits for agents."""
        return lambda_client()

    @property
    def bedrock(self) -> StandInAdmin:
        """The stand-in's counts and faults."""
        return StandInAdmin(self.running.bedrock_admin_url)

    def arn(self, agent: str) -> str:
        """The ARN of an agent's live alias."""
        return self.outputs[agent_arn_output(agent)]

    def role(self, agent: str) -> str:
        """The ARN of an agent's role."""
        return role_of(self.functions, self.arn(agent))

    def ask(self, agent: str, **changes: Any) -> Invocation:
        """Send an agent its example request on the common project."""
        event = example_request(agent, self.project_id or None) | changes
        return invoke(self.functions, self.arn(agent), event)

    def sweep(self) -> dict[str, Any]:
        """Settle the records that are overdue now."""
        answer = self.functions.invoke(FunctionName=function_name(cdk.LOCAL_ENV, SWEEP))
        content: dict[str, Any] = json.load(answer["Payload"])
        assert "FunctionError" not in answer, content
        return content

    def queue_url(self, agent: str) -> str:
        """The address of an agent's dead-letter queue."""
        name = dead_letter_queue_name(cdk.LOCAL_ENV, agent)
        url: str = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        return url

    def record(self, agent: str, request_id: str) -> dict[str, Any]:
        """An invocation record."""
        key = record_key(owner="", agent=agent, request_id=request_id)
        item = client("dynamodb").get_item(
            TableName=self.outputs["RecordsTableName"], Key={RECORD_KEY: {"S": key}}
        )["Item"]
        return {name: _READ.deserialize(value) for name, value in item.items()}


@cache
def client(service: str) -> Any:
    """A client of the embedded AWS that does not repeat what fails."""
    return boto3.client(service, config=Config(retries={"total_max_attempts": 1}))  # type: ignore[call-overload]


def manifest_of(deployment: Deployment, project_id: str, agent: str) -> dict[str, Any]:
    """The visible files of an agent, by name, each as its manifest describes it."""
    found = client("s3").get_object(
        Bucket=deployment.outputs["ArtifactsBucketName"], Key=f"{agent}/{project_id}/manifest.json"
    )
    artifacts: dict[str, Any] = json.loads(found["Body"].read())["artifacts"]
    return artifacts


#: Ends what never comes, and not a busy machine.
LIMIT_S: Final = 120.0


def eventually(read: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    """Return ``read()`` once it is true; what AWS does asynchronously takes its time.

    Raises:
        AssertionError: It never was.
    """
    give_up = time.monotonic() + limit_s
    while time.monotonic() < give_up:
        value = read()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


@contextmanager
def deployed(home: Path) -> Iterator[Deployment]:
    """Deploy, and let each agent do its work once: the cold request of its process."""
    cloud = LocalCloud(home)
    try:
        running = cloud.up()
        cdk.bootstrap(running, Step("bootstrap"))
        outputs = cdk.deploy(running, Step("deploy"), cloud.scratch)
        ready = Deployment(cloud.home, running, outputs, cloud.scratch)
        with boto3_at(ready):
            for agent in AGENTS:
                ready.cold[agent] = ready.ask(agent)
                ready.project_id = ready.cold[agent].answer["project_id"]
        yield ready
    finally:
        cloud.down()


@contextmanager
def boto3_at(deployment: Deployment) -> Iterator[None]:
    """Let clients that are made within reach the deployment, and no later test's."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deployment.running.environment().items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)  # it would keep another test's credentials
        yield
