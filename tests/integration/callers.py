"""Who calls the stand-in in integration tests, and what they may do."""

import secrets

from devtools.localcloud.bedrock import Identity, Statement

REGION = "us-east-1"
ACCOUNT = "123456789012"
MODEL = "anthropic.claude-sonnet-4-6"
PROFILE = f"us.{MODEL}"
PROFILE_ARN = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{PROFILE}"
ACTIONS = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")

#: What a role needs to call the profile, and nothing more.
PROFILE_STATEMENTS = (
    Statement(ACTIONS, (PROFILE_ARN,)),
    Statement(
        ACTIONS,
        tuple(
            f"arn:aws:bedrock:{destination}::foundation-model/{MODEL}"
            for destination in ("us-east-1", "us-east-2", "us-west-2")
        ),
        {"bedrock:InferenceProfileArn": PROFILE_ARN},
    ),
)


def make_identity(role: str, statements: tuple[Statement, ...] = PROFILE_STATEMENTS) -> Identity:
    """Temporary credentials of a role, as Lambda would have them."""
    return Identity(
        access_key=f"ASIA{secrets.token_hex(8).upper()}",
        secret_key=secrets.token_urlsafe(30),
        session_token=secrets.token_urlsafe(60),
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
        session_name="test",
        statements=statements,
    )
