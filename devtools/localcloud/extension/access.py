"""Identities and what they may do: no back doors, one administrator, decisions for others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

from devtools.localcloud.bedrock.auth import Principal
from devtools.localcloud.running import ACCOUNT_ID, REGION

_OPERATOR = "operator"
_ADMINISTRATOR = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
)


def close_back_doors() -> None:
    """Take away the keys that MiniStack takes for the root user's without checking a signature.

    Those are no key at all, ``test``, any account number and the server's own. Without them every
    request is signed by a user or a session, and checked.
    """

    def nobody_is_root(access_key_id: str) -> bool:
        return False

    iam_evaluator.is_root_access_key = nobody_is_root
    iam_evaluator._is_root_key = nobody_is_root


def create_operator() -> tuple[str, str]:
    """Create the administrator that people and tools act as.

    Returns:
        Its access key and secret key, which exist nowhere but here.
    """
    _done(iam._create_user({"UserName": [_OPERATOR]}))
    policy = {"PolicyName": ["administrator"], "PolicyDocument": [_ADMINISTRATOR]}
    _done(iam._put_user_policy({"UserName": [_OPERATOR], **policy}))
    _done(iam._create_access_key({"UserName": [_OPERATOR]}))
    (key,) = (key for key in iam._access_keys.values() if key["UserName"] == _OPERATOR)
    return key["AccessKeyId"], key["SecretAccessKey"]


def role_may(role_arn: str, action: str, resource_arn: str) -> bool:
    """Say whether a role's policies allow what a service is about to do in its name."""
    role = role_arn.rsplit("/", 1)[-1]
    principal = iam_evaluator.PrincipalInfo(
        arn=session_arn(role_arn),
        type="AssumedRole",
        account=ACCOUNT_ID,
        policies=iam_evaluator._gather_role_policies(role, ACCOUNT_ID),
        limits=iam_evaluator._permissions_boundary(iam._roles, role, ACCOUNT_ID),
    )
    return _decide(principal, action, resource_arn, {})


def policy_allows_service(
    policy: Any, service: str, action: str, resource_arn: str, context: Mapping[str, str]
) -> bool:
    """Whether a resource's own policy lets a service do something to it."""
    request = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=ACCOUNT_ID,
        action=action,
        resource_arn=resource_arn,
        region=REGION,
        secure_transport=True,
        service_context=dict(context),
    )
    result = iam_evaluator.evaluate_resource_policy(policy, request, service=service)
    return bool(result.decision == "Allow")


def trusts(role_arn: str, service: str, context: Mapping[str, str]) -> bool:
    """Say whether there is such a role, and a service may take it on."""
    role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
    if role is None:
        return False
    policy = role["AssumeRolePolicyDocument"]
    return policy_allows_service(policy, service, "sts:AssumeRole", role_arn, context)


def act_as(role_arn: str) -> None:
    """Make this thread a role's, over TLS, for the services it goes on to call."""
    iam_evaluator.pin_request_origin("127.0.0.1", True)
    iam_evaluator._request_caller_arn.set(session_arn(role_arn))


def key_may(access_key: str, action: str, resource_arn: str, context: Mapping[str, str]) -> bool:
    """Say whether the owner of an access key whose signature was checked is allowed an action."""
    principal = iam_evaluator.resolve_principal(access_key, ACCOUNT_ID)
    if isinstance(principal, iam_evaluator.AuthError):
        return False
    return _decide(principal, action, resource_arn, context)


@dataclass(frozen=True)
class _Caller(Principal):
    access_key: str = ""


class MiniStackAuthorizer:
    """What the Bedrock stand-in asks: MiniStack's users, sessions and policies."""

    def secret_for(self, access_key: str, session_token: str | None) -> Principal | None:
        """Return whose key this is, or None when the key, or its session token, is unknown."""
        found = iam_evaluator.resolve_credential(access_key, ACCOUNT_ID, session_token)
        if isinstance(found, iam_evaluator.CredentialResolutionError):
            return None
        return _Caller(
            arn=found.principal_arn,
            role_arn=_role_arn(found.principal_arn),
            secret_key=found.secret_access_key,
            expires_at=datetime.fromtimestamp(found.expiration, UTC) if found.expiration else None,
            access_key=access_key,
        )

    def is_allowed(
        self, principal: Principal, action: str, resource_arn: str, context: Mapping[str, str]
    ) -> bool:
        """Evaluate every policy that applies to the caller."""
        assert isinstance(principal, _Caller)  # noqa: S101  it is one of ours
        return key_may(principal.access_key, action, resource_arn, context)


def _decide(principal: Any, action: str, resource_arn: str, context: Mapping[str, str]) -> bool:
    """Evaluate identity policies, their limits and the resource's own policy."""
    request = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource_arn,
        region=context.get("aws:RequestedRegion", REGION),
        secure_transport=True,
        service_context={key.lower(): value for key, value in context.items()},
        principal_keys=principal.keys,
    )
    result = iam_evaluator.evaluate(request, principal.policies, *principal.limits)
    service = action.partition(":")[0]
    policy = iam_evaluator._resource_policy(service, resource_arn)
    if policy is not None:
        result = iam_evaluator.combine_resource_policy(
            result,
            request,
            *policy,
            required=service in iam_evaluator._POLICY_REQUIRED,
            limits=principal.limits,
        )
    return bool(result.decision == "Allow")


def session_arn(role_arn: str) -> str:
    """Who a service is when it acts in a role's name."""
    return f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role_arn.rsplit('/', 1)[-1]}/service"


def _role_arn(principal_arn: str) -> str:
    """The role behind a session's ARN; a user's own ARN is itself."""
    if ":assumed-role/" not in principal_arn:
        return principal_arn
    return f"arn:aws:iam::{ACCOUNT_ID}:role/{principal_arn.split('/')[1]}"


def _done(response: tuple[int, Any, Any]) -> None:
    status, _, body = response
    if status != HTTPStatus.OK:
        raise RuntimeError(f"MiniStack refused to set up the operator: {body!r}")
