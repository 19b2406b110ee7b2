"""What is beyond a service's limit is refused before it is made, by what the service would say."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.localcloud.conftest import Client, role
from tests.integration.localcloud.stacks_api import Stacks, resource


@pytest.fixture(scope="module")
def stacks(client: Client) -> Stacks:
    return Stacks(client)


TRUST = role()["Properties"]["AssumeRolePolicyDocument"]
ALARM: Mapping[str, Any] = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "MetricName": "m",
    "Namespace": "n",
    "Period": 60,
    "Statistic": "Sum",
    "Threshold": 1,
}


def statement(characters: int) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{'x' * characters}",
            }
        ],
    }


def inline(characters: int) -> list[dict[str, Any]]:
    return [{"PolicyName": "own", "PolicyDocument": statement(characters)}]


def function(**properties: Any) -> dict[str, Any]:
    code = {"ZipFile": "def handler(event, context): return 1"}
    made = {"Runtime": "python3.12", "Handler": "index.handler", "Code": code, **properties}
    return resource("AWS::Lambda::Function", Role="arn:aws:iam::000000000000:role/none", **made)


def table(**properties: Any) -> dict[str, Any]:
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    made: Any = {
        "AttributeDefinitions": attributes,
        "KeySchema": keys,
        "BillingMode": "PAY_PER_REQUEST",
    }
    return resource("AWS::DynamoDB::Table", **made, **properties)


def index(name: str) -> dict[str, Any]:
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}


def tags(count: int) -> list[dict[str, str]]:
    return [{"Key": f"k{number}", "Value": "v"} for number in range(count)]


TOO_MUCH = {
    "a long alarm name": (
        resource("AWS::CloudWatch::Alarm", AlarmName="a" * 256, **ALARM),
        "at 'AlarmName' failed to satisfy constraint",
    ),
    "six actions": (
        resource("AWS::CloudWatch::Alarm", AlarmActions=["arn:aws:sns:a:b:c"] * 6, **ALARM),
        "at 'AlarmActions' failed to satisfy constraint: Member must have length less than or "
        "equal to 5",
    ),
    "an alarm over two days": (
        resource("AWS::CloudWatch::Alarm", **{**ALARM, "EvaluationPeriods": 1441}),
        "Metrics cannot be checked across more than 86400 seconds",
    ),
    "a period of 45 seconds": (
        resource("AWS::CloudWatch::Alarm", **{**ALARM, "Period": 45}),
        "a multiple of 60 and is 45",
    ),
    "a dashboard of 501 widgets": (
        resource(
            "AWS::CloudWatch::Dashboard",
            DashboardName="wide",
            DashboardBody=json.dumps({"widgets": [{"type": "text"}] * 501}),
        ),
        "has 501 widgets",
    ),
    "a dashboard with a dot": (
        resource("AWS::CloudWatch::Dashboard", DashboardName="a.b", DashboardBody="{}"),
        "at 'DashboardName' failed to satisfy constraint",
    ),
    "a short table name": (table(TableName="ab"), "at 'TableName' failed to satisfy constraint"),
    "21 indexes": (
        table(GlobalSecondaryIndexes=[index(f"by-{number}") for number in range(21)]),
        "at 'GlobalSecondaryIndexes' failed to satisfy constraint",
    ),
    "51 tags": (table(Tags=tags(51)), "exceeds the limit of 50"),
    "six targets": (
        resource(
            "AWS::Events::Rule",
            ScheduleExpression="rate(1 day)",
            State="DISABLED",
            Targets=[{"Id": str(number), "Arn": "arn:aws:lambda:a"} for number in range(6)],
        ),
        "at 'Targets' failed to satisfy constraint",
    ),
    "a big managed policy": (
        resource("AWS::IAM::ManagedPolicy", PolicyDocument=statement(6_144)),
        "Cannot exceed quota for PolicySize: 6144",
    ),
    "eleven managed policies": (
        resource(
            "AWS::IAM::Role",
            AssumeRolePolicyDocument=TRUST,
            ManagedPolicyArns=[f"arn:aws:iam::aws:policy/P{number}" for number in range(11)],
        ),
        "Cannot exceed quota for PoliciesPerRole: 10",
    ),
    "big policies of a role": (
        resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, Policies=inline(10_240)),
        "Maximum policy size of 10240 bytes exceeded for role",
    ),
    "a big trust policy": (
        resource(
            "AWS::IAM::Role",
            AssumeRolePolicyDocument={
                **TRUST,
                "Statement": [{**TRUST["Statement"][0], "Sid": "s" * 2_048}],
            },
        ),
        "Cannot exceed quota for ACLSizePerRole: 2048",
    ),
    "a long role name": (
        resource("AWS::IAM::Role", RoleName="r" * 65, AssumeRolePolicyDocument=TRUST),
        "at 'RoleName' failed to satisfy constraint",
    ),
    "a big policy of a user": (
        resource("AWS::IAM::User", UserName="big", Policies=inline(2_048)),
        "Maximum policy size of 2048 bytes exceeded for user big",
    ),
    "a key that goes in six days": (
        resource("AWS::KMS::Key", KeyPolicy=statement(1), PendingWindowInDays=6),
        "at 'PendingWindowInDays' failed to satisfy constraint: Member must have value greater "
        "than or equal to 7",
    ),
    "an environment of 5 KB": (
        function(Environment={"Variables": {"LONG": "x" * 5_000}}),
        "exceeded the 4KB limit",
    ),
    "a reserved variable": (
        function(Environment={"Variables": {"AWS_REGION": "x"}}),
        "Reserved keys used in this request: AWS_REGION",
    ),
    "a function of 16 minutes": (
        function(Timeout=960),
        "Value '960' at 'Timeout' failed to satisfy constraint: Member must have value less than "
        "or equal to 900",
    ),
    "a function of 11 GB": (
        function(MemorySize=11_264),
        "'MemorySize' value failed to satisfy constraint",
    ),
    "a disk of 11 GB": (
        function(EphemeralStorage={"Size": 11_264}),
        "at 'EphemeralStorage.Size' failed to satisfy",
    ),
    "a long function name": (
        function(FunctionName="f" * 65),
        "at 'FunctionName' failed to satisfy constraint",
    ),
    "logs for two days": (
        resource("AWS::Logs::LogGroup", LogGroupName="/two-days", RetentionInDays=2),
        "2 is not a valid enum value for RetentionInDays",
    ),
    "a log group with a space": (
        resource("AWS::Logs::LogGroup", LogGroupName="/a b"),
        "at 'LogGroupName' failed to satisfy constraint",
    ),
    "a log group without a name": (
        resource("AWS::Logs::LogGroup"),
        "a LogGroupName is needed here",
    ),
    "a bucket in capitals": (
        resource("AWS::S3::Bucket", BucketName="Capitals"),
        "at 'BucketName' failed to satisfy constraint",
    ),
    "a long topic name": (
        resource("AWS::SNS::Topic", TopicName="t" * 257),
        "at 'TopicName' failed to satisfy constraint",
    ),
    "a long queue name": (
        resource("AWS::SQS::Queue", QueueName="q" * 81),
        "at 'QueueName' failed to satisfy constraint",
    ),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_it_is_refused(case: str, stacks: Stacks) -> None:
    made, reason = TOO_MUCH[case]
    name = "beyond-" + case.replace(" ", "-")
    assert stacks.create(name, {"It": made}) == "ROLLBACK_COMPLETE"
    assert reason in stacks.reasons(name)[0]


def test_just_as_much_as_there_may_be_is_made(stacks: Stacks) -> None:
    # Twice the white space and AWS's own tags count for nothing.
    document = json.dumps(statement(10_000), indent=8)
    made = {
        "Alarm": resource("AWS::CloudWatch::Alarm", **{**ALARM, "EvaluationPeriods": 1440}),
        "Role": resource(
            "AWS::IAM::Role",
            AssumeRolePolicyDocument=TRUST,
            Policies=[{"PolicyName": "own", "PolicyDocument": document}],
        ),
        "Table": table(TableName="t" * 255, Tags=tags(50)),
        "Group": resource("AWS::Logs::LogGroup", LogGroupName="/" + "g" * 511),
    }
    assert stacks.create("just-as-much", made, Tags=[]) == "CREATE_COMPLETE", stacks.reasons(
        "just-as-much"
    )


def test_a_roles_policies_count_together(stacks: Stacks) -> None:
    made = {
        "Role": resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, Policies=inline(6_000)),
        "More": resource(
            "AWS::IAM::Policy",
            PolicyName="more",
            Roles=[{"Ref": "Role"}],
            PolicyDocument=statement(6_000),
        ),
    }
    assert stacks.create("together", made) == "ROLLBACK_COMPLETE"
    assert "Maximum policy size of 10240 bytes exceeded" in stacks.reasons("together")[0]


def test_a_template_has_500_resources_at_most(stacks: Stacks) -> None:
    many = {f"T{number}": {"Type": "AWS::SNS::Topic"} for number in range(501)}
    with pytest.raises(ClientError, match="Number of resources, 501, is greater than maximum"):
        stacks.create("many", many)


def test_a_template_in_a_request_has_51200_bytes_at_most(stacks: Stacks) -> None:
    long = {"T": {"Type": "AWS::SNS::Topic", "Metadata": {"Long": "x" * 51_200}}}
    with pytest.raises(ClientError, match="less than or equal to 51200"):
        stacks.create("long", long)
