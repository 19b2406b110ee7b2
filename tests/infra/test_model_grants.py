"""A change of the model is no outage, and each agent's bill can be its own."""

import json
from typing import Any

import pytest

from stacks.names import construct_id, model_profile_name
from stacks.settings.environment import Settings
from stacks.settings.model import GuardrailSettings, ModelChoice, ModelSettings
from tests.deployed_agents import AGENTS
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize

AGENT = "assistant"
ACCESS = f"{construct_id(AGENT)}AccessModels"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
POLICY = "AWS::IAM::Policy"
PROFILE = "AWS::Bedrock::ApplicationInferenceProfile"


def with_model(settings: Settings, **changes: Any) -> Settings:
    content = {**settings.model.model_dump(), **changes}
    model = ModelSettings.model_validate(content, strict=False)
    prices = settings.prices.model_copy(
        update={
            "usd_per_million_tokens": {
                **settings.prices.usd_per_million_tokens,
                model.id: next(iter(settings.prices.usd_per_million_tokens.values())),
            }
        }
    )
    return settings.model_copy(update={"model": model, "prices": prices})


def ids(assembly: Assembly, resource_type: str) -> dict[str, Any]:
    return {
        logical_id: resource
        for logical_id, resource in assembly.agents["Resources"].items()
        if resource["Type"] == resource_type and logical_id.startswith(ACCESS)
    }


def dependencies(assembly: Assembly, resource_type: str) -> list[str]:
    [found] = [
        resource["DependsOn"]
        for logical_id, resource in assembly.agents["Resources"].items()
        if resource["Type"] == resource_type and logical_id.startswith(construct_id(AGENT))
    ]
    return list(found)


def role_of(assembly: Assembly) -> dict[str, Any]:
    return assembly.only(assembly.agents, "AWS::IAM::Role", f"{construct_id(AGENT)}Access")


@pytest.fixture(scope="module")
def changed(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    return synthesize(with_model(dev_settings, id=HAIKU))


def test_another_model_has_a_policy_of_its_own_and_leaves_the_role_as_it_is(
    dev: Assembly, changed: Assembly
) -> None:
    """What CloudFormation would update in place, it would update before ``live`` moves."""
    [before], [after] = ids(dev, POLICY), ids(changed, POLICY)
    assert before != after
    assert role_of(dev) == role_of(changed)


@pytest.mark.parametrize("resource_type", ["AWS::Lambda::Function", "AWS::Lambda::Version"])
def test_nothing_calls_a_model_before_it_is_granted(changed: Assembly, resource_type: str) -> None:
    [policy] = ids(changed, POLICY)
    assert policy in dependencies(changed, resource_type)


def test_a_former_model_keeps_its_grant_to_the_letter(
    synthesize: Synthesize, dev: Assembly, dev_settings: Settings
) -> None:
    former = ModelChoice(id=dev_settings.model.id, region=dev_settings.model.region)
    both = synthesize(with_model(dev_settings, id=HAIKU, former_models=[former.model_dump()]))
    [before] = ids(dev, POLICY).items()
    assert len(ids(both, POLICY)) == 2
    assert before in ids(both, POLICY).items()


def test_the_model_itself_is_granted_once(dev_settings: Settings) -> None:
    same = ModelChoice(id=dev_settings.model.id, region=dev_settings.model.region)
    assert len(with_model(dev_settings, former_models=[same.model_dump()]).model.granted) == 1


def test_an_agent_is_told_its_guardrail_and_may_do_nothing_without(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    guardrail = GuardrailSettings(id="abc123", version="2")
    guarded = synthesize(with_model(dev_settings, guardrail=guardrail.model_dump()))
    arn = "arn:aws:bedrock:us-east-1:ACCOUNT:guardrail/abc123"
    function = guarded.only(guarded.agents, "AWS::Lambda::Function", construct_id(AGENT))
    assert function["Properties"]["Environment"]["Variables"]["BEDROCK_GUARDRAIL"] == f"{arn}:2"
    policy = guarded.only(guarded.agents, POLICY, ACCESS)
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statements[-1] == {
        "Effect": "Allow",
        "Action": "bedrock:ApplyGuardrail",
        "Resource": arn,
    }
    condition = statements[1]["Condition"]["StringEquals"]
    assert condition["bedrock:GuardrailIdentifier"] == f"{arn}:2"


def test_each_agent_may_have_a_profile_of_its_own_that_the_bill_names(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    own = synthesize(with_model(dev_settings, profile_per_agent=True))
    profiles = own.all(own.agents, PROFILE)
    names = [one["Properties"]["InferenceProfileName"] for one in profiles]
    assert len(set(names)) == len(AGENTS)
    assert all(len(name) <= 64 for name in names)
    [mine] = [
        one for one in profiles if f"dev-{AGENT}-" in one["Properties"]["InferenceProfileName"]
    ]
    assert mine["Properties"]["ModelSource"]["CopyFrom"] == (
        "arn:aws:bedrock:us-east-1:ACCOUNT:inference-profile/us.anthropic.claude-sonnet-4-6"
    )
    tags = {one["Key"]: one["Value"] for one in mine["Properties"]["Tags"]}
    assert tags["tradewind-agent"] == AGENT
    assert tags["tradewind-environment"] == "dev"
    assert tags["project"] == "tradewind"

    [profile] = ids(own, PROFILE)
    function = own.agents["Resources"][
        next(
            logical_id
            for logical_id, resource in own.agents["Resources"].items()
            if resource["Type"] == "AWS::Lambda::Function"
            and logical_id.startswith(construct_id(AGENT))
        )
    ]["Properties"]["Environment"]["Variables"]
    arn = {"Fn::GetAtt": [profile, "InferenceProfileArn"]}
    assert function["BEDROCK_APPLICATION_PROFILE"] == arn
    # It stays the model's name, for prices, metrics and records.
    assert function["BEDROCK_MODEL_ID"] == dev_settings.model.id
    [policy] = ids(own, POLICY).values()
    called, models = policy["Properties"]["PolicyDocument"]["Statement"]
    assert called["Resource"] == arn
    assert models["Condition"] == {"StringEquals": {"bedrock:InferenceProfileArn": arn}}


def test_the_longest_names_fit_bedrocks_64_characters() -> None:
    assert len(model_profile_name("e" * 20, "a" * 30, "rt", "d" * 8)) <= 64


def test_a_runtime_on_agentcore_has_the_same_grant_and_a_profile_of_its_own(
    synthesize: Synthesize, dev_settings: Settings
) -> None:
    agents = {
        name: one.model_copy(update={"agentcore": "http"}) if name == AGENT else one
        for name, one in AGENTS.items()
    }
    guardrail = GuardrailSettings(id="abc123", version="2")
    settings = with_model(dev_settings, profile_per_agent=True, guardrail=guardrail.model_dump())
    made = synthesize(settings, agents=agents)
    there = json.loads((made.folder / "AgentCore.template.json").read_text())
    [profile] = made.all(there, PROFILE, ACCESS)
    [policy] = made.all(there, POLICY, ACCESS)
    [runtime] = made.all(there, "AWS::BedrockAgentCore::Runtime", construct_id(AGENT))
    variables = runtime["Properties"]["EnvironmentVariables"]
    [behind] = made.all(made.agents, POLICY, ACCESS)

    def actions(found: dict[str, Any]) -> list[Any]:
        return [one["Action"] for one in found["Properties"]["PolicyDocument"]["Statement"]]

    assert actions(policy) == actions(behind)
    assert profile["Properties"]["InferenceProfileName"].endswith("-rt")
    assert variables["BEDROCK_GUARDRAIL"].endswith(":guardrail/abc123:2")
    assert "Profile" in variables["BEDROCK_APPLICATION_PROFILE"]
    # No export of one stack that the other holds on to.
    assert "ImportValue" not in json.dumps(policy)
    assert any("AccessModels" in one for one in runtime["DependsOn"])
