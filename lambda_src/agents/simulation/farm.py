"""The turbines that are simulated: the project's layout, or the request's own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from siting.charts.graticule import Plane
from siting.crew import LAYOUT
from siting.project_request import require_addressed
from siting.project_turbines import turbine_named, turbines_of
from tradewind.contracts.errors import ToolInputError
from tradewind.run.project import Project
from tradewind.run.tools import Source, load_json, require_current

if TYPE_CHECKING:
    from siting.wind.turbines import Turbine
    from siting.wind.wake.mixed import TurbineMix

_MAX_ID_LENGTH: Final = 16
#: Metres. UTM coordinates stay below this; farther apart nothing is one wind farm.
_MAX_COORDINATE_M: Final = 2e7
_CASE_STUDY_TURBINE: Final = "iea37_3_35mw_130m"


class Farm(NamedTuple):
    """Turbines with their places in metres.

    Attributes:
        ids: Their names.
        x_m: Metres east.
        y_m: Metres north.
        types: The type of each.
        positions_from: Where the places are from, in words.
        layout: The project's layout; None for the request's own turbines.
    """

    ids: list[str]
    x_m: list[float]
    y_m: list[float]
    types: "list[Turbine]"
    positions_from: str
    layout: Source | None

    @property
    def mix(self) -> "TurbineMix | None":
        """The types, if there are several."""
        from siting.wind.wake.mixed import TurbineMix  # noqa: PLC0415

        mix = TurbineMix.of(self.types)
        return mix if len(mix.types) > 1 else None

    @property
    def north_degrees(self) -> float:
        """Where the metres have their north, clockwise from true north.

        The request's own turbines are told no place on the earth.
        """
        # Laid out before layouts said where they lie.
        if self.layout is None or "grid" not in self.layout.data:
            return 0.0
        return Plane.of_layout(self.layout.data).north_degrees

    def in_air(self, density_kg_per_m3: float) -> "Farm":
        """Return the farm as its turbines work in air of another density."""
        return self._replace(types=[one.in_air(density_kg_per_m3) for one in self.types])


def farm_of(project: Project, turbine_model: str) -> Farm:
    """Return the farm to simulate.

    Raises:
        ToolInputError: There is none, or the turbine is another than the layout's, or the request
            brings what another agent reads.
    """
    require_addressed(project)
    if "turbines" in project.parameters:
        ids, x_m, y_m, models = _given_turbines(project.parameters["turbines"])
        named = {
            key: turbine_named(project, key or turbine_model or _CASE_STUDY_TURBINE)
            for key in set(models)
        }
        types = [named[key] for key in models]
        return Farm(ids, x_m, y_m, types, "coordinates in the request", None)
    layout = load_json(project, LAYOUT, "layout.json")
    # Turbines that were placed on other land, or for another wind, are not this project's farm.
    require_current(project, layout.file)
    types = turbines_of(layout.data)
    if turbine_model:
        _require_the_layouts_own(turbine_named(project, turbine_model), types)
    turbines = layout.data["turbines"]
    return Farm(
        [one["id"] for one in turbines],
        [one["x_m"] for one in turbines],
        [one["y_m"] for one in turbines],
        types,
        layout.name,
        layout,
    )


def _require_the_layouts_own(turbine: "Turbine", types: "list[Turbine]") -> None:
    """Refuse another turbine than the layout's: land, spacing and noise are for that one.

    Raises:
        ToolInputError: It is another, or the layout's are of several types.
    """
    if len(set(types)) > 1:
        raise ToolInputError(
            "The layout has turbines of several types: "
            f"{', '.join(sorted({one.key for one in types}))}. Leave turbine_model out."
        )
    if turbine != types[0]:
        raise ToolInputError(
            f"The layout was made for {_sized(types[0])}; turbine_model names {_sized(turbine)}. "
            "The land, the spacing and the report are for the layout's. Leave turbine_model out, "
            f"or run the layout agent with turbine_model={turbine.key} first."
        )


def _sized(turbine: "Turbine") -> str:
    return (
        f"{turbine.key} (rotor {turbine.rotor_diameter_m:g} m, hub {turbine.hub_height_m:g} m, "
        f"{turbine.rated_power_mw:g} MW)"
    )


def _given_turbines(given: object) -> tuple[list[str], list[float], list[float], list[str]]:
    if not isinstance(given, list) or not given:
        raise ToolInputError(
            'parameters.turbines must be a list of objects such as {"x_m": 0.0, "y_m": 650.0}.',
            field="parameters.turbines",
        )
    ids, x_m, y_m, models = [], [], [], []
    for at, one in enumerate(given):
        place = one if isinstance(one, Mapping) else {}
        x: Any = place.get("x_m")
        y: Any = place.get("y_m")
        if not (is_number(x, _MAX_COORDINATE_M) and is_number(y, _MAX_COORDINATE_M)):
            raise ToolInputError(
                f"parameters.turbines[{at}] needs x_m (metres east) and y_m (metres north), both "
                "finite numbers.",
                field=f"parameters.turbines[{at}]",
            )
        ids.append(str(place.get("id", f"T{at + 1:02d}"))[:_MAX_ID_LENGTH])
        x_m.append(float(x))
        y_m.append(float(y))
        model = place.get("turbine_model", "")
        if not isinstance(model, str):
            raise ToolInputError(
                f"parameters.turbines[{at}] needs the name of a turbine as turbine_model, or none.",
                field=f"parameters.turbines[{at}]",
            )
        models.append(model)
    return ids, x_m, y_m, models


def is_number(value: Any, limit: float) -> bool:
    """Whether it is a number of at most ``limit``, on either side of zero."""
    # The comparison refuses NaN, infinity and integers too large to be a float.
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and -limit <= value <= limit
    )
