"""A role that may touch the items of some partitions only touches no others, however it asks."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.localcloud.conftest import Client, Deploy
from tests.integration.localcloud.test_access import Session, allow, as_function, keys_of, refusal

__all__ = ["as_function", "keys_of"]

TABLE = "partitions"
_ACTIONS = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem"]
OWN = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["own#*"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}


def item(key: str, **more: str) -> dict[str, Any]:
    return {name: {"S": value} for name, value in {"id": key, "at": "1", **more}.items()}


def key(value: str) -> dict[str, Any]:
    return {"id": {"S": value}, "at": {"S": "1"}}


@pytest.fixture(scope="module")
def table(deploy: Deploy, client: Client) -> str:
    """A table with an index, an item that is the role's own and one that is not."""
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "at", "kind")]
    schema = [
        {"AttributeName": "id", "KeyType": "HASH"},
        {"AttributeName": "at", "KeyType": "RANGE"},
    ]
    index = {
        "IndexName": "by-kind",
        "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    properties = {
        "TableName": TABLE,
        "AttributeDefinitions": attributes,
        "KeySchema": schema,
        "GlobalSecondaryIndexes": [index],
        "BillingMode": "PAY_PER_REQUEST",
    }
    resources = {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}
    arn = deploy(TABLE, resources, {"Arn": {"Fn::GetAtt": ["Table", "Arn"]}})["Arn"]
    for name in ("own#1", "other#1"):
        client("dynamodb").put_item(TableName=TABLE, Item=item(name, kind=name))
    return arn


@pytest.fixture(scope="module")
def dynamodb(as_function: Session, table: str) -> Any:
    """A client of the role that may touch its own partitions."""
    actions = [f"dynamodb:{action}" for action in (*_ACTIONS, "BatchWriteItem")]
    return as_function("partitions", allow(actions, [table, f"{table}/index/*"], Condition=OWN))(
        "dynamodb"
    )


def test_its_own_items_are_in_reach(dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item=item("own#2", kind="own#2"))
    assert dynamodb.get_item(TableName=TABLE, Key=key("own#1"))["Item"]["id"] == {"S": "own#1"}
    dynamodb.update_item(
        TableName=TABLE,
        Key=key("own#2"),
        UpdateExpression="SET note = :note",
        ExpressionAttributeValues={":note": {"S": "other#1"}},
    )
    batch = {TABLE: [{"PutRequest": {"Item": item("own#3")}}]}
    dynamodb.batch_write_item(RequestItems=batch)
    found = dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [key("own#3")]}})
    assert len(found["Responses"][TABLE]) == 1
    transaction = [{"Delete": {"TableName": TABLE, "Key": key("own#3")}}]
    dynamodb.transact_write_items(TransactItems=transaction)


@pytest.mark.parametrize(
    "condition", ["id = :id", ":id = id", "#id = :id AND #at = :at", "#at=:at AND #id=:id"]
)
@pytest.mark.parametrize(("value", "reached"), [("own#1", True), ("other#1", False)])
def test_a_query_asks_one_partition(
    dynamodb: Any, condition: str, value: str, *, reached: bool
) -> None:
    names = {"#id": "id", "#at": "at"} if "#" in condition else {}
    values = {":id": {"S": value}, **({":at": {"S": "own#1"}} if ":at" in condition else {})}

    def ask() -> Any:
        return dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            **({"ExpressionAttributeNames": names} if names else {}),
        )

    if reached:
        assert "Items" in ask()
    else:
        assert "dynamodb:Query" in refusal(ask)


@pytest.mark.parametrize(("value", "reached"), [("own#1", True), ("other#1", False)])
def test_a_query_of_an_index_asks_a_partition_of_the_index(
    dynamodb: Any, value: str, *, reached: bool
) -> None:
    def ask() -> Any:
        return dynamodb.query(
            TableName=TABLE,
            IndexName="by-kind",
            KeyConditionExpression="kind = :kind",
            ExpressionAttributeValues={":kind": {"S": value}},
        )

    if reached:
        assert len(ask()["Items"]) == 1
    else:
        refusal(ask)


def _batch(dynamodb: Any) -> object:
    writes = [{"PutRequest": {"Item": item(one)}} for one in ("own#4", "other#4")]
    return dynamodb.batch_write_item(RequestItems={TABLE: writes})


def _transaction(dynamodb: Any) -> object:
    writes = [
        {"Put": {"TableName": TABLE, "Item": item("own#4")}},
        {"Delete": {"TableName": TABLE, "Key": key("other#1")}},
    ]
    return dynamodb.transact_write_items(TransactItems=writes)


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda db: db.get_item(TableName=TABLE, Key=key("other#1")), id="get"),
        pytest.param(lambda db: db.put_item(TableName=TABLE, Item=item("other#2")), id="put"),
        pytest.param(lambda db: db.put_item(TableName=TABLE, Item=item("own")), id="no-prefix"),
        pytest.param(lambda db: db.delete_item(TableName=TABLE, Key=key("other#1")), id="delete"),
        pytest.param(lambda db: db.update_item(TableName=TABLE, Key=key("xown#1")), id="update"),
        pytest.param(
            lambda db: db.batch_get_item(
                RequestItems={TABLE: {"Keys": [key("own#1"), key("other#1")]}}
            ),
            id="batch-get",
        ),
        pytest.param(_batch, id="batch-write"),
        pytest.param(_transaction, id="transaction"),
        pytest.param(lambda db: db.scan(TableName=TABLE), id="scan"),
    ],
)
def test_anything_else_is_refused(
    dynamodb: Any, client: Client, ask: Callable[[Any], object]
) -> None:
    before = client("dynamodb").scan(TableName=TABLE)["Count"]
    refusal(lambda: ask(dynamodb))
    assert client("dynamodb").scan(TableName=TABLE)["Count"] == before


def test_without_the_null_condition_a_scan_names_no_key_that_could_be_wrong(
    as_function: Session, table: str
) -> None:
    """Why a policy needs both: an absent key passes "all values"."""
    lax = {"ForAllValues:StringLike": OWN["ForAllValues:StringLike"]}
    dynamodb = as_function("lax", allow("dynamodb:Scan", table, Condition=lax))("dynamodb")
    assert dynamodb.scan(TableName=TABLE)["Count"]
    with pytest.raises(ClientError):
        dynamodb.get_item(TableName=TABLE, Key=key("own#1"))
