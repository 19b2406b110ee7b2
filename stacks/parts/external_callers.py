"""Identities for callers outside: each may use its routes of the API, and nothing else."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks import names
from stacks.checks import acknowledge, acknowledge_wildcard
from stacks.parts.api_routes import Route
from stacks.parts.statements import allow
from stacks.settings.api import ExternalCaller
from stacks.settings.errors import SettingsError

#: Characters of a user's inline policies and of a role's, spaces aside.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_POLICY_LENGTHS: Final = {"user": 2_048, "role": 10_240}
#: Characters of such a policy without its routes, and of a route's ARN without the route.
_POLICY_FRAME: Final = 90
_ARN_FRAME: Final = len(f'"arn:aws-us-gov:execute-api:us-gov-west-1:{"0" * 12}:{"0" * 10}/v1/",')


def check_callers(callers: Mapping[str, ExternalCaller], routes: Iterable[Route]) -> None:
    """Refuse what AWS would, and a route that lets a caller in nowhere: it would be a 403 one day.

    Raises:
        SettingsError: There is one.
    """
    known = [f"{route.method} {route.path}" for route in routes]
    ids: dict[str, str] = {}
    for name, caller in callers.items():
        twin = ids.setdefault(names.construct_id(name), name)
        if twin != name:
            raise SettingsError(
                f"external_callers.{name}: differs from {twin} by hyphens only; rename one"
            )
        _check_length(name, caller)
        for wanted in caller.routes:
            pattern = re.escape(wanted).replace(r"\*", ".*")
            # A parameter may be anything, a pattern's text or not.
            if not any(
                re.fullmatch(pattern, re.sub(r"\{\w+\}", "x", one))
                or re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(one)), wanted)
                for one in known
            ):
                raise SettingsError(f"external_callers.{name}.routes: there is no {wanted!r}")


def _check_length(name: str, caller: ExternalCaller) -> None:
    length = _POLICY_FRAME + sum(_ARN_FRAME + len(route) - 1 for route in caller.routes)
    most = _POLICY_LENGTHS[caller.kind]
    if length > most:
        raise SettingsError(
            f"external_callers.{name}.routes: {len(caller.routes)} make a policy of {length} "
            f"characters; IAM gives a {caller.kind} {most}: name fewer, or several with a *"
        )


class ExternalCallers(Construct):
    """Roles and users, one per caller."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: str,
        callers: Mapping[str, ExternalCaller],
        api_id: str,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        for name, caller in callers.items():
            own = Construct(self, names.construct_id(name))
            routes = [
                Stack.of(self).format_arn(
                    service="execute-api",
                    resource=api_id,
                    resource_name=f"{names.API_STAGE}/{route.replace(' ', '', 1)}",
                )
                for route in caller.routes
            ]
            policies = {
                "Routes": iam.PolicyDocument(statements=[allow(["execute-api:Invoke"], routes)])
            }
            identity: iam.Role | iam.CfnUser
            if caller.kind == "role":
                identity = _role(own, name, caller, policies)
                output = CfnOutput(own, "Arn", value=identity.role_arn)
                output.override_logical_id(f"{names.construct_id(name)}CallerRoleArn")
            else:
                user_name = names.caller_name(environment, name)
                identity = _user(own, user_name, policies)
                _secret(own, names.caller_secret_name(environment, name), key, removal_policy)
            for route in routes:
                if "*" in route:
                    acknowledge_wildcard(
                        identity, route, "The settings name these routes; ids in them are new."
                    )


def _role(
    scope: Construct, name: str, caller: ExternalCaller, policies: dict[str, iam.PolicyDocument]
) -> iam.Role:
    trusts = str(caller.trusts)
    principal: iam.IPrincipal
    if caller.by_provider:
        host = trusts.partition(":oidc-provider/")[2]
        holds: dict[str, Any] = {f"{host}:sub": caller.subject, f"{host}:aud": caller.audience}
        principal = iam.WebIdentityPrincipal(trusts, {"StringEquals": holds})
    else:
        principal = iam.ArnPrincipal(trusts)
    return iam.Role(
        scope,
        "Role",
        assumed_by=principal,
        external_ids=[caller.external_id] if caller.external_id else None,
        description=f"What the caller {name} may use of the API.",
        inline_policies=policies,
        max_session_duration=Duration.hours(1),
    )


def _user(scope: Construct, user_name: str, policies: dict[str, iam.PolicyDocument]) -> iam.CfnUser:
    user = iam.CfnUser(
        scope,
        "User",
        user_name=user_name,
        policies=[
            iam.CfnUser.PolicyProperty(policy_name=name, policy_document=document)
            for name, document in policies.items()
        ],
    )
    return user


def _secret(scope: Construct, name: str, key: kms.IKey, removal_policy: RemovalPolicy) -> None:
    """Where the user's key is kept. It is made, and made anew, by `tradewind caller rotate`.

    CloudFormation makes none: a key of its making would be in a template's outputs of attributes,
    and one that it makes anew takes the old one away at once.
    """
    secret = secretsmanager.CfnSecret(
        scope,
        "Key",
        name=name,
        kms_key_id=key.key_arn,
        description="The access key of a caller of the API.",
    )
    secret.apply_removal_policy(removal_policy)
    acknowledge(
        secret,
        "AwsSolutions-SMG4",
        "The caller has to take up a new key before the old one ends: a command does it in two "
        "steps, and no schedule can know when.",
    )
