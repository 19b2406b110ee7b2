"""Exactly the IAM statements that calling one model needs.

A cross-region inference profile may be invoked in its source region, and hands each call to one of
its destination regions, where the caller must be allowed to invoke the foundation model too. AWS
asks for the model in the source region as well, whether calls land there or not. Those grants are
conditioned on the profile, so that the model cannot be called around it.

Sources: AWS's guide to Bedrock, "Geographic cross-Region inference", "Global cross-Region
inference", "Prerequisites for inference profiles" and "Enforce the use of specific guardrails in
model inference requests"; the service authorization reference for the resource types.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from stacks.inference_profiles import GLOBAL, ProfileTable, profile_table
from stacks.settings.region import partition_of

#: Converse and ConverseStream are authorised as these two; ``bedrock:Converse*`` do not exist.
INVOKE_ACTIONS: Final = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")
APPLY_ACTION: Final = "bedrock:ApplyGuardrail"

_ID: Final = re.compile(r"[a-z][a-z0-9-]*\.[A-Za-z0-9.:-]*[A-Za-z0-9-]")
_ARN: Final = re.compile(
    r"arn:(?P<partition>[a-z-]+):bedrock:(?P<region>[a-z0-9-]+):(?P<account>[0-9]*):"
    r"(?P<kind>[a-z-]+)/(?P<name>[A-Za-z0-9.:-]+)"
)
#: What of an account's own may be called by its ARN.
_OWN_KINDS: Final = ("provisioned-model", "imported-model")
_APPLICATION: Final = "application-inference-profile"
#: The condition keys that a foundation model's grant may have.
_KEYS: Final = {"through": "bedrock:InferenceProfileArn", "region": "aws:RequestedRegion"}
_REFRESH: Final = "`tradewind profiles refresh` asks your account"

Kind = Literal["profile", "on-demand", "provisioned-model", "imported-model"]


class UnsupportedModel(ValueError):
    """What is said of a model is not possible, so no grant is made.

    Attributes:
        field: Of the settings, which is at fault.
        allowed: What it may be instead; ``str`` of the error, too.
    """

    def __init__(self, field: str, allowed: str) -> None:
        super().__init__(allowed)
        self.field = field
        self.allowed = allowed


@dataclass(frozen=True)
class Model:
    """A model as seen from the region that it is called in. ``read_model`` makes it.

    Attributes:
        model_id: What calls name: a profile's id, a foundation model's, or an ARN.
        region: Where it is called.
        kind: What the id is of.
        foundation_model: The foundation model's id; empty for one that an ARN names.
        destinations: The regions that a call may land in, in a stable order.
    """

    model_id: str
    region: str
    kind: Kind
    foundation_model: str
    destinations: tuple[str, ...]

    @property
    def anywhere(self) -> bool:
        """Whether calls may land in any commercial region."""
        return self.kind == "profile" and self.model_id.startswith(f"{GLOBAL}.")

    @property
    def invoked_in(self) -> tuple[str, ...]:
        """The regions whose foundation model the caller must be allowed to invoke."""
        return tuple(sorted({*self.destinations, self.region}))


def read_model(
    model_id: str,
    region: str,
    destinations: Sequence[str] | None = None,
    table: ProfileTable | None = None,
) -> Model:
    """Read what settings say of a model.

    Args:
        model_id: A cross-region inference profile's id, a foundation model's id, or the ARN of a
            provisioned or imported model.
        region: Where it is called, one of ``settings.region.REGIONS``.
        destinations: Where a profile's calls land that the table does not have.
        table: The profiles that AWS has; those of this app without it.

    Raises:
        UnsupportedModel: There is no such model there, or its destinations are not known.
    """
    table = table or profile_table()
    if model_id.startswith("arn:"):
        if destinations is not None:
            raise _without_destinations()
        return _by_arn(model_id, region)
    if not _ID.fullmatch(model_id):
        raise UnsupportedModel(
            "id",
            "an inference profile id such as us.anthropic.claude-sonnet-4-6, a foundation model's "
            "id, or the ARN of a provisioned or imported model",
        )
    geography, _, rest = model_id.partition(".")
    known = geography in table.geographies()
    _refuse_retired(rest if known else model_id, table)
    if destinations is not None:
        return _by_destinations(model_id, region, destinations, table)
    if known:
        return _by_profile(model_id, region, table)
    if rest.partition(".")[0] in table.vendors():
        begins = ", ".join(f"{name}." for name in table.geographies())
        raise UnsupportedModel("id", f"an inference profile that begins with one of {begins}")
    _refuse_profile_alone(model_id, region, table)
    return Model(model_id, region, "on-demand", model_id, (region,))


def _by_profile(profile_id: str, region: str, table: ProfileTable) -> Model:
    model_id = profile_id.partition(".")[2]
    destinations = table.destinations(profile_id)
    if not destinations:
        there = table.geographies_of(model_id)
        if there:
            profiles = ", ".join(f"{name}.{model_id}" for name in there)
            raise UnsupportedModel(
                "id", f"a profile that AWS has of this model: {profiles}; {_REFRESH}"
            )
        raise UnsupportedModel(
            "id",
            "a profile of stacks/data/inference_profiles.yaml, or with it the `destinations` that "
            f"its calls may land in; {_REFRESH}",
        )
    if region not in destinations:
        raise UnsupportedModel(
            "region",
            f"a region that {profile_id} is called from: {', '.join(sorted(destinations))}",
        )
    return Model(profile_id, region, "profile", model_id, destinations[region])


def _by_destinations(
    profile_id: str, region: str, destinations: Sequence[str], table: ProfileTable
) -> Model:
    model_id = profile_id.partition(".")[2]
    if table.geographies_of(model_id) or "." not in model_id:
        raise _without_destinations()
    if not destinations or any(partition_of(one) != partition_of(region) for one in destinations):
        raise UnsupportedModel("destinations", f"regions of {region}'s own partition, one or more")
    return Model(profile_id, region, "profile", model_id, tuple(sorted(set(destinations))))


def _without_destinations() -> UnsupportedModel:
    return UnsupportedModel(
        "destinations",
        "none: they are for an inference profile of a model that "
        "stacks/data/inference_profiles.yaml does not have",
    )


def _by_arn(arn: str, region: str) -> Model:
    found = _ARN.fullmatch(arn)
    if found is None:
        raise UnsupportedModel("id", "an ARN such as arn:aws:bedrock:REGION:ACCOUNT:KIND/NAME")
    kind = found["kind"]
    if kind == _APPLICATION:
        raise UnsupportedModel(
            "id",
            "the profile or model that it was made from, and this ARN as `application_profile`",
        )
    if kind not in _OWN_KINDS:
        raise UnsupportedModel(
            "id", f"the id instead of an ARN, unless it is of a {' or '.join(_OWN_KINDS)}"
        )
    _require_here(found, "id", region)
    own: Kind = "provisioned-model" if kind == "provisioned-model" else "imported-model"
    return Model(arn, region, own, "", (region,))


def application_profile(arn: str, region: str) -> str:
    """Return the ARN of an application inference profile that is called in this region.

    Raises:
        UnsupportedModel: It is none.
    """
    found = _ARN.fullmatch(arn)
    if found is None or found["kind"] != _APPLICATION:
        raise UnsupportedModel(
            "application_profile",
            f"the ARN of one: arn:aws:bedrock:REGION:ACCOUNT:{_APPLICATION}/ID",
        )
    _require_here(found, "application_profile", region)
    return arn


def _require_here(found: re.Match[str], field: str, region: str) -> None:
    """Refuse an ARN of another region, or of no account."""
    if (found["partition"], found["region"]) != (partition_of(region), region):
        raise UnsupportedModel(
            field, f"an ARN of the model's region, arn:{partition_of(region)}:bedrock:{region}:..."
        )
    if not re.fullmatch("[0-9]{12}", found["account"]):
        raise UnsupportedModel(field, "an ARN with an account of twelve digits")


def _refuse_retired(model_id: str, table: ProfileTable) -> None:
    since = table.retired.get(model_id)
    if since is not None:
        raise UnsupportedModel("id", f"a model that still answers; its life ended on {since}")


def _refuse_profile_alone(model_id: str, region: str, table: ProfileTable) -> None:
    if model_id not in table.profiles_alone or partition_of(region) != "aws":
        return
    profiles = ", ".join(f"{name}.{model_id}" for name in table.geographies_of(model_id))
    raise UnsupportedModel(
        "id", f"an inference profile; AWS offers this model through them alone: {profiles}"
    )


@dataclass(frozen=True)
class Guardrail:
    """A guardrail of the model's region.

    Attributes:
        arn: Without its version.
        version: A number, or ``DRAFT``.
    """

    arn: str
    version: str

    @property
    def identifier(self) -> str:
        """What ``bedrock:GuardrailIdentifier`` holds of calls that it is applied to."""
        return self.arn if self.version == "DRAFT" else f"{self.arn}:{self.version}"


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


def invoke_grants(
    model: Model,
    *,
    account: str,
    application_profile: str | None = None,
    guardrail: Guardrail | None = None,
) -> tuple[Grant, ...]:
    """Compute what a role needs to call ``model``, and nothing more.

    Args:
        model: The model.
        account: Of the role.
        application_profile: The ARN of the application inference profile that it is called through.
        guardrail: Without it on a call, the model may not be called.
    """
    guarded = {"bedrock:GuardrailIdentifier": guardrail.identifier} if guardrail else {}
    applied = (Grant((guardrail.arn,), actions=(APPLY_ACTION,)),) if guardrail else ()
    return (*_invoke(model, account, application_profile, guarded), *applied)


def _invoke(
    model: Model, account: str, application_profile: str | None, guarded: Mapping[str, str]
) -> Iterator[Grant]:
    partition = partition_of(model.region)

    def grant(resources: tuple[str, ...], **keys: str) -> Grant:
        conditions = {**{_KEYS[name]: value for name, value in keys.items()}, **guarded}
        return Grant(resources, {"StringEquals": conditions} if conditions else {})

    def foundation_model(region: str) -> str:
        return f"arn:{partition}:bedrock:{region}::foundation-model/{model.foundation_model}"

    if not model.foundation_model:
        yield grant((model.model_id,))
        return
    profile = application_profile
    if profile is None and model.kind == "profile":
        profile = (
            f"arn:{partition}:bedrock:{model.region}:{account}:inference-profile/{model.model_id}"
        )
    if profile is None:
        yield grant((foundation_model(model.region),))
        return
    yield Grant((profile,))
    yield grant(
        tuple(foundation_model(region) for region in model.invoked_in),
        through=profile,
    )
    if model.anywhere:
        # Global routing is authorised on an ARN without a region, in an unspecified region.
        yield grant(
            (foundation_model(""),),
            region="unspecified",
            through=profile,
        )
