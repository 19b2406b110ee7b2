"""A usage plan: how much each API key may ask in a day. A key is no identity; it is counted."""

from collections.abc import Sequence

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from stacks.settings.api import UsagePlanSettings


class UsagePlan(Construct):
    """A plan over stages, and a key for each who has one."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        plan: UsagePlanSettings,
        stages: Sequence[tuple[str, apigateway.CfnStage]],
    ) -> None:
        """Make it.

        Args:
            scope: As always.
            construct_id: As always.
            name: The plan's; its keys' names begin with it.
            plan: What each key may ask.
            stages: Each with its API's id.
        """
        super().__init__(scope, construct_id)
        made = apigateway.CfnUsagePlan(
            self,
            "Plan",
            usage_plan_name=name,
            api_stages=[{"apiId": api_id, "stage": stage.ref} for api_id, stage in stages],
            quota={"limit": plan.requests_per_day, "period": "DAY"},
            throttle={"rateLimit": plan.requests_per_second, "burstLimit": plan.burst},
        )
        for holder in plan.keys:
            # CloudFormation has AWS make the value, which no template shows.
            key = apigateway.CfnApiKey(self, holder, name=f"{name}-{holder}", enabled=True)
            apigateway.CfnUsagePlanKey(
                self, f"{holder}-of", key_id=key.ref, key_type="API_KEY", usage_plan_id=made.ref
            )
