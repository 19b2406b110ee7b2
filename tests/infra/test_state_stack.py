"""What the state stack keeps, and how it is protected."""

from typing import Any

import pytest

from tests.infra.assembly import Assembly

DESTROY = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
RETAIN = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
DATA = ("AWS::KMS::Key", "AWS::S3::Bucket", "AWS::DynamoDB::Table")


def bucket(assembly: Assembly, name: str) -> dict[str, Any]:
    properties: dict[str, Any] = assembly.only(assembly.state, "AWS::S3::Bucket", name)[
        "Properties"
    ]
    return properties


def denials(assembly: Assembly, bucket_name: str) -> list[dict[str, Any]]:
    policy = assembly.only(assembly.state, "AWS::S3::BucketPolicy", bucket_name)
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    return [statement for statement in statements if statement["Effect"] == "Deny"]


def test_the_key_rotates_and_only_named_services_use_it_by_themselves(dev: Assembly) -> None:
    key = dev.only(dev.state, "AWS::KMS::Key")["Properties"]
    account, logs, alarms = key["KeyPolicy"]["Statement"]

    assert key["EnableKeyRotation"] is True
    assert account["Principal"] == {"AWS": "arn:aws:iam::ACCOUNT:root"}
    assert logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert logs["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": [
                "arn:aws:logs:us-east-1:ACCOUNT:log-group:/aws/lambda/tradewind-dev-*",
                "arn:aws:logs:us-east-1:ACCOUNT:log-group:/aws/apigateway/tradewind-dev-*",
                "arn:aws:logs:us-east-1:ACCOUNT:log-group:"
                "/aws/bedrock-agentcore/runtimes/tradewind_dev__*",
            ]
        }
    }
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "ACCOUNT"},
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:ACCOUNT:alarm:tradewind-dev-*"},
    }


def test_artifacts_are_encrypted_private_versioned_and_logged(dev: Assembly) -> None:
    artifacts = bucket(dev, "ArtifactsBucket")

    [encryption] = artifacts["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": "<DataKey.Arn>",
        },
    }
    assert artifacts["VersioningConfiguration"] == {"Status": "Enabled"}
    assert artifacts["LoggingConfiguration"] == {
        "DestinationBucketName": "<ArtifactsAccessLogs>",
        "LogFilePrefix": "artifacts/",
    }


def test_artifacts_expire_as_the_settings_say(dev: Assembly) -> None:
    [rule] = bucket(dev, "ArtifactsBucket")["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == dev.settings.artifact_expiry_days
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_access_logs_expire_as_the_settings_say(dev: Assembly) -> None:
    [rule] = bucket(dev, "ArtifactsAccessLogs")["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == dev.settings.access_log_expiry_days


@pytest.mark.parametrize("name", ["ArtifactsBucket", "ArtifactsAccessLogs"])
def test_no_bucket_is_public_or_takes_plain_http(dev: Assembly, name: str) -> None:
    assert bucket(dev, name)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket(dev, name)["OwnershipControls"] == {
        "Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]
    }
    plain_http = [
        denial
        for denial in denials(dev, name)
        if denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    assert [(denial["Action"], denial["Resource"]) for denial in plain_http] == [
        ("s3:*", [f"<{name}.Arn>", f"<{name}.Arn>/*"])
    ]


def test_artifacts_refuse_old_tls(dev: Assembly) -> None:
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in [
        denial["Condition"] for denial in denials(dev, "ArtifactsBucket")
    ]


TABLES = {
    "Records": [{"AttributeName": "record_id", "KeyType": "HASH"}],
    "Sessions": [
        {"AttributeName": "session_key", "KeyType": "HASH"},
        {"AttributeName": "turn", "KeyType": "RANGE"},
    ],
    "Budgets": [{"AttributeName": "account_day", "KeyType": "HASH"}],
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_on_demand_encrypted_restorable_and_expire(dev: Assembly, name: str) -> None:
    table = dev.only(dev.state, "AWS::DynamoDB::Table", name)["Properties"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == TABLES[name]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": "<DataKey.Arn>",
    }


def test_open_records_are_in_an_index_with_what_settling_them_takes(dev: Assembly) -> None:
    table = dev.only(dev.state, "AWS::DynamoDB::Table", "Records")["Properties"]
    assert table["GlobalSecondaryIndexes"] == [
        {
            "IndexName": "open-by-deadline",
            "KeySchema": [
                {"AttributeName": "open", "KeyType": "HASH"},
                {"AttributeName": "deadline_at", "KeyType": "RANGE"},
            ],
            "Projection": {
                "ProjectionType": "INCLUDE",
                "NonKeyAttributes": ["attempt", "agent", "request_id", "project_id"],
            },
        }
    ]
    # What is no key of table or index has no type here.
    assert {
        one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]
    } == {
        "record_id": "S",
        "open": "S",
        "deadline_at": "N",
    }


@pytest.mark.parametrize("resource_type", DATA)
def test_where_data_is_kept_it_outlives_the_stack(prod: Assembly, resource_type: str) -> None:
    for resource in prod.all(prod.state, resource_type):
        assert RETAIN.items() <= resource.items()


@pytest.mark.parametrize("resource_type", DATA)
def test_where_it_is_not_kept_it_goes_with_the_stack(dev: Assembly, resource_type: str) -> None:
    for resource in dev.all(dev.state, resource_type):
        assert DESTROY.items() <= resource.items()


@pytest.mark.parametrize("name", TABLES)
def test_only_where_data_is_kept_a_table_resists_deletion(
    dev: Assembly, prod: Assembly, name: str
) -> None:
    protected = [
        assembly.only(assembly.state, "AWS::DynamoDB::Table", name)["Properties"][
            "DeletionProtectionEnabled"
        ]
        for assembly in (dev, prod)
    ]
    assert protected == [False, True]


def test_callers_find_bucket_and_tables_in_the_outputs(dev: Assembly) -> None:
    outputs = dev.spell(dev.state, dev.state["Outputs"])
    assert outputs["ArtifactsBucketName"]["Value"] == "<ArtifactsBucket>"
    assert outputs["RecordsTableName"]["Value"] == "<RecordsTable>"
    assert outputs["SessionsTableName"]["Value"] == "<SessionsTable>"
    assert outputs["BudgetsTableName"]["Value"] == "<BudgetsTable>"


def test_the_agents_stack_is_told_nine_things_and_no_more(dev: Assembly) -> None:
    exported = [
        dev.spell(dev.state, output["Value"])
        for output in dev.state["Outputs"].values()
        if "Export" in output
    ]
    assert sorted(exported) == [
        "<ArtifactsBucket.Arn>",
        "<ArtifactsBucket>",
        "<BudgetsTable.Arn>",
        "<BudgetsTable>",
        "<DataKey.Arn>",
        "<RecordsTable.Arn>",
        "<RecordsTable>",
        "<SessionsTable.Arn>",
        "<SessionsTable>",
    ]


def test_every_resource_that_takes_tags_has_them(dev: Assembly) -> None:
    expected = [{"Key": key, "Value": value} for key, value in sorted(dev.settings.tags.items())]
    for resource_type in DATA:
        for resource in dev.all(dev.state, resource_type):
            assert resource["Properties"]["Tags"] == expected
