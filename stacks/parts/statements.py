"""Statements of the functions' policies."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms


def allow(
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, Mapping[str, str | list[str]]] | None = None,
) -> iam.PolicyStatement:
    """Allow these actions on these resources, under these conditions."""
    return iam.PolicyStatement(
        actions=list(actions),
        resources=list(resources),
        conditions={operator: dict(keys) for operator, keys in (conditions or {}).items()},
    )


def allow_key(key: kms.IKey, actions: Sequence[str], *, through: str) -> iam.PolicyStatement:
    """Use the key, but only through one service."""
    return allow(
        actions, [key.key_arn], {"StringEquals": {"kms:ViaService": f"{through}.amazonaws.com"}}
    )
