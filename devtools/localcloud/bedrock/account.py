"""What an account has of its own at Bedrock: inference profiles, models and a guardrail.

Application inference profiles are made through the API. Provisioned and imported models and
guardrails are somebody's work, of which nothing is emulated but the calls: there is one of each.
"""

import secrets
import threading
from dataclasses import dataclass, field
from typing import Final

#: The one provisioned and the one imported model, by kind and name, and the model they are made of.
_OWN_MODEL: Final = "amazon.nova-pro-v1:0"
OWN_MODELS: Final = ("provisioned-model/embedded01", "imported-model/embedded01")
#: The one guardrail, and its versions.
GUARDRAIL: Final = "embedded01"
GUARDRAIL_VERSIONS: Final = ("DRAFT", "1")


@dataclass(frozen=True)
class ApplicationProfile:
    """An application inference profile.

    Attributes:
        arn: Of the profile.
        name: What its maker called it.
        source: What it was made from: the id of a cross-region profile or of a model.
        tags: What the bill tells it by.
    """

    arn: str
    name: str
    source: str
    tags: dict[str, str] = field(default_factory=dict)


class Account:
    """One account in one region. Safe for threads.

    Args:
        number: Twelve digits.
        region: The region.
    """

    def __init__(self, number: str, region: str) -> None:
        self.number = number
        self.region = region
        self._lock = threading.Lock()
        self._profiles: dict[str, ApplicationProfile] = {}

    def arn(self, resource: str) -> str:
        """The ARN of something of this account."""
        partition = "aws-us-gov" if self.region.startswith("us-gov-") else "aws"
        return f"arn:{partition}:bedrock:{self.region}:{self.number}:{resource}"

    def own_model(self, arn: str) -> str | None:
        """The foundation model that an own one is made of; None for an ARN of none."""
        return _OWN_MODEL if arn in map(self.arn, OWN_MODELS) else None

    @property
    def guardrail_arn(self) -> str:
        """The guardrail's."""
        return self.arn(f"guardrail/{GUARDRAIL}")

    def make_profile(self, name: str, source: str, tags: dict[str, str]) -> ApplicationProfile:
        """Make an application inference profile.

        Raises:
            ValueError: There is one of this name.
        """
        arn = self.arn(f"application-inference-profile/{secrets.token_hex(6)}")
        with self._lock:
            if any(one.name == name for one in self._profiles.values()):
                raise ValueError(name)
            made = self._profiles[arn] = ApplicationProfile(arn, name, source, dict(tags))
        return made

    def profile(self, identifier: str) -> ApplicationProfile | None:
        """Find one by its ARN or id."""
        with self._lock:
            return next(
                (
                    one
                    for one in self._profiles.values()
                    if identifier in (one.arn, one.arn.rpartition("/")[2])
                ),
                None,
            )

    def remove_profile(self, arn: str) -> None:
        """Delete one."""
        with self._lock:
            self._profiles.pop(arn, None)

    def profiles(self) -> list[ApplicationProfile]:
        """All of them, in the order of their making."""
        with self._lock:
            return list(self._profiles.values())
