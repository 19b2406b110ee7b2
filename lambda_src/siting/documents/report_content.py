"""What a report says, as text, tables and figures: the page and the PDF show the same.

Standard library only. Numbers are written here, once, with their units; the templates set them.
Areas in km2, distances in metres, energy in GWh per year, power in MW, speeds in m/s, directions in
degrees from north, clockwise, where the wind comes from.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from siting.crew import SIMULATION
from tradewind.run.tools import Source

#: What a wind file says of its methods, and what it is called here.
_WIND_METHODS: Final = {"weibull": "Weibull fit", "height": "Wind at hub height"}
_ABOUT: Final = (
    "Put together from what the terrain, layout and simulation agents left in this project. Every "
    "figure and table names the artifacts it shows. Read the assumptions and the limits before "
    "using a number."
)
#: Foreign text is cut here, in characters; nothing a planner writes is this long.
_MAX_TEXT_LENGTH: Final = 600
#: Characters without a space after which a line may be broken anyway.
_UNBROKEN: Final = 24
_BREAK_HERE: Final = "\u200b"
#: Shape words and emoji, and cannot be seen; the other format characters can turn a line around.
_JOINERS: Final = frozenset("\u200c\u200d")


class Chart(NamedTuple):
    """A picture the simulation agent may have left, and what it shows.

    Attributes:
        file_name: Under the agent's name.
        shows: Its caption.
    """

    file_name: str
    shows: str


WIND_ROSE: Final = Chart(
    "wind_rose.png", "Wind rose: how often the wind comes from each direction, and how fast it is."
)
POWER_CURVE: Final = Chart(
    "power_curve.png", "The turbine's power, in MW, at each wind speed at hub height, in m/s."
)
AEP_PER_TURBINE: Final = Chart(
    "aep_per_turbine.png", "Annual energy of each turbine, net of wakes, in GWh."
)
ENERGY_BY_SECTOR: Final = Chart(
    "energy_by_sector.png", "Annual energy by the direction the wind comes from, in GWh."
)
WAKE_MAP: Final = Chart("wake_map.png", "Wakes behind the turbines: the wind speed that is left.")
CHARTS: Final = (WIND_ROSE, POWER_CURVE, AEP_PER_TURBINE, ENERGY_BY_SECTOR, WAKE_MAP)


class Column(NamedTuple):
    """A table's column; numbers stand to the right."""

    title: str
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a section.

    Attributes:
        kind: ``text``, ``note``, ``list``, ``figure`` or ``table``.
        text: A paragraph, or a caption.
        items: A list's items.
        label: A figure's or a table's own, such as "Table 1".
        sources: The artifacts that a figure or table shows, ``{agent}/{file}``.
        image: A figure's picture, by name.
        columns: A table's columns.
        rows: Its rows.
        totals: Rows that sum up, at its end.
    """

    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    label: str = ""
    sources: tuple[str, ...] = ()
    image: str = ""
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    totals: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    blocks: tuple[Block, ...]


class KeyFigure(NamedTuple):
    """A figure of the cover."""

    label: str
    value: str
    unit: str


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes:
        title: Its title.
        project_id: The project it is about.
        written_at: When, as it is printed.
        key_figures: The cover's.
        notes: What a reader has to know before any figure.
        about: How the report came about.
        sections: The report itself.
    """

    title: str
    project_id: str
    written_at: str
    key_figures: tuple[KeyFigure, ...]
    notes: tuple[str, ...]
    about: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The artifacts a report is made from, of runs that fit each other.

    Attributes:
        site: ``terrain/site.geojson``.
        zones: ``terrain/exclusions.geojson``.
        buildable: ``terrain/buildable.geojson``.
        layout: ``layout/layout.json``.
        energy: ``simulation/energy.json``.
        wind: ``terrain/wind.json``, where the energy was computed from it.
        charts: The charts there are, with their hashes, by file name.
        labelled: Whether the map names each turbine.
    """

    site: Source
    zones: Source
    buildable: Source
    layout: Source
    energy: Source
    wind: Source | None
    charts: Mapping[str, str]
    labelled: bool

    @property
    def json(self) -> tuple[Source, ...]:
        """The JSON artifacts among them."""
        found = (self.site, self.zones, self.buildable, self.wind, self.layout, self.energy)
        return tuple(source for source in found if source is not None)


def plain(text: object) -> str:
    """Return foreign text without what no page can show: control, surrogate and bidi characters.

    Markup in it stays what it is, text; the templates see to that.
    """
    joined = " ".join(str(text).split())[:_MAX_TEXT_LENGTH]
    return "".join(
        one
        for one in joined
        if one in _JOINERS or unicodedata.category(one) not in {"Cc", "Cf", "Cs"}
    )


def breakable(text: str) -> str:
    """Let a line break within words that are longer than any line."""
    return " ".join(
        _BREAK_HERE.join(word[at : at + _UNBROKEN] for at in range(0, len(word), _UNBROKEN))
        for word in text.split(" ")
    )


def write_report(title: str, project_id: str, written_at: datetime, inputs: Inputs) -> Report:
    """Write the report.

    Args:
        title: Its title.
        project_id: The project it is about.
        written_at: In UTC.
        inputs: What it is made from.
    """
    layout, energy = inputs.layout.data, inputs.energy.data
    areas = inputs.buildable.data["properties"]
    key_figures = (
        KeyFigure(
            "Turbines placed",
            str(layout["turbines_placed"]),
            f"of {layout['turbines_requested']} asked for",
        ),
        KeyFigure("Rated power", _number(energy["rated_power_mw"], 2), "MW"),
        KeyFigure(
            "Buildable land",
            _number(areas["buildable_km2"], 2),
            f"km², {_number(100 * areas['buildable_share'], 1)} % of the site",
        ),
        KeyFigure("Annual energy (AEP)", _number(energy["aep_gwh"], 2), "GWh per year"),
        KeyFigure("Capacity factor", _number(100 * energy["capacity_factor"], 1), "%"),
        KeyFigure("Wake loss", _number(energy["wake_loss_percent"], 1), "% of gross AEP"),
    )
    why_not = layout.get("reason_not_placed")
    notes = (plain(why_not),) if layout["turbines_not_placed"] and why_not else ()
    writer = _Writer(inputs)
    sections = (
        Section("Site", writer.site()),
        Section("Excluded land", writer.exclusions()),
        Section("Layout", writer.layout()),
        Section("Wind", writer.wind()),
        Section("Energy", writer.energy()),
        Section("Losses", writer.losses()),
        Section("Assumptions", writer.assumptions()),
        Section("Limits", writer.limits()),
        Section("Sources", writer.sources(project_id)),
    )
    return Report(
        title=title,
        project_id=project_id,
        written_at=f"{written_at:%Y-%m-%d %H:%M} UTC",
        key_figures=key_figures,
        notes=notes,
        about=_ABOUT,
        sections=sections,
    )


@dataclass
class _Writer:
    inputs: Inputs
    _figures: int = 0
    _tables: int = 0

    def site(self) -> tuple[Block, ...]:
        areas = self.inputs.buildable.data["properties"]
        labels = (
            "" if self.inputs.labelled else " Turbines stand too close on this map to be named."
        )
        return (
            _text(
                f"The site covers {_number(areas['site_km2'], 2)} km². "
                f"{_number(areas['buildable_km2'], 2)} km² of it can carry turbines."
            ),
            self._figure(
                "site_map.svg",
                "The site with its exclusion zones and turbines. North is up; zones are drawn "
                f"inside the boundary only.{labels}{self._map_data()}",
                self.inputs.site,
                self.inputs.zones,
                self.inputs.layout,
            ),
        )

    def _map_data(self) -> str:
        """Whose data the map shows: its licence may ask to say so."""
        attribution = self.inputs.site.data["features"][0]["properties"].get("attribution")
        return f" Map data: {plain(attribution).rstrip('.')}." if attribution else ""

    def exclusions(self) -> tuple[Block, ...]:
        areas = self.inputs.buildable.data["properties"]
        site_km2 = areas["site_km2"]
        zones = [one["properties"] for one in self.inputs.zones.data["features"]]
        if not zones:
            return (_text("No features were found; the whole site counts as buildable."),)
        return (
            self._table(
                "Areas within the boundary. Zones of different classes may overlap; the total "
                "counts each place once.",
                (
                    Column("Class", numeric=False),
                    Column("Features"),
                    Column("Setback, m"),
                    Column("Area, km²"),
                    Column("Share of site, %"),
                ),
                [
                    (
                        _words(zone["class"]),
                        _number(zone["feature_count"]),
                        _number(zone["setback_m"]),
                        _number(zone["area_km2"], 3),
                        _number(100 * zone["area_km2"] / site_km2, 1),
                    )
                    for zone in zones
                ],
                self.inputs.zones,
                self.inputs.buildable,
                totals=[
                    (
                        "Excluded in total",
                        "",
                        "",
                        _number(areas["excluded_km2"], 3),
                        _number(100 * areas["excluded_km2"] / site_km2, 1),
                    ),
                    (
                        "Buildable",
                        "",
                        "",
                        _number(areas["buildable_km2"], 3),
                        _number(100 * areas["buildable_share"], 1),
                    ),
                    ("Site", "", "", _number(site_km2, 3), "100.0"),
                ],
            ),
        )

    def layout(self) -> tuple[Block, ...]:
        layout, energy = self.inputs.layout.data, self.inputs.energy.data
        places = {one["id"]: one for one in layout["turbines"]}
        strategy = _words(plain(layout["strategy"])) if "strategy" in layout else "grid"
        return (
            _text(
                f"{layout['turbines_placed']} turbines with a rotor of "
                f"{_number(layout['rotor_diameter_m'])} m, strategy: {strategy}. Spacing asked "
                f"for, hub to hub: {_number(layout['spacing_along_wind_m'])} m along the main "
                f"wind, which comes from {_number(layout['wind_direction_degrees'])}°, and "
                f"{_number(layout['spacing_across_wind_m'])} m across it."
            ),
            *self._compared(),
            self._table(
                f"Turbines. Coordinates: UTM on WGS 84 (EPSG:{layout['utm_epsg']}), and degrees. "
                "Energy is net of wakes.",
                (
                    Column("Turbine", numeric=False),
                    Column("East, m"),
                    Column("North, m"),
                    Column("Longitude, °"),
                    Column("Latitude, °"),
                    Column("AEP, GWh"),
                    Column("Wake loss, %"),
                ),
                [
                    (
                        plain(one["id"]),
                        _number(one["x_m"], 1),
                        _number(one["y_m"], 1),
                        f"{places[one['id']]['longitude_deg']:.6f}",
                        f"{places[one['id']]['latitude_deg']:.6f}",
                        _number(one["aep_gwh"], 3),
                        _number(one["wake_loss_percent"], 1),
                    )
                    for one in energy["per_turbine"]
                ],
                self.inputs.layout,
                self.inputs.energy,
                totals=[
                    (
                        "Wind farm",
                        "",
                        "",
                        "",
                        "",
                        _number(energy["aep_gwh"], 3),
                        _number(energy["wake_loss_percent"], 1),
                    )
                ],
            ),
        )

    def _compared(self) -> tuple[Block, ...]:
        """What an optimised layout was chosen from, and what the search gained."""
        layout = self.inputs.layout.data
        if "compared" not in layout or "search" not in layout:
            return ()
        search = layout["search"]
        return (
            _text(
                f"The search began with {_number(search['start_aep_gwh'], 2)} GWh per year, the "
                f"best of the patterns, and gained {_number(search['gain_percent'], 2)} % in "
                f"{_number(search['seconds'], 0)} s. {plain(layout['estimate_assumption'])}"
            ),
            self._table(
                "Patterns that were compared. Their energy is an estimate to choose by; section "
                "Energy has the simulation's.",
                (Column("Pattern", numeric=False), Column("Turbines"), Column("Estimate, GWh")),
                [
                    (
                        _words(one["strategy"]),
                        _number(one["turbines_placed"]),
                        "none"
                        if one["estimated_aep_gwh"] is None
                        else _number(one["estimated_aep_gwh"], 2),
                    )
                    for one in layout["compared"]
                ],
                self.inputs.layout,
            ),
        )

    def wind(self) -> tuple[Block, ...]:
        return (*self._wind_climate(), *self._chart(WIND_ROSE))

    def _wind_climate(self) -> tuple[Block, ...]:
        if self.inputs.wind is None:
            return (
                _text(
                    "The energy below was not computed from wind data of this place, but for the "
                    "wind named among the assumptions."
                ),
            )
        wind = self.inputs.wind.data
        return (
            _text(
                f"At {wind['latitude']:.4f}° latitude and {wind['longitude']:.4f}° longitude, "
                f"{_number(wind['hub_height_m'])} m over ground: a mean of "
                f"{_number(wind['mean_wind_speed_m_per_s'], 2)} m/s, Weibull A "
                f"{_number(wind['weibull_a_m_per_s'], 2)} m/s and k "
                f"{_number(wind['weibull_k'], 2)}, from {_number(wind['hours'])} hours of "
                f"{wind['first_year']} to {wind['last_year']} "
                f"({_number(wind['missing_hours'])} missing)."
            ),
            _text(f"Wind data: {plain(wind['source']['attribution'])}"),
            self._table(
                "Wind at hub height by the direction it comes from, degrees from north, "
                f"clockwise. Sectors are {_number(wind['sector_width_degrees'], 1)}° wide and "
                "centred on their direction.",
                (
                    Column("Direction, °"),
                    Column("Frequency, %"),
                    Column("Mean speed, m/s"),
                    Column("Weibull A, m/s"),
                    Column("Weibull k"),
                ),
                [
                    (
                        _number(one["direction_degrees"], 1),
                        _number(100 * one["frequency"], 1),
                        _number(one["mean_wind_speed_m_per_s"], 2),
                        _number(one["weibull_a_m_per_s"], 2),
                        _number(one["weibull_k"], 2),
                    )
                    for one in wind["sectors"]
                ],
                self.inputs.wind,
                totals=[
                    (
                        "All",
                        "100.0",
                        _number(wind["mean_wind_speed_m_per_s"], 2),
                        _number(wind["weibull_a_m_per_s"], 2),
                        _number(wind["weibull_k"], 2),
                    )
                ],
            ),
        )

    def energy(self) -> tuple[Block, ...]:
        energy = self.inputs.energy.data
        return (
            _text(
                f"The wind farm yields {_number(energy['aep_gwh'], 2)} GWh per year net of wakes, "
                f"from {_number(energy['rated_power_mw'], 2)} MW: a capacity factor of "
                f"{_number(100 * energy['capacity_factor'], 1)} %."
            ),
            *self._chart(POWER_CURVE),
            *self._chart(AEP_PER_TURBINE),
            *self._chart(ENERGY_BY_SECTOR),
            self._table(
                "Energy by the direction the wind comes from, degrees from north, clockwise; "
                "sectors are centred on it. Energy is net of wakes.",
                (
                    Column("Direction, °"),
                    Column("Frequency, %"),
                    Column("Speed, m/s"),
                    Column("AEP, GWh"),
                    Column("Wake loss, %"),
                ),
                [
                    (
                        _number(one["direction_degrees"], 1),
                        _number(100 * one["frequency"], 1),
                        _number(one["wind_speed_m_per_s"], 1),
                        _number(one["aep_gwh"], 3),
                        _number(one["wake_loss_percent"], 1),
                    )
                    for one in energy["per_direction"]
                ],
                self.inputs.energy,
                totals=[
                    (
                        "All",
                        "100.0",
                        "",
                        _number(energy["aep_gwh"], 3),
                        _number(energy["wake_loss_percent"], 1),
                    )
                ],
            ),
        )

    def losses(self) -> tuple[Block, ...]:
        energy = self.inputs.energy.data
        gross_gwh, net_gwh = energy["gross_aep_gwh"], energy["aep_gwh"]
        worst = max(energy["per_turbine"], key=lambda one: one["wake_loss_percent"])
        return (
            _text(
                f"Turbine {plain(worst['id'])} loses most to the wakes of the others: "
                f"{_number(worst['wake_loss_percent'], 1)} % of what it would yield alone."
            ),
            self._table(
                "From gross to net energy, per year. What is not modelled is not in the net figure "
                "and has to be taken off it.",
                (Column("Loss", numeric=False), Column("Energy, GWh"), Column("Share of gross, %")),
                [
                    ("Gross: every turbine in the free wind", _number(gross_gwh, 3), "100.0"),
                    (
                        "Wakes",
                        f"\u2212{_number(gross_gwh - net_gwh, 3)}",
                        f"\u2212{_number(energy['wake_loss_percent'], 1)}",
                    ),
                    ("Electrical losses", "not modelled", "not modelled"),
                    ("Availability and curtailment", "not modelled", "not modelled"),
                    ("Icing, soiling and wear of blades", "not modelled", "not modelled"),
                ],
                self.inputs.energy,
                totals=[
                    (
                        "Net of wakes",
                        _number(net_gwh, 3),
                        _number(100 - energy["wake_loss_percent"], 1),
                    )
                ],
            ),
            *self._chart(WAKE_MAP),
        )

    def assumptions(self) -> tuple[Block, ...]:
        method = self.inputs.wind.data["method"] if self.inputs.wind else {}
        return (
            Block(
                "list",
                items=(
                    *(plain(one) for one in self.inputs.energy.data["assumptions"]),
                    *(
                        f"{title}: {plain(method[name])}"
                        for name, title in _WIND_METHODS.items()
                        if name in method
                    ),
                    "Setbacks are distances from the features, as in the table of excluded land. "
                    "They are planning values, not law.",
                ),
            ),
        )

    def limits(self) -> tuple[Block, ...]:
        of_the_wind: tuple[str, ...]
        if self.inputs.wind is None:
            of_the_wind = (
                "The wind is not that of the place. The energy is for comparing layouts; it is no "
                "yield forecast, which needs a measured or modelled distribution of wind speeds.",
            )
        else:
            of_the_wind = (
                *(plain(one) for one in self.inputs.wind.data["limits"]),
                "The energy is for comparing layouts and sites; it is no yield forecast.",
            )
        return (
            Block(
                "list",
                items=(
                    *of_the_wind,
                    "Setbacks, spacing and the boundary are measured to the tower; rotor blades "
                    "reach beyond it.",
                    "Only features that were given or found as map data are excluded, as complete "
                    "as that data is. Slope, ground, ownership, grid access, noise limits and "
                    "radar were not looked at.",
                    "The layout keeps its spacing and its distances. Roads, cables, crane pads and "
                    "the order of building were not planned.",
                ),
            ),
        )

    def sources(self, project_id: str) -> tuple[Block, ...]:
        charts = [(f"{SIMULATION}/{name}", sha) for name, sha in self.inputs.charts.items()]
        named = [(source.name, source.sha256) for source in self.inputs.json]
        return (
            self._table(
                f"The artifacts of project {project_id} that this report was made from, by the "
                "first half of their SHA-256.",
                (Column("Artifact", numeric=False), Column("SHA-256", numeric=False)),
                [(name, f"{sha256[:32]}…") for name, sha256 in (*named, *charts)],
            ),
        )

    def _figure(self, image: str, caption: str, *sources: Source) -> Block:
        self._figures += 1
        return Block(
            "figure",
            text=caption,
            label=f"Figure {self._figures}",
            sources=tuple(source.name for source in sources),
            image=image,
        )

    def _chart(self, chart: Chart) -> tuple[Block, ...]:
        """A chart, or nothing where there is none of the energy at hand."""
        if chart.file_name not in self.inputs.charts:
            return ()
        self._figures += 1
        return (
            Block(
                "figure",
                text=chart.shows,
                label=f"Figure {self._figures}",
                sources=(f"{SIMULATION}/{chart.file_name}",),
                image=chart.file_name,
            ),
        )

    def _table(
        self,
        caption: str,
        columns: tuple[Column, ...],
        rows: Iterable[tuple[str, ...]],
        *sources: Source,
        totals: Sequence[tuple[str, ...]] = (),
    ) -> Block:
        self._tables += 1
        return Block(
            "table",
            text=caption,
            label=f"Table {self._tables}",
            sources=tuple(source.name for source in sources),
            columns=columns,
            rows=tuple(rows),
            totals=tuple(totals),
        )


def _text(text: str) -> Block:
    return Block("text", text=text)


def _words(name: Any) -> str:
    return plain(name).replace("_", " ")


def _number(value: float, digits: int = 0) -> str:
    return f"{value:,.{digits}f}"
