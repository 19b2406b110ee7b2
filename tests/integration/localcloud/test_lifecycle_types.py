"""A name that is taken stays whose it is, for every resource type that has names."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from devtools.localcloud import ACCOUNT_ID, REGION
from devtools.localcloud.lifecycle import PROJECT, SERVER_PYTHON
from tests.integration.localcloud.conftest import Client, Deploy, package, role
from tests.integration.localcloud.stacks_api import Stacks, resource

Outputs = Mapping[str, str]


@dataclass(frozen=True)
class Life:
    """How a resource of a type lives.

    Attributes:
        properties: Gives its properties, from the outputs of what they need.
        refusal: What AWS says about its name when it is taken.
        change: Properties that change in place; with its name still its own.
    """

    properties: Callable[[Outputs], dict[str, Any]]
    refusal: str
    change: Mapping[str, Any] = field(default_factory=dict)


def fixed(**properties: Any) -> Callable[[Outputs], dict[str, Any]]:
    return lambda _: properties


def already(kind: str, identifier: str) -> str:
    return f"Resource of type '{kind}' with identifier '{identifier}' already exists."


NOTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::no/no"}],
}
ALARM: Mapping[str, Any] = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "MetricName": "m",
    "Namespace": "n",
    "Period": 60,
    "Statistic": "Sum",
    "Threshold": 1,
}
ACL: Mapping[str, Any] = {
    "DefaultAction": {"Allow": {}},
    "Scope": "REGIONAL",
    "VisibilityConfig": {
        "CloudWatchMetricsEnabled": False,
        "MetricName": "m",
        "SampledRequestsEnabled": False,
    },
}
TRUST = role()["Properties"]["AssumeRolePolicyDocument"]


def function(outputs: Outputs) -> dict[str, Any]:
    return {
        "FunctionName": "life-function",
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Role": outputs["Role"],
        "Code": {"S3Bucket": "packages", "S3Key": "lives.zip"},
    }


def in_api(**properties: Any) -> Callable[[Outputs], dict[str, Any]]:
    return lambda outputs: {"RestApiId": outputs["Api"], **properties}


LIVES: Mapping[str, Life] = {
    "AWS::ApiGateway::ApiKey": Life(
        fixed(Name="life", Value="0123456789" * 2, Enabled=True),
        "API Key already exists",
        {"Description": "changed"},
    ),
    "AWS::ApiGateway::Model": Life(
        in_api(Name="Life", ContentType="application/json", Schema={"type": "object"}),
        "Model name already exists for this REST API",
        {"Description": "changed"},
    ),
    "AWS::ApiGateway::Resource": Life(
        lambda outputs: {
            "RestApiId": outputs["Api"],
            "ParentId": outputs["Root"],
            "PathPart": "life",
        },
        "Another resource with the same parent already has this name",
    ),
    "AWS::ApiGateway::Method": Life(
        lambda outputs: {
            "RestApiId": outputs["Api"],
            "ResourceId": outputs["Root"],
            "HttpMethod": "PUT",
            "AuthorizationType": "NONE",
            "Integration": {
                "Type": "MOCK",
                "RequestTemplates": {"application/json": '{"statusCode": 200}'},
            },
        },
        "Method already exists for this resource",
    ),
    "AWS::CloudWatch::Alarm": Life(
        fixed(AlarmName="life-alarm", **ALARM),
        already("AWS::CloudWatch::Alarm", "life-alarm"),
        {"AlarmDescription": "changed"},
    ),
    "AWS::CloudWatch::CompositeAlarm": Life(
        lambda outputs: {"AlarmName": "life-both", "AlarmRule": f'ALARM("{outputs["Alarm"]}")'},
        already("AWS::CloudWatch::CompositeAlarm", "life-both"),
        {"AlarmDescription": "changed"},
    ),
    "AWS::DynamoDB::Table": Life(
        fixed(
            TableName="life-table",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        ),
        already("AWS::DynamoDB::Table", "life-table"),
        {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
    ),
    "AWS::ECR::Repository": Life(
        fixed(RepositoryName="life"),
        already("AWS::ECR::Repository", "life"),
        {"ImageTagMutability": "IMMUTABLE"},
    ),
    "AWS::Events::Rule": Life(
        fixed(Name="life-rule", ScheduleExpression="rate(1 day)", State="DISABLED"),
        already("AWS::Events::Rule", "default|life-rule"),
        {"Description": "changed"},
    ),
    "AWS::IAM::ManagedPolicy": Life(
        fixed(ManagedPolicyName="life-policy", PolicyDocument=NOTHING),
        already("AWS::IAM::ManagedPolicy", f"arn:aws:iam::{ACCOUNT_ID}:policy/life-policy"),
    ),
    "AWS::IAM::Role": Life(
        fixed(RoleName="life-role", AssumeRolePolicyDocument=TRUST),
        already("AWS::IAM::Role", "life-role"),
        {"Description": "changed"},
    ),
    "AWS::IAM::User": Life(
        fixed(UserName="life-user"),
        already("AWS::IAM::User", "life-user"),
        {"Tags": [{"Key": "a", "Value": "b"}]},
    ),
    "AWS::KMS::Alias": Life(
        lambda outputs: {"AliasName": "alias/life", "TargetKeyId": outputs["Key"]},
        f"An alias with the name arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/life already exists",
    ),
    "AWS::Lambda::Function": Life(
        function, already("AWS::Lambda::Function", "life-function"), {"Timeout": 9}
    ),
    "AWS::Lambda::Alias": Life(
        lambda outputs: {
            "FunctionName": outputs["Function"],
            "FunctionVersion": outputs["Version"],
            "Name": "life",
        },
        "AWS::Lambda::Alias: life-other:life already exists",
        {"Description": "changed"},
    ),
    "AWS::Lambda::EventInvokeConfig": Life(
        lambda outputs: {
            "FunctionName": outputs["Function"],
            "Qualifier": outputs["Version"],
            "MaximumRetryAttempts": 0,
        },
        already("AWS::Lambda::EventInvokeConfig", "life-other:1"),
        {"MaximumRetryAttempts": 1},
    ),
    "AWS::Logs::LogGroup": Life(
        fixed(LogGroupName="/life"),
        already("AWS::Logs::LogGroup", '{"/properties/LogGroupName":"/life"}'),
        {"RetentionInDays": 3},
    ),
    "AWS::S3::Bucket": Life(
        fixed(BucketName="life-bucket"),
        # AWS tells the rest through DescribeEvents.
        "Validation failed with 1 error(s).",
        {"VersioningConfiguration": {"Status": "Enabled"}},
    ),
    "AWS::S3::BucketPolicy": Life(
        lambda outputs: {
            "Bucket": outputs["Bucket"],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:GetObject",
                        "Resource": f"arn:aws:s3:::{outputs['Bucket']}/*",
                    }
                ],
            },
        },
        "The bucket policy already exists on bucket",
    ),
    "AWS::SecretsManager::Secret": Life(
        fixed(Name="life-secret"),
        "The operation failed because the secret life-secret already exists.",
        {"Description": "changed"},
    ),
    "AWS::SNS::Topic": Life(
        fixed(TopicName="life-topic"),
        already("AWS::SNS::Topic", f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:life-topic"),
        {"DisplayName": "changed"},
    ),
    "AWS::SQS::Queue": Life(
        fixed(QueueName="life-queue"),
        already("AWS::SQS::Queue", "life-queue"),
        {"VisibilityTimeout": 9},
    ),
    "AWS::SSM::Parameter": Life(
        fixed(Name="/life", Type="String", Value="a"),
        "already exists",
        {"Value": "b"},
    ),
    "AWS::WAFv2::WebACL": Life(
        fixed(Name="life-acl", **ACL),
        already("AWS::WAFv2::WebACL", "REGIONAL/life-acl"),
        {"Description": "changed"},
    ),
}

each_type = pytest.mark.parametrize("kind", LIVES)


@pytest.fixture(scope="module")
def stacks(client: Client) -> Stacks:
    return Stacks(client)


@pytest.fixture(scope="module")
def needed(deploy: Deploy, upload: Callable[[str, bytes], dict[str, str]]) -> Outputs:
    """What the resources need, in a stack of its own."""
    code = upload("lives.zip", package())
    other: dict[str, Any] = {
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": code,
        "FunctionName": "life-other",
    }
    made = {
        "Alarm": resource("AWS::CloudWatch::Alarm", AlarmName="life-child", **ALARM),
        "Api": resource(
            "AWS::ApiGateway::RestApi",
            Name="life",
            EndpointConfiguration={"Types": ["REGIONAL"]},
        ),
        "Bucket": resource("AWS::S3::Bucket"),
        "Function": resource("AWS::Lambda::Function", **other),
        "Key": resource("AWS::KMS::Key", KeyPolicy=_key_policy()),
        "Role": role(),
        "Version": resource("AWS::Lambda::Version", FunctionName={"Ref": "Function"}),
    }
    return deploy(
        "lives-need",
        made,
        {
            "Alarm": {"Ref": "Alarm"},
            "Api": {"Ref": "Api"},
            "Root": {"Fn::GetAtt": ["Api", "RootResourceId"]},
            "Bucket": {"Ref": "Bucket"},
            "Function": {"Ref": "Function"},
            "Key": {"Ref": "Key"},
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Version": {"Fn::GetAtt": ["Version", "Version"]},
        },
    )


def _key_policy() -> dict[str, Any]:
    root = f"arn:aws:iam::{ACCOUNT_ID}:root"
    allowed = {"Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **allowed}]}


def name_of(kind: str) -> str:
    return "life-" + kind.removeprefix("AWS::").replace("::", "-").lower()


@each_type
def test_its_name_is_its_own_and_free_when_it_is_gone(
    kind: str, stacks: Stacks, needed: Outputs
) -> None:
    life, name = LIVES[kind], name_of(kind)
    properties = life.properties(needed)
    made = {"It": resource(kind, **properties)}
    assert stacks.create(name, made) == "CREATE_COMPLETE", stacks.reasons(name)
    if life.change:
        changed = {"It": resource(kind, **{**properties, **life.change})}
        before = stacks.holds(name)
        assert stacks.update(name, changed) == "UPDATE_COMPLETE", stacks.reasons(name)
        assert stacks.holds(name) == before
    assert stacks.delete(name) == "DELETE_COMPLETE"
    assert stacks.create(name, made) == "CREATE_COMPLETE", stacks.reasons(name)
    assert stacks.delete(name) == "DELETE_COMPLETE"


@each_type
def test_a_name_that_was_kept_is_refused(kind: str, stacks: Stacks, needed: Outputs) -> None:
    life, name = LIVES[kind], f"{name_of(kind)}-kept"
    made = {"It": resource(kind, "Retain", **life.properties(needed))}
    assert stacks.create(name, made) == "CREATE_COMPLETE", stacks.reasons(name)
    assert stacks.delete(name) == "DELETE_COMPLETE"
    again = {"It": resource(kind, **life.properties(needed))}
    assert stacks.create(f"{name}-again", again) == "ROLLBACK_COMPLETE"
    assert life.refusal in stacks.reasons(f"{name}-again")[0]


@pytest.mark.parametrize(
    "kind",
    [
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::Budgets::Budget",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
        "AWS::Lambda::CodeSigningConfig",
        "AWS::Signer::SigningProfile",
    ],
)
def test_a_type_that_is_not_carried_out_is_refused_by_name(kind: str, stacks: Stacks) -> None:
    with pytest.raises(ClientError, match=rf"Unrecognized resource types: \[{kind}\]"):
        stacks.create("refused-type", {"It": resource(kind), "Topic": resource("AWS::SNS::Topic")})


def test_every_type_that_is_honoured_has_its_rules() -> None:
    code = (
        "from devtools.localcloud.extension.cloudformation.install import _HONOURED\n"
        "from devtools.localcloud.extension.cloudformation.lifecycle.limits import LIMITS\n"
        "from devtools.localcloud.extension.cloudformation.lifecycle.types import RULES\n"
        "print(*sorted(set(_HONOURED) ^ set(RULES)), *sorted(set(LIMITS) - set(RULES)))"
    )
    compared = subprocess.run(
        [SERVER_PYTHON, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    assert compared.stdout.strip() == ""
