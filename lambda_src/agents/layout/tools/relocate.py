"""Turbines of the current layout, moved."""

from typing import Any, Final

from strands import ToolContext, tool

from agents.layout.tools.current import (
    BULKY,
    LAYOUT_FILE,
    OF_THE_OLD_PLACES,
    ProjectLand,
    load_land,
    named_turbines,
    positions_of,
    save_current,
    spec_of,
    types_in,
)
from siting.crew import LAYOUT
from tradewind.contracts.errors import ToolInputError
from tradewind.run.strands_agent import project_of, reports_failures
from tradewind.run.tools import Source, load_json

_MAX_SHIFT_M: Final = 20_000.0


@tool(context=True)
@reports_failures
def relocate_turbines(
    *,
    tool_context: ToolContext,
    turbine_ids: str = "",
    east_m: float = 0.0,
    north_m: float = 0.0,
) -> dict[str, Any]:
    """Move turbines of the current layout to the nearest place that keeps every rule.

    With names: moves those by the given metres, or as near to there as the rules allow. Without
    names: moves the turbines that break a rule on the land as it is now, and no others; where none
    does, the layout is kept as one of that land. A turbine for which there is no place is taken out
    of the layout.

    Args:
        tool_context: The request at work.
        turbine_ids: Names separated by commas, such as "T03, T07"; leave it out for those that
            break a rule.
        east_m: How far the named turbines go east, in metres; negative for west.
        north_m: How far the named turbines go north, in metres; negative for south.
    """
    import numpy as np  # noqa: PLC0415

    from siting.wind.layout.moves import relocate  # noqa: PLC0415

    project = project_of(tool_context)
    current = load_json(project, LAYOUT, LAYOUT_FILE)
    types = types_in(project, current.data)
    land = load_land(project, types)
    spec = spec_of(current.data, land)
    ids = [one["id"] for one in current.data["turbines"]]
    before = positions_of(current.data, land)
    shift = np.array((east_m, north_m))
    if not (np.isfinite(shift).all() and np.abs(shift).max() <= _MAX_SHIFT_M):
        raise ToolInputError(f"east_m and north_m must lie within {_MAX_SHIFT_M:g} m.")
    named = named_turbines(turbine_ids, ids)
    if bool(named) != bool(shift.any()):
        raise ToolInputError(
            "To move turbines, give both turbine_ids and east_m or north_m; leave all out to move "
            "the turbines that break a rule."
        )
    moved = relocate(before, land.land, spec, {at: before[at] + shift for at in named})
    moves = [
        {"id": ids[one.index], "reason": one.reason, "moved_m": _rounded(one.moved_m)}
        for one in moved.moves
    ]
    removed = [one["id"] for one in moves if one["moved_m"] is None]
    result = {
        "moves": moves,
        "removed": removed,
        "turbines_placed": len(moved.kept),
        **({} if moves else {"note": "No turbine breaks a rule; all stay where they are."}),
    }
    if not moves and _was_laid_on(current, land):
        return {**result, "artifacts": []}
    if not moved.kept:
        raise ToolInputError("No turbine of this layout has a place on the land as it is now.")
    requested = current.data["turbines_requested"]
    reason = str(current.data["reason_not_placed"])
    if removed:
        reason = f"{reason} No place was left for {', '.join(removed)}.".strip()
    dropped = OF_THE_OLD_PLACES if moves else BULKY
    changed = {
        **{key: value for key, value in current.data.items() if key not in dropped},
        "turbines_placed": len(moved.kept),
        "turbines_not_placed": requested - len(moved.kept),
        "reason_not_placed": reason,
        **({"relocated": moves} if moves else {}),
    }
    artifacts = save_current(
        project,
        document=changed,
        land=land,
        ids=[ids[at] for at in moved.kept],
        positions_m=moved.positions_m,
        types=[types[at] for at in moved.kept],
        used=land.sources,
    )
    return {**result, "reason_not_placed": reason, "artifacts": artifacts}


def _was_laid_on(current: Source, land: ProjectLand) -> bool:
    """Whether a layout says already that it stands on the land as it is now."""
    made_from = current.file.entry.made_from
    return all(made_from.get(one.name) == one.sha256 for one in land.sources)


def _rounded(metres: float | None) -> float | None:
    return None if metres is None else round(metres, 2)
