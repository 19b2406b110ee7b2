"""The models the stand-in knows, and the ARNs a call to one touches.

Sources of what a caller must be allowed to use: AWS's guide to Bedrock, "Geographic cross-Region
inference", "Global cross-Region inference" and "Prerequisites for inference profiles".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from devtools.localcloud.bedrock.account import Account, ApplicationProfile
from devtools.localcloud.bedrock.auth import Authorizer, Principal
from devtools.localcloud.bedrock.destinations import DESTINATIONS, GLOBAL
from devtools.localcloud.bedrock.errors import ServiceError, forbidden, invalid
from devtools.localcloud.bedrock.guardrails import Applied

#: Foundation models that a region takes by their own id.
_ON_DEMAND: Final = frozenset({"amazon.nova-pro-v1:0", "amazon.nova-lite-v1:0"})
_RETIRED: Final = frozenset(
    {"anthropic.claude-sonnet-4-20250514-v1:0", "anthropic.claude-3-7-sonnet-20250219-v1:0"}
)
_PREFIXES: Final = frozenset(prefix for one in DESTINATIONS.values() for prefix in one)

_ARN = re.compile(
    r"arn:aws[a-z-]*:bedrock:(?P<region>[a-z0-9-]+):(?P<account>\d*):"
    r"(?P<kind>[a-z-]+)/(?P<name>.+)"
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
        prefix: The cross-region profile's (``us``), or None for the bare model.
        account: Who calls, and where.
        application: The ARN of the application profile that is called.
        own: The ARN of a provisioned or imported model.
    """

    model: str
    prefix: str | None
    account: Account
    application: str | None = None
    own: str | None = None

    @property
    def served(self) -> bool:
        """Whether there is such a profile, called from here."""
        return self.account.region in _sources(self.model, self.prefix)

    def resources(self) -> Iterator[Resource]:
        """Yield every resource the caller needs: the profile, and the model wherever it may run."""
        region = self.account.region
        if self.own is not None:
            yield Resource(self.own, {"aws:RequestedRegion": region})
            return
        profile = self.application
        if profile is None and self.prefix is not None:
            profile = self.account.arn(f"inference-profile/{self.prefix}.{self.model}")
        through = {"bedrock:InferenceProfileArn": profile} if profile else {}
        if profile is not None:
            yield Resource(profile, {"aws:RequestedRegion": region})
        for destination in self._regions():
            yield self._foundation_model(destination, through)
        if self.prefix == GLOBAL:
            yield self._foundation_model("", through | {"aws:RequestedRegion": "unspecified"})

    def _regions(self) -> tuple[str, ...]:
        """Where the model may run, and where it is called from."""
        region = self.account.region
        landing = _sources(self.model, self.prefix).get(region, (region,))
        return tuple(dict.fromkeys((*landing, region)))

    def _foundation_model(self, region: str, context: Mapping[str, str]) -> Resource:
        partition = self.account.arn("").split(":")[1]
        return Resource(
            f"arn:{partition}:bedrock:{region}::foundation-model/{self.model}",
            {"aws:RequestedRegion": region, **context},
        )


def _sources(model: str, prefix: str | None) -> Mapping[str, tuple[str, ...]]:
    """Where a profile of a model is called from, and its calls land.

    Of a model that only the real service knows, as of the first one with such a profile.
    """
    if prefix is None:
        return {}
    profiles = DESTINATIONS.get(model) or next(
        one for one in DESTINATIONS.values() if prefix in one
    )
    return profiles.get(prefix, {})


def resolve(model_id: str, account: Account) -> Target:
    """Read a ``modelId`` as the service does: an id, a profile's id, or an ARN.

    Raises:
        ServiceError: It cannot name a model or profile of this region and account.
    """
    name = model_id
    if arn := _ARN.fullmatch(model_id):
        owner = "" if arn["kind"] == "foundation-model" else account.number
        if arn["region"] != account.region or arn["account"] != owner:
            raise invalid("The provided model identifier is invalid.")
        if arn["kind"] in ("provisioned-model", "imported-model"):
            return Target(account.own_model(model_id) or "", None, account, own=model_id)
        if arn["kind"] == "application-inference-profile":
            return _through(account.profile(model_id), account)
        name = arn["name"]
    return _by_id(name, account)


def _by_id(name: str, account: Account) -> Target:
    prefix, _, rest = name.partition(".")
    if prefix not in _PREFIXES:
        return Target(name, None, account)
    target = Target(rest, prefix, account)
    if not target.served:
        raise invalid("The provided model identifier is invalid.")
    return target


def _through(profile: ApplicationProfile | None, account: Account) -> Target:
    if profile is None:
        raise ServiceError(404, "ResourceNotFoundException", "Inference profile not found.")
    source = _by_id(profile.source, account)
    return Target(source.model, source.prefix, account, application=profile.arn)


def require_known(target: Target, model_id: str) -> None:
    """Refuse a model the catalogue does not have, or no longer serves.

    Raises:
        ServiceError: As the service answers for an unknown, a retired or a profile-only model.
    """
    if target.model not in DESTINATIONS:
        raise invalid("The provided model identifier is invalid.")
    if target.model in _RETIRED:
        raise ServiceError(
            404,
            "ResourceNotFoundException",
            "This model version has reached the end of its life. Please refer to the AWS "
            "documentation for more details.",
        )
    if target.prefix is None and target.own is None and target.model not in _ON_DEMAND:
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
    name: str
    kind: str = "SYSTEM_DEFINED"


def known_models() -> list[Listed]:
    """The models that are served."""
    return [Listed(name, name in _ON_DEMAND) for name in DESTINATIONS if name not in _RETIRED]


def profiles_of(account: Account) -> list[ListedProfile]:
    """The cross-region inference profiles that a region has."""
    return [
        _listed(Target(model, prefix, account))
        for model, profiles in DESTINATIONS.items()
        for prefix in sorted(profiles)
        if model not in _RETIRED and account.region in profiles[prefix]
    ]


def application_profiles_of(account: Account) -> list[ListedProfile]:
    """The profiles that somebody made in the account."""
    return [_of_application(one, account) for one in account.profiles()]


def profile_of(identifier: str, account: Account) -> ListedProfile:
    """One profile, by its id or ARN.

    Raises:
        ServiceError: There is none.
    """
    made = account.profile(identifier)
    if made is not None:
        return _of_application(made, account)
    for one in profiles_of(account):
        if identifier in (one.profile_id, one.profile_arn):
            return one
    raise ServiceError(404, "ResourceNotFoundException", "Inference profile not found.")


def _of_application(made: ApplicationProfile, account: Account) -> ListedProfile:
    models = _listed(_by_id(made.source, account)).model_arns
    identifier = made.arn.rpartition("/")[2]
    return ListedProfile(identifier, made.arn, models, made.name, "APPLICATION")


def _listed(target: Target) -> ListedProfile:
    region = target.account.region
    landing = _sources(target.model, target.prefix).get(region, (region,))
    regions = [*landing, *([""] if target.prefix == GLOBAL else [])]
    identifier = f"{target.prefix}.{target.model}"
    return ListedProfile(
        identifier,
        target.account.arn(f"inference-profile/{identifier}"),
        tuple(target._foundation_model(one, {}).arn for one in regions),
        identifier,
    )


def authorize(
    target: Target,
    action: str,
    principal: Principal,
    authorizer: Authorizer,
    guardrail: Applied | None = None,
) -> None:
    """Require that the caller may perform ``action`` on everything the call touches.

    Raises:
        ServiceError: Access is denied; the message names the first resource that is missing.
    """
    applied = {} if guardrail is None else {"bedrock:GuardrailIdentifier": guardrail.identifier}
    needed = [(action, one.arn, {**one.context, **applied}) for one in target.resources()]
    if guardrail is not None:
        needed.append(("bedrock:ApplyGuardrail", guardrail.arn, {}))
    for each, arn, context in needed:
        if not authorizer.is_allowed(principal, each, arn, context):
            raise forbidden(
                "AccessDeniedException",
                f"User: {principal.arn} is not authorized to perform: {each} on resource: "
                f"{arn} because no identity-based policy allows the {each} action",
            )
