"""Data outlives its stack, comes back as it was, and goes only when AWS would let it go."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import ACCOUNT_ID, REGION
from tests.integration.localcloud.conftest import Client, role
from tests.integration.localcloud.stacks_api import ImportFailed, Stacks, resource

DENIED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::no/no"}],
}
KEPT = "RetainExceptOnCreate"


@pytest.fixture(scope="module")
def stacks(client: Client) -> Stacks:
    return Stacks(client)


def table(policy: str | None = None, *indexes: str, **properties: Any) -> dict[str, Any]:
    names = ["id", *indexes]
    made = {
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in names],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": [index(name) for name in indexes]} if indexes else {}),
        **properties,
    }
    return resource("AWS::DynamoDB::Table", policy, **made)


def index(attribute: str, projection: str = "ALL") -> dict[str, Any]:
    return {
        "IndexName": f"by-{attribute}",
        "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": projection},
    }


def key(policy: str | None = None, **properties: Any) -> dict[str, Any]:
    root = f"arn:aws:iam::{ACCOUNT_ID}:root"
    allowed = {"Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **allowed}]}
    return resource("AWS::KMS::Key", policy, KeyPolicy=document, **properties)


class TestImport:
    def test_a_bucket_a_table_a_queue_and_a_key_come_back_with_what_is_in_them(
        self, stacks: Stacks, client: Client
    ) -> None:
        """None of them has a name of its own, but for what AWS made up for the first stack."""
        made = {
            "Bucket": resource("AWS::S3::Bucket", KEPT),
            "Key": key(KEPT),
            "Queue": resource("AWS::SQS::Queue", KEPT),
            "Table": table(KEPT),
        }
        stacks.create("first-life", made)
        held = stacks.holds("first-life")
        client("s3").put_object(Bucket=held["Bucket"], Key="kept", Body=b"kept")
        client("dynamodb").put_item(TableName=held["Table"], Item={"id": {"S": "kept"}})
        client("sqs").send_message(QueueUrl=held["Queue"], MessageBody="kept")
        assert stacks.delete("first-life") == "DELETE_COMPLETE"
        identifiers = {
            "Bucket": {"BucketName": held["Bucket"]},
            "Key": {"KeyId": held["Key"]},
            "Queue": {"QueueUrl": held["Queue"]},
            "Table": {"TableName": held["Table"]},
        }
        assert stacks.bring_in("second-life", made, identifiers) == "IMPORT_COMPLETE"
        changed = {
            "Bucket": resource(
                "AWS::S3::Bucket", KEPT, VersioningConfiguration={"Status": "Enabled"}
            ),
            "Key": key(KEPT, Description="changed"),
            "Queue": resource("AWS::SQS::Queue", KEPT, VisibilityTimeout=9),
            "Table": table(
                KEPT, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            ),
        }
        assert stacks.update("second-life", changed) == "UPDATE_COMPLETE"
        assert stacks.holds("second-life") == held
        client("s3").get_object(Bucket=held["Bucket"], Key="kept")
        kept = client("dynamodb").get_item(TableName=held["Table"], Key={"id": {"S": "kept"}})
        assert kept["Item"] == {"id": {"S": "kept"}}
        (message,) = client("sqs").receive_message(QueueUrl=held["Queue"])["Messages"]
        assert message["Body"] == "kept"

    def test_a_key_on_its_way_out_does_not_come_back(self, stacks: Stacks, client: Client) -> None:
        stacks.create("key-goes", {"Key": key()})
        (key_id,) = stacks.holds("key-goes").values()
        stacks.delete("key-goes")
        with pytest.raises(ImportFailed, match="is pending deletion"):
            stacks.bring_in("key-back", {"Key": key(KEPT)}, {"Key": {"KeyId": key_id}})
        client("kms").cancel_key_deletion(KeyId=key_id)
        assert stacks.bring_in("key-back", {"Key": key(KEPT)}, {"Key": {"KeyId": key_id}}) == (
            "IMPORT_COMPLETE"
        )

    def test_a_secret_comes_back_with_what_is_in_it(self, stacks: Stacks, client: Client) -> None:
        made = {"Secret": resource("AWS::SecretsManager::Secret", KEPT, Name="life/secret")}
        stacks.create("secret-goes", made)
        secrets = client("secretsmanager")
        arn = secrets.put_secret_value(SecretId="life/secret", SecretString="kept")["ARN"]
        assert stacks.delete("secret-goes") == "DELETE_COMPLETE"
        with pytest.raises(ImportFailed, match="was not found"):
            stacks.bring_in("secret-back", made, {"Secret": {"Id": f"{arn}x"}})
        assert stacks.bring_in("secret-back", made, {"Secret": {"Id": arn}}) == "IMPORT_COMPLETE"
        assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "kept"

    def test_a_type_that_is_not_imported_is_refused_by_name(self, stacks: Stacks) -> None:
        board = resource("AWS::CloudWatch::Dashboard", KEPT, DashboardName="b", DashboardBody="{}")
        with pytest.raises(
            ClientError, match=r"ResourceTypes \[AWS::CloudWatch::Dashboard\] are not supported"
        ):
            stacks.bring_in("no-import", {"Board": board}, {"Board": {"DashboardName": "b"}})


class TestKeys:
    def test_a_deleted_key_waits_as_long_as_it_was_told(
        self, stacks: Stacks, client: Client
    ) -> None:
        stacks.create("key-waits", {"Key": key(PendingWindowInDays=7)})
        (key_id,) = stacks.holds("key-waits").values()
        stacks.delete("key-waits")
        found = client("kms").describe_key(KeyId=key_id)["KeyMetadata"]
        assert found["KeyState"] == "PendingDeletion"
        days = (found["DeletionDate"] - found["CreationDate"]).total_seconds() / 86_400
        assert round(days) == 7

    def test_nothing_new_is_made_with_one(self, stacks: Stacks) -> None:
        stacks.create("key-old", {"Key": key()})
        (key_id,) = stacks.holds("key-old").values()
        stacks.delete("key-old")
        for number, made in enumerate(
            (
                resource("AWS::KMS::Alias", AliasName="alias/late", TargetKeyId=key_id),
                resource("AWS::Logs::LogGroup", LogGroupName="/late", KmsKeyId=key_id),
            )
        ):
            assert stacks.create(f"key-late-{number}", {"It": made}) == "ROLLBACK_COMPLETE"


class TestProtection:
    def test_a_protected_table_stays_until_it_is_not(self, stacks: Stacks) -> None:
        stacks.create("guarded", {"Table": table(DeletionProtectionEnabled=True)})
        assert stacks.delete("guarded") == "DELETE_FAILED"
        assert any(
            "Table is protected against deletion" in reason for reason in stacks.reasons("guarded")
        )

    def test_the_api_does_not_delete_it_either(self, stacks: Stacks, client: Client) -> None:
        stacks.create("guarded-too", {"Table": table(DeletionProtectionEnabled=True)})
        (name,) = stacks.holds("guarded-too").values()
        with pytest.raises(ClientError, match="protected against deletion"):
            client("dynamodb").delete_table(TableName=name)
        assert stacks.update("guarded-too", {"Table": table()}) == "UPDATE_COMPLETE"
        assert stacks.delete("guarded-too") == "DELETE_COMPLETE"

    def test_a_role_with_a_strangers_policy_stays(self, stacks: Stacks, client: Client) -> None:
        made = {"Role": role()}
        stacks.create("with-stranger", made)
        (name,) = stacks.holds("with-stranger").values()
        arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        client("iam").attach_role_policy(RoleName=name, PolicyArn=arn)
        assert stacks.delete("with-stranger") == "DELETE_FAILED"
        assert "must detach all policies first" in stacks.reasons("with-stranger")[1]
        client("iam").detach_role_policy(RoleName=name, PolicyArn=arn)
        client("iam").put_role_policy(
            RoleName=name, PolicyName="more", PolicyDocument=json.dumps(DENIED)
        )
        assert stacks.delete("with-stranger") == "DELETE_FAILED"
        assert "must delete policies first" in stacks.reasons("with-stranger")[1]
        client("iam").delete_role_policy(RoleName=name, PolicyName="more")
        assert stacks.delete("with-stranger") == "DELETE_COMPLETE"

    def test_a_managed_policy_that_is_in_use_stays(self, stacks: Stacks, client: Client) -> None:
        denied = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::no/no"}
        document = {"Version": "2012-10-17", "Statement": [denied]}
        stacks.create(
            "managed", {"It": resource("AWS::IAM::ManagedPolicy", PolicyDocument=document)}
        )
        stacks.create("managed-user", {"User": resource("AWS::IAM::User", UserName="managed")})
        (arn,) = stacks.holds("managed").values()
        client("iam").attach_user_policy(UserName="managed", PolicyArn=arn)
        assert stacks.delete("managed") == "DELETE_FAILED"
        client("iam").detach_user_policy(UserName="managed", PolicyArn=arn)
        assert stacks.delete("managed") == "DELETE_COMPLETE"

    def test_a_repository_with_images_stays(self, stacks: Stacks, client: Client) -> None:
        stacks.create("images", {"It": resource("AWS::ECR::Repository", RepositoryName="images")})
        manifest = json.dumps({"schemaVersion": 2, "layers": [], "config": {}})
        client("ecr").put_image(repositoryName="images", imageManifest=manifest, imageTag="a")
        assert stacks.delete("images") == "DELETE_FAILED"
        assert "images" in stacks.reasons("images")[1]
        client("ecr").batch_delete_image(repositoryName="images", imageIds=[{"imageTag": "a"}])
        assert stacks.delete("images") == "DELETE_COMPLETE"

    def test_what_an_api_still_serves_stays(self, stacks: Stacks) -> None:
        api = {
            "Api": resource(
                "AWS::ApiGateway::RestApi",
                Name="served",
                EndpointConfiguration={"Types": ["REGIONAL"]},
            ),
            "Method": resource(
                "AWS::ApiGateway::Method",
                RestApiId={"Ref": "Api"},
                ResourceId={"Fn::GetAtt": ["Api", "RootResourceId"]},
                HttpMethod="GET",
                AuthorizationType="NONE",
                Integration={
                    "Type": "MOCK",
                    "RequestTemplates": {"application/json": '{"statusCode": 200}'},
                },
            ),
        }
        deployment = resource("AWS::ApiGateway::Deployment", RestApiId={"Ref": "Api"})
        deployed = {"Deployment": {**deployment, "DependsOn": "Method"}}
        stacks.create("served", {**api, **deployed})
        held = stacks.holds("served")
        stage = {
            "Stage": resource(
                "AWS::ApiGateway::Stage",
                RestApiId={"Ref": "Api"},
                StageName="live",
                DeploymentId=held["Deployment"],
            )
        }
        assert stacks.update("served", {**api, **deployed, **stage}) == "UPDATE_COMPLETE"
        assert stacks.update("served", {**api, **stage}) == "UPDATE_COMPLETE"
        assert "Active stages pointing to this deployment" in stacks.reasons("served")[0]
        acl = resource(
            "AWS::WAFv2::WebACL",
            DefaultAction={"Allow": {}},
            Scope="REGIONAL",
            VisibilityConfig={
                "CloudWatchMetricsEnabled": False,
                "MetricName": "m",
                "SampledRequestsEnabled": False,
            },
        )
        arn = {"Arn": {"Value": {"Fn::GetAtt": ["Acl", "Arn"]}, "Export": {"Name": "acl"}}}
        stacks.create("acl", {"Acl": acl}, outputs=arn)
        before = resource(
            "AWS::WAFv2::WebACLAssociation",
            ResourceArn=f"arn:aws:apigateway:{REGION}::/restapis/{held['Api']}/stages/live",
            WebACLArn=stacks.output("acl", "Arn"),
        )
        assert stacks.create("acl-before", {"It": before}) == "CREATE_COMPLETE"
        assert stacks.delete("acl") == "DELETE_FAILED"
        assert "associated with another resource" in stacks.reasons("acl")[1]
        stacks.delete("acl-before")
        assert stacks.delete("acl") == "DELETE_COMPLETE"


class TestReplacement:
    def in_order(self, **properties: Any) -> dict[str, Any]:
        keys = [
            {"AttributeName": "id", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ]
        attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "at")]
        return table(KeySchema=keys, AttributeDefinitions=attributes, **properties)

    def test_what_has_a_name_of_its_own_is_not_replaced_under_it(
        self, stacks: Stacks, client: Client
    ) -> None:
        trust = role()["Properties"]["AssumeRolePolicyDocument"]
        for name, before, after in (
            ("fixed-table", table(TableName="fixed"), self.in_order(TableName="fixed")),
            (
                "fixed-role",
                resource("AWS::IAM::Role", RoleName="fixed", AssumeRolePolicyDocument=trust),
                resource(
                    "AWS::IAM::Role",
                    RoleName="fixed",
                    Path="/elsewhere/",
                    AssumeRolePolicyDocument=trust,
                ),
            ),
        ):
            stacks.create(name, {"It": before})
            assert stacks.update(name, {"It": after}) == "UPDATE_ROLLBACK_COMPLETE"
            assert stacks.reasons(name)[0] == (
                "CloudFormation cannot update a stack when a custom-named resource requires "
                "replacing. Rename fixed and update the stack again."
            )
        assert len(client("dynamodb").describe_table(TableName="fixed")["Table"]["KeySchema"]) == 1

    @pytest.mark.parametrize(("policy", "kept"), [("Delete", False), (KEPT, True)])
    def test_what_has_none_is_replaced_and_the_old_one_goes_or_stays(
        self, stacks: Stacks, client: Client, policy: str, kept: bool
    ) -> None:
        name = f"replaced-{policy}"
        stacks.create(name, {"Table": table(policy)})
        (old,) = stacks.holds(name).values()
        assert stacks.update(name, {"Table": self.in_order(policy=policy)}) == "UPDATE_COMPLETE"
        (new,) = stacks.holds(name).values()
        assert new != old
        assert (old in client("dynamodb").list_tables()["TableNames"]) is kept

    @pytest.mark.parametrize(
        ("after", "reason"),
        [
            (table(None, "a", "b"), "more than one GSI creation or deletion"),
            (
                table(None, "c", GlobalSecondaryIndexes=[index("c", "KEYS_ONLY")]),
                "Cannot update GSI's properties",
            ),
        ],
    )
    def test_a_tables_indexes_change_one_at_a_time(
        self, stacks: Stacks, after: Mapping[str, Any], reason: str
    ) -> None:
        name = f"indexes-{len(reason)}"
        stacks.create(name, {"Table": table(None, "c")})
        assert stacks.update(name, {"Table": after}) == "UPDATE_ROLLBACK_COMPLETE"
        assert reason in stacks.reasons(name)[0]


class TestSecrets:
    def test_a_name_waits_for_the_recovery_window_unless_cloudformation_deletes(
        self, stacks: Stacks, client: Client
    ) -> None:
        made = {"Secret": resource("AWS::SecretsManager::Secret", Name="waits")}
        stacks.create("secret", made)
        stacks.delete("secret")
        assert stacks.create("secret", made) == "CREATE_COMPLETE"
        client("secretsmanager").delete_secret(SecretId="waits", RecoveryWindowInDays=7)
        assert stacks.create("secret-again", made) == "ROLLBACK_COMPLETE"


class TestQueues:
    def test_a_name_rests_after_delete_queue_and_not_after_a_stacks_deletion(
        self, stacks: Stacks, client: Client
    ) -> None:
        made = {"Queue": resource("AWS::SQS::Queue", QueueName="rests")}
        stacks.create("queue", made)
        stacks.delete("queue")
        assert stacks.create("queue", made) == "CREATE_COMPLETE"
        (url,) = stacks.holds("queue").values()
        client("sqs").delete_queue(QueueUrl=url)
        with pytest.raises(ClientError, match="You must wait 60 seconds"):
            client("sqs").create_queue(QueueName="rests")
        stacks.delete("queue")
        assert stacks.create("queue-again", made) == "ROLLBACK_COMPLETE"
        assert "You must wait 60 seconds" in stacks.reasons("queue-again")[0]
