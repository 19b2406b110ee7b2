"""The environment's guardrail is on every call of an agent, and what it stops fails the request."""

from collections.abc import Iterator

import pytest

from devtools.localcloud.bedrock import BedrockStandIn, Identity, Statement, StaticAuthorizer
from devtools.localcloud.bedrock.account import GUARDRAIL
from devtools.localcloud.bedrock.guardrails import BLOCKED
from devtools.localcloud.tls import TlsFiles
from stacks.parts.bedrock_access import Guardrail, invoke_grants, read_model
from tests.integration.callers import ACCOUNT, PROFILE, REGION, make_identity
from tests.integration.handler.conftest import WITH_TOOL, Build
from tradewind.handlers.invocation_failed import InvocationFailed

ARN = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:guardrail/{GUARDRAIL}"
#: Both of a dollar per thousand units, so that each unit shows.
PRICES = (
    '{"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75, "guardrail": {"content": 1,'
    ' "topic": 1, "sensitive_information": 1, "contextual_grounding": 1, "automated_reasoning": 1,'
    ' "image": 1}}'
)


@pytest.fixture(scope="session")
def caller() -> Identity:
    """A role that may call the model with the guardrail, and not without."""
    grants = invoke_grants(
        read_model(PROFILE, REGION), account=ACCOUNT, guardrail=Guardrail(ARN, "1")
    )
    return make_identity(
        "guarded",
        tuple(
            Statement(one.actions, one.resources, dict(one.conditions.get("StringEquals", {})))
            for one in grants
        ),
    )


@pytest.fixture
def standin(tls_files: TlsFiles, caller: Identity) -> Iterator[BedrockStandIn]:
    with BedrockStandIn(
        authorizer=StaticAuthorizer([caller]),
        tls=tls_files,
        region=REGION,
        account=ACCOUNT,
        record_prompts=True,
    ) as running:
        yield running


def test_each_call_of_a_run_has_the_guardrail(build: Build, standin: BedrockStandIn) -> None:
    harness = build(WITH_TOOL, prices=PRICES, BEDROCK_GUARDRAIL=f"{ARN}:1")
    assert harness.handle({"query": "How windy is it?"})["success"]
    prompts = standin.prompts()
    assert len(prompts) == 2
    applied = {"guardrailIdentifier": ARN, "guardrailVersion": "1", "trace": "enabled"}
    assert [one.request["guardrailConfig"] for one in prompts] == [applied] * 2


def test_what_it_stops_fails_the_request_as_filtered(build: Build) -> None:
    harness = build(WITH_TOOL, prices=PRICES, BEDROCK_GUARDRAIL=f"{ARN}:1")
    answer = harness.handle({"query": f"Now {BLOCKED}.", "request_id": "r"})
    assert answer["error"]["code"] == "MODEL_CONTENT_FILTERED"


def test_a_role_that_has_it_calls_nothing_without_it(build: Build) -> None:
    harness = build(WITH_TOOL, prices=PRICES)
    with pytest.raises(InvocationFailed) as failed:
        harness.handle({"query": "How windy is it?", "request_id": "r"})
    assert failed.value.answer.model_dump()["error"]["code"] == "MODEL_ACCESS_DENIED"
