"""Whose signature the functions' code must have, as an environment's file says it."""

from typing import Annotated, Literal

from pydantic import Field

from tradewind.contracts.validation import Frozen


class CodeSigningSettings(Frozen):
    """Signed code: AWS Signer signs each bundle before it is deployed, and Lambda checks it.

    Attributes:
        profile_version_arn: The version of the Signer profile that signs, of the platform
            AWSLambda-SHA384-ECDSA.
        bucket: A versioned bucket in the environment's region, where bundles are put to be signed
            and kept once they are.
        untrusted: What Lambda does with code that is not signed so: enforce refuses it, warn says
            so in CloudWatch.
    """

    profile_version_arn: Annotated[
        str,
        Field(
            pattern=(
                r"^arn:aws[a-z-]*:signer:[a-z0-9-]+:[0-9]{12}:"
                r"/signing-profiles/[A-Za-z0-9_]{2,64}/[A-Za-z0-9]{10}$"
            ),
            description="the ARN of a version of a signing profile",
        ),
    ]
    bucket: Annotated[
        str,
        Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="the name of a bucket"),
    ]
    untrusted: Annotated[Literal["enforce", "warn"], Field(description="enforce or warn")] = (
        "enforce"
    )

    @property
    def profile(self) -> str:
        """The profile's name."""
        return self.profile_version_arn.split("/")[-2]

    @property
    def profile_version(self) -> str:
        """The profile's version."""
        return self.profile_version_arn.split("/")[-1]

    @property
    def profile_owner(self) -> str:
        """The account that the profile is of."""
        return self.profile_version_arn.split(":")[4]
