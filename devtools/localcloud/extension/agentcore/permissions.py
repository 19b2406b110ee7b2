"""Who may do what: the caller's policies and the resource's own, on every resource that AWS checks.

Sources: the service authorization reference of Amazon Bedrock AgentCore for actions and resources;
the API reference of InvokeAgentRuntime for user ids; the guide's page on resource-based policies.
An invocation is checked on the runtime and on the endpoint it goes through.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from ministack.core import iam_evaluator
from ministack.core.router import extract_access_key_id
from ministack.services import bedrock_agentcore

from devtools.localcloud.extension.access import key_may
from devtools.localcloud.extension.agentcore.records import DEFAULT, Runtimes
from devtools.localcloud.extension.agentcore.refusal import denied, invalid, not_found, unsigned
from devtools.localcloud.running import ACCOUNT_ID, REGION

SERVICE: Final = "bedrock-agentcore.amazonaws.com"
ARN_PREFIX: Final = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT_ID}:"
USER_HEADER: Final = "x-amzn-bedrock-agentcore-runtime-user-id"
INVOKE: Final = "InvokeAgentRuntime"
OPEN_SOCKET: Final = "InvokeAgentRuntimeWithWebSocketStream"

_SCOPE: Final = f"/{REGION}/bedrock-agentcore/aws4_request"
_NO_RESOURCE: Final = ("CreateAgentRuntime", "ListAgentRuntimes")


class Policies:
    """The resource-based policies."""

    def __init__(self, runtimes: Runtimes) -> None:
        self._runtimes = runtimes
        self._policies: dict[str, str] = {}

    def install(self) -> None:
        """Make MiniStack's evaluator ask for them."""

        def policy_for(resource_arn: str) -> tuple[str, str] | None:
            policy = self._policies.get(resource_arn)
            return None if policy is None else (policy, ACCOUNT_ID)

        bedrock_agentcore.resource_policy_for_arn = policy_for
        lookups = iam_evaluator._RESOURCE_POLICY_LOOKUPS
        lookups["bedrock-agentcore"] = ("bedrock_agentcore", "resource_policy_for_arn")

    def put(self, resource_arn: str, policy: str) -> str:
        """Set a resource's policy.

        Raises:
            Refused: There is no such resource, or the policy is none, or one of another resource.
        """
        self._runtimes.by_arn(resource_arn)
        problem = iam_evaluator.validate_policy_document(policy) or _problem(policy, resource_arn)
        if problem:
            raise invalid(problem, "policy")
        self._policies[resource_arn] = policy
        return policy

    def get(self, resource_arn: str) -> str:
        """A resource's policy.

        Raises:
            Refused: There is no such resource, or it has none.
        """
        self._runtimes.by_arn(resource_arn)
        if resource_arn not in self._policies:
            raise not_found(f"Resource policy for '{resource_arn}' was not found.")
        return self._policies[resource_arn]

    def delete(self, resource_arn: str) -> None:
        """Take a resource's policy away.

        Raises:
            Refused: There is no such resource, or it has none.
        """
        self.get(resource_arn)
        del self._policies[resource_arn]

    def forget(self, resource_arn: str) -> None:
        """Drop the policy of a resource that is gone."""
        self._policies.pop(resource_arn, None)


def _problem(policy: str, resource_arn: str) -> str | None:
    statements = json.loads(policy)["Statement"]
    for statement in [statements] if isinstance(statements, dict) else statements:
        if "Principal" not in statement:
            return "Each statement of a resource policy must have a Principal"
        resources = statement.get("Resource")
        if resources not in (resource_arn, [resource_arn]):
            return f"The Resource of each statement must be {resource_arn}"
    return None


def require_scope(headers: Mapping[str, str], query: Mapping[str, Any]) -> None:
    """Refuse a signature that was checked, and is for another service or region.

    Raises:
        Refused: It is.
    """
    in_query = query.get("X-Amz-Credential") or [""]
    if _SCOPE not in headers.get("authorization", "") + in_query[0]:
        raise unsigned("Credential should be scoped to a valid region and correct service.")


def authorize(
    name: str, given: Mapping[str, Any], headers: Mapping[str, str], query: Mapping[str, Any]
) -> None:
    """Refuse a control-plane operation that its caller may not do.

    Raises:
        Refused: It may not.
    """
    caller = extract_access_key_id(headers, query)
    for resource in _resources(name, given):
        _require(caller, name, resource)
    role = given.get("roleArn")
    if role is not None:
        context = {"iam:PassedToService": SERVICE}
        if not key_may(caller, "iam:PassRole", role, context):
            raise denied(iam_evaluator.caller_arn(), "iam:PassRole", role)


def authorize_invocation(
    action: str, runtime_arn: str, qualifier: str, headers: Mapping[str, str], caller: str
) -> None:
    """Refuse an invocation that its caller may not make.

    Raises:
        Refused: It may not, on the runtime or on the endpoint; or not for somebody else.
    """
    actions = [action]
    if headers.get(USER_HEADER) and action in (INVOKE, OPEN_SOCKET):
        actions.append(f"{action}ForUser")
    for resource in (runtime_arn, f"{runtime_arn}/runtime-endpoint/{qualifier}"):
        for each in actions:
            _require(caller, each, resource)


def _require(caller: str, name: str, resource: str) -> None:
    action = f"bedrock-agentcore:{name}"
    if not key_may(caller, action, resource, {}):
        raise denied(iam_evaluator.caller_arn(), action, resource)


def _resources(name: str, given: Mapping[str, Any]) -> list[str]:
    if name in _NO_RESOURCE:
        return ["*"]
    if "resourceArn" in given:
        return [given["resourceArn"]]
    runtime = f"{ARN_PREFIX}runtime/{given['agentRuntimeId']}"
    if "endpointName" in given:
        return [runtime, f"{runtime}/runtime-endpoint/{given['endpointName']}"]
    return [runtime]


def qualifier_of(given: Mapping[str, Any]) -> str:
    """The endpoint that a request names."""
    return str(given.get("qualifier") or DEFAULT)
