"""The ARNs of runtimes and of their endpoints, read and written."""

import re
from dataclasses import dataclass, replace
from typing import Final

# As botocore's model of the service has them; a partition of visible characters alone.
_PARTITION: Final = re.compile(r"aws(-[!-9;-~]+)?")
_REGION: Final = re.compile(r"[a-z0-9-]+")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_RUNTIME_ID: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,47}-[a-zA-Z0-9]{10}")
_ENDPOINT: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,47}")
_SERVICE: Final = "bedrock-agentcore"
_RESOURCE: Final = "runtime"
_ENDPOINT_RESOURCE: Final = "runtime-endpoint"
#: ``arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE``.
_PARTS: Final = 6


class InvalidArn(ValueError):
    """A text is no ARN of a runtime or of an endpoint.

    Attributes:
        part: Which part of it is wrong, such as "account".
    """

    def __init__(self, part: str, why: str) -> None:
        super().__init__(f"{part}: {why}")
        self.part = part


@dataclass(frozen=True)
class RuntimeArn:
    """The ARN of a runtime, or of one of its endpoints.

    Attributes:
        partition: Such as "aws".
        region: Where it is.
        account: Whose it is.
        runtime_id: Its name and what AgentCore adds: "onboarding-AbCdEfGhIj".
        endpoint_name: Of an endpoint's ARN; None in a runtime's.

    Raises:
        InvalidArn: A part is not what such an ARN has there.
    """

    partition: str
    region: str
    account: str
    runtime_id: str
    endpoint_name: str | None = None

    def __post_init__(self) -> None:
        _check("partition", _PARTITION, self.partition, 'not like "aws" or "aws-cn"')
        _check("region", _REGION, self.region, 'not like "us-east-1"')
        _check("account", _ACCOUNT, self.account, "not 12 digits")
        _check(
            "runtime",
            _RUNTIME_ID,
            self.runtime_id,
            "not a name of at most 48 letters, digits and underscores that begins with a letter, "
            "a hyphen, and 10 letters and digits",
        )
        if self.endpoint_name is not None:
            _check(
                "endpoint",
                _ENDPOINT,
                self.endpoint_name,
                "not at most 48 letters, digits and underscores that begin with a letter",
            )

    @classmethod
    def parse(cls, text: str) -> "RuntimeArn":
        """Read ``arn:aws:bedrock-agentcore:REGION:ACCOUNT:runtime/ID[/runtime-endpoint/NAME]``.

        Raises:
            InvalidArn: It is none, or one of something else.
        """
        prefix, *rest = text.split(":", _PARTS - 1)
        if prefix != "arn":
            raise InvalidArn("prefix", f'{_shown(prefix)} is not "arn"')
        if len(rest) < _PARTS - 1:
            raise InvalidArn("ARN", f"it has {len(rest) + 1} parts between colons, not {_PARTS}")
        partition, service, region, account, resource = rest
        if service != _SERVICE:
            raise InvalidArn("service", f'{_shown(service)} is not "{_SERVICE}"')
        match resource.split("/"):
            case [kind, runtime_id] if kind == _RESOURCE:
                return cls(partition, region, account, runtime_id)
            case [kind, runtime_id, below, name] if (kind, below) == (
                _RESOURCE,
                _ENDPOINT_RESOURCE,
            ):
                return cls(partition, region, account, runtime_id, name)
        raise InvalidArn(
            "resource",
            f'{_shown(resource)} is not "{_RESOURCE}/ID" or "{_RESOURCE}/ID/{_ENDPOINT_RESOURCE}/'
            'NAME"',
        )

    def __str__(self) -> str:
        head = f"arn:{self.partition}:{_SERVICE}:{self.region}:{self.account}"
        runtime = f"{head}:{_RESOURCE}/{self.runtime_id}"
        if self.endpoint_name is None:
            return runtime
        return f"{runtime}/{_ENDPOINT_RESOURCE}/{self.endpoint_name}"

    @property
    def runtime(self) -> "RuntimeArn":
        """The runtime's own ARN."""
        return replace(self, endpoint_name=None)

    def endpoint(self, qualifier: str) -> "RuntimeArn":
        """The ARN of its endpoint of that name.

        Raises:
            InvalidArn: No endpoint can be called so.
        """
        return replace(self, endpoint_name=qualifier)


def _check(part: str, pattern: re.Pattern[str], value: str, why: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidArn(part, f"{_shown(value)} is {why}")


#: Of what is wrong, how much is repeated.
_SHOWN: Final = 60


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
