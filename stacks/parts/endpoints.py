"""The endpoints of a VPC: the ways from it to AWS, each with a policy of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from stacks.names import construct_id
from stacks.parts.endpoint_services import Allowed, EndpointService


class Endpoints(Construct):
    """Endpoints of these services, and what lets functions through to their interfaces."""

    def __init__(
        self,
        scope: Construct,
        construct_id_: str,
        *,
        vpc: str,
        subnets: Sequence[str],
        route_tables: Sequence[str],
        callers: Sequence[str],
        services: Mapping[str, EndpointService],
    ) -> None:
        """``callers`` are the security groups that functions have."""
        super().__init__(scope, construct_id_)
        stack = Stack.of(self)
        group = ec2.CfnSecurityGroup(
            self,
            "SecurityGroup",
            vpc_id=vpc,
            group_description="Endpoints of AWS services: functions call them.",
            # Nothing begins there.
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="icmp",
                    from_port=252,
                    to_port=86,
                    cidr_ip="255.255.255.255/32",
                    description="None: without a rule AWS would let out everything.",
                )
            ],
            security_group_ingress=[
                ec2.CfnSecurityGroup.IngressProperty(
                    ip_protocol="tcp",
                    from_port=443,
                    to_port=443,
                    source_security_group_id=caller,
                    description="TLS from functions.",
                )
                for caller in callers
            ],
        )
        for service, endpoint in services.items():
            reached: dict[str, Any] = (
                {"vpc_endpoint_type": "Gateway", "route_table_ids": [*route_tables]}
                if endpoint.gateway
                else {
                    "vpc_endpoint_type": "Interface",
                    "subnet_ids": [*subnets],
                    "security_group_ids": [group.attr_group_id],
                    # The names that clients call lead to it.
                    "private_dns_enabled": True,
                }
            )
            ec2.CfnVPCEndpoint(
                self,
                construct_id(service),
                vpc_id=vpc,
                service_name=f"com.amazonaws.{stack.region}.{endpoint.name}",
                policy_document=_policy(endpoint.allowed, stack),
                **reached,
            )


def _policy(allowed: Sequence[Allowed], stack: Stack) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [_statement(one, stack) for one in allowed],
    }


def _statement(allowed: Allowed, stack: Stack) -> dict[str, Any]:
    conditions = {"StringEquals": {"aws:PrincipalAccount": stack.account}}
    if allowed.own_resources:
        conditions["StringEqualsIfExists"] = {"aws:ResourceAccount": stack.account}
    return {
        "Effect": "Allow",
        # Whoever is of this account; gateways take no other principal.
        "Principal": {"AWS": "*"},
        "Action": [*allowed.actions],
        "Resource": [
            one.format(partition=stack.partition, region=stack.region, account=stack.account)
            for one in allowed.resources
        ],
        "Condition": conditions,
    }
