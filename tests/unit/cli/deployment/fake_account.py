"""An account as botocore shows it: CloudFormation's stacks, and the data that is in them or not."""

# ruff: noqa: N803  botocore's own names of parameters

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import yaml
from botocore.exceptions import ClientError

_ACCOUNT: Final = "arn:aws:cloudformation:us-east-1:111122223333:stack"
_START: Final = datetime(2026, 11, 1, tzinfo=UTC)


def refusal(code: str, message: str = "") -> ClientError:
    """What botocore raises."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


@dataclass
class Resource:
    """A resource of a stack.

    Attributes:
        type: CloudFormation's.
        physical_id: CloudFormation's.
        policy: Its DeletionPolicy.
        status: CloudFormation's.
    """

    type: str
    physical_id: str
    policy: str = "Delete"
    status: str = "CREATE_COMPLETE"


@dataclass
class Stack:
    """A stack, there or gone."""

    name: str
    id: str
    status: str
    resources: dict[str, Resource]
    protected: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    created_at: datetime = _START

    def happened(self, logical_id: str, resource: Resource, status: str, reason: str = "") -> None:
        """Put it on record."""
        event = {
            "StackId": self.id,
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": resource.physical_id,
            "ResourceType": resource.type,
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
        }
        self.events.insert(0, event)

    def own(self, status: str) -> None:
        """Put on record what became of the stack itself."""
        self.status = status
        self.happened(self.name, Resource("AWS::CloudFormation::Stack", self.id), status)


class Account:
    """The account, and each of its services' clients at once.

    Attributes:
        stacks: Every stack, the oldest first.
        data: What exists: types by physical id.
        objects: What buckets hold: versions by bucket.
        keys: The access keys of users.
        log: The calls that change something, in order.
        late: How often access logs are delivered to a bucket after it was emptied.
    """

    def __init__(self) -> None:
        self.stacks: list[Stack] = []
        self.data: dict[str, str] = {}
        self.objects: dict[str, list[dict[str, str]]] = {}
        self.keys: dict[str, list[str]] = {}
        self.log: list[str] = []
        self.late: dict[str, int] = {}
        self.pending: set[str] = set()

    def client(self, _service: str) -> "Account":
        """Its client of a service."""
        return self

    def stack(
        self,
        name: str,
        status: str = "CREATE_COMPLETE",
        *,
        protected: bool = False,
        **has: Resource,
    ) -> Stack:
        """Put a stack into the account, with resources by logical id."""
        known = sum(one.name == name for one in self.stacks)
        made = Stack(name, f"{_ACCOUNT}/{name}/{known}", status, dict(has), protected)
        made.created_at = _START + timedelta(hours=len(self.stacks))
        for logical_id, resource in has.items():
            made.happened(logical_id, resource, "CREATE_COMPLETE")
            self.data[resource.physical_id] = resource.type
        self.stacks.append(made)
        return made

    def leaves(self, stack: Stack, logical_id: str) -> None:
        """Let an update take a resource out of its stack that stays in the account."""
        stack.happened(logical_id, stack.resources.pop(logical_id), "DELETE_SKIPPED")

    def _named(self, name: str) -> Stack:
        found = [
            one
            for one in self.stacks
            if name == one.id or (name == one.name and one.status != "DELETE_COMPLETE")
        ]
        if not found:
            raise refusal("ValidationError", f"Stack with id {name} does not exist")
        return found[-1]

    # -- CloudFormation

    def get_paginator(self, operation: str) -> "Pages":
        return Pages(getattr(self, operation))

    def describe_stacks(self, StackName: str | None = None) -> dict[str, Any]:
        shown = [self._named(StackName)] if StackName else self.stacks
        return {
            "Stacks": [
                {
                    "StackName": one.name,
                    "StackId": one.id,
                    "StackStatus": one.status,
                    "EnableTerminationProtection": one.protected,
                }
                for one in shown
                if StackName or one.status != "DELETE_COMPLETE"
            ]
        }

    def list_stacks(self, StackStatusFilter: list[str]) -> dict[str, Any]:
        return {
            "StackSummaries": [
                {
                    "StackName": one.name,
                    "StackId": one.id,
                    "StackStatus": one.status,
                    "CreationTime": one.created_at,
                }
                for one in self.stacks
                if one.status in StackStatusFilter
            ]
        }

    def list_stack_resources(self, StackName: str) -> dict[str, Any]:
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": logical_id,
                    "PhysicalResourceId": resource.physical_id,
                    "ResourceType": resource.type,
                    "ResourceStatus": "CREATE_COMPLETE",
                }
                for logical_id, resource in self._named(StackName).resources.items()
            ]
        }

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:
        return {"StackEvents": list(self._named(StackName).events)}

    def describe_stack_resources(self, PhysicalResourceId: str) -> dict[str, Any]:
        for one in self.stacks:
            has = {each.physical_id: each.status for each in one.resources.values()}
            if PhysicalResourceId in has and one.status != "DELETE_COMPLETE":
                row = {
                    "PhysicalResourceId": PhysicalResourceId,
                    "ResourceStatus": has[PhysicalResourceId],
                    "StackName": one.name,
                }
                return {"StackResources": [row]}
        raise refusal("ValidationError", f"Stack for {PhysicalResourceId} does not exist")

    def get_template(self, StackName: str) -> dict[str, Any]:
        resources = {
            logical_id: {"Type": resource.type, "DeletionPolicy": resource.policy}
            for logical_id, resource in self._named(StackName).resources.items()
        }
        # As the CDK sends it.
        return {"TemplateBody": yaml.safe_dump({"Resources": resources})}

    def update_termination_protection(
        self, StackName: str, EnableTerminationProtection: bool
    ) -> None:
        self._named(StackName).protected = EnableTerminationProtection

    def delete_stack(self, StackName: str) -> None:
        stack = self._named(StackName)
        if stack.protected:
            raise refusal("ValidationError", f"Stack [{stack.name}] cannot be deleted while ...")
        self.log.append(f"delete {stack.name}")
        stack.own("DELETE_IN_PROGRESS")
        for logical_id, resource in list(stack.resources.items()):
            if resource.policy != "Delete":
                self.leaves(stack, logical_id)
            elif reason := self._resists(resource.physical_id):
                stack.happened(logical_id, resource, "DELETE_FAILED", reason)
            else:
                stack.happened(logical_id, stack.resources.pop(logical_id), "DELETE_COMPLETE")
                self.data.pop(resource.physical_id, None)
        stack.own("DELETE_FAILED" if stack.resources else "DELETE_COMPLETE")

    def _resists(self, physical_id: str) -> str:
        if self.late.get(physical_id, 0):
            self.late[physical_id] -= 1
            self.objects[physical_id] = [{"Key": "log", "VersionId": "null"}]
        if self.objects.get(physical_id):
            return "The bucket you tried to delete is not empty"
        return "Cannot delete entity, must delete access keys first." * bool(
            self.keys.get(physical_id)
        )

    # -- what holds data

    def _there(self, name: str, code: str) -> str:
        if name not in self.data:
            raise refusal(code)
        return name

    def head_bucket(self, Bucket: str) -> None:
        self._there(Bucket, "404")

    def describe_table(self, TableName: str) -> dict[str, Any]:
        self._there(TableName, "ResourceNotFoundException")
        return {"Table": {"TableStatus": "ACTIVE", "DeletionProtectionEnabled": True}}

    def describe_key(self, KeyId: str) -> dict[str, Any]:
        self._there(KeyId, "NotFoundException")
        state = "PendingDeletion" if KeyId in self.pending else "Enabled"
        return {"KeyMetadata": {"KeyId": KeyId, "KeyState": state}}

    def describe_secret(self, SecretId: str) -> dict[str, Any]:
        return {"ARN": self._there(SecretId, "ResourceNotFoundException")}

    def get_queue_url(self, QueueName: str) -> dict[str, Any]:
        return {"QueueUrl": self._there(f"https://sqs/{QueueName}", "QueueDoesNotExist")}

    def describe_log_groups(self, logGroupNamePrefix: str) -> dict[str, Any]:
        names = [one for one in self.data if one.startswith(logGroupNamePrefix)]
        return {"logGroups": [{"logGroupName": one} for one in names]}

    # -- how it is emptied and removed

    def put_bucket_logging(self, Bucket: str, BucketLoggingStatus: dict[str, Any]) -> None:
        assert BucketLoggingStatus == {}
        self.log.append(f"no logs {Bucket}")

    def list_object_versions(self, Bucket: str) -> dict[str, Any]:
        held = self.objects.get(Bucket, [])
        return {
            "Versions": [one for one in held if "mark" not in one],
            "DeleteMarkers": [one for one in held if "mark" in one],
        }

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        asked = [(one["Key"], one["VersionId"]) for one in Delete["Objects"]]
        held = self.objects[Bucket]
        locked = [one for one in held if "locked" in one]
        self.log.append(f"empty {Bucket}")
        self.objects[Bucket] = [
            one for one in held if (one["Key"], one["VersionId"]) not in asked or "locked" in one
        ]
        return {"Errors": [{"Key": one["Key"], "Code": "AccessDenied"} for one in locked]}

    def delete_bucket(self, Bucket: str) -> None:
        assert not self.objects.get(Bucket)
        self._remove("bucket", Bucket)

    def update_table(self, TableName: str, DeletionProtectionEnabled: bool) -> None:
        assert not DeletionProtectionEnabled
        self.log.append(f"unprotect {TableName}")

    def get_waiter(self, _name: str) -> "Account":
        return self

    def wait(self, TableName: str) -> None:
        self.log.append(f"wait {TableName}")

    def delete_table(self, TableName: str) -> None:
        self._remove("table", TableName)

    def delete_queue(self, QueueUrl: str) -> None:
        self._remove("queue", QueueUrl)

    def delete_log_group(self, logGroupName: str) -> None:
        self._remove("log group", logGroupName)

    def delete_secret(self, SecretId: str) -> None:
        self._remove("secret", SecretId)

    def schedule_key_deletion(self, KeyId: str, PendingWindowInDays: int) -> None:
        assert PendingWindowInDays == 30
        self.log.append(f"remove key {KeyId}")
        self.pending.add(KeyId)

    def _remove(self, what: str, name: str) -> None:
        self.log.append(f"remove {what} {name}")
        del self.data[name]

    def list_access_keys(self, UserName: str) -> dict[str, Any]:
        return {"AccessKeyMetadata": [{"AccessKeyId": key} for key in self.keys[UserName]]}

    def delete_access_key(self, UserName: str, AccessKeyId: str) -> None:
        self.keys[UserName].remove(AccessKeyId)

    # -- who asks

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/ada"}


class Pages:
    """A paginator with one page."""

    def __init__(self, operation: Callable[..., dict[str, Any]]) -> None:
        self._operation = operation

    def paginate(self, **parameters: Any) -> list[dict[str, Any]]:
        return [self._operation(**parameters)]
