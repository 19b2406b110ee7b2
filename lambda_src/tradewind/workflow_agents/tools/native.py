"""Tools that need nothing but themselves: arithmetic, the time, and a check of a workflow."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from tradewind.workflow.spec.loader import Loaded, load
from tradewind.workflow.spec.places import Unreadable
from tradewind.workflow.spec.problem import Severity
from tradewind.workflow.spec.source import Source, read_source
from tradewind.workflow.spec.units import listed, mapping
from tradewind.workflow_agents.tools.calculator import Calculation, calculate
from tradewind.workflow_agents.tools.tool import (
    Arguments,
    Calls,
    ToolRefused,
    WorkflowTool,
    in_thread,
    tool,
)

_LONGEST_SPEC: Final = 500_000
_MOST_PROBLEMS: Final = 50


class Zone(Arguments):
    """Where."""

    timezone: str = Field(
        default="UTC", max_length=100, description="A zone's name, such as Europe/Berlin."
    )


class SpecText(Arguments):
    """A workflow."""

    content: str = Field(
        max_length=_LONGEST_SPEC, description="The workflow file's text, YAML or JSON."
    )


def local_tools(calls: Calls) -> dict[str, WorkflowTool]:
    """The tools, by their names."""

    async def calculated(arguments: Calculation) -> str:
        return calculate(arguments)

    async def told(arguments: Zone) -> str:
        return current_time(arguments)

    return {
        "calculator": tool(
            "calculator",
            "Calculates: + - * / // % **, parentheses, functions such as sqrt, log and sin.",
            Calculation,
            calls,
            calculated,
        ),
        "current_time": tool(
            "current_time", "Tells the date and time, in ISO 8601.", Zone, calls, told
        ),
        "spec_verify": tool(
            "spec_verify",
            "Checks a workflow file's text, and lists what is wrong with it.",
            SpecText,
            calls,
            in_thread(verified),
        ),
    }


def current_time(zone: Zone) -> str:
    """The time in a zone.

    Raises:
        ToolRefused: There is no such zone.
    """
    if zone.timezone.upper() == "UTC":
        return datetime.now(UTC).isoformat(timespec="seconds")
    try:
        return datetime.now(ZoneInfo(zone.timezone)).isoformat(timespec="seconds")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ToolRefused("There is no such time zone; names are such as Europe/Berlin.") from None


def verified(spec: SpecText) -> str:
    """What is wrong with a workflow.

    Raises:
        ToolRefused: It refers to other files, which nobody has given.
    """
    is_json = spec.content.lstrip().startswith("{")
    with tempfile.TemporaryDirectory(prefix="spec-verify-") as folder:
        file = Path(folder) / ("workflow.json" if is_json else "workflow.yaml")
        file.write_text(spec.content, encoding="utf-8", errors="replace")
        try:
            source = read_source(file)
        except Unreadable as broken:
            return f"not valid\n{broken}"
        if any(_references(source)):
            raise ToolRefused(
                "The workflow refers to other files: put agents, schemas and skills in it, or "
                "leave them out."
            )
        loaded = load(file)
    return "\n".join(_told(loaded))


def _references(source: Source) -> Iterator[Any]:
    """Whatever would have another file read."""
    for agent in mapping(source.data.get("agents")).values():
        yield mapping(agent).get("$ref")
        for key in ("input_schema", "output_schema"):
            yield isinstance(mapping(agent).get(key), str)
    yield from listed(source.data.get("skills"))


def _told(loaded: Loaded) -> Iterator[str]:
    wrong = [one for one in loaded.problems if one.severity is not Severity.MISSING_INPUT]
    is_valid = loaded.spec is not None
    yield "valid" if is_valid else "not valid"
    for one in wrong[:_MOST_PROBLEMS]:
        # Without the name of a file that is gone by now.
        yield str(one).replace(f"{loaded.file}:", "line ").strip()
    if len(wrong) > _MOST_PROBLEMS:
        yield f"and {len(wrong) - _MOST_PROBLEMS} more"
