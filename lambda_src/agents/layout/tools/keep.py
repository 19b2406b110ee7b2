"""Layouts kept under a name, and brought back."""

import re
from typing import Any, Final

from strands import ToolContext, tool

from agents.layout.tools.current import (
    BULKY,
    LAYOUT_FILE,
    load_land,
    positions_of,
    save_current,
    spec_of,
    types_in,
)
from siting.crew import LAYOUT
from tradewind.contracts.errors import ToolInputError
from tradewind.run.strands_agent import project_of, reports_failures
from tradewind.run.tools import load_json, save_json

_CURRENT: Final = "current"
_LAYOUT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@tool(context=True)
@reports_failures
def save_layout(*, tool_context: ToolContext, layout_name: str = "kept") -> dict[str, Any]:
    """Keep a copy of the current layout under a name, to go back to with load_layout.

    Args:
        tool_context: The request at work.
        layout_name: Up to 32 lower-case letters, digits and hyphens, such as "grid-30". A layout
            kept under the same name before is replaced.
    """
    project = project_of(tool_context)
    file_name = _file_of(layout_name, for_saving=True)
    current = load_json(project, LAYOUT, LAYOUT_FILE)
    name = save_json(project, file_name, {**current.data, "layout_name": layout_name})
    return {
        "layout_name": layout_name,
        "turbines_placed": current.data["turbines_placed"],
        "artifacts": [name],
    }


@tool(context=True)
@reports_failures
def load_layout(*, tool_context: ToolContext, layout_name: str = _CURRENT) -> dict[str, Any]:
    """Look at the current layout, or make one that was kept with save_layout the current one.

    Says which turbines break a rule on the land as it is now. A kept layout that breaks one is not
    made current.

    Args:
        tool_context: The request at work.
        layout_name: The name it was kept under, or "current".
    """
    from siting.wind.layout.constraints import broken_rules  # noqa: PLC0415

    project = project_of(tool_context)
    kept = load_json(project, LAYOUT, _file_of(layout_name, for_saving=False))
    types = types_in(project, kept.data)
    land = load_land(project, types)
    ids = [one["id"] for one in kept.data["turbines"]]
    positions = positions_of(kept.data, land)
    rules = broken_rules(positions, land.land, spec_of(kept.data, land))
    broken = [{"id": one, "rule": rule} for one, rule in zip(ids, rules, strict=True) if rule]
    result = {
        **{key: value for key, value in kept.data.items() if key not in BULKY},
        "layout_name": layout_name,
        "broken_rules": broken,
    }
    if layout_name == _CURRENT:
        return {**result, "artifacts": []}
    if broken:
        names = ", ".join(f"{one['id']} ({one['rule']})" for one in broken[:5])
        raise ToolInputError(
            f"The layout {layout_name!r} no longer fits the land: {len(broken)} turbines break a "
            f"rule: {names}. Create a new layout instead."
        )
    document = {key: value for key, value in kept.data.items() if key not in BULKY}
    artifacts = save_current(
        project,
        document=document,
        land=land,
        ids=ids,
        positions_m=positions,
        types=types,
        used=land.sources,
    )
    return {**result, "artifacts": artifacts}


def _file_of(layout_name: str, *, for_saving: bool) -> str:
    if layout_name == _CURRENT and not for_saving:
        return LAYOUT_FILE
    if layout_name == _CURRENT or not _LAYOUT_NAME.fullmatch(layout_name):
        raise ToolInputError(
            f"layout_name is {layout_name[:40]!r}; give up to 32 lower-case letters, digits and "
            f"hyphens{', but not ' + repr(_CURRENT) if for_saving else ''}."
        )
    return f"layout-{layout_name}.json"
