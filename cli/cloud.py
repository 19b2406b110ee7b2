"""The embedded AWS as the commands use it: started with the app in it, or found."""

import os
from typing import TYPE_CHECKING, Final

from cli import cdk
from cli.errors import CommandError
from devtools.localcloud import HOME, LocalCloud, Running
from scripts.environment import for_this_machine

__all__ = ["BUILD", "HOME", "OUT", "deployed_outputs", "point_boto3_at", "start_and_deploy"]

if TYPE_CHECKING:
    from cli.console import Steps

OUT: Final = cdk.PROJECT / "out"
BUILD: Final = cdk.PROJECT / ".build"


def start_and_deploy(steps: "Steps", cloud: LocalCloud) -> tuple[Running, dict[str, str]]:
    """Bring the embedded AWS up with the app deployed in it.

    Returns:
        The running AWS, and the stacks' outputs by name.
    """
    with steps.step("Start the embedded AWS") as step:
        running = cloud.up(lambda line: setattr(step, "note", line))
        step.result = running.endpoint_url
    with steps.step("Bootstrap the CDK in it") as step:
        cdk.bootstrap(running, step)
    with steps.step("Build the bundles, synthesize and deploy") as step:
        outputs = cdk.deploy(running, step, cloud.scratch)
        step.result = f"{len(outputs)} outputs"
    return running, outputs


def deployed_outputs(cloud: LocalCloud) -> tuple[Running, dict[str, str]]:
    """Find what an earlier command started and deployed.

    Raises:
        CommandError: There is no such thing.
    """
    running = cloud.status()
    if running is None or not (cloud.scratch / cdk.OUTPUTS_FILE).exists():
        raise CommandError("Nothing is deployed on this machine. Run `tradewind up` first.")
    return running, cdk.read_outputs(cloud.scratch)


def point_boto3_at(running: Running) -> None:
    """Let this process's AWS clients reach ``running``, and nothing else from now on.

    The rest of its environment is made anew from the names that are allowed: a profile, a proxy or
    an endpoint of the user's would come before what is set here.
    """
    environment = {**for_this_machine(), **running.environment()}
    os.environ.clear()
    os.environ.update(environment)
