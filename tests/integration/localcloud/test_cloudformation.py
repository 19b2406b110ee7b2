"""Every property of a template can be read back from its service, or the stack fails by name."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import ACCOUNT_ID, REGION
from tests.integration.localcloud.conftest import (
    Client,
    Deploy,
    DeploymentFailed,
    package,
    role,
)

ROOT = f"arn:aws:iam::{ACCOUNT_ID}:root"


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **s} for s in statements]}


KEY_POLICY = policy(
    {"Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"},
    {
        "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Action": ["kms:Encrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {
            "ArnEquals": {
                "kms:EncryptionContext:aws:logs:arn": (
                    f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/allowed"
                )
            }
        },
    },
)


@pytest.fixture(scope="module")
def key(deploy: Deploy) -> str:
    made = resource("AWS::KMS::Key", KeyPolicy=KEY_POLICY, EnableKeyRotation=True)
    return deploy("key", {"Key": made}, {"Arn": {"Fn::GetAtt": ["Key", "Arn"]}})["Arn"]


@pytest.fixture(scope="module")
def code(upload: Callable[[str, bytes], dict[str, str]]) -> dict[str, str]:
    return upload("cloudformation.zip", package())


class TestRefusals:
    def test_an_unknown_property_fails_the_stack_and_leaves_nothing(
        self, deploy: Deploy, client: Client
    ) -> None:
        bucket = resource(
            "AWS::S3::Bucket",
            BucketName="accelerated",
            AccelerateConfiguration={"AccelerationStatus": "Enabled"},
        )
        with pytest.raises(DeploymentFailed, match=r"AWS::S3::Bucket: AccelerateConfiguration is"):
            deploy("refused-property", {"Bucket": bucket})
        buckets = client("s3").list_buckets()["Buckets"]
        assert "accelerated" not in [bucket["Name"] for bucket in buckets]

    def test_an_unknown_field_of_a_known_property_fails_the_stack_and_leaves_nothing(
        self, deploy: Deploy, client: Client
    ) -> None:
        rule = {"Status": "Enabled", "ExpirationInDays": 1, "ObjectSizeLessThan": 5}
        bucket = resource(
            "AWS::S3::Bucket", BucketName="half-made", LifecycleConfiguration={"Rules": [rule]}
        )
        with pytest.raises(DeploymentFailed, match="ObjectSizeLessThan is not supported"):
            deploy("refused-field", {"Bucket": bucket})
        buckets = client("s3").list_buckets()["Buckets"]
        assert "half-made" not in [bucket["Name"] for bucket in buckets]

    def test_a_setting_the_service_does_not_keep_fails_the_stack(self, deploy: Deploy) -> None:
        table = resource(
            "AWS::DynamoDB::Table",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            PointInTimeRecoverySpecification={
                "PointInTimeRecoveryEnabled": True,
                "RecoveryPeriodInDays": 5,
            },
        )
        with pytest.raises(DeploymentFailed, match="RecoveryPeriodInDays"):
            deploy("refused-setting", {"Table": table})

    def test_an_unknown_type_is_refused_before_anything_is_made(self, deploy: Deploy) -> None:
        with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::EC2::VPC\]"):
            deploy("refused-type", {"Network": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16")})

    def test_custom_resources_are_refused(self, deploy: Deploy) -> None:
        with pytest.raises(DeploymentFailed, match="Custom::Thing"):
            deploy("refused-custom", {"Thing": resource("Custom::Thing", ServiceToken="x")})

    @pytest.mark.parametrize(
        ("properties", "reason"),
        [
            ({"Runtime": "python3.9"}, r"python3\.9 is not available here"),
            ({"Runtime": "nodejs22.x"}, r"nodejs22\.x is not available here"),
            ({"Architectures": ["sparc"]}, "for sparc cannot run on this machine"),
            ({"Layers": ["arn:aws:lambda:us-east-1:1:layer:l:1"]}, "Layers is not supported"),
            ({"VpcConfig": {}}, "VpcConfig is not supported"),
        ],
    )
    def test_a_function_that_could_not_run_here_is_refused(
        self,
        deploy: Deploy,
        code: dict[str, str],
        properties: dict[str, Any],
        reason: str,
    ) -> None:
        function = resource(
            "AWS::Lambda::Function",
            **{
                "Runtime": "python3.12",
                "Handler": "app.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": code,
                **properties,
            },
        )
        with pytest.raises(DeploymentFailed, match=reason):
            deploy("refused-function", {"Role": role(), "Function": function})

    def test_dead_letters_that_could_not_be_sent_are_refused(
        self, deploy: Deploy, code: dict[str, str]
    ) -> None:
        function = resource(
            "AWS::Lambda::Function",
            Runtime="python3.12",
            Handler="app.handler",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Code=code,
            DeadLetterConfig={"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
        )
        queue = resource("AWS::SQS::Queue")
        with pytest.raises(DeploymentFailed, match="not have permissions to call SendMessage"):
            deploy("refused-letters", {"Role": role(), "Queue": queue, "Function": function})

    def test_a_log_group_with_a_key_it_may_not_use_is_refused(
        self, deploy: Deploy, key: str
    ) -> None:
        group = resource("AWS::Logs::LogGroup", LogGroupName="/other", KmsKeyId=key)
        with pytest.raises(DeploymentFailed, match="not allowed to be used with log group /other"):
            deploy("refused-group", {"Group": group})


class TestReadBack:
    def test_a_key(self, client: Client, key: str) -> None:
        kms = client("kms")
        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
        assert "GenerateDataKey" in kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]

    def test_a_log_group(self, deploy: Deploy, client: Client, key: str) -> None:
        group = resource(
            "AWS::Logs::LogGroup", LogGroupName="/allowed", KmsKeyId=key, RetentionInDays=7
        )
        deploy("log-group", {"Group": group})
        (found,) = client("logs").describe_log_groups(logGroupNamePrefix="/allowed")["logGroups"]
        assert (found["kmsKeyId"], found["retentionInDays"]) == (key, 7)

    def test_a_bucket_and_what_an_update_drops(
        self, deploy: Deploy, client: Client, key: str
    ) -> None:
        s3 = client("s3")
        name = "kept"
        full = resource(
            "AWS::S3::Bucket",
            BucketName=name,
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": True,
                        "ServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": key,
                        },
                    }
                ]
            },
            LifecycleConfiguration={
                "Rules": [
                    {
                        "Id": "expire",
                        "Status": "Enabled",
                        "ExpirationInDays": 30,
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    }
                ]
            },
            LoggingConfiguration={
                "DestinationBucketName": {"Ref": "AccessLogs"},
                "LogFilePrefix": "kept/",
            },
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            Tags=[{"Key": "project", "Value": "tradewind"}],
            VersioningConfiguration={"Status": "Enabled"},
        )
        logs = resource("AWS::S3::Bucket", BucketName="kept-access-logs")
        deploy("bucket", {"AccessLogs": logs, "Bucket": full})

        (encryption,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"][
            "Rules"
        ]
        assert encryption["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key
        assert encryption["BucketKeyEnabled"] is True
        (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
        assert rule["Expiration"] == {"Days": 30}
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
        logging = s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]
        assert logging == {"TargetBucket": "kept-access-logs", "TargetPrefix": "kept/"}
        (ownership,) = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
        assert ownership == {"ObjectOwnership": "BucketOwnerEnforced"}
        blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert set(blocked.values()) == {True}
        tags = s3.get_bucket_tagging(Bucket=name)["TagSet"]
        assert {"Key": "project", "Value": "tradewind"} in tags
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"

        bare = resource("AWS::S3::Bucket", BucketName=name)
        deploy("bucket", {"AccessLogs": logs, "Bucket": bare})
        with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
            s3.get_bucket_lifecycle_configuration(Bucket=name)
        assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=name)
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
        (encryption,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"][
            "Rules"
        ]
        assert encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}

    def test_a_table_and_what_an_update_drops(
        self, deploy: Deploy, client: Client, key: str
    ) -> None:
        dynamodb = client("dynamodb")
        bare = {
            "TableName": "kept",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        full = {
            **bare,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
        }

        def settings() -> tuple[Any, ...]:
            table = dynamodb.describe_table(TableName="kept")["Table"]
            expiry = dynamodb.describe_time_to_live(TableName="kept")["TimeToLiveDescription"]
            backups = dynamodb.describe_continuous_backups(TableName="kept")
            recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
            encryption = table.get("SSEDescription", {})
            return (
                table["BillingModeSummary"]["BillingMode"],
                expiry["TimeToLiveStatus"],
                recovery["PointInTimeRecoveryStatus"],
                encryption.get("Status"),
                encryption.get("KMSMasterKeyArn") if encryption.get("Status") == "ENABLED" else "",
            )

        deploy("table", {"Table": resource("AWS::DynamoDB::Table", **full)})
        assert settings() == ("PAY_PER_REQUEST", "ENABLED", "ENABLED", "ENABLED", key)
        deploy("table", {"Table": resource("AWS::DynamoDB::Table", **bare)})
        assert settings() == ("PAY_PER_REQUEST", "DISABLED", "DISABLED", "DISABLED", "")

    def test_a_function_and_what_an_update_drops(
        self, deploy: Deploy, client: Client, code: dict[str, str]
    ) -> None:
        aws_lambda = client("lambda")
        queue = {"Fn::GetAtt": ["Queue", "Arn"]}
        common = {
            "Queue": resource("AWS::SQS::Queue", QueueName="kept-letters"),
            "Role": role({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue}),
            "Group": resource("AWS::Logs::LogGroup", LogGroupName="/kept/function"),
        }
        bare = {
            "FunctionName": "kept",
            "Runtime": "python3.12",
            "Handler": "app.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": code,
        }
        full = {
            **bare,
            "DeadLetterConfig": {"TargetArn": queue},
            "LoggingConfig": {
                "LogGroup": {"Ref": "Group"},
                "LogFormat": "JSON",
                "ApplicationLogLevel": "INFO",
                "SystemLogLevel": "WARN",
            },
            "MemorySize": 3072,
            "ReservedConcurrentExecutions": 3,
            "Timeout": 900,
            "TracingConfig": {"Mode": "Active"},
        }
        deploy("function", {**common, "Function": resource("AWS::Lambda::Function", **full)})
        found = aws_lambda.get_function_configuration(FunctionName="kept")
        assert found["DeadLetterConfig"]["TargetArn"].endswith(":kept-letters")
        assert found["LoggingConfig"] == {
            "LogGroup": "/kept/function",
            "LogFormat": "JSON",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "WARN",
        }
        assert (found["MemorySize"], found["Timeout"]) == (3072, 900)
        assert found["TracingConfig"] == {"Mode": "Active"}
        concurrency = aws_lambda.get_function_concurrency(FunctionName="kept")
        assert concurrency["ReservedConcurrentExecutions"] == 3

        deploy("function", {**common, "Function": resource("AWS::Lambda::Function", **bare)})
        found = aws_lambda.get_function_configuration(FunctionName="kept")
        assert found["DeadLetterConfig"]["TargetArn"] == ""
        assert "ReservedConcurrentExecutions" not in aws_lambda.get_function_concurrency(
            FunctionName="kept"
        )

    def test_a_topic_a_queue_and_a_role(self, deploy: Deploy, client: Client, key: str) -> None:
        boundary = resource(
            "AWS::IAM::ManagedPolicy",
            ManagedPolicyName="kept-boundary",
            PolicyDocument=policy({"Action": "s3:*", "Resource": "*"}),
        )
        bounded = role()
        bounded["Properties"]["PermissionsBoundary"] = {"Ref": "Boundary"}
        made = deploy(
            "others",
            {
                "Boundary": boundary,
                "Role": bounded,
                "Topic": resource("AWS::SNS::Topic", KmsMasterKeyId=key),
                "Queue": resource("AWS::SQS::Queue", KmsMasterKeyId=key, QueueName="kept-queue"),
                "QueuePolicy": resource(
                    "AWS::SQS::QueuePolicy",
                    Queues=[{"Ref": "Queue"}],
                    PolicyDocument=policy(
                        {"Principal": {"AWS": ROOT}, "Action": "sqs:*", "Resource": "*"}
                    ),
                ),
            },
            {name: {"Ref": name} for name in ("Role", "Topic", "Queue", "Boundary")},
        )
        topic = client("sns").get_topic_attributes(TopicArn=made["Topic"])["Attributes"]
        assert topic["KmsMasterKeyId"] == key
        queue = client("sqs").get_queue_attributes(QueueUrl=made["Queue"], AttributeNames=["All"])[
            "Attributes"
        ]
        assert queue["KmsMasterKeyId"] == key
        assert ROOT in queue["Policy"]
        found = client("iam").get_role(RoleName=made["Role"])["Role"]
        assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == made["Boundary"]
