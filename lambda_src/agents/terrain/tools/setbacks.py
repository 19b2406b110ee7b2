"""The setbacks that a request may name: arguments that several tools share."""

import functools
import inspect
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final, TypeVar

from siting.project_land import Setbacks
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

_TAKEN_BY: Final = "setbacks"
_TIP_HEIGHT: Final = "tip_height_m"
_TURBINE: Final = "turbine_model"
#: The argument that names each class's setback.
_ARGUMENTS: Final = {f"{kind}_setback_m": kind for kind in FeatureClass}
_DESCRIPTIONS: Final = """\
    turbine_model: The turbine that is to stand here, if the request names one:
        iea37_3_35mw_130m, iea_3_4mw_130m, iea_10mw_198m or iea_15mw_240m. Its blade tip decides
        the default setbacks from buildings, roads and power lines.
    tip_height_m: Or the blade tip over ground by itself, in metres; 175 m unless given.
    building_setback_m: Metres to keep from buildings; 500 m and 3 tip heights unless given.
    road_setback_m: Metres to keep from public roads and railways; 1 tip height unless given.
    power_line_setback_m: Metres to keep from power lines; 1.1 tip heights unless given.
    water_setback_m: Metres to keep from water; 50 m unless given.
    protected_area_setback_m: Metres to keep from protected areas; 300 m unless given.
    airfield_setback_m: Metres to keep from airfields; 3000 m unless given."""


def takes_setbacks(work: Callable[..., R]) -> Callable[..., R]:
    """Give a tool the arguments of the setbacks, and hand them to it as ``setbacks``.

    The tool gets one for every class: what was asked for, otherwise what goes with the tip height.
    They stand in its signature and its docstring in the place of ``setbacks``: that is what
    Strands describes a tool to the model by.
    """

    @functools.wraps(work)
    def with_setbacks(**arguments: Any) -> R:
        asked_m = {kind: arguments.pop(name, None) for name, kind in _ARGUMENTS.items()}
        tip_height_m = _tip_height_m(
            arguments.pop(_TURBINE, None), arguments.pop(_TIP_HEIGHT, None)
        )
        return work(**arguments, **{_TAKEN_BY: _setbacks(tip_height_m, asked_m)})

    def argument(name: str, kind: Any) -> inspect.Parameter:
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=None
        )

    signature = inspect.signature(work)
    parameters = [
        *(one for name, one in signature.parameters.items() if name != _TAKEN_BY),
        argument(_TURBINE, str | None),
        *(argument(name, float | None) for name in (_TIP_HEIGHT, *_ARGUMENTS)),
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


def _tip_height_m(turbine_model: str | None, tip_height_m: float | None) -> float:
    """Return the blade tip over ground that was asked for, or else the default turbine's."""
    if tip_height_m is not None:
        require_within(_TIP_HEIGHT, tip_height_m, MIN_TIP_HEIGHT_M, MAX_TIP_HEIGHT_M, "m")
    if turbine_model is None:
        return DEFAULT_TIP_HEIGHT_M if tip_height_m is None else tip_height_m
    # NumPy comes with it: paid by the request that names a turbine.
    from siting.wind.turbines import turbine_of  # noqa: PLC0415

    reached_m = turbine_of(turbine_model).tip_height_m
    if tip_height_m not in (None, reached_m):
        raise ToolInputError(
            f"{turbine_model} reaches {reached_m:g} m at the blade tip, and tip_height_m is "
            f"{tip_height_m:g}. Give one of the two."
        )
    return reached_m


def _setbacks(tip_height_m: float, asked_m: Mapping[FeatureClass, float | None]) -> Setbacks:
    """Return the setbacks asked for, and for the others those of the tip height."""
    for kind, asked in asked_m.items():
        if asked is not None and not (isfinite(asked) and 0.0 <= asked <= MAX_SETBACK_M):
            raise ToolInputError(
                f"The setback from class {kind} is {asked:g} m; give 0 to {MAX_SETBACK_M:g} m."
            )
    named = {kind: asked for kind, asked in asked_m.items() if asked is not None}
    return Setbacks(tip_height_m, {**default_setbacks_m(tip_height_m), **named}, frozenset(named))
