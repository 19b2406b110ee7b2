"""The model that agents call, as an environment's file says it."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.parts.bedrock_access import (
    Guardrail,
    Model,
    UnsupportedModel,
    application_profile,
    read_model,
)
from stacks.settings.region import Region, partition_of
from tradewind.contracts.validation import Frozen, whole_number

_Seconds = Annotated[
    float, Field(gt=0, le=900, description="a number of seconds above 0 and at most 900")
]
#: A role's inline policies may have 10,240 characters, and each model's is one.
_MOST_FORMER: Final = 3
#: Characters of a digest that tell a few models apart.
_DIGEST_LENGTH: Final = 8


class GuardrailSettings(Frozen):
    """A guardrail of Bedrock in the model's region, which somebody has made there.

    Attributes:
        id: Its id.
        version: Of it; `DRAFT` is the one that is worked on.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9]{1,64}$", description="a guardrail's id")]
    version: Annotated[
        str,
        Field(pattern=r"^([1-9][0-9]{0,7}|DRAFT)$", description="a number in quotes, or DRAFT"),
    ]


class ModelChoice(Frozen):
    """A model, and how it is called.

    Attributes:
        id: Of a cross-region inference profile, or of a foundation model that the region offers on
            demand; the ARN of a provisioned or imported model.
        region: Where it is called. The functions' own region may be another.
        destinations: The regions that calls of a profile may land in, for one that
            `stacks/data/inference_profiles.yaml` does not know.
        application_profile: The ARN of an application inference profile, made from the model, that
            it is called through.
        profile_per_agent: Whether the stacks make such a profile for each agent, with its tags, so
            that the bill tells agents apart.
        guardrail: Applied to every call, with `id` and `version`; null for none.
    """

    id: Annotated[
        str,
        Field(description="an inference profile id such as us.anthropic.claude-sonnet-4-6"),
    ]
    region: Region
    destinations: Annotated[
        Sequence[Region] | None, Field(description="a list of regions, or null")
    ] = None
    application_profile: Annotated[str | None, Field(description="an ARN, or null")] = None
    profile_per_agent: Annotated[bool, Field(description="true or false")] = False
    guardrail: Annotated[
        GuardrailSettings | None, Field(description="a mapping of id and version, or null")
    ] = None

    @model_validator(mode="after")
    def _is_possible(self) -> "ModelChoice":
        try:
            self._refuse_impossible()
        except UnsupportedModel as unsupported:
            raise PydanticCustomError(
                "model", "{allowed}", {"allowed": unsupported.allowed, "field": unsupported.field}
            ) from None
        return self

    def _refuse_impossible(self) -> None:
        model = self.model
        if self.application_profile is not None:
            application_profile(self.application_profile, self.region)
            if self.profile_per_agent:
                raise UnsupportedModel("profile_per_agent", "false beside an application_profile")
        elif not self.profile_per_agent:
            return
        if not model.foundation_model:
            at_fault = "profile_per_agent" if self.profile_per_agent else "application_profile"
            raise UnsupportedModel(
                at_fault, f"none for a {model.kind}; they are made from other models"
            )

    @property
    def model(self) -> Model:
        """The model as seen from its region."""
        return read_model(self.id, self.region, self.destinations)

    @property
    def digest(self) -> str:
        """What tells it from another choice, in names of what is made for it alone."""
        fields = ModelChoice.model_validate(
            {name: getattr(self, name) for name in ModelChoice.model_fields}
        )
        return hashlib.sha256(fields.model_dump_json().encode()).hexdigest()[:_DIGEST_LENGTH]

    def guardrail_in(self, account: str) -> Guardrail | None:
        """Its guardrail, which is the account's; None for none."""
        if self.guardrail is None:
            return None
        arn = f"arn:{partition_of(self.region)}:bedrock:{self.region}:{account}:guardrail/"
        return Guardrail(f"{arn}{self.guardrail.id}", self.guardrail.version)


class ModelSettings(ModelChoice):
    """The model every agent calls, and how patiently.

    Attributes:
        max_tokens: Longest answer of one model call. Never unset: the quota would be charged for
            the model's maximum.
        connect_timeout_s: For opening a connection.
        read_timeout_s: For silence on an open one.
        max_connections: Size of the process's connection pool.
        former_models: Models that versions kept for a rollback still call, each with what was said
            of it here: their grants stay.
    """

    max_tokens: Annotated[int, whole_number(1, 64_000)]
    connect_timeout_s: _Seconds
    read_timeout_s: _Seconds
    max_connections: Annotated[int, whole_number(1, 1000)]
    former_models: Annotated[
        Sequence[ModelChoice],
        Field(
            max_length=_MOST_FORMER,
            description=f"a list of at most {_MOST_FORMER} models, each with id and region",
        ),
    ] = ()

    @property
    def granted(self) -> tuple[ModelChoice, ...]:
        """The models whose grants agents have: this one first, then the former ones."""
        return tuple({one.digest: one for one in (self, *self.former_models)}.values())
