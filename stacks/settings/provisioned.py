"""Instances that are kept started, as an environment's file says them."""

from collections.abc import Collection, Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from stacks.settings.schedule import Cron, TimeZoneName
from tradewind.contracts.names import API, AUTHORIZER, MCP
from tradewind.contracts.validation import Frozen, refused, whole_number


class ScheduledInstances(Frozen):
    """From when on how many are kept started.

    Attributes:
        cron: When it changes.
        time_zone: Whose clock that is.
        instances: How many then; 0 for none.
    """

    cron: Cron
    time_zone: TimeZoneName = "UTC"
    instances: Annotated[int, whole_number(0, 1000)]


class ProvisionedSettings(Frozen):
    """Instances of a function's `live` version that are started before anybody asks, and paid for.

    Attributes:
        instances: How many, as long as nothing below says otherwise.
        most: With it, how many there are follows their use, up to so many.
        at_percent: The share of them that is in use when more are started, where `most` is given.
        schedule: Times at which `instances` changes.
    """

    instances: Annotated[int, whole_number(1, 1000)]
    most: Annotated[
        int | None, Field(ge=2, le=1000, description="a whole number from 2 to 1000, or null")
    ] = None
    # Target tracking takes 0.1 to 0.9 of this metric.
    at_percent: Annotated[int, whole_number(10, 90)] = 70
    schedule: Annotated[
        tuple[ScheduledInstances, ...],
        Field(strict=False, max_length=50, description="a list of cron, time_zone and instances"),
    ] = ()

    @model_validator(mode="after")
    def _most_is_most(self) -> Self:
        if self.most is not None and self.most <= self.fewest_at_most:
            raise refused(f"most: has to be above the {self.fewest_at_most} that are always there")
        return self

    @property
    def fewest_at_most(self) -> int:
        """How many are started at the busiest of the times that it names."""
        return max(self.instances, *(one.instances for one in self.schedule), 0)

    @property
    def highest(self) -> int:
        """How many there ever are."""
        return self.most or self.fewest_at_most


def problem_of_provisioned(
    provisioned: Mapping[str, ProvisionedSettings],
    agents: Collection[str],
    reserved: Mapping[str, int],
    *,
    tokens: bool,
    snapshots: bool,
) -> str | None:
    """What is wrong with them beside the functions there are, in one line; None for nothing.

    Args:
        provisioned: By function.
        agents: The agents' names, the runtimes' among them.
        reserved: What each function is capped at, of those that are.
        tokens: Whether there is a function that reads tokens.
        snapshots: Whether agents start from snapshots.
    """
    known = [*agents, API, MCP, *([AUTHORIZER] if tokens else [])]
    for name, function in provisioned.items():
        if name not in known:
            return f"provisioned.{name}: there is no such function; those there are: " + ", ".join(
                known
            )
        if snapshots and name in agents:
            return (
                f"provisioned.{name}: an agent starts from a snapshot (snap_start) or is kept "
                "started, and AWS takes one of them alone"
            )
        if name in reserved and function.highest > reserved[name]:
            return (
                f"provisioned.{name}: {function.highest} are kept started, and its "
                f"reserved_concurrency is {reserved[name]}; raise that"
            )
    return None
