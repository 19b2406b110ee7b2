"""One agent's gradual deployment: its group, and the alarms that see the new version alone."""

from aws_cdk import CfnCodeDeployLambdaAliasUpdate, CfnUpdatePolicy
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.parts.agent_function import AgentFunction
from stacks.parts.alarms import Alarms
from stacks.parts.deployments import Deployments
from stacks.parts.metrics import AgentMetrics
from stacks.parts.probe_function import ProbeFunction
from stacks.parts.version_alarms import version_alarms
from stacks.settings.environment import Settings


class GradualDeployment(Construct):
    """CodeDeploy moves the agent's alias instead of CloudFormation.

    An update of the stack waits for it, and goes back when it goes back. The first deployment,
    which makes the alias, is CloudFormation's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        agent: str,
        function: AgentFunction,
        settings: Settings,
        deployments: Deployments,
        probe: ProbeFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        alarms = Alarms(
            self,
            "Alarms",
            environment=settings.environment,
            agent=agent,
            specs=version_alarms(
                AgentMetrics(settings.environment, agent),
                function.function.current_version.version,
                settings.deployment,
            ),
            runbook_url=settings.runbook_url,
        )
        group = codedeploy.CfnDeploymentGroup(
            self,
            "Group",
            application_name=deployments.application.ref,
            deployment_group_name=agent,
            deployment_config_name=deployments.steps.ref,
            service_role_arn=deployments.role.role_arn,
            deployment_style=codedeploy.CfnDeploymentGroup.DeploymentStyleProperty(
                deployment_type="BLUE_GREEN", deployment_option="WITH_TRAFFIC_CONTROL"
            ),
            alarm_configuration=codedeploy.CfnDeploymentGroup.AlarmConfigurationProperty(
                enabled=True,
                alarms=[
                    codedeploy.CfnDeploymentGroup.AlarmProperty(name=alarm.alarm_name)
                    for alarm in alarms.all.values()
                ],
            ),
            auto_rollback_configuration=(
                codedeploy.CfnDeploymentGroup.AutoRollbackConfigurationProperty(
                    enabled=True,
                    events=[
                        "DEPLOYMENT_FAILURE",
                        "DEPLOYMENT_STOP_ON_ALARM",
                        "DEPLOYMENT_STOP_ON_REQUEST",
                    ],
                )
            ),
        )
        alias = function.alias.node.default_child
        assert isinstance(alias, lambda_.CfnAlias)  # noqa: S101  it is what an Alias makes
        # What an update policy refers to is no dependency of its own.
        alias.add_resource_dependency(group)
        alias.node.add_dependency(probe)
        if agent not in settings.deployment.hold:
            alias.cfn_options.update_policy = CfnUpdatePolicy(
                code_deploy_lambda_alias_update=CfnCodeDeployLambdaAliasUpdate(
                    application_name=deployments.application.ref,
                    deployment_group_name=group.ref,
                    before_allow_traffic_hook=probe.function.function_name,
                )
            )
