"""The agents that a workflow on this machine may ask by name, and where they are deployed."""

import os
import tomllib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from cli.agents import FOLDER
from cli.errors import CommandError

if TYPE_CHECKING:
    from tradewind.workflow_agents.lambda_agents import LambdaAgents

CONFIG: Final = FOLDER.parents[1] / "config"
_MANIFEST: Final = "agent.toml"
#: What runs workflows is asked by none: it might ask itself.
_RUNS_WORKFLOWS: Final = "workflow"
_CONNECT_S: Final = 5


class NotDeployed(CommandError):
    """Agents that a workflow asks by name cannot be reached."""

    status = 10


def known_names() -> frozenset[str]:
    """The agents of this checkout that a workflow may ask, and the runtimes of its environments.

    Their manifests and settings are not checked: a workflow is not wrong because they are.
    """
    agents = (
        manifest.parent.name
        for manifest in FOLDER.glob(f"*/{_MANIFEST}")
        if _framework(manifest.read_bytes()) != _RUNS_WORKFLOWS
    )
    runtimes = (name for file in CONFIG.glob("*.yaml") for name in _runtimes(file.read_bytes()))
    return frozenset((*agents, *runtimes))


def open_named(
    names: Collection[str],
    *,
    project_id: str | None = None,
    environment: str | None = None,
    max_parallel: int = 5,
) -> "LambdaAgents":
    """Find agents where they are deployed.

    Args:
        names: The agents that are asked.
        project_id: The project that they work on; without one, the run's own.
        environment: One in the caller's account; without it the one that a variable names, or the
            embedded AWS.
        max_parallel: How many are asked at once.

    Raises:
        NotDeployed: They cannot be reached; the message says what to do.
    """
    from cli import cdk  # noqa: PLC0415
    from cli.api.address import ENVIRONMENT_VARIABLE, setting  # noqa: PLC0415

    environment = environment or setting(ENVIRONMENT_VARIABLE)
    try:
        if environment is None or environment == cdk.LOCAL_ENV:
            return _on_this_machine(names, project_id, max_parallel)
        from cli.account import settings_of  # noqa: PLC0415  with pydantic

        region = settings_of(environment).region
        outputs = _outputs_of(environment, region, names)
        functions = _functions(names, outputs, f"tradewind deploy {environment}")
    except NotDeployed:
        raise
    except CommandError as error:
        asked = ", ".join(sorted(names))
        raise NotDeployed(f"The workflow asks agents by name ({asked}). {error}") from error
    return _agents(functions, project_id, max_parallel, region)


def _on_this_machine(
    names: Collection[str], project_id: str | None, max_parallel: int
) -> "LambdaAgents":
    from cli import cloud  # noqa: PLC0415
    from devtools.localcloud import LocalCloud  # noqa: PLC0415

    running, outputs = cloud.deployed_outputs(LocalCloud(cloud.HOME))
    functions = _functions(names, outputs, "tradewind up")
    # The client keeps what it was made with; the models of the same run are called elsewhere.
    before = dict(os.environ)
    cloud.point_boto3_at(running)
    try:
        return _agents(functions, project_id, max_parallel, running.region)
    finally:
        os.environ.clear()
        os.environ.update(before)


def _functions(names: Collection[str], outputs: Mapping[str, str], deploys: str) -> dict[str, str]:
    from stacks.names import agent_arn_output  # noqa: PLC0415  nobody else needs it here

    keys = {name: agent_arn_output(name) for name in sorted(names)}
    gone = [name for name, key in keys.items() if key not in outputs]
    if gone:
        raise NotDeployed(
            f"The workflow asks agents by name that are not deployed: {', '.join(gone)}. "
            f"`{deploys}` deploys them."
        )
    return {name: outputs[key] for name, key in keys.items()}


def _agents(
    functions: Mapping[str, str], project_id: str | None, max_parallel: int, region: str
) -> "LambdaAgents":
    from tradewind.aws.clients import AwsClients  # noqa: PLC0415  botocore takes its time
    from tradewind.aws.repeats import Once  # noqa: PLC0415
    from tradewind.workflow_agents.lambda_agents import (  # noqa: PLC0415
        READ_TIMEOUT_S,
        LambdaAgents,
    )

    client = AwsClients().create(
        "lambda",
        repeats=Once(),
        region=region,
        connect_timeout_s=_CONNECT_S,
        read_timeout_s=READ_TIMEOUT_S,
        max_connections=max_parallel,
    )
    return LambdaAgents(functions, client, project_id=project_id)


def _outputs_of(environment: str, region: str, names: Collection[str]) -> dict[str, str]:
    """The outputs of the agents' stack, and where need be of AgentCore's, which may be absent."""
    import boto3  # noqa: PLC0415

    from cli.api.aws import aws_failures  # noqa: PLC0415
    from stacks.names import StackId, agent_arn_output, stack_name  # noqa: PLC0415

    client = boto3.client("cloudformation", region_name=region)

    def of(stack: StackId, *, perhaps: bool = False) -> dict[str, str]:
        name = stack_name(environment, stack)
        with aws_failures(f"The stack {name} cannot be looked up in {region}"):
            try:
                found = client.describe_stacks(StackName=name)["Stacks"][0]
            except client.exceptions.ClientError as error:
                if perhaps and error.response["Error"]["Code"] == "ValidationError":
                    return {}
                raise
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}

    outputs = of(StackId.AGENTS)
    if any(agent_arn_output(name) not in outputs for name in names):
        outputs |= of(StackId.AGENTCORE, perhaps=True)
    return outputs


def _framework(manifest: bytes) -> object:
    try:
        return tomllib.loads(manifest.decode()).get("framework")
    except ValueError:
        return None


def _runtimes(settings: bytes) -> list[str]:
    import yaml  # noqa: PLC0415  others need it later, or not at all

    try:
        content = yaml.safe_load(settings)
    except (yaml.YAMLError, ValueError, RecursionError):
        return []
    named = content.get("runtimes") if isinstance(content, dict) else None
    return [name for name in named if isinstance(name, str)] if isinstance(named, dict) else []
