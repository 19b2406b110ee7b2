"""A VPC with no way out: private subnets, and what is written of who spoke with whom."""

import ipaddress

from aws_cdk import Aws, CfnTag, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.checks import acknowledge
from stacks.parts.functions import function_logs, service_role
from stacks.parts.statements import allow
from stacks.settings.network import ZONES, CreatedNetwork


class Vpc(Construct):
    """VPC, a subnet in each zone, their route table, the functions' security group, flow log.

    It has neither an internet gateway nor a NAT: its only routes are those between its subnets and
    those of gateway endpoints.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        region: str,
        settings: CreatedNetwork,
        log_group_name: str,
        log_retention_days: int,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        vpc = ec2.CfnVPC(
            self,
            "Vpc",
            cidr_block=settings.cidr,
            enable_dns_support=True,
            # For the endpoints' private names.
            enable_dns_hostnames=True,
            tags=[CfnTag(key="Name", value=name)],
        )
        self.vpc_id = vpc.attr_vpc_id
        routes = ec2.CfnRouteTable(
            self, "Routes", vpc_id=self.vpc_id, tags=[CfnTag(key="Name", value=name)]
        )
        self.route_table_id = routes.attr_route_table_id
        self.subnet_ids = []
        for zone in sorted(settings.zones):
            subnet = ec2.CfnSubnet(
                self,
                f"Subnet{zone.upper()}",
                vpc_id=self.vpc_id,
                availability_zone=f"{region}{zone}",
                cidr_block=_addresses(settings.cidr, zone),
                map_public_ip_on_launch=False,
                tags=[CfnTag(key="Name", value=f"{name}-{zone}")],
            )
            acknowledge(
                subnet,
                "CloudFormation-Validate::W3010",
                "A zone keeps its addresses whichever others there are, so it is named.",
            )
            ec2.CfnSubnetRouteTableAssociation(
                self,
                f"Routes{zone.upper()}",
                route_table_id=self.route_table_id,
                subnet_id=subnet.attr_subnet_id,
            )
            self.subnet_ids.append(subnet.attr_subnet_id)
        group = ec2.CfnSecurityGroup(
            self,
            "Functions",
            vpc_id=self.vpc_id,
            group_description="Functions: nobody calls them here, and they call AWS over TLS.",
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="tcp",
                    from_port=443,
                    to_port=443,
                    # S3's and DynamoDB's addresses are public ones, and no template knows them;
                    # that nothing else is reached is the route table's.
                    cidr_ip="0.0.0.0/0",
                    description="TLS, to where there is a route.",
                )
            ],
        )
        self.security_group_id = group.attr_group_id
        self._log_flows(log_group_name, log_retention_days, key, removal_policy)

    def _log_flows(
        self, name: str, retention_days: int, key: kms.IKey, removal_policy: RemovalPolicy
    ) -> None:
        log_group = function_logs(
            self,
            name=name,
            key=key,
            retention_days=retention_days,
            removal_policy=removal_policy,
        )
        role = service_role(
            self,
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            ),
            description="How the VPC's flow log is written.",
            policies={
                "Logs": [
                    allow(
                        ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                        [log_group.log_group_arn],
                    )
                ]
            },
        )
        ec2.CfnFlowLog(
            self,
            "Flows",
            resource_id=self.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=log_group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )


def _addresses(cidr: str, zone: str) -> str:
    """A zone's eighth of the addresses: its own, whichever other zones there are."""
    eighths = ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=3)
    return str([*eighths][ZONES.index(zone)])
