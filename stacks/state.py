"""The state stack: what outlives a deployment of code."""

from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from stacks import names
from stacks.parts.artifacts_bucket import ArtifactsBucket
from stacks.parts.data_key import DataKey
from stacks.parts.data_table import DataTable
from stacks.parts.open_records import index_open_records
from stacks.parts.removal import removal_policy
from stacks.settings.environment import Settings
from tradewind.contracts.names import (
    BUDGET_KEY,
    BUDGET_TTL,
    RECORD_KEY,
    RECORD_TTL,
    SESSION_KEY,
    SESSION_TTL,
    SESSION_TURN,
)


class StateStack(Stack):
    """Key, artifacts bucket, and the tables of records, of conversations and of budgets."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        prefix = names.resource_prefix(settings.environment)

        self.key = DataKey(
            self,
            "DataKey",
            alias=names.key_alias(settings.environment),
            log_group_prefixes=[
                names.log_group_prefix(settings.environment),
                names.access_log_prefix(settings.environment),
                names.runtime_log_prefix(settings.environment),
                *(
                    [names.flow_log_group_name(settings.environment)]
                    if settings.network is not None and settings.network.create is not None
                    else []
                ),
            ],
            alarm_prefix=prefix,
            tells_of_budgets=settings.aws_budget is not None,
            removal_policy=removal_policy(settings),
        ).key
        self.artifacts = ArtifactsBucket(
            self,
            "Artifacts",
            key=self.key,
            expiry_days=settings.artifact_expiry_days,
            access_log_expiry_days=settings.access_log_expiry_days,
            removal_policy=removal_policy(settings),
        ).bucket

        def table(
            construct_id: str, partition_key: str, time_to_live: str, sort_key: str | None = None
        ) -> dynamodb.Table:
            return DataTable(
                self,
                construct_id,
                partition_key=partition_key,
                time_to_live=time_to_live,
                sort_key=sort_key,
                key=self.key,
                deletion_protection=settings.keep_data,
                removal_policy=removal_policy(settings),
            ).table

        # One item per request.
        self.records = table("Records", RECORD_KEY, RECORD_TTL)
        index_open_records(self.records)
        # A conversation's head and turns.
        self.sessions = table("Sessions", SESSION_KEY, SESSION_TTL, sort_key=SESSION_TURN)
        # One item per principal and day.
        self.budgets = table("Budgets", BUDGET_KEY, BUDGET_TTL)

        CfnOutput(self, names.Output.ARTIFACTS_BUCKET, value=self.artifacts.bucket_name)
        CfnOutput(self, names.Output.RECORDS_TABLE, value=self.records.table_name)
        CfnOutput(self, names.Output.SESSIONS_TABLE, value=self.sessions.table_name)
        CfnOutput(self, names.Output.BUDGETS_TABLE, value=self.budgets.table_name)
