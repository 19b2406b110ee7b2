"""What being in a VPC takes of a function: a place for its interfaces, and rights in its role."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

from stacks.checks import acknowledge_wildcard
from stacks.parts.statements import allow

_MAKE: Final = ("ec2:CreateNetworkInterface",)
_LOOK: Final = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")
_KEEP: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)


@dataclass(frozen=True)
class Network:
    """Where functions are.

    Attributes:
        subnets: Ids.
        security_groups: Ids.
        outside: The functions that are elsewhere, by name.
    """

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    outside: frozenset[str]


@dataclass(frozen=True)
class Attachment:
    """One function's place in a network.

    Attributes:
        network: Where it is.
        function_name: Its name.
    """

    network: Network
    function_name: str

    def attach(self, function: lambda_.Function) -> None:
        """Put the function there; it is another version of it."""
        resource = cast("lambda_.CfnFunction", function.node.default_child)
        resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=[*self.network.subnets], security_group_ids=[*self.network.security_groups]
        )

    def statements(self, scope: IConstruct) -> list[iam.PolicyStatement]:
        """What Lambda does with the role to connect the function, and the function itself may not.

        Instead of AWSLambdaVPCAccessExecutionRole, which allows all of it on everything; the page
        that names these is "Giving Lambda functions access to resources in an Amazon VPC", and
        from it is the denial.
        """
        stack = Stack.of(scope)
        at = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}"
        made_of = [
            *(f"{at}:subnet/{one}" for one in self.network.subnets),
            *(f"{at}:security-group/{one}" for one in self.network.security_groups),
        ]
        return [
            allow(_LOOK, ["*"]),
            allow(_MAKE, [*made_of, _interfaces(scope)]),
            allow(_KEEP, [_anything(scope)]),
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=[*_LOOK, *_MAKE, *_KEEP],
                resources=["*"],
                conditions={
                    "ArnEquals": {
                        "lambda:SourceFunctionArn": (
                            f"arn:{stack.partition}:lambda:{stack.region}:{stack.account}"
                            f":function:{self.function_name}"
                        )
                    }
                },
            ),
        ]

    def acknowledge(self, role: iam.Role) -> None:
        """Say why what has a wildcard in the statements has one."""
        for resource, reason in (
            ("*", "Neither EC2's lists nor X-Ray's and Bedrock's have a resource level."),
            (_interfaces(role), "An interface has no id before it is made; its subnet is named."),
            (
                _anything(role),
                "Lambda refuses a role that may delete some interfaces alone, says its page; the "
                "function itself is denied all of it.",
            ),
        ):
            acknowledge_wildcard(role, resource, reason)


def attachment(network: Network | None, function: str, function_name: str) -> Attachment | None:
    """A function's place in a network; None where it has none.

    Args:
        network: Where functions are, if there is one.
        function: What settings call it.
        function_name: Its name.
    """
    if network is None or function in network.outside:
        return None
    return Attachment(network, function_name)


def policies_of(
    attached: Attachment | None, scope: IConstruct
) -> dict[str, Sequence[iam.PolicyStatement]]:
    """What a role has besides because its function is in a VPC."""
    return {} if attached is None else {"Network": attached.statements(scope)}


def _interfaces(scope: IConstruct) -> str:
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:network-interface/*"


def _anything(scope: IConstruct) -> str:
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:*/*"
