"""The models the stand-in knows, and the ARNs a call to one touches.

The destinations are written down here on their own, apart from the infrastructure that grants
access to them, so that each checks the other.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from devtools.localcloud.bedrock.auth import Authorizer, Principal
from devtools.localcloud.bedrock.errors import ServiceError, forbidden, invalid

_US: Final = ("us-east-1", "us-east-2", "us-west-2")
_EU: Final = ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3")
_APAC: Final = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
)
#: Where a geographic profile may send a request, by prefix and source region.
_DESTINATIONS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "us": dict.fromkeys(_US, _US)
    | {source: (*_US, source) for source in ("us-west-1", "ca-central-1")},
    "eu": dict.fromkeys(_EU, _EU)
    | {source: (*_EU, source) for source in ("eu-central-2", "eu-west-2")},
    "apac": {"ap-northeast-1": _APAC},
}

_GEOGRAPHIES: Final = frozenset({"us", "eu", "apac"})


@dataclass(frozen=True)
class _Model:
    profiles: frozenset[str]
    on_demand: bool = False
    retired: bool = False


_MODELS: Final[Mapping[str, _Model]] = {
    "anthropic.claude-sonnet-4-6": _Model(_GEOGRAPHIES | {"global"}),
    "anthropic.claude-sonnet-4-5-20250929-v1:0": _Model(frozenset({"us", "eu", "global"})),
    "anthropic.claude-haiku-4-5-20251001-v1:0": _Model(frozenset({"us", "eu", "global"})),
    "amazon.nova-pro-v1:0": _Model(_GEOGRAPHIES, on_demand=True),
    "amazon.nova-lite-v1:0": _Model(_GEOGRAPHIES, on_demand=True),
    "anthropic.claude-sonnet-4-20250514-v1:0": _Model(_GEOGRAPHIES, retired=True),
    "anthropic.claude-3-7-sonnet-20250219-v1:0": _Model(_GEOGRAPHIES, retired=True),
}

_ARN = re.compile(
    r"arn:aws:bedrock:(?P<region>[a-z0-9-]+):(?P<account>\d*):"
    r"(?P<kind>inference-profile|foundation-model)/(?P<name>.+)"
)


@dataclass(frozen=True)
class Resource:
    """Something a caller must be allowed to use, and the condition keys it is checked with."""

    arn: str
    context: Mapping[str, str]


@dataclass(frozen=True)
class Target:
    """What a model id means in one region and account.

    Attributes:
        model: The foundation model's id.
        profile: The inference profile's prefix (``us``), or None for the bare model.
        region: Where the call is made.
        account: The account that owns the profile.
    """

    model: str
    profile: str | None
    region: str
    account: str

    def resources(self) -> Iterator[Resource]:
        """Yield every resource the caller needs: the profile, and the model wherever it may run."""
        if self.profile is None:
            yield _foundation_model(self.region, self.model, {})
            return
        profile_arn = (
            f"arn:aws:bedrock:{self.region}:{self.account}:inference-profile/"
            f"{self.profile}.{self.model}"
        )
        yield Resource(profile_arn, {"aws:RequestedRegion": self.region})
        through = {"bedrock:InferenceProfileArn": profile_arn}
        if self.profile == "global":
            yield _foundation_model(self.region, self.model, through)
            yield Resource(
                f"arn:aws:bedrock:::foundation-model/{self.model}",
                through | {"aws:RequestedRegion": "unspecified"},
            )
            return
        for destination in _DESTINATIONS[self.profile][self.region]:
            yield _foundation_model(destination, self.model, through)


def resolve(model_id: str, *, region: str, account: str) -> Target:
    """Read a ``modelId`` as the service does: an id, a profile's id, or the ARN of either.

    Raises:
        ServiceError: It cannot name a model or profile of this region and account.
    """
    name = model_id
    if arn := _ARN.fullmatch(model_id):
        owner = account if arn["kind"] == "inference-profile" else ""
        if arn["region"] != region or arn["account"] != owner:
            raise invalid("The provided model identifier is invalid.")
        name = arn["name"]
    prefix, _, rest = name.partition(".")
    if prefix != "global" and prefix not in _DESTINATIONS:
        return Target(model=name, profile=None, region=region, account=account)
    if prefix != "global" and region not in _DESTINATIONS[prefix]:
        raise invalid("The provided model identifier is invalid.")
    return Target(model=rest, profile=prefix, region=region, account=account)


def require_known(target: Target, model_id: str) -> None:
    """Refuse a model the catalogue does not have, or no longer serves.

    Raises:
        ServiceError: As the service answers for an unknown, a retired or a profile-only model.
    """
    model = _MODELS.get(target.model)
    if model is None or (target.profile is not None and target.profile not in model.profiles):
        raise invalid("The provided model identifier is invalid.")
    if model.retired:
        raise ServiceError(
            404,
            "ResourceNotFoundException",
            "This model version has reached the end of its life. Please refer to the AWS "
            "documentation for more details.",
        )
    if target.profile is None and not model.on_demand:
        raise invalid(
            f"Invocation of model ID {model_id} with on-demand throughput isn't supported. "
            "Retry your request with the ID or ARN of an inference profile that contains this "
            "model."
        )


@dataclass(frozen=True)
class Listed:
    """A foundation model that is served, as lists tell it."""

    model: str
    on_demand: bool


@dataclass(frozen=True)
class ListedProfile:
    """An inference profile, as lists tell it."""

    profile_id: str
    profile_arn: str
    model_arns: tuple[str, ...]


def known_models() -> list[Listed]:
    """The models that are served."""
    return [Listed(name, one.on_demand) for name, one in _MODELS.items() if not one.retired]


def profiles_of(*, region: str, account: str) -> list[ListedProfile]:
    """The inference profiles that a region has."""
    listed = []
    for name, one in _MODELS.items():
        for prefix in sorted(one.profiles):
            if one.retired or region not in _DESTINATIONS.get(prefix, {region: ()}):
                continue
            profile, *destinations = Target(name, prefix, region, account).resources()
            arns = tuple(each.arn for each in destinations)
            listed.append(ListedProfile(f"{prefix}.{name}", profile.arn, arns))
    return listed


def authorize(target: Target, action: str, principal: Principal, authorizer: Authorizer) -> None:
    """Require that the caller may perform ``action`` on everything the call touches.

    Raises:
        ServiceError: Access is denied; the message names the first resource that is missing.
    """
    for resource in target.resources():
        if not authorizer.is_allowed(principal, action, resource.arn, resource.context):
            raise forbidden(
                "AccessDeniedException",
                f"User: {principal.arn} is not authorized to perform: {action} on resource: "
                f"{resource.arn} because no identity-based policy allows the {action} action",
            )


def _foundation_model(region: str, model: str, context: Mapping[str, str]) -> Resource:
    return Resource(
        f"arn:aws:bedrock:{region}::foundation-model/{model}",
        {"aws:RequestedRegion": region, **context},
    )
