"""The grants of models, over every kind, profile and region there is."""

import pytest
from botocore.session import Session

from devtools.localcloud.bedrock.account import Account
from devtools.localcloud.bedrock.errors import ServiceError
from devtools.localcloud.bedrock.models import known_models, profiles_of, resolve
from stacks.inference_profiles import GLOBAL, profile_table
from stacks.parts.bedrock_access import (
    APPLY_ACTION,
    INVOKE_ACTIONS,
    Grant,
    Guardrail,
    UnsupportedModel,
    application_profile,
    invoke_grants,
    read_model,
)
from stacks.settings.region import REGIONS, partition_of

ACCOUNT = "123456789012"
SONNET = "anthropic.claude-sonnet-4-6"
GOV_SONNET = "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0"
EVERYWHERE = [region for regions in REGIONS.values() for region in regions]
US = ("us-east-1", "us-east-2", "us-west-2")
EU = ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3")
NEAR = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ap-south-1", "ap-southeast-1", "ap-southeast-2"),
)
#: (profile, source region) -> where its calls land, as AWS documents it.
DESTINATIONS = {
    **{(f"us.{SONNET}", source): US for source in US},
    (f"us.{SONNET}", "us-west-1"): (*US, "us-west-1"),
    (f"us.{SONNET}", "ca-central-1"): (*US, "ca-central-1"),
    (f"us.{SONNET}", "ca-west-1"): (*US, "ca-west-1"),
    ("us.meta.llama3-2-1b-instruct-v1:0", "us-east-1"): ("us-east-1", "us-west-2"),
    ("us.meta.llama3-2-1b-instruct-v1:0", "us-east-2"): US,
    **{(f"eu.{SONNET}", source): EU for source in EU},
    (f"eu.{SONNET}", "eu-central-2"): (*EU, "eu-central-2"),
    (f"eu.{SONNET}", "eu-west-2"): (*EU, "eu-west-2"),
    ("eu.amazon.nova-pro-v1:0", "eu-west-1"): (
        *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3"),
    ),
    ("eu.amazon.nova-pro-v1:0", "il-central-1"): (
        *("eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-3", "il-central-1"),
    ),
    ("apac.amazon.nova-pro-v1:0", "ap-northeast-1"): NEAR,
    ("apac.amazon.nova-pro-v1:0", "ap-southeast-5"): (
        *(*NEAR, "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5"),
    ),
    ("apac.amazon.nova-pro-v1:0", "me-central-1"): (
        *(*NEAR, "ap-south-2", "ap-southeast-3", "ap-southeast-4", "me-central-1"),
    ),
    (f"jp.{SONNET}", "ap-northeast-3"): ("ap-northeast-1", "ap-northeast-3"),
    (f"au.{SONNET}", "ap-southeast-4"): ("ap-southeast-2", "ap-southeast-4"),
    ("ca.amazon.nova-lite-v1:0", "ca-west-1"): ("ca-central-1", "ca-west-1"),
    (GOV_SONNET, "us-gov-west-1"): ("us-gov-west-1",),
    # Calls do not stay in us-gov-east-1, and AWS asks for the model there all the same.
    (GOV_SONNET, "us-gov-east-1"): ("us-gov-east-1", "us-gov-west-1"),
}
#: Every profile of the table with every region it is called from.
CALLED = [
    (profile, source)
    for profile in profile_table().ids()
    for source in profile_table().destinations(profile)
]


def grants_of(model_id: str, region: str, through: str | None = None) -> tuple[Grant, ...]:
    return invoke_grants(read_model(model_id, region), account=ACCOUNT, application_profile=through)


def refusal(
    model_id: str, region: str = "us-east-1", destinations: list[str] | None = None
) -> tuple[str, str]:
    with pytest.raises(UnsupportedModel) as refused:
        read_model(model_id, region, destinations)
    assert "\n" not in str(refused.value)
    return refused.value.field, refused.value.allowed


@pytest.mark.parametrize(("profile", "source"), DESTINATIONS)
def test_a_profile_reaches_its_destinations_and_no_other(profile: str, source: str) -> None:
    called, models = grants_of(profile, source)
    partition, model = partition_of(source), profile.partition(".")[2]
    arn = f"arn:{partition}:bedrock:{source}:{ACCOUNT}:inference-profile/{profile}"

    assert called == Grant((arn,))
    assert set(models.resources) == {
        f"arn:{partition}:bedrock:{region}::foundation-model/{model}"
        for region in DESTINATIONS[profile, source]
    }
    assert models.conditions == {"StringEquals": {"bedrock:InferenceProfileArn": arn}}


def test_a_global_profile_also_reaches_the_model_in_no_region() -> None:
    called, here, anywhere = grants_of(f"global.{SONNET}", "ap-southeast-2")
    arn = f"arn:aws:bedrock:ap-southeast-2:{ACCOUNT}:inference-profile/global.{SONNET}"

    assert called.resources == (arn,)
    assert here.resources == (f"arn:aws:bedrock:ap-southeast-2::foundation-model/{SONNET}",)
    assert here.conditions == {"StringEquals": {"bedrock:InferenceProfileArn": arn}}
    assert anywhere.resources == (f"arn:aws:bedrock:::foundation-model/{SONNET}",)
    assert anywhere.conditions == {
        "StringEquals": {
            "aws:RequestedRegion": "unspecified",
            "bedrock:InferenceProfileArn": arn,
        }
    }


def test_global_profiles_are_called_from_commercial_regions_only() -> None:
    sources = {source for profile, source in CALLED if profile.startswith(f"{GLOBAL}.")}
    assert sources < set(REGIONS["aws"])
    assert refusal(f"global.{SONNET}", "us-gov-west-1")[0] == "region"


@pytest.mark.parametrize(("profile", "source"), CALLED)
def test_every_grant_is_as_narrow_as_can_be(profile: str, source: str) -> None:
    first, *others = grants_of(profile, source)
    [profile_arn] = first.resources
    partition, model = partition_of(source), profile.partition(".")[2]

    for grant in (first, *others):
        assert grant.actions == INVOKE_ACTIONS
        assert len(set(grant.resources)) == len(grant.resources)
        for resource in grant.resources:
            assert "*" not in resource
            assert resource.startswith(f"arn:{partition}:bedrock:")
            region = resource.split(":")[3]
            assert not region or partition_of(region) == partition
    for grant in others:
        # The model may not be called except through the profile.
        assert grant.conditions["StringEquals"]["bedrock:InferenceProfileArn"] == profile_arn
        assert all(resource.endswith(f"/{model}") for resource in grant.resources)
    assert any(f":{source}:" in resource for grant in others for resource in grant.resources)


def test_the_table_names_regions_that_there_are_and_routes_that_are_used() -> None:
    table = profile_table()
    assert set(table.routes) == set(table.profiles.values())
    for profile in table.ids():
        for source, destinations in table.destinations(profile).items():
            assert {partition_of(one) for one in (source, *destinations)} == {partition_of(source)}
            assert destinations
    assert all(source.startswith("https://docs.aws.amazon.com/") for source in table.sources)


def test_the_regions_are_those_that_have_what_it_takes() -> None:
    session = Session()
    for partition, regions in REGIONS.items():
        there = [
            set(session.get_available_regions(service, partition))
            for service in ("lambda", "bedrock")
        ]
        assert set(regions) == there[0] & there[1]


@pytest.mark.parametrize("region", EVERYWHERE)
def test_a_model_on_demand_is_granted_in_its_region_alone(region: str) -> None:
    arn = f"arn:{partition_of(region)}:bedrock:{region}::foundation-model/amazon.nova-pro-v1:0"
    assert grants_of("amazon.nova-pro-v1:0", region) == (Grant((arn,)),)


@pytest.mark.parametrize("kind", ["provisioned-model", "imported-model"])
@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1"])
def test_an_own_model_is_granted_by_its_arn_alone(kind: str, region: str) -> None:
    arn = f"arn:{partition_of(region)}:bedrock:{region}:{ACCOUNT}:{kind}/abc123"
    assert grants_of(arn, region) == (Grant((arn,)),)


def test_through_an_application_profile_nothing_else_is_granted() -> None:
    arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/abc123"
    of_profile = grants_of(f"us.{SONNET}", "us-east-1", through=arn)
    condition = {"StringEquals": {"bedrock:InferenceProfileArn": arn}}
    models = tuple(f"arn:aws:bedrock:{region}::foundation-model/{SONNET}" for region in US)
    assert of_profile == (Grant((arn,)), Grant(models, condition))

    nova = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0"
    of_model = grants_of("amazon.nova-pro-v1:0", "us-east-1", through=arn)
    assert of_model == (Grant((arn,)), Grant((nova,), condition))


@pytest.mark.parametrize(
    ("model_id", "version", "identifier"),
    [
        (f"us.{SONNET}", "3", "GUARDRAIL:3"),
        (f"global.{SONNET}", "3", "GUARDRAIL:3"),
        ("amazon.nova-pro-v1:0", "DRAFT", "GUARDRAIL"),
        (f"arn:aws:bedrock:us-east-1:{ACCOUNT}:imported-model/abc123", "1", "GUARDRAIL:1"),
    ],
)
def test_a_model_with_a_guardrail_may_not_be_called_without(
    model_id: str, version: str, identifier: str
) -> None:
    model = read_model(model_id, "us-east-1")
    *invoking, applying = invoke_grants(
        model, account=ACCOUNT, guardrail=Guardrail("GUARDRAIL", version)
    )
    assert applying == Grant(("GUARDRAIL",), actions=(APPLY_ACTION,))
    for grant in invoking:
        guarded = grant.conditions.get("StringEquals", {}).get("bedrock:GuardrailIdentifier")
        # On what a model is; the profile by itself answers nobody.
        profile = ":inference-profile/" in grant.resources[0]
        assert guarded == (None if profile else identifier)


def test_destinations_may_be_named_for_a_profile_that_is_not_known() -> None:
    model = read_model("sa.vendor.model-v1:0", "sa-east-1", ["us-east-1", "sa-east-1"])
    assert model.destinations == ("sa-east-1", "us-east-1")
    called, models = invoke_grants(model, account=ACCOUNT)
    assert called.resources[0].endswith("/sa.vendor.model-v1:0")
    assert [one.split("/")[1] for one in models.resources] == ["vendor.model-v1:0"] * 2


@pytest.mark.parametrize(
    ("model_id", "region", "destinations", "field", "said"),
    [
        ("claude", "us-east-1", None, "id", "an inference profile id such as us.anthropic"),
        ("", "us-east-1", None, "id", "an inference profile id such as"),
        ("us.", "us-east-1", None, "id", "an inference profile id such as"),
        ("xx.anthropic.model", "us-east-1", None, "id", "begins with one of us., ca., us-gov., "),
        # AWS has none of these.
        (f"apac.{SONNET}", "ap-northeast-1", None, "id", f"us.{SONNET}, eu.{SONNET}, jp.{SONNET}"),
        (f"ca.{SONNET}", "ca-central-1", None, "id", "a profile that AWS has of this model"),
        (f"us-gov.{SONNET}", "us-gov-west-1", None, "id", "a profile that AWS has of this model"),
        ("us.anthropic.claude-x", "us-east-1", None, "id", "the `destinations` that its calls may"),
        # From where it is not called.
        (f"us.{SONNET}", "eu-west-1", None, "region", "ca-central-1, ca-west-1, us-east-1"),
        (f"us.{SONNET}", "us-gov-west-1", None, "region", "is called from: ca-central-1"),
        (f"eu.{SONNET}", "us-east-1", None, "region", "is called from: eu-central-1"),
        (f"jp.{SONNET}", "ap-northeast-2", None, "region", "ap-northeast-1, ap-northeast-3"),
        ("jp.amazon.nova-2-lite-v1:0", "ap-northeast-3", None, "region", "from: ap-northeast-1"),
        ("us.amazon.nova-pro-v1:0", "ca-west-1", None, "region", "us-east-1, us-east-2, us-west-1"),
        (GOV_SONNET, "us-east-1", None, "region", "us-gov-east-1, us-gov-west-1"),
        # Destinations for what has its own.
        (f"us.{SONNET}", "us-east-1", ["us-east-1"], "destinations", "none: they are for"),
        ("amazon.nova-pro-v1:0", "us-east-1", ["us-east-1"], "destinations", "none: they are for"),
        ("us.vendor.model", "us-east-1", [], "destinations", "partition, one or more"),
        ("us.vendor.model", "us-east-1", ["us-gov-west-1"], "destinations", "own partition"),
        # Alone through profiles, or no more at all.
        (SONNET, "us-east-1", None, "id", "AWS offers this model through them alone: us."),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", "us-east-1", None, "id", "2026-04-28"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "us-east-1", None, "id", "2026-10-14"),
        # ARNs.
        (
            f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/a",
            *("us-east-1", None, "id", "this ARN as `application_profile`"),
        ),
        (
            f"arn:aws:bedrock:us-east-1::foundation-model/{SONNET}",
            *("us-east-1", None, "id", "the id instead of an ARN"),
        ),
        (
            f"arn:aws:bedrock:us-west-2:{ACCOUNT}:imported-model/a",
            *("us-east-1", None, "id", "an ARN of the model's region, arn:aws:bedrock:us-east-1:"),
        ),
        (
            f"arn:aws:bedrock:us-gov-west-1:{ACCOUNT}:imported-model/a",
            *("us-gov-west-1", None, "id", "arn:aws-us-gov:bedrock:us-gov-west-1:"),
        ),
        ("arn:aws:bedrock:us-east-1::imported-model/a", "us-east-1", None, "id", "twelve digits"),
        ("arn:aws:s3:::bucket", "us-east-1", None, "id", "an ARN such as arn:aws:bedrock:"),
        (
            f"arn:aws:bedrock:us-east-1:{ACCOUNT}:imported-model/a",
            *("us-east-1", ["us-east-1"], "destinations", "none: they are for"),
        ),
    ],
)
def test_what_cannot_be_called_is_refused_in_a_line(
    model_id: str, region: str, destinations: list[str] | None, field: str, said: str
) -> None:
    at_fault, allowed = refusal(model_id, region, destinations)
    assert at_fault == field
    assert said in allowed


def test_an_application_profile_is_one_of_the_models_region() -> None:
    arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/abc123"
    assert application_profile(arn, "us-east-1") == arn
    for wrong in (arn.replace("us-east-1", "us-east-2"), arn.replace("application-", ""), "a"):
        with pytest.raises(UnsupportedModel):
            application_profile(wrong, "us-east-1")


@pytest.mark.parametrize("region", EVERYWHERE)
def test_what_is_granted_is_what_the_stand_in_asks_for(region: str) -> None:
    """The two tables of regions are written apart, and each is the other's check."""
    account = Account(ACCOUNT, region)
    served = {one.model for one in known_models()}
    for profile in profile_table().ids():
        model = profile.partition(".")[2]
        if model not in served:
            continue
        try:
            granted = {arn for grant in grants_of(profile, region) for arn in grant.resources}
        except UnsupportedModel:
            with pytest.raises(ServiceError):
                resolve(profile, account)
        else:
            assert granted == {one.arn for one in resolve(profile, account).resources()}
    listed = {one.profile_id for one in profiles_of(account)}
    assert listed <= set(profile_table().ids())
