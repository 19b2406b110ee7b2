"""The network that functions are in, as an environment's file says it."""

import ipaddress
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from tradewind.contracts.validation import Frozen, refused

_PRIVATE: Final = tuple(
    map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
)
#: Lengths of the prefix: AWS takes no larger block; of a smaller one a zone has few addresses.
_LARGEST: Final = 16
_SMALLEST: Final = 24
#: The letters of the zones that a region may have; each has its place among the addresses, so that
#: no zone moves when another comes.
ZONES: Final = "abcdef"


def _block(text: str) -> str:
    try:
        block = ipaddress.IPv4Network(text)
    except ValueError:
        raise refused(f"{text[:40]!r} is no block of addresses such as 10.0.0.0/20") from None
    if not any(block.subnet_of(one) for one in _PRIVATE):
        raise refused(
            f"{text} is not private; give one of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16"
        )
    if not _LARGEST <= block.prefixlen <= _SMALLEST:
        raise refused(f"{text}: AWS takes /16 at most, and less than /24 is too little; give /20")
    return text


def _each_once(items: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(items)) != len(items):
        raise refused("each once")
    return items


def _ids(kind: str, least: int, most: int) -> object:
    """A list of ids of one kind."""
    return Field(
        strict=False,
        min_length=least,
        max_length=most,
        description=f"a list of {least} to {most} ids such as {kind}-0123456789abcdef0",
    )


def _id(kind: str) -> object:
    return Field(pattern=rf"^{kind}-[0-9a-f]{{8,17}}$", description=f"an id that begins {kind}-")


class CreatedNetwork(Frozen):
    """A VPC of the environment's own: private subnets, endpoints, and no way out.

    Attributes:
        cidr: Its addresses; each zone has an eighth of them. They cannot change once it is there.
        zones: The letters of its availability zones. They may become more, and not fewer.
    """

    cidr: Annotated[
        str,
        Field(description="a private block of addresses such as 10.0.0.0/20"),
        AfterValidator(_block),
    ] = "10.0.0.0/20"
    zones: Annotated[
        tuple[Annotated[str, Field(pattern=rf"^[{ZONES}]$")], ...],
        Field(strict=False, min_length=1, max_length=6, description="a list of letters a to f"),
        AfterValidator(_each_once),
    ] = ("a", "b")


class GivenNetwork(Frozen):
    """A VPC that is there.

    Attributes:
        vpc: Its id.
        subnets: Where functions are.
        security_groups: What they have; they need to let out 443.
        route_tables: Those of the subnets. With them the environment makes its endpoints there;
            without any, the VPC has them, or another way to AWS.
    """

    vpc: Annotated[str, _id("vpc")]
    subnets: Annotated[
        tuple[Annotated[str, _id("subnet")], ...], _ids("subnet", 1, 16), AfterValidator(_each_once)
    ]
    security_groups: Annotated[
        tuple[Annotated[str, _id("sg")], ...], _ids("sg", 1, 5), AfterValidator(_each_once)
    ]
    route_tables: Annotated[
        tuple[Annotated[str, _id("rtb")], ...], _ids("rtb", 0, 50), AfterValidator(_each_once)
    ] = ()


class NetworkSettings(Frozen):
    """The VPC that functions are in, made or given.

    Attributes:
        create: A VPC of the environment's own, with `cidr` and `zones`; or null.
        given: One that is there, with `vpc`, `subnets`, `security_groups` and perhaps
            `route_tables`; or null.
        outside: Functions that are not in it: agents and runtimes by name, `api`, `mcp`, `sweep`,
            `durable` or `authorizer`.
    """

    create: Annotated[
        CreatedNetwork | None, Field(description="a mapping of cidr and zones, or null")
    ] = None
    given: Annotated[
        GivenNetwork | None,
        Field(description="a mapping of vpc, subnets and security_groups, or null"),
    ] = None
    outside: Annotated[
        tuple[str, ...],
        Field(strict=False, description="a list of functions' names"),
        AfterValidator(_each_once),
    ] = ()

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.create is None) == (self.given is None):
            raise refused("give either create or given")
        return self

    @property
    def has_endpoints(self) -> bool:
        """Whether the environment makes endpoints in it."""
        return self.create is not None or bool(self.given and self.given.route_tables)
