"""Reports, made for a test and read back."""

import io
import json
from base64 import b64encode
from html.parser import HTMLParser
from typing import Any

from pypdf import PdfReader

from agents.report.agent import create_report
from siting.documents.report.inputs import CHARTS
from siting.tests.chain import project_for
from siting.tests.unit.documents.pictures import png
from siting.wind.iea37 import wind_rose
from siting.wind.net import Losses, Uncertainties, net_yield
from siting.wind.turbines import IEA37_CASE_STUDY
from tests.project_files import ProjectContent
from tests.unit.run.tool_calls import call
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

PAGE = "report/report.html"
PDF = "report/report.pdf"
ENERGY = "simulation/energy.json"
VOID = {"meta", "br", "circle", "rect", "path", "img", "image", "stop"}
SECTIONS = [
    "1 Site",
    "2 Excluded land",
    "3 Layout",
    "4 Wind",
    "5 Energy",
    "6 Losses",
    "7 Assumptions",
    "8 Limits",
    "9 Files",
    "10 Sources",
]
SECTOR = {
    "direction_degrees": 0.0,
    "frequency": 0.25,
    "mean_wind_speed_m_per_s": 7.1234,
    "weibull_a_m_per_s": 8.0412,
    "weibull_k": 2.1,
}
WIND = {
    "latitude": 54.7361,
    "longitude": 8.9712,
    "hub_height_m": 110.0,
    "mean_wind_speed_m_per_s": 8.4321,
    "weibull_a_m_per_s": 9.5,
    "weibull_k": 2.2,
    "hours": 87_600,
    "missing_hours": 12,
    "first_year": 2016,
    "last_year": 2025,
    "sector_width_degrees": 90.0,
    "sectors": [{**SECTOR, "direction_degrees": 90.0 * at} for at in range(4)],
    "method": {"weibull": "By moments.", "height": "By a power law."},
    "source": {"attribution": "A <b>public</b> service."},
    "limits": ["The grid is coarse."],
}


class Page(HTMLParser):
    """Reads a page: its visible text, its tags, and whether they nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.headings: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "h2":
            self.headings.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += f"{data} "
        if self.open[-1:] == ["h2"]:
            self.headings[-1] += data

    def classed(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.tags if name in (attrs.get("class") or "").split()]


def page_of(store: MemoryArtifactStore) -> Page:
    return Page(ProjectContent(store)[PAGE].decode())


def pdf_of(store: MemoryArtifactStore) -> Any:
    return PdfReader(io.BytesIO(ProjectContent(store)[PDF]), strict=True)


def text_of(pdf: Any) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in pdf.pages)


def make_charts(store: MemoryArtifactStore, request_id: str = "r-charts") -> Project:
    """Charts of the energy at hand, noted as such in the manifest."""
    project = project_for("simulation", store)
    project.request_id = request_id
    with project.tool_call():
        project.load("simulation", "energy.json")
        for at, chart in enumerate(CHARTS):
            # No two alike: a PDF holds equal pictures once.
            project.save(chart.file_name, png(90 + at), "image/png")
        project.save("wakes.json", json.dumps(wakes_of(project)).encode(), "application/json")
    return project


def wakes_of(project: Project) -> dict[str, Any]:
    """The wakes of two directions, as grey pictures of the whole farm."""
    turbines = json.loads(project.load("layout", "layout.json"))["turbines"]
    east, north = ([one[axis] for one in turbines] for axis in ("x_m", "y_m"))
    return {
        "bounds_m": [min(east), min(north), max(east), max(north)],
        "size_px": [80, 60],
        "deepest_deficit": 0.5,
        "main_direction_degrees": 270.0,
        "directions": [
            {
                "sector": sector,
                "direction_degrees": 90.0 * (sector // 4),
                "wind_speed_m_per_s": 8.0 + sector / 10,
                "frequency": 0.25,
                "png_base64": b64encode(png(80, 60)).decode(),
            }
            for sector in (4, 12)
        ],
    }


def report_on(store: MemoryArtifactStore, title: str = "Moorkoog wind farm") -> dict[str, Any]:
    status, result = call(create_report, project_for("report", store), title=title)
    assert status == "success", result
    returned: dict[str, Any] = result
    return returned


def computed_from_wind(store: MemoryArtifactStore) -> None:
    """Make the energy one that was computed from the project's wind data."""
    body = json.dumps(WIND).encode()
    content = ProjectContent(store)
    content.leave({"terrain/wind.json": body})
    energy = json.loads(content[ENERGY])
    net = net_yield(
        aep_mwh=1000.0 * energy["aep_gwh"],
        wake_loss_percent=energy["wake_loss_percent"],
        turbine=IEA37_CASE_STUDY,
        rose=wind_rose(),
        yearly_mean_m_per_s=(8.0, 8.4, 8.8, 8.4, 8.4),
        losses=Losses(curtailment=1.0),
        uncertainties=Uncertainties(),
    )
    content.leave_again(
        {ENERGY: json.dumps({**energy, **net.describe()}).encode()}, read=("terrain/wind.json",)
    )
