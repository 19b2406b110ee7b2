"""Every request is signed, and allowed by the caller's policies and the keys' own."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from ssl import create_default_context
from typing import Any

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import ACCOUNT_ID, REGION, Running
from tests.integration.localcloud.conftest import (
    Client,
    Deploy,
    clients_for,
    package,
    role,
)

PROFILE = f"arn:aws:bedrock:{REGION}:{ACCOUNT_ID}:inference-profile/us.anthropic.claude-sonnet-4-6"
MODEL = "arn:aws:bedrock:*::foundation-model/anthropic.claude-sonnet-4-6"


class TestSignatures:
    @pytest.mark.parametrize(
        ("service", "operation", "code"),
        [
            ("s3", "list_buckets", "SignatureDoesNotMatch"),
            ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
            ("dynamodb", "list_tables", "InvalidSignatureException"),
            ("lambda", "list_functions", "InvalidSignatureException"),
            ("cloudformation", "list_stacks", "SignatureDoesNotMatch"),
        ],
    )
    def test_a_wrong_secret_is_refused(
        self, cloud: Running, service: str, operation: str, code: str
    ) -> None:
        client = clients_for(cloud, aws_secret_access_key="wrong")(service)
        with pytest.raises(ClientError) as refused:
            getattr(client, operation)()
        assert refused.value.response["Error"]["Code"] == code

    # What MiniStack takes for its root user without looking at the signature.
    @pytest.mark.parametrize("key", ["test", ACCOUNT_ID, "123456789012"])
    def test_there_are_no_keys_that_everybody_knows(self, cloud: Running, key: str) -> None:
        client = clients_for(cloud, aws_access_key_id=key, aws_secret_access_key="test")
        for service, operation in (("s3", "list_buckets"), ("iam", "list_users")):
            with pytest.raises(ClientError) as refused:
                getattr(client(service), operation)()
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403

    @pytest.mark.parametrize("method", ["GET", "PUT"])
    def test_an_unsigned_request_is_refused(
        self, cloud: Running, client: Client, method: str
    ) -> None:
        client("s3").create_bucket(Bucket=f"unsigned-{method.lower()}")
        client("s3").put_object(Bucket=f"unsigned-{method.lower()}", Key="there", Body=b"x")
        request = urllib.request.Request(  # noqa: S310  our own server
            f"{cloud.endpoint_url}/unsigned-{method.lower()}/there", method=method
        )
        context = create_default_context(cafile=cloud.ca_bundle)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, context=context)  # noqa: S310
        refused.value.close()
        assert refused.value.code == 403

    def test_the_operator_is_an_administrator(self, client: Client) -> None:
        identity = client("sts").get_caller_identity()
        assert identity["Account"] == ACCOUNT_ID
        assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:user/operator"

    def test_there_is_no_second_model_service(self, cloud: Running) -> None:
        """MiniStack's own answers from a can; a function that went there by mistake must fail."""
        client = clients_for(cloud)("bedrock-runtime")
        with pytest.raises(ClientError):
            client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "hi"}]}])


Keys = dict[str, str]
Session = Callable[..., Client]


@pytest.fixture(scope="module")
def keys_of(
    client: Client, deploy: Deploy, upload: Callable[[str, bytes], dict[str, str]]
) -> Callable[..., Keys]:
    """The credentials that a function of a role with these statements finds around it."""
    code = upload("access.zip", package())

    def keys(name: str, *statements: dict[str, Any]) -> Keys:
        function = {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.12",
                "Handler": "app.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": code,
            },
        }
        outputs = {"Name": {"Ref": "Function"}}
        made = deploy(f"access-{name}", {"Role": role(*statements), "Function": function}, outputs)
        answer = client("lambda").invoke(
            FunctionName=made["Name"], Payload=json.dumps({"do": "describe"})
        )
        environment = json.load(answer["Payload"])["environment"]
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return {name.lower(): environment[name] for name in names}

    return keys


@pytest.fixture(scope="module")
def as_function(cloud: Running, keys_of: Callable[..., Keys]) -> Session:
    """Clients with a function's credentials."""
    return lambda name, *statements: clients_for(cloud, **keys_of(name, *statements))


def allow(action: str | list[str], resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def refusal(call: Callable[[], object]) -> str:
    """The message of the refusal that a call meets."""
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    assert error["Code"] in ("AccessDenied", "AccessDeniedException")
    return str(error["Message"])


@pytest.fixture(scope="module")
def encrypted(deploy: Deploy) -> dict[str, str]:
    """A bucket and a table under one customer-managed key."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}
    rules = [{"ServerSideEncryptionByDefault": by_default}]
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}},
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"BucketEncryption": {"ServerSideEncryptionConfiguration": rules}},
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
                "SSESpecification": {
                    "SSEEnabled": True,
                    "SSEType": "KMS",
                    "KMSMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]},
                },
            },
        },
    }
    outputs = {
        "Key": {"Fn::GetAtt": ["Key", "Arn"]},
        "Bucket": {"Ref": "Bucket"},
        "Table": {"Ref": "Table"},
        "TableArn": {"Fn::GetAtt": ["Table", "Arn"]},
    }
    return deploy("encrypted", resources, outputs)


class TestRoles:
    def test_a_role_reaches_its_own_prefix_only(self, as_function: Session, client: Client) -> None:
        client("s3").create_bucket(Bucket="prefixes")
        own = allow(["s3:PutObject", "s3:GetObject"], "arn:aws:s3:::prefixes/*/own/*")
        s3 = as_function("prefix", own)("s3")
        s3.put_object(Bucket="prefixes", Key="project/own/file", Body=b"x")
        assert s3.get_object(Bucket="prefixes", Key="project/own/file")["Body"].read() == b"x"
        message = refusal(lambda: s3.put_object(Bucket="prefixes", Key="project/other/f", Body=b""))
        assert "s3:PutObject" in message
        refusal(lambda: s3.get_object(Bucket="prefixes", Key="project/other/f"))
        refusal(lambda: s3.delete_object(Bucket="prefixes", Key="project/own/file"))
        refusal(lambda: s3.list_objects_v2(Bucket="prefixes"))

    def test_a_role_may_use_the_operations_it_names_only(
        self, as_function: Session, deploy: Deploy
    ) -> None:
        table = {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "records",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        }
        arn = deploy("records", {"Table": table}, {"Arn": {"Fn::GetAtt": ["Table", "Arn"]}})["Arn"]
        dynamodb = as_function("items", allow("dynamodb:PutItem", arn))("dynamodb")
        dynamodb.put_item(TableName="records", Item={"id": {"S": "1"}})
        refusal(lambda: dynamodb.get_item(TableName="records", Key={"id": {"S": "1"}}))
        refusal(lambda: dynamodb.scan(TableName="records"))
        refusal(lambda: dynamodb.put_item(TableName="others", Item={"id": {"S": "1"}}))

    def test_a_session_needs_its_token(self, cloud: Running, keys_of: Callable[..., Keys]) -> None:
        keys = keys_of("token")
        assert clients_for(cloud, **keys)("sts").get_caller_identity()["Account"] == ACCOUNT_ID
        del keys["aws_session_token"]
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            clients_for(cloud, **keys)("sts").get_caller_identity()


class TestKeys:
    def test_writing_an_encrypted_object_needs_a_data_key(
        self, as_function: Session, encrypted: dict[str, str]
    ) -> None:
        objects = allow(["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{encrypted['Bucket']}/*")
        neither = as_function("no-key", objects)("s3")
        place = {"Bucket": encrypted["Bucket"], "Key": "file"}
        assert "kms:GenerateDataKey" in refusal(lambda: neither.put_object(**place, Body=b"x"))

        writer = as_function("writer", objects, allow("kms:GenerateDataKey", encrypted["Key"]))(
            "s3"
        )
        assert writer.put_object(**place, Body=b"x")["SSEKMSKeyId"] == encrypted["Key"]
        assert "kms:Decrypt" in refusal(lambda: writer.get_object(**place))

        reader = as_function("reader", objects, allow("kms:Decrypt", encrypted["Key"]))("s3")
        assert reader.get_object(**place)["Body"].read() == b"x"

    def test_a_key_may_be_tied_to_the_service_that_uses_it(
        self, as_function: Session, encrypted: dict[str, str]
    ) -> None:
        items = allow("dynamodb:PutItem", encrypted["TableArn"])
        put = {"TableName": encrypted["Table"], "Item": {"id": {"S": "1"}}}

        def tied_to(service: str) -> dict[str, Any]:
            via = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}
            return allow("kms:Decrypt", encrypted["Key"], Condition={"StringEquals": via})

        wrong = as_function("tied-wrong", items, tied_to("s3"))("dynamodb")
        assert "kms:Decrypt" in refusal(lambda: wrong.put_item(**put))
        as_function("tied", items, tied_to("dynamodb"))("dynamodb").put_item(**put)


class TestModelAccess:
    @pytest.fixture
    def converse(self, cloud: Running, keys_of: Callable[..., Keys]) -> Callable[..., str]:
        def call(name: str, *statements: dict[str, Any]) -> str:
            to_models = replace(cloud, endpoint_url=cloud.bedrock_endpoint_url)
            bedrock = clients_for(to_models, **keys_of(name, *statements))("bedrock-runtime")
            answer = bedrock.converse(
                modelId="us.anthropic.claude-sonnet-4-6",
                messages=[{"role": "user", "content": [{"text": "hello"}]}],
                inferenceConfig={"maxTokens": 100},
            )
            return str(answer["output"]["message"]["content"][0]["text"])

        return call

    def test_the_profile_and_the_model_behind_it_are_both_needed(
        self, converse: Callable[..., str]
    ) -> None:
        profile = allow("bedrock:InvokeModel", PROFILE)
        through_profile = {"StringEquals": {"bedrock:InferenceProfileArn": PROFILE}}
        model = allow("bedrock:InvokeModel", MODEL, Condition=through_profile)
        assert "InvokeModel" in refusal(lambda: converse("no-model"))
        assert "foundation-model" in refusal(lambda: converse("profile-only", profile))
        assert converse("profile-and-model", profile, model)

    def test_a_grant_for_another_profile_does_not_count(self, converse: Callable[..., str]) -> None:
        other = PROFILE.replace("sonnet", "opus")
        wrong = {"StringEquals": {"bedrock:InferenceProfileArn": other}}
        profile = allow("bedrock:InvokeModel", PROFILE)
        model = allow("bedrock:InvokeModel", MODEL, Condition=wrong)
        assert "foundation-model" in refusal(lambda: converse("other-profile", profile, model))
