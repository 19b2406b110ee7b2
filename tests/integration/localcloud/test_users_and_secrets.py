"""Users, their access keys and secrets: nothing is kinder than on AWS."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import Running
from tests.integration.localcloud.conftest import Client, Deploy, DeploymentFailed, clients_for


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def policy(*actions: str) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [allow]}


@pytest.fixture(scope="module")
def users(deploy: Deploy, client: Client) -> Iterator[tuple[str, str]]:
    """Two users of a stack; one may read and write secrets, and use no key for it."""
    rights = {
        "PolicyName": "secrets",
        "PolicyDocument": policy("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"),
    }
    key_policy = policy("kms:*")
    key_policy["Statement"][0]["Principal"] = {"AWS": "arn:aws:iam::000000000000:root"}
    deploy(
        "users",
        {
            "Ada": resource("AWS::IAM::User", UserName="key-ada", Policies=[rights]),
            "Bob": resource("AWS::IAM::User", UserName="key-bob"),
            "Key": resource("AWS::KMS::Key", KeyPolicy=key_policy),
            "Secret": resource(
                "AWS::SecretsManager::Secret",
                Name="hidden",
                KmsKeyId={"Fn::GetAtt": ["Key", "Arn"]},
            ),
        },
    )
    yield "key-ada", "key-bob"
    for user in ("key-ada", "key-bob"):
        for key in client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"]:
            client("iam").delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])


def test_a_user_has_two_keys_and_nobody_ends_anothers(
    client: Client, users: tuple[str, str]
) -> None:
    iam, (ada, bob) = client("iam"), users
    first, _ = (iam.create_access_key(UserName=bob)["AccessKey"] for _ in range(2))
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.create_access_key(UserName=bob)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_access_key(UserName=ada, AccessKeyId=first["AccessKeyId"])
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_user(UserName=bob)


def test_a_secret_is_empty_until_a_value_is_put_in(client: Client, users: tuple[str, str]) -> None:
    secrets = client("secretsmanager")
    for stage in ("AWSCURRENT", "AWSPREVIOUS"):
        with pytest.raises(secrets.exceptions.ResourceNotFoundException):
            secrets.get_secret_value(SecretId="hidden", VersionStage=stage)
    for value in ("one", "two"):
        secrets.put_secret_value(SecretId="hidden", SecretString=value)
    assert secrets.get_secret_value(SecretId="hidden")["SecretString"] == "two"
    before = secrets.get_secret_value(SecretId="hidden", VersionStage="AWSPREVIOUS")
    assert before["SecretString"] == "one"


def test_a_secrets_key_is_asked_for(cloud: Running, client: Client, users: tuple[str, str]) -> None:
    key = client("iam").create_access_key(UserName=users[0])["AccessKey"]
    ada = clients_for(
        cloud,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )("secretsmanager")
    with pytest.raises(ClientError, match="not authorized to perform: kms:"):
        ada.get_secret_value(SecretId="hidden")
    with pytest.raises(ClientError, match="not authorized to perform: kms:"):
        ada.put_secret_value(SecretId="hidden", SecretString="hers")
    more = json.dumps(policy("kms:Decrypt", "kms:GenerateDataKey"))
    client("iam").put_user_policy(UserName=users[0], PolicyName="key", PolicyDocument=more)
    ada.put_secret_value(SecretId="hidden", SecretString="hers")
    assert ada.get_secret_value(SecretId="hidden")["SecretString"] == "hers"
    client("iam").delete_user_policy(UserName=users[0], PolicyName="key")


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (resource("AWS::SecretsManager::Secret", Name="hidden"), "hidden already exists"),
        (resource("AWS::SecretsManager::Secret", SecretString="x"), "SecretString is not"),
        (resource("AWS::IAM::User", LoginProfile={"Password": "x"}), "LoginProfile is not"),
    ],
)
def test_what_is_not_as_asked_fails_the_stack(
    deploy: Deploy, users: tuple[str, str], made: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DeploymentFailed, match=reason):
        deploy("refused-secret", {"Made": made})
