"""Least privilege: what each role holds, to the letter."""

import json
from typing import Any

import pytest

from stacks.bundling.rules import AWS_OPERATIONS
from stacks.names import construct_id
from stacks.settings.environment import Settings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize

each_agent = pytest.mark.parametrize("agent", list(AGENTS))

BUCKET = "<ArtifactsBucket.Arn>"
PROFILE = "arn:aws:bedrock:us-east-1:ACCOUNT:inference-profile/us.anthropic.claude-sonnet-4-6"
POLICY = "AWS::IAM::Policy"
INVOKE = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]

#: Action, resource, condition as JSON.
Permission = tuple[str, str, str]

#: The IAM action that authorises each AWS operation the handler calls.
ACTION_OF = {
    ("bedrock-runtime", "ConverseStream"): "bedrock:InvokeModelWithResponseStream",
    ("dynamodb", "GetItem"): "dynamodb:GetItem",
    ("dynamodb", "PutItem"): "dynamodb:PutItem",
    ("dynamodb", "Query"): "dynamodb:Query",
    ("dynamodb", "UpdateItem"): "dynamodb:UpdateItem",
    ("s3", "GetObject"): "s3:GetObject",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "PutObject"): "s3:PutObject",
}


def role(assembly: Assembly, agent: str) -> dict[str, Any]:
    found = assembly.only(assembly.agents, "AWS::IAM::Role", f"{construct_id(agent)}Access")
    properties: dict[str, Any] = found["Properties"]
    return properties


def statements(assembly: Assembly, agent: str) -> list[dict[str, Any]]:
    return [
        statement
        for policy in [*role(assembly, agent)["Policies"], *model_policies(assembly, agent)]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def model_policies(assembly: Assembly, agent: str) -> list[dict[str, Any]]:
    """The policies with a model's grant, which are beside the role."""
    prefix = f"{construct_id(agent)}AccessModels"
    found = [one["Properties"] for one in assembly.all(assembly.agents, POLICY, prefix)]
    assert all(one["Roles"] == [f"<{construct_id(agent)}AccessRole>"] for one in found)
    return found


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allow(
    actions: str | list[str], resources: str | list[str], condition: dict[str, Any] | None = None
) -> set[Permission]:
    """One permission per action and resource, however the statements group them."""
    spelled = json.dumps(condition or {}, sort_keys=True)
    return {
        (action, resource, spelled) for action in listed(actions) for resource in listed(resources)
    }


def permissions(assembly: Assembly, agent: str) -> set[Permission]:
    held: set[Permission] = set()
    for statement in statements(assembly, agent):
        assert set(statement) <= {"Effect", "Action", "Resource", "Condition"}
        assert statement["Effect"] == "Allow"
        held |= allow(statement["Action"], statement["Resource"], statement.get("Condition"))
    return held


def through(service: str) -> dict[str, Any]:
    return {"StringEquals": {"kms:ViaService": f"{service}.us-east-1.amazonaws.com"}}


def items_of(agent: str) -> dict[str, Any]:
    """That the items belong to the agent, and that there are any."""
    return {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{agent}#*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }


def live(agent: str) -> str:
    return f"arn:aws:lambda:us-east-1:ACCOUNT:function:tradewind-dev-{agent}:live"


@each_agent
def test_a_role_holds_exactly_this(dev: Assembly, agent: str) -> None:
    read = [agent, *AGENTS[agent].reads_from]
    models = [
        f"arn:aws:bedrock:{region}::foundation-model/anthropic.claude-sonnet-4-6"
        for region in ("us-east-1", "us-east-2", "us-west-2")
    ]
    prefixes = sorted(f"{name}/*" for name in read)

    assert permissions(dev, agent) == {
        *allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"<{construct_id(agent)}Logs.Arn>"],
        ),
        *allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
        *allow(["sqs:SendMessage"], [f"<{construct_id(agent)}DeadLetters.Arn>"]),
        *allow(
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            ["<RecordsTable.Arn>"],
            items_of(agent),
        ),
        *allow(
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            ["<SessionsTable.Arn>"],
        ),
        *allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], ["<BudgetsTable.Arn>"]),
        *allow(["kms:Decrypt"], ["<DataKey.Arn>"], through("dynamodb")),
        *allow(["s3:PutObject"], [f"{BUCKET}/{agent}/*"]),
        *allow(["s3:GetObject"], [f"{BUCKET}/{name}/*" for name in read]),
        *allow(["s3:ListBucket"], [BUCKET], {"StringLike": {"s3:prefix": prefixes}}),
        *allow(["kms:Decrypt", "kms:GenerateDataKey"], ["<DataKey.Arn>"], through("s3")),
        *allow(INVOKE, [PROFILE]),
        *allow(INVOKE, models, {"StringEquals": {"bedrock:InferenceProfileArn": PROFILE}}),
        *allow("lambda:InvokeFunction", [live(name) for name in AGENTS[agent].calls]),
    }


@each_agent
def test_a_role_is_lambdas_alone_and_borrows_no_policy(dev: Assembly, agent: str) -> None:
    [trust] = role(dev, agent)["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    assert "ManagedPolicyArns" not in role(dev, agent)


def test_each_function_has_a_role_of_its_own_and_nothing_is_added_to_it(dev: Assembly) -> None:
    functions = dev.all(dev.agents, "AWS::Lambda::Function")
    roles = {resource["Properties"]["Role"] for resource in functions}
    of_agents = {f"<{construct_id(agent)}AccessRole.Arn>" for agent in AGENTS}
    assert roles == {*of_agents, "<SweepRole.Arn>"}
    assert len(dev.all(dev.agents, "AWS::IAM::Role")) == len(functions) == len(AGENTS) + 1
    for added in (POLICY, "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        models = sum(len(model_policies(dev, agent)) for agent in AGENTS if added == POLICY)
        assert len(dev.all(dev.agents, added)) == models
        assert dev.all(dev.state, added) == []


@each_agent
def test_no_action_has_a_wildcard_and_only_tracing_has_no_resource(
    dev: Assembly, agent: str
) -> None:
    everything = []
    for statement in statements(dev, agent):
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        if "*" in listed(statement["Resource"]):
            everything.append(statement["Action"])
    # X-Ray's actions have no resource level.
    assert everything == [["xray:PutTelemetryRecords", "xray:PutTraceSegments"]]


@each_agent
def test_a_role_may_do_what_the_bundle_can_call_and_no_more(dev: Assembly, agent: str) -> None:
    called = {
        ACTION_OF[service, operation]
        for service, operations in AWS_OPERATIONS.items()
        for operation in operations
    }
    held = {
        action
        for statement in statements(dev, agent)
        for action in listed(statement["Action"])
        if action.split(":")[0] in {"bedrock", "dynamodb", "s3"}
    }
    # InvokeModel comes with its streaming sister: a profile is granted as a whole.
    assert held == called | {"bedrock:InvokeModel"}


@pytest.mark.parametrize("agent", [name for name, one in AGENTS.items() if one.calls])
def test_workflows_of_the_bucket_are_in_reach_where_a_setting_says_so(
    synthesize: Synthesize, dev: Assembly, dev_settings: Settings, agent: str
) -> None:
    workflows = dev_settings.workflows.model_copy(update={"in_bucket": True})
    there = synthesize(dev_settings.model_copy(update={"workflows": workflows}))
    assert permissions(there, agent) - permissions(dev, agent) == {
        *allow("s3:GetObject", f"{BUCKET}/_workflows/*"),
        *allow("s3:ListBucket", BUCKET, {"StringLike": {"s3:prefix": ["_workflows/*"]}}),
    }
    others = [name for name in AGENTS if name != agent]
    assert all(permissions(there, other) == permissions(dev, other) for other in others)
    function = there.only(there.agents, "AWS::Lambda::Function", construct_id(agent))
    variables = function["Properties"]["Environment"]["Variables"]
    assert variables["TRADEWIND_WORKFLOWS_IN_BUCKET"] == "1"
    assert variables["TRADEWIND_CALLS"] == ",".join(AGENTS[agent].calls)
