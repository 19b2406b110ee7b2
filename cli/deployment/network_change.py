"""Whether a VPC that is there can become what the settings say, and strand no function."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli.api.aws import aws_failures
from cli.deployment.stacks import Clients
from cli.errors import CommandError
from stacks.names import Output, StackId, stack_name

if TYPE_CHECKING:
    from stacks.settings.environment import Settings

_LEAVE = (
    "Take `network` out, deploy, and delete its stack when no version in it is kept any more; see "
    "docs/network.md."
)


def refuse_change(settings: "Settings", clients: Clients) -> None:
    """Refuse a deployment that would change a VPC as it cannot be.

    Raises:
        CommandError: It would, or the stacks cannot be looked up.
    """
    name = stack_name(settings.environment, StackId.NETWORK)
    with aws_failures("The stacks cannot be looked up"):
        pages = clients("cloudformation").get_paginator("describe_stacks").paginate()
        deployed = {
            output["OutputKey"]: output["OutputValue"]
            for page in pages
            for stack in page["Stacks"]
            if stack["StackName"] == name and stack["StackStatus"] != "DELETE_COMPLETE"
            for output in stack.get("Outputs", [])
        }
    if problem := problem_of_change(settings, deployed):
        raise CommandError(problem)


def problem_of_change(settings: "Settings", deployed: Mapping[str, str]) -> str | None:
    """Why the network cannot be changed to what the settings say, in one line; None if it can.

    Functions are connected to the subnets that are there until each has been deployed anew, and
    versions that are kept stay connected: a subnet or a VPC that goes would take them along.

    Args:
        settings: The environment's, as they are to be.
        deployed: The outputs of its network stack; empty where there is none, or its VPC is given.
    """
    cidr = deployed.get(Output.NETWORK_CIDR)
    if cidr is None or settings.network is None:
        return None
    file = f"config/{settings.environment}.yaml"
    create = settings.network.create
    if create is None:
        return (
            f"{file}: network.given: functions are in a VPC of this environment's own, and cannot "
            f"go to another while that is there. {_LEAVE}"
        )
    if create.cidr != cidr:
        return (
            f"{file}: network.create.cidr: the VPC that is deployed has {cidr}, and a VPC's "
            f"addresses cannot change: set it to that. Or: {_LEAVE[0].lower()}{_LEAVE[1:]}"
        )
    there = deployed.get(Output.NETWORK_ZONES, "").split(",")
    if gone := [zone for zone in there if zone not in create.zones]:
        return (
            f"{file}: network.create.zones: functions are connected in {', '.join(gone)}; zones "
            "may become more, and not fewer"
        )
    return None
