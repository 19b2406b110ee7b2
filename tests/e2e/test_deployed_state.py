"""What matters is read back from the services: a finished deployment alone proves nothing."""

import json
from typing import Any

import pytest

from cli import cdk
from cli.console import Step
from stacks.names import Output
from tests.deployed_agents import AGENTS, FIRST
from tests.e2e.conftest import Deployment, client
from tradewind.contracts.prices import usd_of


def test_the_bucket_is_closed_encrypted_versioned_and_watched(deployment: Deployment) -> None:
    s3, bucket = client("s3"), deployment.outputs[Output.ARTIFACTS_BUCKET]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert ":key/" in rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    assert rule["BucketKeyEnabled"] is True
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetBucket"]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert any(
        statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy["Statement"]
    )


def test_the_key_rotates(deployment: Deployment) -> None:
    rule: dict[str, Any] = client("s3").get_bucket_encryption(
        Bucket=deployment.outputs[Output.ARTIFACTS_BUCKET]
    )["ServerSideEncryptionConfiguration"]["Rules"][0]
    key = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    assert client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


def test_the_table_recovers_forgets_and_is_encrypted(deployment: Deployment) -> None:
    dynamodb, table = client("dynamodb"), deployment.outputs[Output.RECORDS_TABLE]
    described = dynamodb.describe_table(TableName=table)["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["SSEDescription"]["SSEType"] == "KMS"
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
    backups = dynamodb.describe_continuous_backups(TableName=table)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_what_a_caller_spends_is_kept_by_the_agents_role(deployment: Deployment) -> None:
    answer = deployment.ask(FIRST, owner="spender").answer
    assert answer["success"], answer["error"]
    kept = client("dynamodb").scan(TableName=deployment.outputs[Output.BUDGETS_TABLE])["Items"]
    [day] = [item for item in kept if item["owner"] == {"S": "spender"}]
    assert usd_of(int(day["committed"]["N"])) == pytest.approx(answer["usage"]["cost_usd"])
    assert not [name for name in day if name.startswith("r-")]


@pytest.mark.parametrize("agent", AGENTS)
def test_each_function_is_as_described(deployment: Deployment, agent: str) -> None:
    arn = deployment.arn(agent)
    assert arn.endswith(f":function:tradewind-local-{agent}:live")
    function = deployment.functions.get_function_configuration(FunctionName=arn)
    assert (function["Runtime"], function["MemorySize"]) == ("python3.12", 3072)
    assert function["Timeout"] == 900
    assert function["Version"] != "$LATEST"
    assert function["TracingConfig"]["Mode"] == "Active"
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert ":sqs:" in function["DeadLetterConfig"]["TargetArn"]
    invoke_config = client("lambda").get_function_event_invoke_config(FunctionName=arn)
    assert invoke_config["MaximumRetryAttempts"] == 0
    name = function["LoggingConfig"]["LogGroup"]
    groups = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    (group,) = (one for one in groups if one["logGroupName"] == name)
    assert group["retentionInDays"] == 1
    assert ":key/" in group["kmsKeyId"]


def test_no_two_agents_share_a_role(deployment: Deployment) -> None:
    assert len({deployment.role(agent) for agent in AGENTS}) == len(AGENTS)


def test_a_second_deployment_changes_nothing(deployment: Deployment) -> None:
    def versions() -> list[str]:
        return [
            deployment.functions.get_function_configuration(FunctionName=deployment.arn(agent))[
                "Version"
            ]
            for agent in AGENTS
        ]

    before = versions()
    outputs = cdk.deploy(deployment.running, Step("again"), deployment.out)
    assert outputs == deployment.outputs
    assert versions() == before
