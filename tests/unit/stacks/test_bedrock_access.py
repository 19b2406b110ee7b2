"""The Bedrock grant, over every profile and region it knows."""

import pytest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from devtools.localcloud.bedrock.errors import ServiceError
from devtools.localcloud.bedrock.models import resolve
from stacks.parts.bedrock_access import (
    INVOKE_ACTIONS,
    Grant,
    InferenceProfile,
    UnsupportedProfile,
    UnsupportedSourceRegion,
    invoke_grants,
)

MODEL = "anthropic.claude-sonnet-4-6"
US = ("us-east-1", "us-east-2", "us-west-2")
EU = ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3")
APAC = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2"),
)
#: (geography, source region) -> where its calls land, as AWS documents it.
DESTINATIONS = {
    **{("us", source): US for source in US},
    ("us", "us-west-1"): (*US, "us-west-1"),
    ("us", "ca-central-1"): (*US, "ca-central-1"),
    **{("eu", source): EU for source in EU},
    ("eu", "eu-central-2"): (*EU, "eu-central-2"),
    ("eu", "eu-west-2"): (*EU, "eu-west-2"),
    ("apac", "ap-northeast-1"): APAC,
}
#: Where Bedrock is, by botocore's own list.
REGIONS = Session().get_available_regions("bedrock")


def grants_for(
    geography: str, source: str, model: str = MODEL, partition: str = "aws"
) -> tuple[Grant, ...]:
    profile = InferenceProfile(f"{geography}.{model}", source)
    return invoke_grants(profile, partition=partition, account="111122223333")


@pytest.mark.parametrize(("geography", "source"), DESTINATIONS)
def test_a_regional_profile_reaches_its_destinations_and_no_other(
    geography: str, source: str
) -> None:
    profile, models = grants_for(geography, source)
    arn = f"arn:aws:bedrock:{source}:111122223333:inference-profile/{geography}.{MODEL}"

    assert profile.resources == (arn,)
    assert profile.conditions == {}
    assert set(models.resources) == {
        f"arn:aws:bedrock:{region}::foundation-model/{MODEL}"
        for region in DESTINATIONS[geography, source]
    }
    assert models.conditions == {"StringEquals": {"bedrock:InferenceProfileArn": arn}}


def test_a_global_profile_also_reaches_the_model_in_no_region() -> None:
    profile, here, anywhere = grants_for("global", "ap-southeast-2")
    arn = f"arn:aws:bedrock:ap-southeast-2:111122223333:inference-profile/global.{MODEL}"

    assert profile.resources == (arn,)
    assert here.resources == (f"arn:aws:bedrock:ap-southeast-2::foundation-model/{MODEL}",)
    assert here.conditions == {"StringEquals": {"bedrock:InferenceProfileArn": arn}}
    assert anywhere.resources == (f"arn:aws:bedrock:::foundation-model/{MODEL}",)
    assert anywhere.conditions == {
        "StringEquals": {
            "aws:RequestedRegion": "unspecified",
            "bedrock:InferenceProfileArn": arn,
        }
    }


@pytest.mark.parametrize("source", REGIONS)
@pytest.mark.parametrize("geography", ["us", "eu", "apac", "global"])
def test_what_is_granted_is_what_the_stand_in_asks_for(geography: str, source: str) -> None:
    """The two tables of regions are written apart, and each is the other's check."""
    try:
        granted = {arn for grant in grants_for(geography, source) for arn in grant.resources}
    except UnsupportedProfile:
        with pytest.raises(ServiceError):
            resolve(f"{geography}.{MODEL}", region=source, account="111122223333")
        return
    asked = resolve(f"{geography}.{MODEL}", region=source, account="111122223333").resources()
    assert granted == {resource.arn for resource in asked}


models = st.from_regex(r"[a-z0-9]{1,12}\.[a-z0-9-]{1,30}(-v[0-9]:[0-9])?", fullmatch=True)
sources = st.sampled_from([*DESTINATIONS, ("global", "us-east-1"), ("global", "eu-west-2")])


@given(source=sources, model=models, partition=st.sampled_from(["aws", "aws-us-gov", "aws-cn"]))
def test_every_grant_is_as_narrow_as_can_be(
    source: tuple[str, str], model: str, partition: str
) -> None:
    first, *others = grants_for(*source, model=model, partition=partition)
    [profile_arn] = first.resources

    for grant in (first, *others):
        assert grant.actions == INVOKE_ACTIONS
        assert all("*" not in resource for resource in grant.resources)
        assert all(resource.startswith(f"arn:{partition}:bedrock:") for resource in grant.resources)
        assert len(set(grant.resources)) == len(grant.resources)
    for grant in others:
        # The model may not be called except through the profile.
        assert grant.conditions["StringEquals"]["bedrock:InferenceProfileArn"] == profile_arn
        assert all(resource.endswith(f"/{model}") for resource in grant.resources)
    assert any(f":{source[1]}:" in resource for grant in others for resource in grant.resources)


@given(source=sources)
def test_the_same_question_has_the_same_answer(source: tuple[str, str]) -> None:
    assert grants_for(*source) == grants_for(*source)


@pytest.mark.parametrize("profile", ["xx.vendor.model", "us-gov.vendor.model", "claude", "us.", ""])
def test_a_profile_of_unknown_destinations_is_refused(profile: str) -> None:
    with pytest.raises(UnsupportedProfile, match=r"us\., eu\., apac\., global\."):
        InferenceProfile(profile, "us-east-1")


@pytest.mark.parametrize(
    ("geography", "source"), [("us", "eu-west-1"), ("eu", "us-east-1"), ("apac", "ap-south-1")]
)
def test_a_source_region_of_unknown_destinations_is_refused(geography: str, source: str) -> None:
    with pytest.raises(UnsupportedSourceRegion, match=f"{geography}. profiles are called from"):
        InferenceProfile(f"{geography}.{MODEL}", source)
