"""The network stack: a VPC, or endpoints in one that is there."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks import names
from stacks.parts.endpoint_services import endpoints_for
from stacks.parts.endpoints import Endpoints
from stacks.parts.network import Network
from stacks.parts.removal import removal_policy
from stacks.parts.vpc import Vpc
from stacks.settings.environment import Settings
from stacks.settings.network import NetworkSettings
from tradewind.contracts.agent_manifest import AgentManifest


class NetworkStack(Stack):
    """What the functions of an environment are connected to, and by.

    Attributes:
        network: Where they are.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        network: NetworkSettings,
        agents: Mapping[str, AgentManifest],
        key: kms.IKey,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        name = names.network_name(settings.environment)
        inside = [one for one in settings.function_names(agents) if one not in network.outside]
        if network.create is not None:
            made = Vpc(
                self,
                "Own",
                name=name,
                region=settings.region,
                settings=network.create,
                log_group_name=names.flow_log_group_name(settings.environment),
                log_retention_days=settings.log_retention_days,
                key=key,
                removal_policy=removal_policy(settings),
            )
            vpc, route_tables = made.vpc_id, [made.route_table_id]
            subnets, groups = made.subnet_ids, [made.security_group_id]
            # What a later deployment may not change; the command that deploys looks.
            CfnOutput(self, names.Output.NETWORK_CIDR, value=network.create.cidr)
            CfnOutput(
                self, names.Output.NETWORK_ZONES, value=",".join(sorted(network.create.zones))
            )
        else:
            given = network.given
            assert given is not None  # noqa: S101  one of the two is there
            vpc, route_tables = given.vpc, [*given.route_tables]
            subnets, groups = [*given.subnets], [*given.security_groups]
        Endpoints(
            self,
            "Endpoints",
            vpc=vpc,
            subnets=subnets,
            route_tables=route_tables,
            callers=groups,
            services=endpoints_for(inside, agents),
        )
        self.network = Network(tuple(subnets), tuple(groups), frozenset(network.outside))
