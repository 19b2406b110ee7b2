"""The setbacks that a request may name: arguments that several tools share."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, Final, TypeVar

from strands import ToolContext

from siting.project_land import Setbacks
from siting.project_turbines import turbine_named
from siting.wind.errors import require_within
from siting.wind.features import (
    DEFAULT_TIP_HEIGHT_M,
    MAX_SETBACK_M,
    MAX_TIP_HEIGHT_M,
    MAY_BE_ALLOWED_ON,
    MIN_TIP_HEIGHT_M,
    SETBACK_RULES,
    FeatureClass,
)
from siting.wind.rule_sets import RULE_SETS, rule_of
from tradewind.contracts.errors import ToolInputError
from tradewind.run.strands_agent import project_of

R = TypeVar("R")

_TAKEN_BY: Final = "setbacks"
_TIP_HEIGHT: Final = "tip_height_m"
_TURBINE: Final = "turbine_model"
#: The argument that names each class's setback.
_ARGUMENTS: Final = {f"{kind}_setback_m": kind for kind in FeatureClass}
_RULES: Final = "setback_rules"
_ALLOWED_ON: Final = "turbines_allowed_on"
_BOUNDARY_M: Final = "boundary_setback_m"
_BOUNDARY_TIPS: Final = "boundary_setback_tip_heights"
#: Counties ask for one to two; more would be another kind of rule.
_MAX_TIP_HEIGHTS: Final = 10.0
_DESCRIPTIONS: Final = "\n".join(
    (
        "    turbine_model: The turbine that is to stand here, if the request names one:",
        "        iea37_3_35mw_130m, iea_3_4mw_130m, iea_10mw_198m, iea_15mw_240m or one of",
        "        add_turbine. Its blade tip decides the default setbacks that are counted in tip",
        "        heights.",
        "    tip_height_m: Or the blade tip over ground by itself, in metres; 175 m unless given.",
        f"    {_RULES}: The rules to take setbacks from, if the request names a country's, a",
        f"        state's or a county's: {', '.join(RULE_SETS)}. They replace the defaults of the",
        "        classes that they are about; metres that the request names stand before them.",
        *(
            f"    {name}: Metres to keep from {SETBACK_RULES[kind].label}; "
            f"{SETBACK_RULES[kind].in_words} unless given."
            for name, kind in _ARGUMENTS.items()
        ),
        f"    {_BOUNDARY_M}: Metres that hubs keep from the site's boundary, if the request names",
        "        them; half a rotor unless given, which the layout keeps.",
        f"    {_BOUNDARY_TIPS}: Or the same in tip heights, such as 1.1.",
        f"    {_ALLOWED_ON}: Classes that the request lets turbines stand on and near, of:",
        f"        {', '.join(MAY_BE_ALLOWED_ON)}. Only if the request says so.",
    )
)


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
            arguments["tool_context"],
            arguments.pop(_TURBINE, None),
            arguments.pop(_TIP_HEIGHT, None),
        )
        rules = _rules(arguments.pop(_RULES, None))
        allowed_on = _allowed_on(arguments.pop(_ALLOWED_ON, None))
        boundary = _boundary(
            arguments.pop(_BOUNDARY_M, None), arguments.pop(_BOUNDARY_TIPS, None), rules
        )
        by_class = _by_class(tip_height_m, rules, asked_m, allowed_on)
        setbacks = Setbacks(tip_height_m, rules, *by_class, allowed_on, *boundary)
        return work(**arguments, **{_TAKEN_BY: setbacks})

    def argument(name: str, kind: Any) -> inspect.Parameter:
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=None
        )

    signature = inspect.signature(work)
    numbers = (_TIP_HEIGHT, *_ARGUMENTS, _BOUNDARY_M, _BOUNDARY_TIPS)
    parameters = [
        *(one for name, one in signature.parameters.items() if name != _TAKEN_BY),
        argument(_TURBINE, str | None),
        argument(_RULES, str | None),
        *(argument(name, float | None) for name in numbers),
        argument(_ALLOWED_ON, list[str] | None),
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


def _tip_height_m(
    tool_context: ToolContext, turbine_model: str | None, tip_height_m: float | None
) -> float:
    """Return the blade tip over ground that was asked for, or else the default turbine's."""
    if tip_height_m is not None:
        require_within(_TIP_HEIGHT, tip_height_m, MIN_TIP_HEIGHT_M, MAX_TIP_HEIGHT_M, "m")
    if turbine_model is None:
        return DEFAULT_TIP_HEIGHT_M if tip_height_m is None else tip_height_m
    reached_m = turbine_named(project_of(tool_context), turbine_model).tip_height_m
    if tip_height_m not in (None, reached_m):
        raise ToolInputError(
            f"{turbine_model} reaches {reached_m:g} m at the blade tip, and tip_height_m is "
            f"{tip_height_m:g}. Give one of the two."
        )
    return reached_m


def _rules(name: str | None) -> str | None:
    """Return the name of the rules that were asked for, if any were."""
    if name is not None and name not in RULE_SETS:
        raise ToolInputError(
            f"There are no {_RULES} {name[:40]!r}; there are: {', '.join(RULE_SETS)}. For others, "
            "give each class's setback in metres, such as building_setback_m."
        )
    return name


def _allowed_on(names: Sequence[str] | None) -> frozenset[FeatureClass]:
    """Return the classes that turbines may stand on."""
    for name in names or ():
        if name not in MAY_BE_ALLOWED_ON:
            raise ToolInputError(
                f"{_ALLOWED_ON} names {name[:40]!r}; give some of: {', '.join(MAY_BE_ALLOWED_ON)}."
            )
    return frozenset(FeatureClass(name) for name in names or ())


def _boundary(
    metres: float | None, tip_heights: float | None, rules: str | None
) -> tuple[float | None, float | None]:
    """Return the setback from the boundary that was asked for, or else that of the rules."""
    if metres is not None and tip_heights is not None:
        raise ToolInputError(f"Give one of {_BOUNDARY_M} and {_BOUNDARY_TIPS}, not both.")
    if metres is not None:
        require_within(_BOUNDARY_M, metres, 0.0, MAX_SETBACK_M, "m")
    if tip_heights is not None:
        require_within(_BOUNDARY_TIPS, tip_heights, 0.0, _MAX_TIP_HEIGHTS)
    if rules is not None and metres is None and tip_heights is None:
        return None, RULE_SETS[rules].boundary_tip_heights
    return metres, tip_heights


def _by_class(
    tip_height_m: float,
    rules: str | None,
    asked_m: Mapping[FeatureClass, float | None],
    allowed_on: frozenset[FeatureClass],
) -> tuple[dict[FeatureClass, float], frozenset[FeatureClass]]:
    """Return the setbacks asked for, those of the rules for the others, and which were."""
    for kind, asked in asked_m.items():
        if asked is not None and not (isfinite(asked) and 0.0 <= asked <= MAX_SETBACK_M):
            raise ToolInputError(
                f"The setback from class {kind} is {asked:g} m; give 0 to {MAX_SETBACK_M:g} m."
            )
    named = {kind: asked for kind, asked in asked_m.items() if asked is not None}
    if both := allowed_on & named.keys():
        raise ToolInputError(
            f"{_ALLOWED_ON} names {min(both)}, and {min(both)}_setback_m is given. Give one of "
            "the two."
        )
    ruled = {kind: rule_of(kind, rules).setback_m(tip_height_m) for kind in FeatureClass}
    return {**ruled, **named}, frozenset(named)
