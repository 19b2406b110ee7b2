"""What AWS checks about a resource before it makes it, and MiniStack does not."""

import platform
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import kms
from ministack.services.cloudformation import provisioners

from devtools.localcloud.extension import schedules
from devtools.localcloud.extension.access import role_may
from devtools.localcloud.extension.account_limits import too_large
from devtools.localcloud.extension.functions import unsupported
from devtools.localcloud.extension.gateway import resources as gateway
from devtools.localcloud.extension.gateway import web_acl
from devtools.localcloud.running import ACCOUNT_ID, REGION

Properties = Mapping[str, Any]

_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def _function(properties: Properties) -> None:
    """Refuse a function that could not run here, or whose failures could not be delivered."""
    problem = unsupported(properties) or too_large(properties.get("MemorySize"))
    if problem:
        raise ValueError(f"AWS::Lambda::Function: {problem}")
    machine = _MACHINES[platform.machine()]
    (architecture,) = properties.get("Architectures", ["x86_64"])
    if architecture != machine:
        raise ValueError(
            f"AWS::Lambda::Function: a function for {architecture} cannot run on this machine, "
            f"which is {machine}"
        )
    target = (properties.get("DeadLetterConfig") or {}).get("TargetArn", "")
    action = "sns:Publish" if ":sns:" in target else "sqs:SendMessage"
    if target and not role_may(properties["Role"], action, target):
        raise ValueError(
            "AWS::Lambda::Function: The provided execution role does not have permissions to call "
            f"{action.partition(':')[2]} on {target}"
        )


def _log_group(properties: Properties) -> None:
    """Refuse a key that its own policy does not let CloudWatch Logs use for this group."""
    name = properties.get("LogGroupName")
    if not name:
        # MiniStack would make up the same one again, and take what is there for its own.
        raise ValueError("AWS::Logs::LogGroup: a LogGroupName is needed here")
    key_arn = properties.get("KmsKeyId")
    if not key_arn:
        return
    key = kms._resolve_key(key_arn)
    service = f"logs.{REGION}.amazonaws.com"
    request = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=ACCOUNT_ID,
        action="kms:GenerateDataKey",
        resource_arn=key_arn,
        region=REGION,
        secure_transport=True,
        service_context={
            "kms:encryptioncontext:aws:logs:arn": (
                f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{name}"
            )
        },
    )
    if (
        key is None
        or key["KeyState"] != "Enabled"
        or iam_evaluator.evaluate_resource_policy(key["Policy"], request, service=service).decision
        != "Allow"
    ):
        raise ValueError(
            "AWS::Logs::LogGroup: The specified KMS key does not exist or is not allowed to be "
            f"used with log group {name}"
        )


def _key_alias(properties: Properties) -> None:
    """Refuse an alias of a key that is on its way out; its own alias may stay until it is gone."""
    key = kms._resolve_key(properties["TargetKeyId"])
    if key is not None and key["KeyState"] == "PendingDeletion":
        raise ValueError(f"AWS::KMS::Alias: {key['Arn']} is pending deletion.")


def _permission(properties: Properties) -> None:
    """Refuse a permission on a function that does not exist; MiniStack drops it in silence."""
    function = properties["FunctionName"]
    if provisioners._lambda_function_for_cfn_ref(function)[0] is None:
        raise ValueError(f"AWS::Lambda::Permission: Function not found: {function}")


def _rule(properties: Properties) -> None:
    """Refuse a rule that would not be carried out here."""
    problem = schedules.unsupported(properties)
    if problem:
        raise ValueError(f"AWS::Events::Rule: {problem}")


PRECONDITIONS: Mapping[str, Callable[[Properties], None]] = {
    "AWS::ApiGateway::Account": gateway.check_account,
    "AWS::ApiGateway::Authorizer": gateway.check_authorizer,
    "AWS::ApiGateway::Method": gateway.check_method,
    "AWS::ApiGateway::RestApi": gateway.check_rest_api,
    "AWS::ApiGateway::Stage": gateway.check_stage,
    "AWS::ApiGateway::UsagePlan": gateway.check_usage_plan,
    "AWS::Events::Rule": _rule,
    "AWS::KMS::Alias": _key_alias,
    "AWS::Lambda::Function": _function,
    "AWS::WAFv2::WebACL": web_acl.check_web_acl,
    "AWS::Lambda::Permission": _permission,
    "AWS::Logs::LogGroup": _log_group,
}
