"""PyWake's side of ``siting.bench.wake``: runs in its own environment, and knows nothing of ours.

Answers each line of JSON from standard input with one: a case with its energies, by PyWake's models
for it, and the name of one of these with the time of one run. So both sides take turns. The case
study runs on PyWake's own site and turbine of it; other turbines' power and thrust come as dense
tables, so that both sides have the same curves.
"""

import json
import sys
import time
import warnings
from typing import Any

import numpy as np
import xarray as xr
from py_wake.deficit_models.gaussian import IEA37SimpleBastankhahGaussianDeficit
from py_wake.examples.data.iea37 import IEA37_WindTurbines, IEA37Site
from py_wake.literature.gaussian_models import Niayifar_PorteAgel_2016
from py_wake.literature.iea37_case_study1 import IEA37CaseStudy1
from py_wake.literature.noj import Jensen_1983
from py_wake.literature.turbopark import Nygaard_2022
from py_wake.site import XRSite
from py_wake.superposition_models import SquaredSum
from py_wake.wind_farm_models import PropagateDownwind
from py_wake.wind_turbines import WindTurbine
from py_wake.wind_turbines.power_ct_functions import PowerCtTabular

_MWH_PER_WATT_AND_YEAR = 8760e-6


def _site_and_turbine(case: dict[str, Any]) -> tuple[Any, Any]:
    turbulence = case["turbulence_intensity"]
    if case["is_case_study"]:
        return IEA37Site(len(case["positions"]), ti=turbulence), IEA37_WindTurbines()
    data = xr.Dataset(
        {"P": (("wd", "ws"), case["frequency"]), "TI": turbulence},
        coords={"wd": case["directions"], "ws": case["speeds"]},
    )
    one = case["turbine"]
    curves = PowerCtTabular(
        one["speed"], one["power_mw"], "MW", one["thrust"], method="linear", ct_idle=0.0
    )
    return (
        XRSite(data, interp_method="nearest"),
        WindTurbine(one["key"], one["rotor_diameter_m"], one["hub_height_m"], curves),
    )


def _models(case: dict[str, Any]) -> dict[str, Any]:
    """Return PyWake's farm models for a case, by the name they are printed with."""
    site, turbine = _site_and_turbine(case)
    if case["model"] == "bastankhah_gaussian":
        # Speeds at the hub, as ours; PyWake's default averages them over the rotor.
        model = Niayifar_PorteAgel_2016(site, turbine, rotorAvgModel=None)
        return {"Niayifar_PorteAgel_2016": model}
    if case["model"] == "jensen":
        return {"Jensen_1983": Jensen_1983(site, turbine, k=case["expansion"])}
    if case["model"] == "turbopark":
        return {"Nygaard_2022": Nygaard_2022(site, turbine)}
    parts = {
        "wake_deficitModel": IEA37SimpleBastankhahGaussianDeficit(),
        "superpositionModel": SquaredSum(),
    }
    models = {"PropagateDownwind": PropagateDownwind(site, turbine, **parts)}
    if case["is_case_study"]:
        # PyWake's own shortcut: with one thrust coefficient it needs no order of turbines either.
        models["IEA37CaseStudy1"] = IEA37CaseStudy1(len(case["positions"]))
    return models


def _mwh(case: dict[str, Any], simulated: Any) -> float:
    # The case's own shares: those of a PyWake site depend on how it bins.
    power_w = np.asarray(simulated.Power.values)
    return float((power_w * np.array(case["frequency"])).sum() * _MWH_PER_WATT_AND_YEAR)


def main() -> None:
    """Answer until there are no more questions."""
    # PyWake warns of what the cases mean to do, such as a turbine without an idle thrust.
    warnings.filterwarnings("ignore")
    case: dict[str, Any] = {}
    models: dict[str, Any] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, dict):
            case, models = asked, _models(asked)
            answer: Any = {name: _mwh(case, _simulated(case, one)) for name, one in models.items()}
        else:
            began = time.process_time()
            _simulated(case, models[asked]).aep().values.sum()
            answer = time.process_time() - began
        print(json.dumps(answer), flush=True)


def _simulated(case: dict[str, Any], model: Any) -> Any:
    x, y = np.array(case["positions"]).T
    return model(x, y, wd=case["directions"], ws=case["speeds"])


if __name__ == "__main__":
    main()
