"""A table of conversations on a DynamoDB that fails on demand."""

import uuid

import pytest

from tests.dynamodb import LoopbackDynamoDB


@pytest.fixture
def table_name(dynamodb: LoopbackDynamoDB) -> str:
    """An empty table."""
    name = dynamodb.create_sessions_table(f"sessions-{uuid.uuid4().hex}")
    dynamodb.heal()
    return name
