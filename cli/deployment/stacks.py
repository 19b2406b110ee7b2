"""An environment's stacks as CloudFormation has them, and what became of those that went."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from cli.api.aws import aws_failures
from stacks.names import StackId, stack_name

#: Stacks as they are deployed: each after those whose exports or functions it names.
ORDER: Final = (
    StackId.STATE,
    StackId.NETWORK,
    StackId.AGENTS,
    StackId.AGENTCORE,
    StackId.API,
    StackId.WORKFLOWS,
    StackId.OBSERVABILITY,
)
#: What the first creation of a stack can end in. Such a stack can only be deleted.
FAILED_CREATION: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
#: A stack that a change set would make; nothing of it is there.
ANNOUNCED: Final = "REVIEW_IN_PROGRESS"
_GONE: Final = "DELETE_COMPLETE"
#: What became of a resource that its stack has no more; what could not be deleted it still has.
_LET_GO: Final = frozenset({_GONE, "DELETE_SKIPPED"})
#: Between two looks at a stack that changes, in seconds.
_LOOK_S: Final = 2.0

#: Gives the client of a service in the environment's region.
Clients = Callable[[str], Any]
#: Tells the person what is going on.
Say = Callable[[str], None]


@dataclass(frozen=True)
class DeployedStack:
    """A stack that is in the account.

    Attributes:
        stack: Which of an environment's.
        name: CloudFormation's.
        id: Its ARN, which no later stack of this name has.
        status: CloudFormation's.
        protected: Whether CloudFormation refuses to delete it.
    """

    stack: StackId
    name: str
    id: str
    status: str
    protected: bool

    @property
    def changes(self) -> bool:
        """Whether CloudFormation is at work on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != ANNOUNCED


class Stacks:
    """The stacks of one environment.

    Args:
        environment: Its name.
        clients: For CloudFormation's.
    """

    def __init__(self, environment: str, clients: Clients) -> None:
        self.environment = environment
        self._client = clients("cloudformation")

    def deployed(self) -> list[DeployedStack]:
        """Those that are there, in the order of their deployment.

        Raises:
            CommandError: They cannot be looked up.
        """
        found: dict[str, Any] = {}
        with aws_failures("The stacks cannot be looked up"):
            for page in self._client.get_paginator("describe_stacks").paginate():
                found |= {stack["StackName"]: stack for stack in page["Stacks"]}
        named = [(stack, found.get(stack_name(self.environment, stack))) for stack in ORDER]
        return [
            _deployed(stack, one) for stack, one in named if one and one["StackStatus"] != _GONE
        ]

    def settled(self, say: Say) -> list[DeployedStack]:
        """Those that are there once CloudFormation is done with all of them.

        Raises:
            CommandError: They cannot be looked up.
        """
        for stack in self.deployed():
            if stack.changes:
                say(f"CloudFormation is at work on {stack.name} ({stack.status}); waiting for it.")
                self.wait(stack)
        return self.deployed()

    def wait(self, stack: DeployedStack) -> str:
        """Wait until CloudFormation is done with a stack.

        Returns:
            What it ended as.
        """
        while True:
            with aws_failures(f"{stack.name} cannot be looked up"):
                [found] = self._client.describe_stacks(StackName=stack.id)["Stacks"]
            if not _deployed(stack.stack, found).changes:
                return str(found["StackStatus"])
            time.sleep(_LOOK_S)

    def delete(self, stack: DeployedStack) -> list[str]:
        """Delete a stack and wait for it, which needs no template: with the role that made it.

        Returns:
            Why it is still there; nothing where it is gone.

        Raises:
            CommandError: CloudFormation does not even try.
        """
        if stack.status != "DELETE_IN_PROGRESS":
            with aws_failures(f"{stack.name} cannot be deleted"):
                self._client.delete_stack(StackName=stack.id)
        if self.wait(stack) == _GONE:
            return []
        failed: dict[str, str] = {}
        for event in self.events(stack.id):
            if event["ResourceStatus"] == "DELETE_IN_PROGRESS" and _of_stack(event):
                break
            if event["ResourceStatus"] == "DELETE_FAILED" and not _of_stack(event):
                reason = " ".join(event.get("ResourceStatusReason", "").split())
                failed[event["LogicalResourceId"]] = reason
        return [f"{logical_id}: {reason}" for logical_id, reason in failed.items()]

    def unprotect(self, stack: DeployedStack) -> None:
        """Let CloudFormation delete a stack.

        Raises:
            CommandError: It cannot be changed.
        """
        with aws_failures(f"The protection of {stack.name} cannot be lifted"):
            self._client.update_termination_protection(
                StackName=stack.name, EnableTerminationProtection=False
            )

    def resources(self, stack: DeployedStack) -> dict[str, str]:
        """What a stack has: physical ids by logical ids.

        Raises:
            CommandError: They cannot be looked up.
        """
        pages = self._client.get_paginator("list_stack_resources")
        with aws_failures(f"What {stack.name} has cannot be looked up"):
            return {
                one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
                for page in pages.paginate(StackName=stack.id)
                for one in page["StackResourceSummaries"]
                if one["ResourceStatus"] != _GONE
            }

    def template(self, stack: DeployedStack) -> dict[str, Any]:
        """The resources of a stack's template, by logical id.

        Raises:
            CommandError: It cannot be read.
        """
        if stack.status == ANNOUNCED:
            return {}
        import yaml  # noqa: PLC0415  only what deletes waits for it

        with aws_failures(f"The template of {stack.name} cannot be read"):
            body = self._client.get_template(StackName=stack.id)["TemplateBody"]
        # The CDK sends YAML, or a file of JSON where that is long; botocore reads JSON only.
        read = body if isinstance(body, dict) else yaml.safe_load(body)
        resources: dict[str, Any] = read.get("Resources", {})
        return resources

    def events(self, stack_id: str) -> Iterator[dict[str, Any]]:
        """What happened to a stack, the last first; CloudFormation knows 90 days of it.

        Raises:
            CommandError: It cannot be looked up.
        """
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        with aws_failures("What happened to the stacks cannot be looked up"):
            for page in pages:
                yield from page["StackEvents"]

    def deleted(self, stack: StackId) -> list[str]:
        """The ids of the stacks of this name that are gone, the last first; of 90 days.

        Raises:
            CommandError: They cannot be looked up.
        """
        name = stack_name(self.environment, stack)
        pages = self._client.get_paginator("list_stacks").paginate(StackStatusFilter=[_GONE])
        with aws_failures("The deleted stacks cannot be looked up"):
            gone = [
                one
                for page in pages
                for one in page["StackSummaries"]
                if one["StackName"] == name and one["StackStatus"] == _GONE
            ]
        gone.sort(key=lambda one: one["CreationTime"], reverse=True)
        return [one["StackId"] for one in gone]

    def owner(self, physical_id: str) -> str | None:
        """The name of the stack that has a resource; None where none has it.

        Raises:
            CommandError: It cannot be looked up.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415

        with aws_failures(f"Whose {physical_id} is cannot be looked up"):
            try:
                found = self._client.describe_stack_resources(PhysicalResourceId=physical_id)
            except ClientError as error:
                # "Stack for <id> does not exist"
                if "does not exist" in error.response["Error"].get("Message", ""):
                    return None
                raise
        for one in found["StackResources"]:
            if (
                one.get("PhysicalResourceId") == physical_id
                and one["ResourceStatus"] not in _LET_GO
            ):
                return str(one["StackName"])
        return None


def _deployed(stack: StackId, found: dict[str, Any]) -> DeployedStack:
    return DeployedStack(
        stack,
        found["StackName"],
        found["StackId"],
        found["StackStatus"],
        bool(found.get("EnableTerminationProtection")),
    )


def _of_stack(event: dict[str, Any]) -> bool:
    return bool(event.get("PhysicalResourceId") == event["StackId"])
