"""A change of the model: the version that is live may call its own until it is live no more."""

from collections.abc import Callable
from typing import Any

from devtools.localcloud import ACCOUNT_ID, REGION
from tests.integration.localcloud.conftest import Client, Deploy, package, role

STACK = "model-change"
OWNER = f"arn:aws:bedrock:{REGION}:{ACCOUNT_ID}:inference-profile"


def resources(model: str, code: dict[str, str], version: str) -> dict[str, Any]:
    """What the stacks make of an agent that calls a model, in small."""
    grant = {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": f"{OWNER}/us.{model}"}
    policy = f"Policy{model.title()}"
    return {
        "Role": role(),
        policy: {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": policy,
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [grant]},
                "Roles": [{"Ref": "Role"}],
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "DependsOn": [policy],
            "Properties": {
                "Runtime": "python3.12",
                "Handler": "app.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": code,
                "Environment": {"Variables": {"BEDROCK_MODEL_ID": f"us.{model}"}},
            },
        },
        version: {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Retain",
            "DependsOn": [policy],
            "Properties": {"FunctionName": {"Ref": "Function"}},
        },
        "Live": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
                "Name": "live",
            },
        },
    }


def test_the_new_grant_comes_before_what_needs_it_and_the_old_one_goes_in_the_end(
    deploy: Deploy, client: Client, upload: Callable[[str, bytes], dict[str, str]]
) -> None:
    code = upload("model-change.zip", package())
    outputs = {"Role": {"Ref": "Role"}}
    name = deploy(STACK, resources("before", code, "One"), outputs)["Role"]
    assert client("iam").list_role_policies(RoleName=name)["PolicyNames"] == [
        "own",
        "PolicyBefore",
    ]

    deploy(STACK, resources("after", code, "Two"), outputs)
    assert client("iam").list_role_policies(RoleName=name)["PolicyNames"] == [
        "own",
        "PolicyAfter",
    ]
    pages = client("cloudformation").get_paginator("describe_stack_events")
    told = [one for page in pages.paginate(StackName=STACK) for one in page["StackEvents"]]
    happened = [one["LogicalResourceId"] for one in told]  # the newest first
    # What is gone from the template is seen to after all else: the version is kept.
    order = [happened.index(one) for one in ("One", "Live", "Two", "Function", "PolicyAfter")]
    assert order == sorted(order)
