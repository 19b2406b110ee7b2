"""A function's ``DurableConfig``: what of it is refused, and what it is kept as."""

from collections.abc import Mapping
from typing import Any, Final

from devtools.localcloud.extension.durable.refusal import Refused

#: Of the runtimes that functions have here, those that durable functions may have.
RUNTIMES: Final = ("python3.13",)
_DEFAULT_RETENTION_DAYS: Final = 14
_RANGES: Final = {"ExecutionTimeout": (1, 31_622_400), "RetentionPeriodInDays": (1, 90)}

Config = Mapping[str, Any]


def checked(config: Config, runtime: str) -> dict[str, Any]:
    """A new function's ``DurableConfig`` as the service keeps it.

    Raises:
        Refused: It is not valid, or not for this runtime.
    """
    if runtime not in RUNTIMES:
        raise Refused(f"Durable execution is not supported for the runtime {runtime}")
    if "ExecutionTimeout" not in config:
        raise Refused("DurableConfig: ExecutionTimeout is required")
    return {"RetentionPeriodInDays": _DEFAULT_RETENTION_DAYS, **_in_range(config)}


def changed(before: Config | None, config: Config) -> dict[str, Any]:
    """A function's ``DurableConfig`` after a change.

    Raises:
        Refused: It is not valid, or the function is not durable.
    """
    if not before:
        raise Refused(
            "You cannot enable durable execution on an existing function; create a new function "
            "with DurableConfig"
        )
    return {**before, **_in_range(config)}


def _in_range(config: Config) -> dict[str, int]:
    values = {}
    for name, value in config.items():
        if name not in _RANGES:
            raise Refused(f"DurableConfig: {name} is not supported here")
        lowest, highest = _RANGES[name]
        try:
            values[name] = int(value)
        except (TypeError, ValueError):
            raise Refused(f"DurableConfig: {name} is no whole number") from None
        if not lowest <= values[name] <= highest:
            raise Refused(f"DurableConfig: {name} must be from {lowest} to {highest}")
    return values
