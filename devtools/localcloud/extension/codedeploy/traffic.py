"""Deployment configurations: which share of an alias's traffic goes to the new version, and when.

Source: "Working with deployment configurations in CodeDeploy" in its user guide: the predefined
ones for Lambda, and what a canary and a linear shift are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devtools.localcloud.extension.codedeploy.refusal import Refused

PREDEFINED_PREFIX: Final = "CodeDeployDefault."
#: What a group has that names none.
DEFAULT: Final = "CodeDeployDefault.LambdaAllAtOnce"
_MINUTE_S: Final = 60
_WHOLE: Final = 100
_KINDS: Final = {
    "TimeBasedCanary": ("timeBasedCanary", "canaryPercentage", "canaryInterval"),
    "TimeBasedLinear": ("timeBasedLinear", "linearPercentage", "linearInterval"),
}

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """A part of a shift.

    Attributes:
        percent: Of the traffic, for the new version, from here on.
        wait_s: How long it stays so.
    """

    percent: int
    wait_s: int


def predefined() -> dict[str, Document]:
    """The traffic routing of each configuration that AWS has, by name."""
    found: dict[str, Document] = {DEFAULT: {"type": "AllAtOnce"}}
    for minutes in (5, 10, 15, 30):
        name = f"{PREDEFINED_PREFIX}LambdaCanary10Percent{minutes}Minutes"
        found[name] = _routing("TimeBasedCanary", 10, minutes)
    for minutes in (1, 2, 3, 10):
        every = f"{minutes}Minute{'s' if minutes > 1 else ''}"
        name = f"{PREDEFINED_PREFIX}LambdaLinear10PercentEvery{every}"
        found[name] = _routing("TimeBasedLinear", 10, minutes)
    return found


def _routing(kind: str, percent: int, minutes: int) -> Document:
    member, percentage, interval = _KINDS[kind]
    return {"type": kind, member: {percentage: percent, interval: minutes}}


def checked(routing: Document | None) -> Document:
    """The traffic routing of a configuration of one's own.

    Raises:
        Refused: It is none, or its percentage or interval is not possible.
    """
    kind = (routing or {}).get("type")
    if routing is None or kind not in {*_KINDS, "AllAtOnce"}:
        raise _invalid(f"there is no type {kind!r} of traffic routing")
    if kind == "AllAtOnce":
        return {"type": kind}
    member, percentage, interval = _KINDS[kind]
    given = routing.get(member) or {}
    percent, minutes = given.get(percentage), given.get(interval)
    if not isinstance(percent, int) or not 0 < percent < _WHOLE:
        raise _invalid(f"{percentage} must be a whole number from 1 to 99, not {percent!r}")
    if not isinstance(minutes, int) or minutes < 1:
        raise _invalid(f"{interval} must be a whole number of minutes from 1, not {minutes!r}")
    return _routing(kind, percent, minutes)


def steps(routing: Document) -> Iterator[Step]:
    """The parts of a shift, in order; the last is the whole of the traffic."""
    kind = routing["type"]
    if kind != "AllAtOnce":
        member, percentage, interval = _KINDS[kind]
        by, wait_s = routing[member][percentage], routing[member][interval] * _MINUTE_S
        shares = [by] if kind == "TimeBasedCanary" else range(by, _WHOLE, by)
        for percent in shares:
            yield Step(percent, wait_s)
    yield Step(_WHOLE, 0)


def _invalid(message: str) -> Refused:
    return Refused(
        f"The traffic routing configuration is invalid: {message}",
        "InvalidTrafficRoutingConfigurationException",
    )
