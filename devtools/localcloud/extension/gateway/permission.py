"""Whether API Gateway may invoke a function: by the function's own policy, or as a role.

The source that a function's policy sees is the method and the resource's path, each path parameter
written as ``*``. That is how CDK writes the permission; what AWS itself puts in the parameter's
place is not documented.
"""

import re
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam, lambda_svc

from devtools.localcloud.extension.access import role_may
from devtools.localcloud.running import ACCOUNT_ID, REGION

_SERVICE = "apigateway.amazonaws.com"
_ACTION = "lambda:InvokeFunction"
_FUNCTION = re.compile(r"/functions/(?P<arn>arn:[^/]+)/(?:response-streaming-)?invocations$")


def function_arn(uri: str) -> str:
    """The function that an integration's or an authorizer's URI names; empty when none."""
    found = _FUNCTION.search(uri)
    return found["arn"] if found else ""


def method_arn(api_id: str, stage: str, method: str, resource_path: str) -> str:
    """The source of an integration's invocation."""
    path = re.sub(r"\{[^/]*\}", "*", resource_path)
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{api_id}/{stage}/{method}{path}"


def authorizer_arn(api_id: str, authorizer_id: str) -> str:
    """The source of an authorizer's invocation."""
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{api_id}/authorizers/{authorizer_id}"


def may_invoke(function_arn: str, source_arn: str, credentials: str | None) -> bool:
    """Say whether API Gateway may invoke a function.

    Args:
        function_arn: With the qualifier, where the integration names one.
        source_arn: The method or the authorizer that wants to.
        credentials: The role that the integration acts as; None for API Gateway itself.
    """
    if credentials:
        return trusts_api_gateway(credentials) and role_may(credentials, _ACTION, function_arn)
    found = lambda_svc.function_policy_for_arn(function_arn)
    if found is None:
        return False
    source = {"aws:sourcearn": source_arn, "aws:sourceaccount": ACCOUNT_ID}
    return _policy_allows(found[0], _ACTION, function_arn, source)


def trusts_api_gateway(role_arn: str) -> bool:
    """Say whether there is such a role, and API Gateway may take it on."""
    role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
    if role is None:
        return False
    return _policy_allows(role["AssumeRolePolicyDocument"], "sts:AssumeRole", role_arn, {})


def _policy_allows(policy: Any, action: str, resource_arn: str, context: Mapping[str, str]) -> bool:
    """Whether a resource's own policy lets API Gateway do something to it."""
    request = iam_evaluator.EvalContext(
        principal_arn=_SERVICE,
        principal_type="Service",
        principal_account=ACCOUNT_ID,
        action=action,
        resource_arn=resource_arn,
        region=REGION,
        secure_transport=True,
        service_context=dict(context),
    )
    result = iam_evaluator.evaluate_resource_policy(policy, request, service=_SERVICE)
    return bool(result.decision == "Allow")
