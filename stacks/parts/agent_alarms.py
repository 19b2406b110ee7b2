"""Alarms on an agent that fails, and the topic that carries them."""

from aws_cdk import ArnFormat, Aws, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.parts.agent_function import AgentFunction

_PERIOD = Duration.minutes(5)


class AlarmTopic(Construct):
    """An encrypted topic that this account's alarms, and nobody else, publish to."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        email: str | None,
        alarm_prefix: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnLike": {
                        "aws:SourceArn": Stack.of(self).format_arn(
                            service="cloudwatch",
                            resource="alarm",
                            resource_name=f"{alarm_prefix}*",
                            arn_format=ArnFormat.COLON_RESOURCE_NAME,
                        )
                    },
                },
            )
        )
        if email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))


class AgentAlarms(Construct):
    """An agent's two alarms: requests that failed by our fault, and asynchronous ones given up."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        agent: AgentFunction,
        name_prefix: str,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        watched = {
            "errors": (
                agent.alias.metric_errors(period=_PERIOD, statistic="Sum"),
                "Requests failed by our fault. The function's log has the error and its code.",
            ),
            "dead-letters": (
                agent.dead_letters.metric_approximate_number_of_messages_visible(
                    period=_PERIOD, statistic="Maximum"
                ),
                "Asynchronous requests failed and wait in the dead-letter queue.",
            ),
        }
        for symptom, (metric, description) in watched.items():
            alarm = metric.create_alarm(
                self,
                symptom.title().replace("-", ""),
                alarm_name=f"{name_prefix}-{symptom}",
                alarm_description=description,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
                threshold=0,
                evaluation_periods=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            alarm.add_alarm_action(actions.SnsAction(topic))
