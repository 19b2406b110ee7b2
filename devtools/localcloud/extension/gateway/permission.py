"""Whether API Gateway may invoke a function: by the function's own policy, or as a role.

The source that a function's policy sees is the method and the resource's path, each path parameter
written as ``*``. That is how CDK writes the permission; what AWS itself puts in the parameter's
place is not documented.
"""

import re

from ministack.services import lambda_svc

from devtools.localcloud.extension.access import policy_allows_service, role_may, trusts
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
    return policy_allows_service(found[0], _SERVICE, _ACTION, function_arn, source)


def trusts_api_gateway(role_arn: str) -> bool:
    """Say whether there is such a role, and API Gateway may take it on."""
    return trusts(role_arn, _SERVICE, {})
