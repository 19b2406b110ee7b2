"""Who may call a method with AWS_IAM: a signature for this service and region, and a policy.

The words for a wrong service and a wrong region are those that callers of AWS report; the order of
the checks, where a request fails several, is not known.
"""

from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.core import iam_evaluator, sigv4
from ministack.core.arn import execute_api_arn
from ministack.core.router import extract_access_key_id
from ministack.services import apigateway_v1

from devtools.localcloud.extension.gateway.errors import Response
from devtools.localcloud.running import ACCOUNT_ID, REGION

_SERVICE = "execute-api"
_ACTION = "execute-api:Invoke"


def install() -> None:
    """Make MiniStack authenticate the callers of REST APIs through this module."""
    others = app._enforce_execute_api

    def enforce(  # noqa: PLR0917  MiniStack's signature
        api_id: str,
        stage: str,
        method: str,
        path: str,
        headers: Mapping[str, Any],
        query: Mapping[str, Any],
        iam_action: str = _ACTION,
    ) -> Response | None:
        if apigateway_v1.find_api_scope(api_id) is None or iam_action != _ACTION:
            refused: Response | None = others(
                api_id, stage, method, path, headers, query, iam_action
            )
            return refused
        return _refusal(api_id, stage, method, path, headers, query)

    app._enforce_execute_api = enforce
    apigateway_v1._AUTHENTICATION_GATEWAY_ERRORS["AccessDenied"] = (
        "ACCESS_DENIED",
        "AccessDeniedException",
    )


def _refusal(  # noqa: PLR0917  what a request consists of
    api_id: str,
    stage: str,
    method: str,
    path: str,
    headers: Mapping[str, Any],
    query: Mapping[str, Any],
) -> Response | None:
    """The answer to a caller who may not; None for one who may, and for a method open to all."""
    if apigateway_v1.method_authorization_type(api_id, stage, method, path) != "AWS_IAM":
        return None
    presigned = iam_evaluator._query_signed(query)
    if not headers.get("authorization") and not presigned:
        return None  # MiniStack's route answers that the token is missing
    failure = None
    if not presigned and not headers["authorization"].startswith("AWS4-HMAC-SHA256"):
        failure = sigv4.foreign_authorization_failure(headers)
    failure = failure or _scope_failure(headers, query, presigned=presigned)
    if failure:
        error = iam_evaluator.AuthError(*failure)
    else:
        arn = execute_api_arn(REGION, ACCOUNT_ID, api_id, stage, method, path)
        key = extract_access_key_id(headers, query)
        error = iam_evaluator.enforce(key, _ACTION, "apigateway", REGION, resource_arn=arn)
        if error is None:
            return None
        if not isinstance(error, iam_evaluator.AuthError):
            error = iam_evaluator.AuthError("AccessDenied", _denial(error, arn))
    answer: Response = apigateway_v1.authentication_error_response(
        api_id, stage, error, headers, query
    )
    return answer


def _scope_failure(
    headers: Mapping[str, Any], query: Mapping[str, Any], *, presigned: bool
) -> tuple[str, str] | None:
    """Why a credential's scope is not this API's; None when it is, or cannot be read."""
    signature = (
        sigv4.parse_query_signature(query) if presigned else sigv4.parse_header_signature(headers)
    )
    if isinstance(signature, tuple):
        return signature
    if signature.service != _SERVICE:
        wrong = f"Credential should be scoped to correct service: '{_SERVICE}'. "
        return "SignatureDoesNotMatch", wrong
    if signature.region_set is None and signature.region != REGION:
        wrong = f"Credential should be scoped to a valid region, not '{signature.region}'. "
        return "SignatureDoesNotMatch", wrong
    return None


def _denial(result: Any, arn: str) -> str:
    """AWS's words; it shows the last four digits of the API's account only."""
    if result.decision == "Deny":
        kind = "a resource-based" if result.resource_policy_arn else "an identity-based"
        reason = f"with an explicit deny in {kind} policy"
    else:
        reason = f"because no identity-based policy allows the {_ACTION} action"
    shown = arn.replace(f":{ACCOUNT_ID}:", f":********{ACCOUNT_ID[-4:]}:", 1)
    return (
        f"User: {result.principal_arn} is not authorized to perform: {_ACTION} "
        f"on resource: {shown} {reason}"
    )
