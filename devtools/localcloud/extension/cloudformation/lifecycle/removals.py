"""What stands in the way of a resource's removal, with its service's own words.

CloudFormation passes them on as the reason of ``DELETE_FAILED``.
"""

import json
from http import HTTPStatus

from ministack.services import dynamodb, iam, lambda_svc, s3
from ministack.services.cloudformation import provisioners

from devtools.localcloud.extension.cloudformation.lifecycle.rules import (
    Name,
    Properties,
    already,
)


def remove_bucket(name: str, _properties: Properties) -> None:
    """Delete a bucket with all that is set on it, when it has no object and no version left."""
    if name not in s3._buckets:
        return
    status, *_ = s3._delete_bucket(name)
    if status == HTTPStatus.CONFLICT:
        raise ValueError(
            "The bucket you tried to delete is not empty. You must delete all versions in the "
            "bucket. (Service: S3, Status Code: 409, BucketNotEmpty)"
        )
    if status >= HTTPStatus.BAD_REQUEST:
        raise ValueError(f"S3 does not delete the bucket {name}: it has access points")


def remove_table(name: str, _properties: Properties) -> None:
    """Delete a table with its tags, backups and expiry, unless it is protected."""
    if name not in dynamodb._tables:
        return
    status, _, body = dynamodb._delete_table({"TableName": name})
    if status >= HTTPStatus.BAD_REQUEST:
        said = json.loads(body)
        raise ValueError(
            f"{said.get('message') or said['Message']} (Service: DynamoDb, Status Code: {status})"
        )


def remove_role(name: str, properties: Properties) -> None:
    """Keep a role that somebody else gave policies to.

    CloudFormation takes away what the role's own resource gave it; policies that are resources of
    their own went before it.
    """
    role = iam._roles.get(name)
    if role is None:
        return
    if set(role["AttachedPolicies"]) - set(properties.get("ManagedPolicyArns", [])):
        raise ValueError(_conflict("must detach all policies first"))
    own = {policy["PolicyName"] for policy in properties.get("Policies", [])}
    if set(role["InlinePolicies"]) - own:
        raise ValueError(_conflict("must delete policies first"))


def remove_user(name: str, properties: Properties) -> None:
    """Keep a user that somebody else gave policies to; MiniStack keeps one with access keys."""
    user = iam._users.get(name)
    if user is None:
        return
    if set(user.get("AttachedPolicies", [])) - set(properties.get("ManagedPolicyArns", [])):
        raise ValueError(_conflict("must detach all policies first"))
    own = {policy["PolicyName"] for policy in properties.get("Policies", [])}
    if set(iam._user_inline_policies.get(name, {})) - own:
        raise ValueError(_conflict("must delete policies first"))


def remove_managed_policy(arn: str, properties: Properties) -> None:
    """Keep a policy that is attached to anything but what its own resource names."""
    roles = {
        name for name, role in iam._roles.items() if arn in role.get("AttachedPolicies", [])
    } - set(properties.get("Roles", []))
    users = {
        name for name, user in iam._users.items() if arn in user.get("AttachedPolicies", [])
    } - set(properties.get("Users", []))
    if roles or users:
        raise ValueError(
            "Cannot delete a policy attached to entities. (Service: Iam, Status Code: 409)"
        )


def _conflict(what: str) -> str:
    return f"Cannot delete entity, {what}. (Service: Iam, Status Code: 409)"


def _has_event_invoke_config(place: str) -> bool:
    function, _, qualifier = place.rpartition(":")
    found = lambda_svc._functions.get(function)
    return found is not None and qualifier in found["event_invoke_configs"]


def _function_and_qualifier(properties: Properties) -> str | None:
    if not properties:
        return None
    _, name, _, _ = provisioners._lambda_function_for_cfn_ref(properties["FunctionName"])
    return f"{name}:{properties['Qualifier']}"


EVENT_INVOKE_CONFIG = Name(
    _function_and_qualifier, _has_event_invoke_config, already("AWS::Lambda::EventInvokeConfig")
)
