"""The checks that every synth runs, and how one finding is acknowledged."""

from typing import Any

from aws_cdk import Acknowledgment, Stack, Stage, Validations
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def add_checks(app: Stage) -> None:
    """Make cdk-nag's AwsSolutions rules part of the synth; CDK's own validation is on already."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept one finding on one construct, for a reason that is true of it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


def acknowledge_wildcard(construct: IConstruct, resource: str, reason: str) -> None:
    """Accept one resource with a wildcard in a role's statements.

    Args:
        construct: The role.
        resource: The ARN exactly as the statement has it.
        reason: Why it cannot be narrower.
    """
    finding = _as_nag_writes(Stack.of(construct).resolve(resource))
    acknowledge(construct, f"AwsSolutions-IAM5[Resource::{finding}]", reason)


def _as_nag_writes(value: Any) -> str:
    """Spell a resolved ARN as cdk-nag does in its findings."""
    match value:
        case {"Fn::Join": [delimiter, [*parts]]}:
            return str(delimiter).join(_as_nag_writes(part) for part in parts)
        case {"Fn::ImportValue": name}:
            return str(name)
        case {"Ref": name}:
            return f"<{name}>"
        case str():
            return value
        case _:
            raise TypeError(f"no spelling is known for {value!r}")
