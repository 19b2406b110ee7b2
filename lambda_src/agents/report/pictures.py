"""What the simulation agent drew of the energy at hand."""

from typing import Final

from siting.crew import SIMULATION
from siting.documents.report.inputs import CHARTS
from siting.documents.report.maps import WakePictures
from siting.documents.report.pages import Picture, read_png
from tradewind.contracts.errors import ToolInputError
from tradewind.run.artifact_manifest import ProjectFile
from tradewind.run.project import Project
from tradewind.run.tools import Source, load_json, require_made_from, require_together

WAKES: Final = "wakes.json"


class Drawn:
    """The simulation's pictures that belong to an energy.

    Attributes:
        charts: The charts, by file name.
        wakes: The wakes by direction, and the file they are from; None where there are none.
        left_out: Of each that is not among them, why.
    """

    def __init__(self, project: Project, energy: Source, layout: Source) -> None:
        """Load them."""
        self.left_out: list[str] = []
        self.charts: dict[str, Picture] = {}
        self.wakes: tuple[WakePictures, Source] | None = None
        for chart in CHARTS:
            if self._is_there(project, energy, chart.file_name):
                picture = read_png(project.load(SIMULATION, chart.file_name))
                if picture is None:
                    self._leave_out(chart.file_name, "it is no whole PNG")
                else:
                    self.charts[chart.file_name] = picture
        if self._is_there(project, energy, WAKES):
            source = load_json(project, SIMULATION, WAKES)
            pictures = WakePictures.of(source.data, layout.data)
            if pictures is None:
                self._leave_out(WAKES, "one of its pictures is no whole PNG")
            else:
                self.wakes = pictures, source

    def _is_there(self, project: Project, energy: Source, file_name: str) -> bool:
        held = project.find(SIMULATION, file_name)
        if held is None:
            self.left_out.append(
                f"{SIMULATION}/{file_name}: there is none; the simulation agent makes it."
            )
        elif _belongs(held, energy.file):
            return True
        else:
            self._leave_out(
                file_name,
                f"it was not made from the {energy.name} that the project holds now",
            )
        return False

    def _leave_out(self, file_name: str, why: str) -> None:
        self.left_out.append(f"{SIMULATION}/{file_name}: {why}; run the simulation agent again.")


def _belongs(drawn: ProjectFile, energy: ProjectFile) -> bool:
    """Say whether the manifest ties a file to the energy: by what it read, or by its tool call."""
    try:
        if energy.name in drawn.entry.made_from:
            require_made_from(drawn, energy)
        else:
            require_together(drawn, energy)
    except ToolInputError:
        return False
    return True
