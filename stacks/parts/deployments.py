"""What gradual deployments share: CodeDeploy's application, how it shifts, and what it may do."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.checks import acknowledge_wildcard
from stacks.parts.functions import service_role
from stacks.parts.statements import allow
from stacks.settings.deployment import DeploymentSettings
from tradewind.contracts.names import LIVE_ALIAS


class Deployments(Construct):
    """The application, the steps, and the role that CodeDeploy works in.

    Args:
        scope: Where it is.
        construct_id: Its id.
        application: The application's name.
        settings: How requests are shifted.
        functions: The names of the functions whose `live` is moved.
        probe: The name of the function that asks new versions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: str,
        settings: DeploymentSettings,
        functions: Sequence[str],
        probe: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.application = codedeploy.CfnApplication(
            self, "Application", application_name=application, compute_platform="Lambda"
        )
        self.steps = codedeploy.CfnDeploymentConfig(
            self, "Steps", compute_platform="Lambda", traffic_routing_config=_routing(settings)
        )
        moved = [_function_arn(self, name) for name in functions]
        aliases = [f"{arn}:{LIVE_ALIAS}" for arn in moved]
        # The managed policy that CDK attaches lets CodeDeploy move every alias in the account.
        role = service_role(
            self,
            assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"),
            description="What CodeDeploy may do to move a function's alias.",
            policies={
                "Aliases": [
                    # Of these Lambda says that their resource is the function.
                    allow(["lambda:GetAlias", "lambda:UpdateAlias"], moved),
                    allow(["lambda:GetProvisionedConcurrencyConfig"], aliases),
                ],
                "Alarms": [allow(["cloudwatch:DescribeAlarms"], ["*"])],
                "Probe": [allow(["lambda:InvokeFunction"], [_function_arn(self, probe)])],
            },
        )
        acknowledge_wildcard(
            role, "*", "CodeDeploy asks for its alarms' states in one call, which names no alarm."
        )
        self.role = role


def _routing(
    settings: DeploymentSettings,
) -> codedeploy.CfnDeploymentConfig.TrafficRoutingConfigProperty:
    if settings.strategy == "canary":
        return codedeploy.CfnDeploymentConfig.TrafficRoutingConfigProperty(
            type="TimeBasedCanary",
            time_based_canary=codedeploy.CfnDeploymentConfig.TimeBasedCanaryProperty(
                canary_interval=settings.minutes, canary_percentage=settings.percent
            ),
        )
    return codedeploy.CfnDeploymentConfig.TrafficRoutingConfigProperty(
        type="TimeBasedLinear",
        time_based_linear=codedeploy.CfnDeploymentConfig.TimeBasedLinearProperty(
            linear_interval=settings.minutes, linear_percentage=settings.percent
        ),
    )


def _function_arn(scope: Construct, name: str) -> str:
    return Stack.of(scope).format_arn(
        service="lambda",
        resource="function",
        resource_name=name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
