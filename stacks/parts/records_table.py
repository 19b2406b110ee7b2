"""The table of invocation records."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from tradewind.contracts.names import (
    OPEN_INDEX,
    OPEN_INDEX_ATTRIBUTES,
    RECORD_DEADLINE,
    RECORD_KEY,
    RECORD_OPEN,
    RECORD_TTL,
)


class RecordsTable(Construct):
    """One item per request, by its id; on demand, encrypted, restorable, expiring.

    Those that are open are in an index of their own, which a finished one leaves.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        deletion_protection: bool,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=RECORD_KEY, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute=RECORD_TTL,
            deletion_protection=deletion_protection,
            removal_policy=removal_policy,
        )
        self.table.add_global_secondary_index(
            index_name=OPEN_INDEX,
            partition_key=dynamodb.Attribute(name=RECORD_OPEN, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=RECORD_DEADLINE, type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=list(OPEN_INDEX_ATTRIBUTES),
        )
