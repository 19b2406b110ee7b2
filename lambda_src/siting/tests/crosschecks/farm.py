"""What is assumed of turbines, wind and energy, by every step that comes after it."""

from collections.abc import Mapping
from typing import Final

from siting.tests.crosschecks.cases import (
    AS_IT_IS,
    BROUGHT_BACK,
    CHARTS,
    NOT_READ,
    REPORTED,
    Call,
    Cells,
    LeftOver,
    Step,
    answers,
    atlas,
    in_report,
    laid,
    moved,
    no_matter,
    on_cover,
    own,
    recomputes,
    refuses,
    rose,
    simulated,
    typed,
    zones,
)

_OTHER_WIND: Final = atlas(roughness_length_m=0.03)

FARM: Final[Mapping[str, Cells]] = {
    "The layout's turbines": {
        Step.LAND: no_matter("a higher turbine is refused by the layout"),
        Step.WIND: NOT_READ,
        Step.LAYOUT: no_matter("a new layout is of the turbine that it names"),
        Step.CHANGED: (refuses("is spaced for 130 m", typed("iea_10mw_198m")),),
        Step.ENERGY: (
            refuses("The layout was made for", simulated(turbine_model="iea_10mw_198m")),
            refuses("The layout was made for", simulated(turbine_model="iea37_3_35mw_130m")),
            refuses("several types", typed("own_2mw"), simulated(turbine_model="own_2mw")),
        ),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: (
            refuses(
                "energy.json was not made from the layout/layout.json", typed("own_2mw"), REPORTED
            ),
        ),
    },
    "A turbine that was brought": {
        Step.LAND: no_matter("the land says which tip height it is for"),
        Step.WIND: no_matter("takes the former's place; what was made from that is refused"),
        Step.LAYOUT: (
            refuses(
                "own_2mw reaches 225 m",
                zones(turbine_model="own_2mw"),
                own(180.0),
                laid(turbine_model="own_2mw"),
            ),
        ),
        Step.CHANGED: (
            refuses("own_2mw was brought anew", typed("own_2mw"), own(101.0), moved()),
            refuses("own_2mw was brought anew", typed("own_2mw"), own(101.0), typed("own_2mw")),
        ),
        Step.ENERGY: (
            refuses(
                "was not made from the terrain/turbine-own_2mw.json",
                typed("own_2mw"),
                own(101.0),
                simulated(),
            ),
        ),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: (
            refuses(
                "was not made from the terrain/turbine-own_2mw.json",
                typed("own_2mw"),
                simulated(),
                own(101.0),
                REPORTED,
            ),
        ),
    },
    "Where the turbines stand": {
        Step.LAND: no_matter("what was laid out on other land is refused"),
        Step.WIND: NOT_READ,
        Step.LAYOUT: no_matter("a new layout takes the former's place"),
        Step.CHANGED: no_matter("rules are checked on the land as it is now"),
        Step.ENERGY: no_matter("turbines of the request are no project's; the report refuses them"),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: tuple(
            refuses("energy.json was not made from the layout/layout.json", *calls, REPORTED)
            for calls in (
                (moved(turbine_ids="T01", north_m=30.0),),
                (laid(turbine_count=3),),
                (simulated("two turbines"),),
            )
        ),
    },
    "The wind, its source and its dates": {
        Step.LAND: NOT_READ,
        Step.WIND: (
            refuses("Call use_wind_file", Call("get_wind_conditions", brings="an atlas")),
            refuses("means nothing", atlas(sectors=12)),
        ),
        Step.LAYOUT: (recomputes("estimated_aep_gwh", _OTHER_WIND, laid()),),
        Step.CHANGED: no_matter("stays tied to the wind that the layout was made for"),
        Step.ENERGY: tuple(
            refuses("was not made from the terrain/wind.json", _OTHER_WIND, *calls, simulated())
            for calls in (
                (),
                (moved(turbine_ids="T01", north_m=30.0),),
                (typed("own_2mw"),),
                (BROUGHT_BACK,),
            )
        ),
        Step.CHARTS: no_matter("draws the wind that the energy is of"),
        Step.REPORT: (
            refuses("was not made from the terrain/wind.json", _OTHER_WIND, REPORTED),
            on_cover(
                "less than a year",
                Call(
                    "use_wind_file",
                    {"source": "A mast", "latitude": 54.7, "longitude": 9.0, "height_m": 110.0},
                    "half a year of a mast",
                ),
                laid(),
                simulated(),
            ),
        ),
    },
    "Whose wind and turbines they are": {
        Step.LAND: NOT_READ,
        Step.WIND: (refuses("say in 1 to 300", atlas(source=" ")),),
        Step.LAYOUT: NOT_READ,
        Step.CHANGED: NOT_READ,
        Step.ENERGY: NOT_READ,
        Step.CHARTS: NOT_READ,
        Step.REPORT: (in_report("Wind data: Global Wind Atlas"),),
    },
    "The place of the wind": {
        Step.LAND: no_matter("layout and simulation compare its place with the site's"),
        Step.WIND: (
            refuses("km from the place given", atlas(latitude=50.0, longitude=8.97)),
            refuses(
                "Give both latitude and longitude",
                Call("get_wind_conditions", {"latitude": -30.0}),
            ),
        ),
        Step.LAYOUT: (refuses("is of a place", rose(latitude=-30.0, longitude=-70.5), laid()),),
        Step.CHANGED: no_matter("the simulation compares"),
        Step.ENERGY: (
            refuses(
                "is of a place",
                laid(),
                rose(latitude=-30.0, longitude=-70.5),
                simulated(),
                with_layout=False,
            ),
        ),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: (in_report("The wind is of a place"),),
    },
    "The height of the wind": {
        Step.LAND: NOT_READ,
        Step.WIND: NOT_READ,
        Step.LAYOUT: (answers("taken from 80 m to the hub", atlas(hub_height_m=80.0), laid()),),
        Step.CHANGED: no_matter("makes no estimate of the energy"),
        Step.ENERGY: (
            answers("taken from 80 m to the hub", atlas(hub_height_m=80.0), laid(), simulated()),
        ),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: (
            in_report("taken from 80 m to the hub", atlas(hub_height_m=80.0), laid(), simulated()),
        ),
    },
    "The air's density": {
        Step.LAND: NOT_READ,
        Step.WIND: NOT_READ,
        Step.LAYOUT: no_matter("compares layouts in the same air"),
        Step.CHANGED: NOT_READ,
        Step.ENERGY: (answers("the power curve, as the wind data say nothing of it", simulated()),),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: (in_report("from the power curve, as the wind data say nothing of it"),),
    },
    "The main wind that turbines are placed for": {
        Step.LAND: NOT_READ,
        Step.WIND: NOT_READ,
        Step.LAYOUT: no_matter("is that of the wind, or the request's"),
        Step.CHANGED: no_matter("stays what it was"),
        Step.ENERGY: no_matter("computes the farm as it stands"),
        Step.CHARTS: NOT_READ,
        Step.REPORT: (
            on_cover(
                "were placed for a main wind from 45°",
                laid(wind_direction_degrees=45),
                simulated(),
            ),
            on_cover(
                "were placed without the wind data",
                laid(),
                atlas(),
                simulated(),
                with_layout=False,
            ),
        ),
    },
    "A wind that the request names": {
        Step.LAND: NOT_READ,
        Step.WIND: NOT_READ,
        Step.LAYOUT: NOT_READ,
        Step.CHANGED: NOT_READ,
        Step.ENERGY: (
            recomputes("aep_gwh", simulated(wind_speed_m_per_s=9.8)),
            refuses(
                "Leave one of the two out",
                simulated(wind_speed_m_per_s=9.8, wind_data="project"),
            ),
            refuses("Leave one of the two out", simulated("a rose of shares", wind_data="project")),
        ),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: (
            on_cover("There is no yield on this cover", simulated(wind_speed_m_per_s=9.8)),
        ),
    },
    "Losses and uncertainties": {
        Step.LAND: NOT_READ,
        Step.WIND: NOT_READ,
        Step.LAYOUT: NOT_READ,
        Step.CHANGED: NOT_READ,
        Step.ENERGY: (
            recomputes("net_aep_gwh", simulated(availability_loss_percent=10.0)),
            refuses(
                "availability_loss_percent cannot be taken off",
                simulated(availability_loss_percent=10.0, wind_speed_m_per_s=9.8),
            ),
        ),
        Step.CHARTS: NOT_READ,
        Step.REPORT: (in_report("Availability 10.0", simulated(availability_loss_percent=10.0)),),
    },
    "The wake model": {
        Step.LAND: NOT_READ,
        Step.WIND: NOT_READ,
        Step.LAYOUT: no_matter("names the model of its own estimate, which compares layouts"),
        Step.CHANGED: NOT_READ,
        Step.ENERGY: (
            recomputes("aep_gwh", simulated(wake_model="jensen")),
            refuses("Take bastankhah_gaussian", typed("own_2mw"), simulated(wake_model="jensen")),
        ),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: (
            in_report("This report's energy is by Jensen", simulated(wake_model="jensen")),
        ),
    },
    "What one run left together": {
        Step.LAND: no_matter("leaves all of its files anew"),
        Step.WIND: no_matter("leaves a single file"),
        Step.LAYOUT: (refuses("are of different runs", LeftOver("terrain/site.geojson"), laid()),),
        Step.CHANGED: tuple(
            refuses("are of different runs", LeftOver("terrain/site.geojson"), again)
            for again in (moved(), typed("own_2mw"), BROUGHT_BACK)
        ),
        Step.ENERGY: no_matter("the same bytes are the same land; other ones are refused"),
        Step.CHARTS: (
            refuses("are of different runs", LeftOver("simulation/simulation.json"), CHARTS),
        ),
        Step.REPORT: (
            refuses("are of different runs", LeftOver("terrain/exclusions.geojson"), REPORTED),
            answers(
                "was not made from the simulation/energy.json that the project holds now",
                simulated(wake_model="jensen"),
                REPORTED,
            ),
        ),
    },
    "What a request brings to another agent": {
        Step.LAND: (refuses("wind_rose, which the simulation agent", zones("a rose of shares")),),
        Step.WIND: (
            refuses(
                "turbines, which the simulation agent",
                Call("get_wind_conditions", brings="two turbines"),
            ),
        ),
        Step.LAYOUT: (refuses("wind_file, which the terrain agent", laid("an atlas")),),
        Step.CHANGED: (refuses("site, which the terrain agent", moved("a forest")),),
        Step.ENERGY: (refuses("wind_file, which the terrain agent", simulated("an atlas")),),
        Step.CHARTS: AS_IT_IS,
        Step.REPORT: (
            refuses("site, which the terrain agent", REPORTED._replace(brings="a forest")),
        ),
    },
}
