"""Wind that people bring themselves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from strands import ToolContext, tool

from agents.terrain.tools.brought import file_text, stated_source
from siting.project_request import require_addressed
from siting.project_wind import WIND_FILE, distance_km
from siting.wind.errors import require_within
from tradewind.contracts.errors import ToolInputError
from tradewind.run.strands_agent import project_of, reports_failures
from tradewind.run.tools import save_json

if TYPE_CHECKING:
    from siting.wind.brought.document import WindFile

_PARAMETER: Final = "wind_file"
#: Over open land in neutral air, where nobody has measured it.
_USUAL_SHEAR: Final = 0.1429
_DEFAULT_SECTORS: Final = 12
_DEFAULT_HUB_M: Final = 110.0
_MIN_HEIGHT_M, _MAX_HEIGHT_M = 2.0, 500.0
#: An atlas file's place and the request's may differ by the mesh of an atlas, and rounding.
_SAME_PLACE_KM: Final = 10.0


@tool(context=True)
@reports_failures
def use_wind_file(
    *,
    tool_context: ToolContext,
    source: str,
    latitude: float | None = None,
    longitude: float | None = None,
    height_m: float | None = None,
    shear_exponent: float | None = None,
    sectors: int | None = None,
    hub_height_m: float | None = None,
    roughness_length_m: float | None = None,
) -> dict[str, Any]:
    """Take the wind from the file that comes with the request, and save it as wind.json.

    The file is a wind atlas (.lib or .gwc, as of the Global Wind Atlas), a wind rose as CSV
    (direction, frequency, Weibull A and k by sector) or a mast's series as CSV (time, speed,
    direction); which one shows by itself. Returns the wind by direction, what the file covers and
    its limits. Never make up a place, a height or a roughness: ask for what the request lacks.

    Args:
        tool_context: The request at work.
        source: Whose data these are, in the request's words; the report prints them.
        latitude: Where the wind is of, in degrees north; an atlas file may say it itself.
        longitude: Likewise, in degrees east.
        height_m: Of a rose or a mast: the height over ground that its speeds are of, in metres.
        shear_exponent: For a rose or a mast: of the power law that takes speeds to the hub, 0 to
            0.6; 0.1429 (one seventh) unless given.
        sectors: For a mast: how many directions to tell apart, 4 to 36; 12 unless given.
        hub_height_m: For an atlas: the hub over ground, in metres; 110 unless given.
        roughness_length_m: For an atlas: that of the site's ground, in metres, one of the file's.
    """
    # Some 200 ms to import: paid by the request that needs them, not by every cold start.
    from siting.wind.brought import document as wind  # noqa: PLC0415

    project = project_of(tool_context)
    require_addressed(project)
    text = file_text(project, _PARAMETER)
    source = stated_source(source, "whose data these are")
    place = _stated(latitude, longitude)
    kind = wind.kind_of(text)
    _require_for(
        kind,
        {"height_m": height_m, "shear_exponent": shear_exponent},
        {"sectors": sectors},
        {"hub_height_m": hub_height_m, "roughness_length_m": roughness_length_m},
    )
    if kind is wind.WindFile.ATLAS:
        document, place = _of_atlas(text, place, roughness_length_m, hub_height_m)
    else:
        document = _of_measured(kind, text, height_m, shear_exponent, sectors)
    if place is None:
        raise ToolInputError(
            "Give latitude and longitude: where the wind of this file is of. It is not taken for "
            "that of the site unless somebody says so."
        )
    document |= {
        "latitude": place[1],
        "longitude": place[0],
        "source": {"service": f"{kind} that came with the request", "attribution": source},
    }
    name = save_json(project, WIND_FILE, document)
    main = max(document["sectors"], key=lambda one: one["frequency"])["direction_degrees"]
    project.report_facts(
        mean_wind_speed_m_per_s=round(document["mean_wind_speed_m_per_s"], 2),
        main_wind_direction_degrees=main,
    )
    return {**document, "main_wind_direction_degrees": main, "artifacts": [name]}


def _stated(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    """Longitude and latitude that the request states; None where it states neither."""
    if latitude is None and longitude is None:
        return None
    if latitude is None or longitude is None:
        raise ToolInputError("Give both latitude and longitude.")
    require_within("latitude", latitude, -90.0, 90.0, "degrees")
    require_within("longitude", longitude, -180.0, 180.0, "degrees")
    return longitude, latitude


def _require_for(
    kind: "WindFile",
    of_measured: Mapping[str, object],
    of_mast: Mapping[str, object],
    of_atlas: Mapping[str, object],
) -> None:
    """Refuse arguments that say nothing of this kind of file."""
    from siting.wind.brought.document import WindFile  # noqa: PLC0415

    meaningless = {
        WindFile.ATLAS: {**of_measured, **of_mast},
        WindFile.MAST: of_atlas,
        WindFile.ROSE: {**of_mast, **of_atlas},
    }[kind]
    for name, value in meaningless.items():
        if value is not None:
            raise ToolInputError(
                f"The file is {kind}, for which {name} means nothing. Leave it out."
            )


def _of_atlas(
    text: object,
    stated: tuple[float, float] | None,
    roughness_m: float | None,
    hub_height_m: float | None,
) -> tuple[dict[str, Any], tuple[float, float] | None]:
    """The wind of an atlas, and the place that the file or the request says."""
    from siting.wind.brought.atlas import read_atlas  # noqa: PLC0415
    from siting.wind.brought.document import of_atlas  # noqa: PLC0415

    atlas = read_atlas(text)
    height_m = _DEFAULT_HUB_M if hub_height_m is None else hub_height_m
    document = of_atlas(atlas, roughness_m, height_m)
    if atlas.place is None or stated is None:
        return document, atlas.place or stated
    apart_km = distance_km(atlas.place, stated)
    if apart_km > _SAME_PLACE_KM:
        raise ToolInputError(
            f"The file is of latitude {atlas.place[1]:g}, longitude {atlas.place[0]:g}, "
            f"{apart_km:.0f} km from the place given. Leave latitude and longitude out, or bring "
            "the file of this place."
        )
    return document, atlas.place


def _of_measured(
    kind: "WindFile",
    text: object,
    height_m: float | None,
    shear_exponent: float | None,
    sectors: int | None,
) -> dict[str, Any]:
    """The wind of a rose or a mast, and what is assumed of its shear."""
    from siting.wind import rose  # noqa: PLC0415
    from siting.wind.brought.document import WindFile, of_mast, of_rose  # noqa: PLC0415
    from siting.wind.brought.mast import read_mast  # noqa: PLC0415
    from siting.wind.brought.sectors import read_rose  # noqa: PLC0415

    if height_m is None:
        raise ToolInputError(
            f"Give height_m: the height over ground that the speeds of {kind} are of."
        )
    require_within("height_m", height_m, _MIN_HEIGHT_M, _MAX_HEIGHT_M, "m")
    shear = _USUAL_SHEAR if shear_exponent is None else shear_exponent
    low, high = rose.MIN_SHEAR_EXPONENT, rose.MAX_SHEAR_EXPONENT
    require_within("shear_exponent", shear, low, high)
    if kind is WindFile.MAST:
        count = _DEFAULT_SECTORS if sectors is None else sectors
        require_within("sectors", count, rose.MIN_SECTORS, rose.MAX_SECTORS)
        series = read_mast(text)
        document = of_mast(series, series.sectors(count, height_m, shear))
    else:
        document = of_rose(read_rose(text, height_m, shear))
    document["limits"].append(
        f"Speeds are of {height_m:g} m over ground and taken to other heights by a shear exponent "
        f"of {shear:g}, "
        + ("a usual value that nobody measured here." if shear_exponent is None else "as given.")
    )
    return document
