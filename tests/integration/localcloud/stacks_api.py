"""Change stacks as the CDK command line does, and see what became of them."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests.integration.localcloud.conftest import Client

Resources = Mapping[str, Any]


def resource(kind: str, policy: str | None = None, **properties: Any) -> dict[str, Any]:
    """A resource of a template, with what becomes of it when it leaves the stack."""
    kept = {} if policy is None else {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}
    return {"Type": kind, "Properties": properties, **kept}


class Stacks:
    """The stacks of one server."""

    def __init__(self, client: Client) -> None:
        self._api = client("cloudformation")

    def create(
        self, name: str, resources: Resources, *, outputs: Any = None, **options: Any
    ) -> str:
        """Create a stack; returns the state it came to."""
        self._api.create_stack(StackName=name, **_template(resources, outputs), **options)
        return self.status(name)

    def update(
        self, name: str, resources: Resources, *, outputs: Any = None, **options: Any
    ) -> str:
        """Update a stack; returns the state it came to."""
        self._api.update_stack(StackName=name, **_template(resources, outputs), **options)
        return self.status(name)

    def delete(self, name: str, **options: Any) -> str:
        """Delete a stack; returns the state it came to."""
        stack_id = self._describe(name)["StackId"]
        self._api.delete_stack(StackName=name, **options)
        return self.status(stack_id)

    def bring_in(
        self, name: str, resources: Resources, identifiers: Mapping[str, Mapping[str, str]]
    ) -> str:
        """Import resources through a change set; returns the state of the stack.

        Raises:
            ImportFailed: The change set cannot be executed; with its reason.
        """
        made = self.change_set(
            name,
            "IMPORT",
            resources,
            ResourcesToImport=[
                {
                    "ResourceType": resources[logical_id]["Type"],
                    "LogicalResourceId": logical_id,
                    "ResourceIdentifier": identifier,
                }
                for logical_id, identifier in identifiers.items()
            ],
        )
        self._api.execute_change_set(ChangeSetName=made["ChangeSetId"])
        return self.status(name)

    def change_set(
        self, name: str, kind: str, resources: Resources, **options: Any
    ) -> dict[str, Any]:
        """Make a change set that can be executed.

        Raises:
            ImportFailed: It cannot be; with its reason.
        """
        change_set = self._api.create_change_set(
            StackName=name,
            ChangeSetName=f"change-{len(self.events(name)) if self._known(name) else 0}",
            ChangeSetType=kind,
            **_template(resources, None),
            **options,
        )
        described: dict[str, Any] = self._api.describe_change_set(ChangeSetName=change_set["Id"])
        if described["ExecutionStatus"] != "AVAILABLE":
            raise ImportFailed(described["StatusReason"])
        return described

    def identifier(self, name: str) -> str:
        """The id of the stack that has a name now."""
        return str(self._describe(name)["StackId"])

    def status(self, name: str) -> str:
        """The state of a stack, by name or id, once nothing is under way in it."""
        while (state := str(self._describe(name)["StackStatus"])).endswith("_IN_PROGRESS"):
            if state == "REVIEW_IN_PROGRESS":
                break  # waits for a change set
            time.sleep(0.05)
        return state

    def reasons(self, name: str) -> list[str]:
        """Why resources failed, the last first."""
        return [
            event.get("ResourceStatusReason", "")
            for event in self.events(name)
            if event["ResourceStatus"].endswith("_FAILED")
        ]

    def events(self, name: str) -> Sequence[dict[str, Any]]:
        """What happened to a stack, the last first."""
        events: list[dict[str, Any]] = self._api.describe_stack_events(StackName=name)[
            "StackEvents"
        ]
        return events

    def holds(self, name: str) -> dict[str, str]:
        """The resources of a stack: logical and physical ids."""
        found = self._api.list_stack_resources(StackName=name)["StackResourceSummaries"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}

    def output(self, name: str, key: str) -> str:
        """An output of a stack."""
        (value,) = (
            one["OutputValue"] for one in self._describe(name)["Outputs"] if one["OutputKey"] == key
        )
        return str(value)

    def _describe(self, name: str) -> dict[str, Any]:
        (stack,) = self._api.describe_stacks(StackName=name)["Stacks"]
        described: dict[str, Any] = stack
        return described

    def _known(self, name: str) -> bool:
        every = self._api.list_stacks()["StackSummaries"]
        return any(
            one["StackName"] == name and one["StackStatus"] != "DELETE_COMPLETE" for one in every
        )


class ImportFailed(Exception):
    """A change set that cannot be executed."""


def _template(resources: Resources, outputs: Any) -> dict[str, Any]:
    body = {"Resources": resources, **({"Outputs": outputs} if outputs else {})}
    return {"TemplateBody": json.dumps(body), "Capabilities": ["CAPABILITY_NAMED_IAM"]}
