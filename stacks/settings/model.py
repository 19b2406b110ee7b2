"""The model that agents call, as an environment's file says it."""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.parts.bedrock_access import (
    InferenceProfile,
    UnsupportedProfile,
    UnsupportedSourceRegion,
)
from stacks.settings.region import Region
from tradewind.contracts.validation import Frozen, whole_number

_Seconds = Annotated[
    float, Field(gt=0, le=900, description="a number of seconds above 0 and at most 900")
]


class ModelSettings(Frozen):
    """The model every agent calls, and how patiently.

    Attributes:
        inference_profile: Id of a cross-region inference profile; the model id is in it.
        region: Where the profile is called. The functions' own region may be another.
        max_tokens: Longest answer of one model call. Never unset: the quota would be charged for
            the model's maximum.
        connect_timeout_s: For opening a connection.
        read_timeout_s: For silence on an open one.
        max_connections: Size of the process's connection pool.
    """

    inference_profile: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z-]*\.[a-z0-9-]+\.[A-Za-z0-9.:-]+$",
            description="an inference profile id such as us.anthropic.claude-sonnet-4-6",
        ),
    ]
    region: Region
    max_tokens: Annotated[int, whole_number(1, 64_000)]
    connect_timeout_s: _Seconds
    read_timeout_s: _Seconds
    max_connections: Annotated[int, whole_number(1, 1000)]

    @model_validator(mode="after")
    def _profile_is_callable_from_region(self) -> "ModelSettings":
        try:
            self.profile  # noqa: B018  constructing it is the check
        except UnsupportedProfile as unsupported:
            is_region = isinstance(unsupported, UnsupportedSourceRegion)
            at_fault = "region" if is_region else "inference_profile"
            raise PydanticCustomError(
                "profile", "{allowed}", {"allowed": str(unsupported), "field": at_fault}
            ) from None
        return self

    @property
    def profile(self) -> InferenceProfile:
        """The profile as seen from the model's region."""
        return InferenceProfile(self.inference_profile, self.region)
