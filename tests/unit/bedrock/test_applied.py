"""The environment's guardrail and profile are on every call of the client, whoever makes it."""

from typing import Any

import pytest

from tradewind.bedrock.applied import apply_to_calls
from tradewind.contracts.environment import AgentEnvironment
from tradewind.contracts.errors import ConfigurationError

GUARDRAIL = "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"


class Client:
    """Keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def converse_stream(self, **arguments: Any) -> dict[str, Any]:
        """Answer with nothing."""
        self.asked = arguments
        return {}

    converse = converse_stream


def asked(variables: dict[str, str], **arguments: Any) -> dict[str, Any]:
    client = Client()
    apply_to_calls(client, AgentEnvironment.from_variables(variables))
    client.converse_stream(**arguments)
    streamed, client.asked = client.asked, {}
    client.converse(**arguments)
    assert client.asked == streamed
    return client.asked


def test_a_call_is_left_alone_where_nothing_is_said(agent_variables: dict[str, str]) -> None:
    assert asked(agent_variables, modelId="m") == {"modelId": "m"}


@pytest.mark.parametrize("version", ["3", "DRAFT"])
def test_a_guardrail_is_on_a_call_whatever_the_caller_says(
    agent_variables: dict[str, str], version: str
) -> None:
    variables = {**agent_variables, "BEDROCK_GUARDRAIL": f"{GUARDRAIL}:{version}"}
    applied = {
        "guardrailIdentifier": GUARDRAIL,
        "guardrailVersion": version,
        "trace": "enabled",
    }
    assert asked(variables, modelId="m") == {"modelId": "m", "guardrailConfig": applied}
    weaker = {"guardrailIdentifier": "other", "guardrailVersion": "1"}
    assert asked(variables, modelId="m", guardrailConfig=weaker)["guardrailConfig"] == applied


def test_the_model_is_called_through_its_profile_and_no_other_model_is(
    agent_variables: dict[str, str],
) -> None:
    variables = {**agent_variables, "BEDROCK_APPLICATION_PROFILE": PROFILE}
    model = variables["BEDROCK_MODEL_ID"]
    assert asked(variables, modelId=model) == {"modelId": PROFILE}
    assert asked(variables, modelId="other") == {"modelId": "other"}


@pytest.mark.parametrize("guardrail", ["abc123", GUARDRAIL, f"{GUARDRAIL}:latest"])
def test_a_guardrail_without_a_version_is_refused(
    agent_variables: dict[str, str], guardrail: str
) -> None:
    with pytest.raises(ConfigurationError, match="BEDROCK_GUARDRAIL"):
        AgentEnvironment.from_variables({**agent_variables, "BEDROCK_GUARDRAIL": guardrail})
