"""The report agent: what the other agents found, on one page."""

import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from strands import ToolContext, tool

from tradewind.agents.base import AgentDefinition
from tradewind.agents.site_map import draw_site
from tradewind.agents.tools import load_json, project_of, require_made_from, surfacing_failures
from tradewind.contracts.errors import ToolInputError
from tradewind.contracts.names import AgentName

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATE: Final = "report.html"
_MAX_TITLE_LENGTH: Final = 120

SYSTEM_PROMPT: Final = """\
You are the report agent of a wind-farm planning service. You put what the terrain, layout and
simulation agents left in this project into one report that people read and print.

Work: call create_report once, with the title the request gives, or a short one that names the site.
The tool reads the artifacts by itself and draws the map and the tables.

Units: areas in km2, distances in metres, energy in GWh per year, power in MW, speeds in m/s,
directions in degrees from north, clockwise, where the wind comes from.

Report numbers only from tool results. If a step is missing or out of date, say which agent to run
and do not fill the gap. Say where the report was saved and give its headline figures.
"""


@tool(context=True)
@surfacing_failures
def create_report(*, title: str, tool_context: ToolContext) -> dict[str, Any]:
    """Write the project's report as one HTML page: map, areas, layout, energy, assumptions.

    Needs the artifacts of the terrain, layout and simulation agents. Returns the report's key and
    its headline figures.

    Args:
        title: The report's title, up to 120 characters.
        tool_context: The request at work.
    """
    title = " ".join(title.split())
    if not 1 <= len(title) <= _MAX_TITLE_LENGTH:
        raise ToolInputError(
            f"The title has {len(title)} characters; give 1 to {_MAX_TITLE_LENGTH}."
        )
    project = project_of(tool_context)
    site = load_json(project, AgentName.TERRAIN, "site.geojson")
    zones = load_json(project, AgentName.TERRAIN, "exclusions.geojson")
    buildable = load_json(project, AgentName.TERRAIN, "buildable.geojson")
    layout = load_json(project, AgentName.LAYOUT, "layout.json")
    energy = load_json(project, AgentName.SIMULATION, "energy.json")
    # Figures of different runs on one page would contradict each other without anyone noticing.
    require_made_from(layout, site)
    require_made_from(layout, buildable)
    require_made_from(energy, layout)

    page = _template().render(
        title=title,
        project_id=project.project_id,
        written_at=datetime.now(UTC),
        map=draw_site(site.data, zones.data, layout.data["turbines"]),
        areas=buildable.data["properties"],
        zones=[one["properties"] for one in zones.data["features"]],
        layout=layout.data,
        energy=energy.data,
        places={one["id"]: one for one in layout.data["turbines"]},
        sources=(site, zones, buildable, layout, energy),
    )
    artifact = project.save("report.html", page.encode(), "text/html; charset=utf-8")
    figures = {
        "buildable_km2": round(buildable.data["properties"]["buildable_km2"], 3),
        "turbines_placed": layout.data["turbines_placed"],
        "aep_gwh": energy.data["aep_gwh"],
        "wake_loss_percent": energy.data["wake_loss_percent"],
        "capacity_factor": energy.data["capacity_factor"],
    }
    project.facts.update(figures)
    return {**figures, "artifacts": [artifact.key]}


@functools.cache
def _template() -> "Template":
    # Some 70 ms to import: paid by the request that needs it, not by every cold start.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader("tradewind.agents"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE)


DEFINITION: Final = AgentDefinition(
    name=AgentName.REPORT, system_prompt=SYSTEM_PROMPT, tools=(create_report,)
)
