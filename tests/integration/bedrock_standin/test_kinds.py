"""Every kind of model is served to who has exactly its grant, and to nobody who lacks a part."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from devtools.localcloud.bedrock import BedrockStandIn, Identity, Statement, StaticAuthorizer
from devtools.localcloud.bedrock.account import GUARDRAIL, OWN_MODELS
from devtools.localcloud.bedrock.guardrails import ANSWER, BLOCKED
from devtools.localcloud.tls import TlsFiles
from stacks.parts.bedrock_access import Grant, Guardrail, invoke_grants, read_model
from tests.integration.bedrock_standin.calls import ask, ask_streaming, text_of
from tests.integration.callers import ACCOUNT, PROFILE, REGION, make_identity

OWNER = f"arn:aws:bedrock:{REGION}:{ACCOUNT}"
NOVA = "amazon.nova-pro-v1:0"
MODELS = (PROFILE, f"global.{PROFILE[3:]}", NOVA, *(f"{OWNER}:{name}" for name in OWN_MODELS))
RULES = Guardrail(f"{OWNER}:guardrail/{GUARDRAIL}", "1")
CONFIG = {"guardrailIdentifier": RULES.arn, "guardrailVersion": "1", "trace": "enabled"}
ADMINISTRATOR = make_identity("administrator", (Statement(("*",), ("*",)),))


@dataclass
class Bedrock:
    """A stand-in, and clients of it for roles with these grants."""

    sdk: boto3.Session
    tls: TlsFiles
    standin: BedrockStandIn
    authorizer: StaticAuthorizer

    def client(self, service: str, identity: Identity = ADMINISTRATOR) -> Any:
        make: Any = self.sdk.client  # its stubs want the service spelled out
        return make(
            service,
            endpoint_url=self.standin.endpoint_url,
            aws_access_key_id=identity.access_key,
            aws_secret_access_key=identity.secret_key,
            aws_session_token=identity.session_token,
            verify=str(self.tls.ca),
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        )

    def granted(self, *grants: Grant) -> Any:
        """A client of a role that has these and nothing else."""
        identity = make_identity(
            "agent",
            tuple(
                Statement(one.actions, one.resources, dict(one.conditions.get("StringEquals", {})))
                for one in grants
            ),
        )
        self.authorizer._identities[identity.access_key] = identity
        self.authorizer._statements[identity.role_arn] = list(identity.statements)
        return self.client("bedrock-runtime", identity)


@pytest.fixture
def bedrock(sdk: boto3.Session, tls_files: TlsFiles) -> Iterator[Bedrock]:
    authorizer = StaticAuthorizer([ADMINISTRATOR])
    with BedrockStandIn(
        authorizer=authorizer, tls=tls_files, region=REGION, account=ACCOUNT
    ) as standin:
        yield Bedrock(sdk, tls_files, standin, authorizer)


def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def less_one(grants: tuple[Grant, ...]) -> Iterator[tuple[str, tuple[Grant, ...]]]:
    """The grants without one resource, for each there is."""
    for position, grant in enumerate(grants):
        for resource in grant.resources:
            rest = tuple(one for one in grant.resources if one != resource)
            yield (
                resource,
                (*grants[:position], replace(grant, resources=rest), *grants[position + 1 :]),
            )


@pytest.mark.parametrize("model_id", MODELS)
@pytest.mark.parametrize("guardrail", [None, RULES])
def test_a_grant_is_enough_and_no_part_of_it_too_much(
    bedrock: Bedrock, model_id: str, guardrail: Guardrail | None
) -> None:
    grants = invoke_grants(read_model(model_id, REGION), account=ACCOUNT, guardrail=guardrail)
    members: dict[str, Any] = {
        "modelId": model_id,
        **({"guardrailConfig": CONFIG} if guardrail else {}),
    }
    ask(bedrock.granted(*grants), **members)
    ask_streaming(bedrock.granted(*grants), **members)
    for missing, less in less_one(grants):
        code, message = refusal(lambda less=less: ask(bedrock.granted(*less), **members))
        assert code == "AccessDeniedException"
        assert f" on resource: {missing} " in message


@pytest.mark.parametrize("model_id", MODELS)
def test_a_model_with_a_guardrail_is_not_called_without_it(bedrock: Bedrock, model_id: str) -> None:
    grants = invoke_grants(read_model(model_id, REGION), account=ACCOUNT, guardrail=RULES)
    client = bedrock.granted(*grants)
    assert refusal(lambda: ask(client, modelId=model_id))[0] == "AccessDeniedException"
    draft = {**CONFIG, "guardrailVersion": "DRAFT"}
    code, _ = refusal(lambda: ask(client, modelId=model_id, guardrailConfig=draft))
    assert code == "AccessDeniedException"


@pytest.mark.parametrize("source", [PROFILE, NOVA])
def test_an_application_profile_is_made_called_listed_and_deleted(
    bedrock: Bedrock, source: str
) -> None:
    control = bedrock.client("bedrock")
    kind = (
        f"{OWNER}:inference-profile"
        if "us." in source
        else f"arn:aws:bedrock:{REGION}::foundation-model"
    )
    tags = [{"key": "team", "value": "wind"}]
    made = {
        "inferenceProfileName": "dev-terrain",
        "modelSource": {"copyFrom": f"{kind}/{source}"},
        "tags": tags,
    }
    arn = control.create_inference_profile(**made)["inferenceProfileArn"]
    assert refusal(lambda: control.create_inference_profile(**made))[0] == "ConflictException"
    assert control.list_tags_for_resource(resourceARN=arn)["tags"] == tags

    model = read_model(source, REGION)
    grants = invoke_grants(model, account=ACCOUNT, application_profile=arn)
    ask_streaming(bedrock.granted(*grants), modelId=arn)
    for missing, less in less_one(grants):
        _, message = refusal(lambda less=less: ask(bedrock.granted(*less), modelId=arn))
        assert f" on resource: {missing} " in message
    # It is no way to what it was made from.
    code, _ = refusal(lambda: ask(bedrock.granted(*grants), modelId=source))
    assert code == "AccessDeniedException"

    told = control.get_inference_profile(inferenceProfileIdentifier=arn)
    assert (told["type"], told["inferenceProfileName"]) == ("APPLICATION", "dev-terrain")
    models = {one["modelArn"] for one in told["models"]}
    assert models == {
        f"arn:aws:bedrock:{one}::foundation-model/{model.foundation_model}"
        for one in model.destinations
    }
    listed = control.list_inference_profiles(typeEquals="APPLICATION")
    assert [one["inferenceProfileArn"] for one in listed["inferenceProfileSummaries"]] == [arn]
    control.delete_inference_profile(inferenceProfileIdentifier=arn)
    code, _ = refusal(lambda: ask(bedrock.granted(*grants), modelId=arn))
    assert code == "ResourceNotFoundException"


def test_a_cross_region_profile_tells_where_it_leads(bedrock: Bedrock) -> None:
    told = bedrock.client("bedrock").get_inference_profile(inferenceProfileIdentifier=PROFILE)
    assert told["type"] == "SYSTEM_DEFINED"
    regions = [one["modelArn"].split(":")[3] for one in told["models"]]
    assert regions == ["us-east-1", "us-east-2", "us-west-2"]
    nobody = make_identity("nobody", ())
    bedrock.authorizer._identities[nobody.access_key] = nobody
    client = bedrock.client("bedrock", nobody)
    code, message = refusal(
        lambda: client.get_inference_profile(inferenceProfileIdentifier=PROFILE)
    )
    assert code == "AccessDeniedException"
    assert "bedrock:GetInferenceProfile" in message


def test_a_guardrail_stops_what_it_is_there_for_and_tells_what_it_assessed(
    bedrock: Bedrock,
) -> None:
    client = bedrock.client("bedrock-runtime")
    events = ask_streaming(client, f"Would you {BLOCKED}?", guardrailConfig=CONFIG)
    stops = [one["messageStop"]["stopReason"] for one in events if "messageStop" in one]
    assert stops == ["guardrail_intervened"]
    assert text_of(events) == ANSWER
    trace = events[-1]["metadata"]["trace"]["guardrail"]
    usage = trace["inputAssessment"][GUARDRAIL]["invocationMetrics"]["usage"]
    assert usage["topicPolicyUnits"] == 1

    fine = ask(client, "good morning", guardrailConfig=CONFIG)
    assert fine["stopReason"] == "end_turn"
    assert fine["trace"]["guardrail"]["outputAssessments"][GUARDRAIL]
    untraced = ask(client, guardrailConfig={**CONFIG, "trace": "disabled"})
    assert "trace" not in untraced


@pytest.mark.parametrize("changes", [{"guardrailIdentifier": "other01"}, {"guardrailVersion": "2"}])
def test_a_guardrail_that_is_not_there_is_refused(
    bedrock: Bedrock, changes: dict[str, str]
) -> None:
    code, message = refusal(
        lambda: ask(bedrock.client("bedrock-runtime"), guardrailConfig={**CONFIG, **changes})
    )
    assert (code, "does not exist" in message) == ("ValidationException", True)
