"""Exactly the IAM statements that calling one cross-region inference profile needs.

A profile may be invoked in its source region, and hands each call to one of its destination
regions, where the caller must be allowed to invoke the foundation model too. The second grant is
conditioned on the profile, so the model cannot be called around it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

#: Converse and ConverseStream are authorised as these two; ``bedrock:Converse*`` do not exist.
INVOKE_ACTIONS: Final = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")

_US: Final = ("us-east-1", "us-east-2", "us-west-2")
_EU: Final = (
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-3",
)
_APAC: Final = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
)

#: Geography of a profile -> source region -> the regions its calls may land in.
_DESTINATIONS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "us": dict.fromkeys(_US, _US)
    | {region: (*_US, region) for region in ("us-west-1", "ca-central-1")},
    "eu": dict.fromkeys(_EU, _EU)
    | {region: (*_EU, region) for region in ("eu-central-2", "eu-west-2")},
    "apac": {"ap-northeast-1": _APAC},
}

#: Calls through a global profile land in any commercial region; AWS names no list of them.
_GLOBAL: Final = "global"


class UnsupportedProfile(ValueError):
    """Where this profile sends its calls from this region is not known, so no grant is made."""


class UnsupportedSourceRegion(UnsupportedProfile):
    """The profile is known, but not as seen from this region."""


@dataclass(frozen=True)
class InferenceProfile:
    """A cross-region inference profile as seen from one source region.

    Attributes:
        profile_id: For example ``us.anthropic.claude-sonnet-4-6``.
        source_region: Where the profile is called.
    """

    profile_id: str
    source_region: str

    def __post_init__(self) -> None:
        """Refuse a profile whose destinations are not known.

        Raises:
            UnsupportedProfile: The message names the profiles that are supported.
            UnsupportedSourceRegion: It names the regions that are.
        """
        if self.geography == _GLOBAL and self.model_id:
            return
        if self.geography not in _DESTINATIONS or not self.model_id:
            known = ", ".join(f"{name}." for name in (*_DESTINATIONS, _GLOBAL))
            raise UnsupportedProfile(f"an inference profile that begins with one of {known}")
        sources = _DESTINATIONS[self.geography]
        if self.source_region not in sources:
            raise UnsupportedSourceRegion(
                f"a region that {self.geography}. profiles are called from: "
                f"{', '.join(sorted(sources))}"
            )

    @property
    def geography(self) -> str:
        """The part before the first dot: ``us``, ``eu``, ``apac`` or ``global``."""
        return self.profile_id.partition(".")[0]

    @property
    def model_id(self) -> str:
        """The foundation model behind the profile."""
        return self.profile_id.partition(".")[2]

    @property
    def destination_regions(self) -> tuple[str, ...]:
        """The regions whose foundation model a call may reach, in a stable order."""
        if self.geography == _GLOBAL:
            return (self.source_region,)
        return tuple(sorted(_DESTINATIONS[self.geography][self.source_region]))


@dataclass(frozen=True)
class Grant:
    """One ``Allow`` statement, free of CDK types.

    Attributes:
        resources: ARNs.
        conditions: IAM conditions, operator first.
        actions: IAM actions.
    """

    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    actions: tuple[str, ...] = INVOKE_ACTIONS


def invoke_grants(profile: InferenceProfile, *, partition: str, account: str) -> tuple[Grant, ...]:
    """Compute what a role needs to call ``profile``, and nothing more."""
    profile_arn = (
        f"arn:{partition}:bedrock:{profile.source_region}:{account}"
        f":inference-profile/{profile.profile_id}"
    )
    through_profile = {"bedrock:InferenceProfileArn": profile_arn}

    def model_arn(region: str) -> str:
        return f"arn:{partition}:bedrock:{region}::foundation-model/{profile.model_id}"

    grants = (
        Grant(resources=(profile_arn,)),
        Grant(
            resources=tuple(model_arn(region) for region in profile.destination_regions),
            conditions={"StringEquals": through_profile},
        ),
    )
    if profile.geography != _GLOBAL:
        return grants
    # Global routing is authorised on an ARN without a region, in an unspecified region.
    anywhere = Grant(
        resources=(model_arn(""),),
        conditions={"StringEquals": {"aws:RequestedRegion": "unspecified", **through_profile}},
    )
    return (*grants, anywhere)
