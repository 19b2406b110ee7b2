"""The state stack: what outlives a deployment of code."""

from typing import Any

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from constructs import Construct

from stacks import names
from stacks.parts.artifacts_bucket import ArtifactsBucket
from stacks.parts.budgets_table import BudgetsTable
from stacks.parts.data_key import DataKey
from stacks.parts.records_table import RecordsTable
from stacks.parts.sessions_table import SessionsTable
from stacks.settings import Settings


class StateStack(Stack):
    """Key, artifacts bucket, and the tables of records, of conversations and of budgets."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        prefix = names.resource_prefix(settings.environment)
        removal_policy = RemovalPolicy.RETAIN if settings.keep_data else RemovalPolicy.DESTROY

        self.key = DataKey(
            self,
            "DataKey",
            alias=names.key_alias(settings.environment),
            log_group_prefixes=[
                names.log_group_prefix(settings.environment),
                names.access_log_prefix(settings.environment),
            ],
            alarm_prefix=prefix,
            removal_policy=removal_policy,
        ).key
        self.artifacts = ArtifactsBucket(
            self,
            "Artifacts",
            key=self.key,
            expiry_days=settings.artifact_expiry_days,
            access_log_expiry_days=settings.access_log_expiry_days,
            removal_policy=removal_policy,
        ).bucket
        self.records = RecordsTable(
            self,
            "Records",
            key=self.key,
            deletion_protection=settings.keep_data,
            removal_policy=removal_policy,
        ).table

        self.sessions = SessionsTable(
            self,
            "Sessions",
            key=self.key,
            deletion_protection=settings.keep_data,
            removal_policy=removal_policy,
        ).table
        self.budgets = BudgetsTable(
            self,
            "Budgets",
            key=self.key,
            deletion_protection=settings.keep_data,
            removal_policy=removal_policy,
        ).table

        CfnOutput(self, names.Output.ARTIFACTS_BUCKET, value=self.artifacts.bucket_name)
        CfnOutput(self, names.Output.RECORDS_TABLE, value=self.records.table_name)
        CfnOutput(self, names.Output.SESSIONS_TABLE, value=self.sessions.table_name)
        CfnOutput(self, names.Output.BUDGETS_TABLE, value=self.budgets.table_name)
