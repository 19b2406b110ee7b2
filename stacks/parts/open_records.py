"""The index of the invocation records that are open, which a finished one leaves."""

from aws_cdk import aws_dynamodb as dynamodb

from tradewind.contracts.names import (
    OPEN_INDEX,
    OPEN_INDEX_ATTRIBUTES,
    RECORD_DEADLINE,
    RECORD_OPEN,
)


def index_open_records(table: dynamodb.Table) -> None:
    """Give the table of records its index, by deadline."""
    table.add_global_secondary_index(
        index_name=OPEN_INDEX,
        partition_key=dynamodb.Attribute(name=RECORD_OPEN, type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name=RECORD_DEADLINE, type=dynamodb.AttributeType.NUMBER),
        projection_type=dynamodb.ProjectionType.INCLUDE,
        non_key_attributes=list(OPEN_INDEX_ATTRIBUTES),
    )
