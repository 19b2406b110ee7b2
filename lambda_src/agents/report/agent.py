"""The report agent: what the other agents found, as a PDF and as a page."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

from strands import ToolContext, tool

from agents.report.pictures import Drawn
from siting.crew import LAYOUT, SIMULATION, TERRAIN
from siting.documents.exports.farm import CSV, GEOPACKAGE, KML, MAP, export_of
from siting.documents.exports.geopackage import as_geopackage
from siting.documents.exports.kml import as_kml
from siting.documents.exports.table import as_csv
from siting.documents.farm_page import as_page
from siting.documents.report.content import write_report
from siting.documents.report.inputs import SITE_MAP, Inputs
from siting.documents.report.land import map_data
from siting.documents.report.maps import draw_maps
from siting.documents.report.pages import as_html, as_pdf, site_map_svg
from siting.documents.wording import plain
from siting.project_land import NOT_FOUND
from siting.project_request import require_addressed
from tradewind.contracts.errors import ArtifactNotFound, ToolInputError
from tradewind.run.artifact_manifest import ProjectFile
from tradewind.run.project import Project
from tradewind.run.strands_agent import StrandsAgent, project_of, reports_failures
from tradewind.run.tools import (
    Source,
    load_json,
    require_current,
    require_made_from,
    require_together,
    save_file,
)

_MAX_TITLE_LENGTH: Final = 120
#: Files that a listing returns; a project has some twenty.
_MAX_FILES: Final = 100
#: Entries of a list, and characters of a text, that are shown of an artifact's data.
_SHOWN_ENTRIES: Final = 5
_SHOWN_TEXT: Final = 500
#: Levels of nesting that are shown.
_SHOWN_DEPTH: Final = 6
#: Bytes of an artifact that is read for the model; a site of 20,000 features stays below.
_MAX_DATA_BYTES: Final = 32_000_000
_ENERGY: Final = "energy.json"
_WIND: Final = "wind.json"
_BY_DIRECTION: Final = "wake_loss_percent_by_direction"

SYSTEM_PROMPT: Final = """\
You are the report agent of a wind-farm planning service. You put what the terrain, layout and
simulation agents left in this project into one report that people read and print.

Work: call list_project_files once to see what the project holds. If a step is missing, say which
agent to run and stop. Call load_project_data for a file whose figures you want to speak of. Then
call create_report once, with the title the request gives, or a short one that names the site. It
reads the artifacts by itself and draws the map and the tables.

The project is the request's own. Never make up a project id; leave project_id out.

Units: areas in km2, distances in metres, energy in GWh per year, power in MW, speeds in m/s,
directions in degrees from north, clockwise, where the wind comes from.

Report numbers only from tool results. If a step is missing or out of date, say which agent to run
and do not fill the gap. Say where the report was saved, give its headline figures, and name the
charts that were left out, if any.
"""


@tool(context=True)
@reports_failures
def list_project_files(*, tool_context: ToolContext, project_id: str = "") -> dict[str, Any]:
    """List the files that the agents left in this project, and the steps that are still missing.

    Returns of each file its name, size in bytes, SHA-256, when and by which request it was written
    and which files it was made from.

    Args:
        tool_context: The request at work.
        project_id: Leave out: the project is the request's own.
    """
    project = project_of(tool_context)
    project.require_id(project_id or None)
    files = project.files()
    held = {file.agent for file in files}
    missing = [agent for agent in project.reads_from if agent not in held]
    if missing and not held - {project.agent}:
        raise ArtifactNotFound(
            f"Project {project.project_id} holds nothing to report. Run the {missing[0]} agent on "
            "this project first."
        )
    return {
        "project_id": project.project_id,
        "missing_steps": [f"Run the {agent} agent on this project." for agent in missing],
        "file_count": len(files),
        "files": [_listed(file) for file in files[:_MAX_FILES]],
    }


@tool(context=True)
@reports_failures
def load_project_data(
    *, file: str, tool_context: ToolContext, project_id: str = ""
) -> dict[str, Any]:
    """Read the data in one of the project's JSON or GeoJSON files, long lists cut short.

    Returns the data; of a list its first entries and how many there are in all.

    Args:
        file: The file's name as list_project_files gives it, such as simulation/energy.json.
        tool_context: The request at work.
        project_id: Leave out: the project is the request's own.
    """
    project = project_of(tool_context)
    project.require_id(project_id or None)
    agent, _, file_name = file.partition("/")
    found = project.find(agent, file_name) if agent in project.readable else None
    if found is None:
        names = ", ".join(one.name for one in project.files()) or "none yet"
        raise ToolInputError(
            f"This project has no file {plain(file)[:_SHOWN_TEXT]!r}. Its files: {names}.",
            field="file",
        )
    if not found.file_name.endswith((".json", ".geojson")):
        raise ToolInputError(
            f"{file} is not JSON or GeoJSON; create_report uses pictures and pages by itself.",
            field="file",
        )
    if found.entry.size_bytes > _MAX_DATA_BYTES:
        raise ToolInputError(f"{file} is too large to read here.", field="file")
    source = load_json(project, agent, file_name)
    return {"file": file, "sha256": source.sha256, "data": _cut_short(source.data)}


@tool(context=True)
@reports_failures
def create_report(*, title: str, tool_context: ToolContext) -> dict[str, Any]:
    """Write the project's report as a PDF and as one HTML page, and its data for other programs.

    Both have a cover with key figures, the site map, excluded land, layout, wind, energy, losses,
    assumptions and limits. Needs the artifacts of the terrain, layout and simulation agents; charts
    of the simulation agent are shown where they belong to the same energy. Land and turbines are
    saved as GeoPackage and KML, the turbines with their energy as CSV. Returns the files, the
    headline figures and the charts that were left out.

    Args:
        title: The report's title, up to 120 characters.
        tool_context: The request at work.
    """
    title = plain(title)
    if not 1 <= len(title) <= _MAX_TITLE_LENGTH:
        raise ToolInputError(
            f"The title has {len(title)} characters; give 1 to {_MAX_TITLE_LENGTH}."
        )
    project = project_of(tool_context)
    require_addressed(project)
    site = load_json(project, TERRAIN, "site.geojson")
    zones = load_json(project, TERRAIN, "exclusions.geojson")
    buildable = load_json(project, TERRAIN, "buildable.geojson")
    layout = load_json(project, LAYOUT, "layout.json")
    energy = load_json(project, SIMULATION, _ENERGY)
    # Figures of different runs on one page would contradict each other without anyone noticing.
    require_together(site.file, zones.file, buildable.file)
    require_made_from(layout.file, site.file, buildable.file)
    require_made_from(energy.file, layout.file)
    require_current(project, layout.file)
    require_current(project, energy.file)
    if (
        NOT_FOUND not in buildable.data["properties"]
        or "grid" not in layout.data
        or _BY_DIRECTION not in energy.data["per_turbine"][0]
    ):
        raise ToolInputError(
            "The land, the layout or the energy does not say all that a report shows by now. Run "
            "the terrain, the layout and the simulation agent on this project again, in this order."
        )
    drawn = Drawn(project, energy, layout)
    pictures, wakes = drawn.wakes or (None, None)
    export = export_of(
        title,
        site=site.data,
        zones=zones.data,
        buildable=buildable.data,
        layout=layout.data,
        energy=energy.data,
    )
    maps = draw_maps(site.data, zones.data, layout.data, export, pictures)
    written_at = datetime.now(UTC).replace(microsecond=0)
    report = write_report(
        title,
        project.project_id,
        written_at,
        Inputs(
            site=site,
            zones=zones,
            buildable=buildable,
            layout=layout,
            energy=energy,
            wind=_wind(project, energy),
            wakes=wakes,
            charts={
                name: hashlib.sha256(picture.body).hexdigest()
                for name, picture in drawn.charts.items()
            },
        ),
    )
    wind_from = layout.data["wind_direction_degrees"]
    svgs = {name: site_map_svg(one, wind_from_degrees=wind_from) for name, one in maps.items()}
    html = as_html(report, svgs, drawn.charts).encode()
    page = save_file(project, "report.html", html, "text/html; charset=utf-8")
    pdf = as_pdf(report, svgs, drawn.charts, written_at)
    print_out = save_file(project, "report.pdf", pdf.body, "application/pdf")
    figures = {
        "buildable_km2": round(buildable.data["properties"]["buildable_km2"], 3),
        "turbines_placed": layout.data["turbines_placed"],
        "aep_gwh": energy.data["aep_gwh"],
        "wake_loss_percent": energy.data["wake_loss_percent"],
        "capacity_factor": energy.data["capacity_factor"],
    }
    project.report_facts(**figures)
    losses = {one["id"]: one[_BY_DIRECTION] for one in energy.data["per_turbine"]}
    interactive = as_page(
        export,
        maps[SITE_MAP],
        losses=losses,
        wakes=pictures,
        notes=report.notes,
        sources=(map_data(site.data),),
    )
    bodies = {
        MAP: interactive.encode(),
        CSV: as_csv(export),
        KML: as_kml(export),
        GEOPACKAGE: as_geopackage(export, written_at),
    }
    exports = [
        save_file(project, file.name, body, file.content_type) for file, body in bodies.items()
    ]
    artifacts = [page, print_out, *exports]
    result = {**figures, "charts_left_out": drawn.left_out, "artifacts": artifacts}
    if not pdf.every_character:
        result["pdf_note"] = (
            "The PDF's fonts lack some characters of the title and show boxes; the page shows them."
        )
    return result


def _wind(project: Project, energy: Source) -> Source | None:
    """The wind that the energy was computed from, or None if it was not the project's."""
    if f"{TERRAIN}/{_WIND}" not in energy.file.entry.made_from:
        return None
    return load_json(project, TERRAIN, _WIND)


def _listed(file: ProjectFile) -> dict[str, Any]:
    entry = file.entry
    return {
        "file": file.name,
        "size_bytes": entry.size_bytes,
        "content_type": entry.content_type,
        "sha256": entry.sha256,
        "written_at": entry.written_at,
        "request_id": entry.request_id,
        "made_from": sorted(entry.made_from),
    }


def _cut_short(value: Any, depth: int = 0) -> Any:
    """Cut lists, texts and nesting down to what a model can take in."""
    if isinstance(value, dict):
        if depth >= _SHOWN_DEPTH:
            return f"{len(value)} entries"
        return {str(name): _cut_short(entry, depth + 1) for name, entry in value.items()}
    if isinstance(value, list):
        if depth >= _SHOWN_DEPTH:
            return f"{len(value)} entries"
        shown = [_cut_short(entry, depth + 1) for entry in value[:_SHOWN_ENTRIES]]
        more = len(value) - len(shown)
        return [*shown, f"and {more} more, {len(value)} in all"] if more else shown
    return value[:_SHOWN_TEXT] if isinstance(value, str) else value


DEFINITION: Final = StrandsAgent(
    system_prompt=SYSTEM_PROMPT,
    tools=(list_project_files, load_project_data, create_report),
)
