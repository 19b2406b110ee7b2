"""The wind at a place."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from strands import ToolContext, tool

from agents.terrain.tools.services import power
from agents.terrain.tools.site import middle_of_site
from siting.project_request import require_addressed
from siting.wind.errors import require_within
from tradewind.contracts.errors import ToolInputError
from tradewind.run.strands_agent import project_of, reports_failures
from tradewind.run.tools import save_json

if TYPE_CHECKING:
    from siting.geodata.reanalysis import PastWind
    from siting.wind.air import Air
    from siting.wind.rose import Spell, WindClimate


@tool(context=True)
@reports_failures
def get_wind_conditions(
    *,
    tool_context: ToolContext,
    latitude: float | None = None,
    longitude: float | None = None,
    hub_height_m: float = 110.0,
    sectors: int = 12,
    years: int = 10,
    elevation_m: float | None = None,
) -> dict[str, Any]:
    """Fetch past years of hourly wind at a place and describe it at hub height, by direction.

    Returns the mean speed, Weibull parameters and how often the wind comes from each sector, each
    sector centred on its direction, and the air's density at the hub, and saves them as wind.json.
    The data are a reanalysis (NASA
    POWER, MERRA-2): good for a first look, no replacement for measurements on the site.

    Args:
        tool_context: The request at work.
        latitude: In degrees north; the middle of the project's site unless given.
        longitude: In degrees east; the middle of the project's site unless given.
        hub_height_m: Hub over ground, in metres, 30 to 250.
        sectors: How many directions to tell apart, 4 to 36.
        years: How many of the latest whole years to take, 1 to 20.
        elevation_m: Ground at the site over sea level, in metres, if the request says it; the mean
            of the data's grid cell unless given, which hills and mountains differ from.
    """
    # Paid by the request that needs them, not by every cold start.
    from siting.geodata import reanalysis  # noqa: PLC0415
    from siting.wind import air, rose  # noqa: PLC0415

    project = project_of(tool_context)
    require_addressed(project)
    if "wind_file" in project.parameters:
        raise ToolInputError(
            "The request brings wind of its own, which is the one to take. Call use_wind_file."
        )
    if latitude is None and longitude is None:
        latitude, longitude = middle_of_site(project)
    if latitude is None or longitude is None:
        raise ToolInputError("Give both latitude and longitude, or none for the site's middle.")
    require_within("latitude", latitude, -90.0, 90.0, "degrees")
    require_within("longitude", longitude, -180.0, 180.0, "degrees")
    require_within("hub_height_m", hub_height_m, rose.MIN_HUB_HEIGHT_M, rose.MAX_HUB_HEIGHT_M, "m")
    require_within("sectors", sectors, rose.MIN_SECTORS, rose.MAX_SECTORS)
    require_within("years", years, 1, reanalysis.MAX_YEARS)
    if elevation_m is not None:
        require_within("elevation_m", elevation_m, air.MIN_GROUND_M, air.MAX_GROUND_M, "m")
    first, last = reanalysis.latest_years(years, datetime.now(UTC).date())
    wind = power().wind_at(longitude, latitude, first, last)
    climate = rose.wind_climate(wind.hours, hub_height_m=hub_height_m, sectors=sectors)
    at_hub = air.air_at_hub(
        wind.temperature_c,
        wind.pressure_kpa,
        hub_height_m=hub_height_m,
        data_ground_m=wind.grid_elevation_m,
        ground_m=elevation_m,
    )
    document = _wind_document(longitude, latitude, wind, climate, at_hub)
    name = save_json(project, "wind.json", document)
    main = max(climate.sectors, key=lambda one: one.frequency)
    project.report_facts(
        mean_wind_speed_m_per_s=round(climate.mean_m_per_s, 2),
        main_wind_direction_degrees=main.direction_degrees,
    )
    return {
        **{name: value for name, value in document.items() if name not in _ONLY_IN_ARTIFACT},
        "main_wind_direction_degrees": main.direction_degrees,
        "artifacts": [name],
    }


#: What the artifact says and the model knows or does not need.
_ONLY_IN_ARTIFACT: Final = frozenset(
    {"latitude", "longitude", "monthly", "hourly", "yearly", "method"}
)


def _wind_document(
    longitude_deg: float,
    latitude_deg: float,
    wind: "PastWind",
    climate: "WindClimate",
    air: "Air",
) -> dict[str, Any]:
    from siting.geodata import reanalysis  # noqa: PLC0415
    from siting.wind import rose  # noqa: PLC0415

    hours = wind.hours
    document: dict[str, Any] = {
        "latitude": latitude_deg,
        "longitude": longitude_deg,
        "hub_height_m": climate.hub_height_m,
        "mean_wind_speed_m_per_s": round(climate.mean_m_per_s, 4),
        "weibull_a_m_per_s": round(climate.weibull.a_m_per_s, 4),
        "weibull_k": round(climate.weibull.k, 4),
        "hours": len(hours.month),
        "missing_hours": wind.missing_hours,
        "first_year": wind.first_year,
        "last_year": wind.last_year,
        "sector_width_degrees": 360.0 / len(climate.sectors),
        "sectors": [
            {
                "direction_degrees": sector.direction_degrees,
                "frequency": sector.frequency,
                "mean_wind_speed_m_per_s": round(sector.mean_m_per_s, 4),
                "weibull_a_m_per_s": round(sector.weibull.a_m_per_s, 4),
                "weibull_k": round(sector.weibull.k, 4),
                "hours": sector.hours,
                "shear_exponent": round(sector.shear_exponent, 4),
                "fitted_by_itself": sector.fitted_by_itself,
            }
            for sector in climate.sectors
        ],
        "air": {
            "density_kg_per_m3": round(air.density_kg_per_m3, 4),
            "ground_m": air.ground_m,
            "source": air.source,
        },
        "monthly": [
            {"month": month, **_spell(one)} for month, one in enumerate(climate.months, start=1)
        ],
        "hourly": [
            {"hour_utc": hour, **_spell(one)} for hour, one in enumerate(climate.hours_of_day)
        ],
        "yearly": [
            {"year": year, "mean_wind_speed_m_per_s": round(mean, 4)}
            for year, mean in climate.yearly_mean_m_per_s.items()
        ],
        "method": {
            "sectors": "Each sector is centred on its direction, where the wind comes from, in "
            "degrees from north, clockwise.",
            "weibull": rose.FIT_METHOD,
            "height": rose.EXTRAPOLATION_METHOD,
            "data_heights_m": [hours.lower_height_m, hours.upper_height_m],
        },
        "source": {
            "service": reanalysis.SERVICE,
            "dataset": wind.dataset,
            "grid_latitude": wind.grid_latitude_deg,
            "grid_longitude": wind.grid_longitude_deg,
            "attribution": wind.attribution,
            "terms": reanalysis.TERMS,
        },
        "limits": [
            "A reanalysis on a grid of some 50 km knows no hills, coasts or forests of its own "
            "size; measure on the site before a yield forecast.",
            f"Speeds at the hub are extrapolated from {hours.upper_height_m:g} m over ground.",
            *rose.held_shear(climate),
        ],
    }
    # Of the shear, whose hours are held one by one, ``held_shear`` tells.
    document["limits"] += rose.held_at_bounds(document["sectors"], shear=False)
    return document


def _spell(spell: "Spell | None") -> dict[str, float | None]:
    return {
        "mean_wind_speed_m_per_s": None if spell is None else round(spell.mean_m_per_s, 4),
        "weibull_a_m_per_s": None if spell is None else round(spell.weibull.a_m_per_s, 4),
        "weibull_k": None if spell is None else round(spell.weibull.k, 4),
    }
