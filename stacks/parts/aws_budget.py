"""A budget of AWS: whoever hears of alarms hears of the bill."""

from aws_cdk import Aws
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.settings.aws_budget import AwsBudgetSettings


class AwsBudget(Construct):
    """What the account costs a month, and the topic's leave to be told of it by AWS Budgets."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: AwsBudgetSettings,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        # As AWS's page on topics for budgets has it.
        allowed = topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Budgets",
                principals=[iam.ServicePrincipal("budgets.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnLike": {
                        "aws:SourceArn": f"arn:{Aws.PARTITION}:budgets::{Aws.ACCOUNT_ID}:*"
                    },
                },
            )
        )
        told = budgets.CfnBudget.SubscriberProperty(
            subscription_type="SNS", address=topic.topic_arn
        )
        budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                # Without a name: other percentages replace it, and a name would be taken then.
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(
                    amount=settings.usd_per_month, unit="USD"
                ),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[told],
                )
                for kind, percent in (
                    *(("ACTUAL", percent) for percent in settings.at_percent),
                    ("FORECASTED", 100),
                )
            ],
        )
        # A budget that may not tell anybody is refused.
        if allowed.policy_dependable is not None:
            budget.node.add_dependency(allowed.policy_dependable)
