"""What later steps do about what earlier ones assumed: data that a test runs and a page shows.

A case is the tool calls that contradict an assumption, on a project that is planned up to its
energy; the last of them is the step that is judged. ``test_crosschecks.py`` makes each call.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class Outcome(StrEnum):
    """What a later step does that contradicts an assumption."""

    REFUSES = "refuses"
    RECOMPUTES = "recomputes"
    COVER = "says so on the cover"
    REPORT = "says so in the report"
    ANSWER = "says so in its answer"
    NO_MATTER = "does not matter"


class Call(NamedTuple):
    """A tool call.

    Attributes:
        tool: Which tool.
        arguments: What it is called with.
        brings: What the request brings, by its name in the test's ``BROUGHT``.
    """

    tool: str
    arguments: Mapping[str, Any] = _NONE
    brings: str = ""


class LeftOver(NamedTuple):
    """A file that is there as another run left it, of the same bytes."""

    file: str


class Case(NamedTuple):
    """How one assumption is contradicted, and what comes of it.

    Attributes:
        outcome: What the last call does.
        says: A part of what it says; of ``RECOMPUTES`` the figure of its answer that is another
            than without the contradiction; of ``NO_MATTER`` why.
        calls: What is done, the judged step last.
        with_layout: Whether the project has wind, layout and energy already, or land alone.
    """

    outcome: Outcome
    says: str
    calls: tuple[Call | LeftOver, ...] = ()
    with_layout: bool = True


class Step(StrEnum):
    """A later step, or one that is done again."""

    LAND = "land again"
    WIND = "wind, turbines again"
    LAYOUT = "new layout"
    CHANGED = "layout moved, kept, brought back"
    ENERGY = "simulation"
    CHARTS = "charts, wake map"
    REPORT = "report, exports"


#: The tools of each step.
TOOLS: Final = {
    Step.LAND: {"find_exclusion_zones", "get_unbuildable_areas"},
    Step.WIND: {"get_wind_conditions", "use_wind_file", "add_turbine"},
    Step.LAYOUT: {"create_layout"},
    Step.CHANGED: {"relocate_turbines", "set_turbine_type", "load_layout", "save_layout"},
    Step.ENERGY: {"run_wake_simulation"},
    Step.CHARTS: {"generate_charts"},
    Step.REPORT: {"create_report"},
}
#: Tools that write nothing.
READ_ONLY: Final = {"get_turbine_specs", "list_project_files", "load_project_data"}

Cells = Mapping[Step, tuple[Case, ...]]


def zones(brings: str = "", **arguments: Any) -> Call:
    return Call("find_exclusion_zones", arguments, brings)


def laid(brings: str = "", turbine_count: int = 4, **arguments: Any) -> Call:
    """A new layout, by a strategy that takes no time."""
    return Call(
        "create_layout", {"turbine_count": turbine_count, "strategy": "grid", **arguments}, brings
    )


def atlas(**arguments: Any) -> Call:
    """Wind from the atlas that the project's own is from."""
    stated = {"source": "Global Wind Atlas", "roughness_length_m": 0.1}
    return Call("use_wind_file", {**stated, **arguments}, "an atlas")


def rose(**arguments: Any) -> Call:
    stated = {"source": "A neighbour", "latitude": 54.7365, "longitude": 8.972, "height_m": 110.0}
    return Call("use_wind_file", {**stated, **arguments}, "a wind rose")


def simulated(brings: str = "", **arguments: Any) -> Call:
    return Call("run_wake_simulation", arguments, brings)


def own(hub_height_m: float) -> Call:
    """The turbine that the project has as own_2mw, brought anew."""
    given = {"source": "The maker", "rotor_diameter_m": 90.0, "hub_height_m": hub_height_m}
    return Call("add_turbine", {"turbine_model": "own_2mw", **given}, "a power curve")


def moved(brings: str = "", **arguments: Any) -> Call:
    return Call("relocate_turbines", arguments, brings)


def typed(turbine_model: str, turbine_ids: str = "T01") -> Call:
    given = {"turbine_ids": turbine_ids, "turbine_model": turbine_model}
    return Call("set_turbine_type", given)


BROUGHT_BACK: Final = Call("load_layout", {"layout_name": "kept"})
CHARTS: Final = Call("generate_charts")
REPORTED: Final = Call("create_report", {"title": "A farm"})


def refuses(says: str, *calls: Call | LeftOver, with_layout: bool = True) -> Case:
    return Case(Outcome.REFUSES, says, calls, with_layout)


def recomputes(figure: str, *calls: Call | LeftOver) -> Case:
    return Case(Outcome.RECOMPUTES, figure, calls)


def on_cover(says: str, *calls: Call | LeftOver, with_layout: bool = True) -> Case:
    return Case(Outcome.COVER, says, (*calls, REPORTED), with_layout)


def in_report(says: str, *calls: Call | LeftOver) -> Case:
    return Case(Outcome.REPORT, says, (*calls, REPORTED))


def answers(says: str, *calls: Call | LeftOver) -> Case:
    return Case(Outcome.ANSWER, says, calls)


def no_matter(why: str) -> tuple[Case, ...]:
    return (Case(Outcome.NO_MATTER, why),)


NOT_READ: Final = no_matter("does not read it")
AS_IT_IS: Final = no_matter("draws the energy at hand, without land that is another by now")
#: What is said where the land is another than the layout's.
OTHER_LAND: Final = "layout/layout.json was not made from the terrain/"


def stale(*land: Call) -> dict[Step, tuple[Case, ...]]:
    """What steps after the layout do where the land was cut anew."""
    return {
        Step.ENERGY: (refuses(OTHER_LAND, *land, simulated()),),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: (refuses(OTHER_LAND, *land, REPORTED),),
    }
