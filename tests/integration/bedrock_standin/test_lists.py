"""The lists of Bedrock's control plane, through boto3."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from devtools.localcloud.bedrock import (
    BedrockStandIn,
    Fault,
    FaultKind,
    Identity,
    RealBedrock,
    Statement,
    StaticAuthorizer,
)
from devtools.localcloud.tls import TlsFiles
from tests.integration.callers import ACCOUNT, MODEL, PROFILE, PROFILE_ARN, REGION, make_identity

LISTS = Statement(("bedrock:ListInferenceProfiles", "bedrock:ListFoundationModels"), ("*",))
READER = make_identity("reader", (LISTS,))
STRANGER = make_identity("stranger")


@pytest.fixture
def standin(tls_files: TlsFiles) -> Iterator[BedrockStandIn]:
    authorizer = StaticAuthorizer([READER, STRANGER])
    with BedrockStandIn(
        authorizer=authorizer, tls=tls_files, region=REGION, account=ACCOUNT
    ) as standing_in:
        yield standing_in


@pytest.fixture
def client_of(
    sdk: boto3.Session, standin: BedrockStandIn, tls_files: TlsFiles
) -> Callable[[Identity], Any]:
    return lambda identity: connected(sdk, standin, tls_files, identity)


def connected(sdk: boto3.Session, to: BedrockStandIn, tls: TlsFiles, identity: Identity) -> Any:
    return sdk.client(
        "bedrock",
        endpoint_url=to.endpoint_url,
        aws_access_key_id=identity.access_key,
        aws_secret_access_key=identity.secret_key,
        aws_session_token=identity.session_token,
        verify=str(tls.ca),
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )


def test_a_profile_is_listed_with_the_models_that_it_leads_to(
    client_of: Callable[[Identity], Any],
) -> None:
    listed = client_of(READER).list_inference_profiles()["inferenceProfileSummaries"]
    (found,) = (one for one in listed if one["inferenceProfileId"] == PROFILE)
    assert (found["inferenceProfileArn"], found["status"]) == (PROFILE_ARN, "ACTIVE")
    assert found["models"] == [
        {"modelArn": f"arn:aws:bedrock:{destination}::foundation-model/{MODEL}"}
        for destination in ("us-east-1", "us-east-2", "us-west-2")
    ]
    # Neither what a region does not have nor what is not served any more.
    assert {one["inferenceProfileId"].partition(".")[0] for one in listed} == {"us", "global"}
    assert not any("claude-3-7" in one["inferenceProfileId"] for one in listed)


def test_pages_together_are_the_whole_list(client_of: Callable[[Identity], Any]) -> None:
    client = client_of(READER)
    whole = client.list_inference_profiles()["inferenceProfileSummaries"]
    pages = list(
        client.get_paginator("list_inference_profiles").paginate(PaginationConfig={"PageSize": 3})
    )
    assert len(pages) > 1
    assert [one for page in pages for one in page["inferenceProfileSummaries"]] == whole


def test_nobody_has_profiles_of_their_own(client_of: Callable[[Identity], Any]) -> None:
    answer = client_of(READER).list_inference_profiles(typeEquals="APPLICATION")
    assert answer["inferenceProfileSummaries"] == []


def test_models_are_listed_by_how_they_are_invoked(client_of: Callable[[Identity], Any]) -> None:
    client = client_of(READER)
    on_demand = client.list_foundation_models(byInferenceType="ON_DEMAND")["modelSummaries"]
    assert {one["modelId"] for one in on_demand} == {
        "amazon.nova-pro-v1:0",
        "amazon.nova-lite-v1:0",
    }
    assert client.list_foundation_models(byOutputModality="IMAGE")["modelSummaries"] == []
    with pytest.raises(ClientError, match="byProvider"):  # not heeded, so not taken
        client.list_foundation_models(byProvider="amazon")


@pytest.mark.parametrize("name", ["list_inference_profiles", "list_foundation_models"])
def test_who_may_not_ask_is_told_nothing(client_of: Callable[[Identity], Any], name: str) -> None:
    for caller, code in (
        (STRANGER, "AccessDeniedException"),
        (dataclasses.replace(READER, secret_key="wrong"), "InvalidSignatureException"),
    ):
        with pytest.raises(ClientError) as refused:
            getattr(client_of(caller), name)()
        assert refused.value.response["Error"]["Code"] == code


def test_a_list_is_no_model_call(
    client_of: Callable[[Identity], Any], standin: BedrockStandIn
) -> None:
    standin.inject(Fault(FaultKind.THROTTLED))
    assert client_of(READER).list_inference_profiles()["inferenceProfileSummaries"]
    assert standin.stats().faults == {}
    assert standin.stats().models == {}


def test_a_relay_passes_on_the_account_of_whoever_runs_it(
    standin: BedrockStandIn, sdk: boto3.Session, tls_files: TlsFiles
) -> None:
    """The stand-in plays the real service, which knows its reader only."""
    developer = Session()
    developer.set_credentials(READER.access_key, READER.secret_key, READER.session_token)
    developer.set_config_variable("ca_bundle", str(tls_files.ca))
    caller = make_identity("caller", (LISTS,))
    with BedrockStandIn(
        authorizer=StaticAuthorizer([caller]),
        tls=tls_files,
        region=REGION,
        account=ACCOUNT,
        upstream=RealBedrock(developer, REGION, standin.endpoint_url),
    ) as relay:
        client = connected(sdk, relay, tls_files, caller)
        page = client.list_inference_profiles(maxResults=2)
        assert len(page["inferenceProfileSummaries"]) == 2
        assert page["nextToken"]
    assert standin.stats().requests == 1
