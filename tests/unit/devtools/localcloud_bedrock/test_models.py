"""What a model id means, and what a caller must be allowed to use for it."""

import pytest

from devtools.localcloud.bedrock import models
from devtools.localcloud.bedrock.account import Account
from devtools.localcloud.bedrock.authorizer import Identity, Statement, StaticAuthorizer
from devtools.localcloud.bedrock.errors import ServiceError

MODEL = "anthropic.claude-sonnet-4-6"
ACCOUNT = "123456789012"


def resources(model_id: str, region: str) -> list[str]:
    target = models.resolve(model_id, Account(ACCOUNT, region))
    return [resource.arn for resource in target.resources()]


@pytest.mark.parametrize(
    ("profile", "region", "destinations"),
    [
        ("us", "us-east-1", ["us-east-1", "us-east-2", "us-west-2"]),
        ("us", "ca-central-1", ["us-east-1", "us-east-2", "us-west-2", "ca-central-1"]),
        (
            "eu",
            "eu-west-2",
            [
                "eu-central-1",
                "eu-north-1",
                "eu-south-1",
                "eu-south-2",
                "eu-west-1",
                "eu-west-3",
                "eu-west-2",
            ],
        ),
        ("global", "us-east-1", ["us-east-1", ""]),
    ],
)
def test_a_profile_needs_itself_and_the_model_in_every_destination(
    profile: str, region: str, destinations: list[str]
) -> None:
    profile_arn = f"arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{profile}.{MODEL}"
    assert resources(f"{profile}.{MODEL}", region) == [
        profile_arn,
        *(f"arn:aws:bedrock:{each}::foundation-model/{MODEL}" for each in destinations),
    ]
    # The profile's ARN is a name for the profile.
    assert resources(profile_arn, region) == resources(f"{profile}.{MODEL}", region)


def test_a_bare_model_needs_itself() -> None:
    assert resources("amazon.nova-lite-v1:0", "us-east-1") == [
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
    ]


def test_the_condition_keys_of_a_profile() -> None:
    target = models.resolve(f"global.{MODEL}", Account(ACCOUNT, "us-east-1"))
    profile, regional, everywhere = target.resources()
    assert "bedrock:InferenceProfileArn" not in profile.context
    assert regional.context == {
        "bedrock:InferenceProfileArn": profile.arn,
        "aws:RequestedRegion": "us-east-1",
    }
    assert everywhere.context == {
        "bedrock:InferenceProfileArn": profile.arn,
        "aws:RequestedRegion": "unspecified",
    }


@pytest.mark.parametrize(
    ("model_id", "code", "message"),
    [
        ("us.anthropic.claude-9", "ValidationException", "identifier is invalid"),
        (f"eu.{MODEL}", "ValidationException", "identifier is invalid"),
        (
            f"arn:aws:bedrock:us-east-1:999999999999:inference-profile/us.{MODEL}",
            "ValidationException",
            "identifier is invalid",
        ),
        (MODEL, "ValidationException", "on-demand throughput isn't supported"),
        (
            "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
            "ResourceNotFoundException",
            "end of its life",
        ),
    ],
)
def test_a_model_that_cannot_be_called(model_id: str, code: str, message: str) -> None:
    def call() -> None:
        target = models.resolve(model_id, Account(ACCOUNT, "us-east-1"))
        models.require_known(target, model_id)

    with pytest.raises(ServiceError, match=message) as refused:
        call()
    assert refused.value.code == code


def authorizer(*statements: Statement) -> tuple[StaticAuthorizer, Identity]:
    identity = Identity("KEY", "secret", f"arn:aws:iam::{ACCOUNT}:role/r", statements)
    return StaticAuthorizer([identity]), identity


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ((), False),
        ((Statement(("bedrock:InvokeModel",), ("arn:x/[a]",)),), True),
        ((Statement(("bedrock:Invoke*",), ("arn:?/*",)),), True),
        ((Statement(("BEDROCK:invokemodel",), ("*",)),), True),
        ((Statement(("bedrock:InvokeModelWith*",), ("*",)),), False),
        ((Statement(("*",), ("*",), {"k": "v"}),), True),
        ((Statement(("*",), ("*",), {"k": "w"}),), False),
        ((Statement(("*",), ("*",), {"other": "v"}),), False),
        ((Statement(("*",), ("*",)), Statement(("*",), ("*",), effect="Deny")), False),
    ],
)
def test_static_authorizer(statements: tuple[Statement, ...], allowed: bool) -> None:
    judge, identity = authorizer(*statements)
    verdict = judge.is_allowed(identity.principal, "bedrock:InvokeModel", "arn:x/[a]", {"k": "v"})
    assert verdict is allowed


def test_a_session_token_belongs_to_its_key() -> None:
    identity = Identity("KEY", "secret", f"arn:aws:iam::{ACCOUNT}:role/p/r", (), "token")
    judge = StaticAuthorizer([identity])
    principal = judge.secret_for("KEY", "token")
    assert principal is not None
    assert principal.role_name == "r"
    assert judge.secret_for("KEY", None) is None
    assert judge.secret_for("KEY", "other") is None
    assert judge.secret_for("OTHER", "token") is None
