"""The setbacks that a request may name: arguments that several tools share."""

import functools
import inspect
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final, TypeVar

from siting.wind.errors import require_within
from siting.wind.features import (
    DEFAULT_TIP_HEIGHT_M,
    MAX_SETBACK_M,
    MAX_TIP_HEIGHT_M,
    MIN_TIP_HEIGHT_M,
    FeatureClass,
    default_setbacks_m,
)
from tradewind.contracts.errors import ToolInputError

R = TypeVar("R")

_TAKEN_BY: Final = "setbacks_m"
_TIP_HEIGHT: Final = "tip_height_m"
#: The argument that names each class's setback.
_ARGUMENTS: Final = {f"{kind}_setback_m": kind for kind in FeatureClass}
_DESCRIPTIONS: Final = """\
    tip_height_m: Blade tip over ground, in metres; default setbacks from buildings, roads and
        power lines grow with it.
    building_setback_m: Metres to keep from buildings; 500 m and 3 tip heights unless given.
    road_setback_m: Metres to keep from public roads and railways; 1 tip height unless given.
    power_line_setback_m: Metres to keep from power lines; 1.1 tip heights unless given.
    water_setback_m: Metres to keep from water; 50 m unless given.
    protected_area_setback_m: Metres to keep from protected areas; 300 m unless given.
    airfield_setback_m: Metres to keep from airfields; 3000 m unless given."""


def takes_setbacks(work: Callable[..., R]) -> Callable[..., R]:
    """Give a tool the arguments of the setbacks, and hand them to it as ``setbacks_m``.

    The tool gets one for every class: what was asked for, otherwise what goes with the tip height.
    They stand in its signature and its docstring in the place of ``setbacks_m``: that is what
    Strands describes a tool to the model by.
    """

    @functools.wraps(work)
    def with_setbacks(**arguments: Any) -> R:
        asked_m = {kind: arguments.pop(name, None) for name, kind in _ARGUMENTS.items()}
        tip_height_m = arguments.pop(_TIP_HEIGHT, DEFAULT_TIP_HEIGHT_M)
        return work(**arguments, **{_TAKEN_BY: _setbacks(tip_height_m, asked_m)})

    def argument(name: str, kind: Any, default: float | None) -> inspect.Parameter:
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default
        )

    signature = inspect.signature(work)
    parameters = [
        *(one for name, one in signature.parameters.items() if name != _TAKEN_BY),
        argument(_TIP_HEIGHT, float, DEFAULT_TIP_HEIGHT_M),
        *(argument(name, float | None, None) for name in _ARGUMENTS),
    ]
    with_setbacks.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_setbacks.__annotations__ = {
        **{one.name: one.annotation for one in parameters},
        "return": signature.return_annotation,
    }
    with_setbacks.__doc__ = "\n".join(
        _DESCRIPTIONS if line.startswith(f"    {_TAKEN_BY}:") else line
        for line in inspect.cleandoc(work.__doc__ or "").splitlines()
    )
    return with_setbacks


def _setbacks(
    tip_height_m: float, asked_m: Mapping[FeatureClass, float | None]
) -> dict[FeatureClass, float]:
    """Return the setbacks asked for, and for the others those of the tip height."""
    require_within("tip_height_m", tip_height_m, MIN_TIP_HEIGHT_M, MAX_TIP_HEIGHT_M, "m")
    for kind, asked in asked_m.items():
        if asked is not None and not (isfinite(asked) and 0.0 <= asked <= MAX_SETBACK_M):
            raise ToolInputError(
                f"The setback from class {kind} is {asked:g} m; give 0 to {MAX_SETBACK_M:g} m."
            )
    named = {kind: asked for kind, asked in asked_m.items() if asked is not None}
    return {**default_setbacks_m(tip_height_m), **named}
