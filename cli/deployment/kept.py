"""What outlived the stacks it was in: data of an environment that no stack has any more."""

from collections.abc import Iterable
from dataclasses import dataclass

from cli.api.aws import aws_failures
from cli.deployment.kinds import KINDS
from cli.deployment.stacks import Clients, Stacks
from stacks.names import StackId


@dataclass(frozen=True)
class Kept:
    """A resource that is there and in no stack.

    Attributes:
        stack: The one it was in, or would be in.
        logical_id: What it is called there.
        type: CloudFormation's.
        identifier: What CloudFormation imports it by.
    """

    stack: StackId
    logical_id: str
    type: str
    identifier: str

    def __str__(self) -> str:
        return f"{KINDS[self.type].title} {self.identifier}"


def left_behind(stacks: Stacks, clients: Clients, of: Iterable[StackId]) -> list[Kept]:
    """What stacks left when they went, or when an update took it out of them.

    CloudFormation's record of both goes 90 days back. It says what each resource was; names would
    not: those of ``prod`` are how the names of ``prod-eu`` begin.

    Args:
        stacks: The environment's.
        clients: For the services' own.
        of: Which stacks.

    Raises:
        CommandError: Something cannot be looked up.
    """
    present = {one.stack: one.id for one in stacks.deployed()}
    left: list[Kept] = []
    for stack in of:
        ids = [present[stack]] if stack in present else []
        seen: set[tuple[str, str]] = set()
        for stack_id in [*ids, *stacks.deleted(stack)]:
            for event in stacks.events(stack_id):
                kind = KINDS.get(event["ResourceType"])
                what = (event["ResourceType"], event.get("PhysicalResourceId", ""))
                if kind is None or not what[1] or what in seen:
                    continue
                # The last that happened to it counts: it may have been imported again, or removed.
                seen.add(what)
                if event["ResourceStatus"] != "DELETE_SKIPPED":
                    continue
                identifier = unowned(stacks, clients, *what)
                if identifier is not None:
                    left.append(Kept(stack, event["LogicalResourceId"], what[0], identifier))
    return left


def unowned(stacks: Stacks, clients: Clients, type_: str, name: str) -> str | None:
    """The identifier of a resource that is there and in no stack.

    Args:
        stacks: The environment's.
        clients: For the services' own.
        type_: The resource's.
        name: Its name, or its physical id.

    Raises:
        CommandError: It cannot be looked up.
    """
    kind = KINDS[type_]
    with aws_failures(f"The {kind.title} {name} cannot be looked up"):
        identifier = kind.find(clients, name)
    return None if identifier is None or stacks.owner(identifier) else identifier
