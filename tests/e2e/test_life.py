"""The life of an environment: created, failed half-way, changed, destroyed, and created again.

Everything is done with the commands that people type, by the real CDK, in an account of its own.
"""

import io
import json
import signal
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.life import CALLER, ENVIRONMENT, GOES, STAYS, Life, life

LOG_GROUP: Final = f"/aws/lambda/tradewind-{ENVIRONMENT}-{GOES}"
QUEUE: Final = f"tradewind-{ENVIRONMENT}-{GOES}-dead-letters"
ALIAS: Final = f"alias/tradewind-{ENVIRONMENT}"
KEY: Final = "farm-1/report.md"


@pytest.mark.parametrize("keep_data", [False, True], ids=["kept-not", "kept"])
def test_a_life(tmp_path: Path, keep_data: bool) -> None:
    with life(tmp_path, keep_data=keep_data) as one:
        it_fails_half_way_and_is_tried_again(one, keep_data=keep_data)
        data = it_is_used(one)
        an_agent_goes_and_comes_back(one, keep_data=keep_data)
        it_is_destroyed_and_created_again(one, data, keep_data=keep_data)
        if keep_data:
            one.destroy("--protected")
            one.settings(keep_data=False)
        one.destroy()
        nothing_is_left(one)


def it_fails_half_way_and_is_tried_again(one: Life, *, keep_data: bool) -> None:
    """Names that are taken stop one stack, and then the next."""
    if keep_data:
        the_first_stack_fails(one)
    takes_the_name_of_a_function(one)
    said = one.deploy(status=1)
    assert "already exists" in said
    assert one.statuses()["State"] == "CREATE_COMPLETE"
    assert one.statuses()["Agents"] == "ROLLBACK_COMPLETE"
    # What it had made is gone, or the next try would find the name taken.
    assert log_groups(one) == []

    one.client("lambda").delete_function(FunctionName=f"tradewind-{ENVIRONMENT}-{GOES}")
    said = one.deploy()
    assert f"Tradewind-{ENVIRONMENT}-Agents is deleted first: its creation failed" in said
    assert set(one.statuses()) == {"State", "Agents", "Api", "AgentCore", "Observability"}


def the_first_stack_fails(one: Life) -> None:
    """Where nothing is there yet; a protected table resists the undoing of its creation."""
    kms = one.client("kms")
    theirs = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=ALIAS, TargetKeyId=theirs)
    assert "already exists" in one.deploy(status=1)
    # Protected before anything was in them.
    assert one.statuses() == {"State": "ROLLBACK_FAILED"}
    kms.delete_alias(AliasName=ALIAS)
    kms.schedule_key_deletion(KeyId=theirs, PendingWindowInDays=7)


def takes_the_name_of_a_function(one: Life) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = one.client("iam").create_role(
        RoleName="theirs", AssumeRolePolicyDocument=json.dumps(trust)
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("own.py", "")
    one.client("lambda").create_function(
        FunctionName=f"tradewind-{ENVIRONMENT}-{GOES}",
        Runtime="python3.12",
        Role=role["Role"]["Arn"],
        Handler="own.handler",
        Code={"ZipFile": code.getvalue()},
    )


def it_is_used(one: Life) -> dict[str, str]:
    """Leave data everywhere, and return where it is."""
    buckets = one.has("State", "AWS::S3::Bucket")
    [bucket] = [name for id_, name in buckets.items() if id_.startswith("ArtifactsBucket")]
    [table] = [
        name
        for id_, name in one.has("State", "AWS::DynamoDB::Table").items()
        if id_.startswith("Records")
    ]
    [key] = one.has("State", "AWS::KMS::Key").values()
    s3 = one.client("s3")
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"first")
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"second")
    s3.put_object(Bucket=bucket, Key="gone.md", Body=b"deleted")
    s3.delete_object(Bucket=bucket, Key="gone.md")
    one.client("dynamodb").put_item(TableName=table, Item={"record_id": {"S": "r-1"}})
    logs = one.client("logs")
    logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="ours")
    logs.put_log_events(
        logGroupName=LOG_GROUP,
        logStreamName="ours",
        logEvents=[{"timestamp": 1, "message": "before"}],
    )
    sqs = one.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"], MessageBody="failed")
    one.client("iam").create_access_key(UserName=f"tradewind-{ENVIRONMENT}-caller-{CALLER}")
    return {"bucket": bucket, "table": table, "key": key}


def an_agent_goes_and_comes_back(one: Life, *, keep_data: bool) -> None:
    """It goes with a change of the others, and with a Ctrl-C in the middle."""
    one.remove_agent()
    one.settings(log_level="WARN")
    one.interrupted_deploy(signal.SIGINT)
    one.deploy()
    variables = one.client("lambda").get_function_configuration(
        FunctionName=f"tradewind-{ENVIRONMENT}-{STAYS}"
    )["Environment"]["Variables"]
    assert variables["POWERTOOLS_LOG_LEVEL"] == "WARN"
    it_goes_back_and_forth(one)
    assert log_groups(one) == ([LOG_GROUP] if keep_data else [])
    one.add_agent()
    said = one.deploy()
    assert (f"log group {LOG_GROUP}" in said) is keep_data
    assert LOG_GROUP in one.has("Agents", "AWS::Logs::LogGroup").values()
    assert logged(one) == (["before"] if keep_data else [])


def it_goes_back_and_forth(one: Life) -> None:
    """To the version before the change, which callers get then, and to the newer one again."""
    function = f"tradewind-{ENVIRONMENT}-{STAYS}"
    client = one.client("lambda")

    def live() -> str:
        version: str = client.get_alias(FunctionName=function, Name="live")["FunctionVersion"]
        return version

    newer = live()
    said = one.tradewind("rollback", STAYS, "--env", ENVIRONMENT)
    older = live()
    assert f"{STAYS}: live was version {newer}, is {older}." in said
    called = client.get_function_configuration(FunctionName=function, Qualifier="live")
    assert called["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] == "INFO"
    one.tradewind("rollback", STAYS, "--to", newer, "--env", ENVIRONMENT)
    assert live() == newer


def it_is_destroyed_and_created_again(one: Life, data: dict[str, str], *, keep_data: bool) -> None:
    if keep_data:
        assert f"`tradewind destroy {ENVIRONMENT} --protected`" in one.destroy(status=1)
    said = one.destroy("--protected")
    assert one.statuses() == {}
    stays = said.partition("These stay:\n")[2]
    assert (f"  key {data['key']}\n" in stays) is keep_data
    if not keep_data:
        nothing_is_left(one)
    one.deploy()
    has = {
        name
        for type_ in ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key")
        for name in one.has("State", type_).values()
    }
    assert (set(data.values()) <= has) is keep_data
    assert set(data.values()).isdisjoint(has) is not keep_data
    assert logged(one) == (["before"] if keep_data else [])
    if keep_data:
        body = one.client("s3").get_object(Bucket=data["bucket"], Key=KEY)["Body"].read()
        assert body == b"second"
        items = one.client("dynamodb").scan(TableName=data["table"])["Items"]
        assert items == [{"record_id": {"S": "r-1"}}]
        [alias] = [
            found
            for found in one.client("kms").list_aliases()["Aliases"]
            if found["AliasName"] == ALIAS
        ]
        assert alias["TargetKeyId"] == data["key"]


def log_groups(one: Life) -> list[str]:
    groups = one.client("logs").describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]
    return [group["logGroupName"] for group in groups]


def logged(one: Life) -> list[str]:
    events = one.client("logs").filter_log_events(logGroupName=LOG_GROUP)["events"]
    return [event["message"] for event in events]


def nothing_is_left(one: Life) -> None:
    """No data of the environment is anywhere; its key can be had back for a while."""
    assert one.statuses() == {}
    buckets = [bucket["Name"] for bucket in one.client("s3").list_buckets()["Buckets"]]
    assert [name for name in buckets if f"tradewind-{ENVIRONMENT}" in name] == []
    assert one.client("dynamodb").list_tables()["TableNames"] == []
    assert one.client("sqs").list_queues().get("QueueUrls", []) == []
    groups = one.client("logs").describe_log_groups()["logGroups"]
    assert [group for group in groups if f"tradewind-{ENVIRONMENT}" in group["logGroupName"]] == []
    assert one.client("secretsmanager").list_secrets()["SecretList"] == []
    users = [user["UserName"] for user in one.client("iam").list_users()["Users"]]
    assert [name for name in users if ENVIRONMENT in name] == []
    kms = one.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    states = {key["KeyState"] for key in keys if ALIAS in key["Description"]}
    assert states == {"PendingDeletion"}
