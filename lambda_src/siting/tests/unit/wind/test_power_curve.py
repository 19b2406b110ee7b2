"""Power curves that people bring."""

from typing import Any

import numpy as np
import pytest

from siting.tests.chain import EXAMPLES
from siting.tests.unit.wind.brought_files import curve
from siting.wind.brought.power_curve import read_turbine
from siting.wind.errors import WindError
from siting.wind.turbines import TURBINES, Turbine, turbine_from


def read(text: object, **changes: Any) -> Turbine:
    sizes = {"rotor_diameter_m": 90.0, "hub_height_m": 80.0, "rated_power_mw": None}
    return read_turbine(text, key="own", name="own", source="us", **{**sizes, **changes})


@pytest.mark.parametrize(
    "text", [curve(), curve(";", ","), curve("\t"), (EXAMPLES / "power_curve.csv").read_text()]
)
def test_a_curve_is_what_the_file_says(text: str) -> None:
    turbine = read(text, rated_power_mw=2.0)

    assert (turbine.cut_in_m_per_s, turbine.rated_m_per_s, turbine.cut_out_m_per_s) == (2, 12, 25)
    assert turbine.rated_power_mw == 2.0
    speeds = np.array([1.9, 2.5, 6.0, 12.0, 25.0, 25.1])
    assert turbine.power_mw(speeds) == pytest.approx([0, 0.0155, 0.25, 2.0, 2.0, 0])
    assert turbine.thrust(np.array([6.0, 25.5])).tolist() == [0.8, 0.0]


@pytest.mark.parametrize("turbine", [*TURBINES.values(), read(curve())], ids=lambda one: one.key)
def test_a_turbine_comes_back_from_its_document(turbine: Turbine) -> None:
    assert turbine_from(turbine.key, turbine.as_document()) == turbine


def test_a_storm_that_takes_power_away_is_no_dip() -> None:
    turbine = read(curve().replace("25.0,2000.0,", "25.0,900.0,"))

    assert turbine.rated_power_mw == 2.0
    assert turbine.power_mw(np.array([24.0, 25.0])).tolist() == [2.0, 0.9]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("(kW)", "(MW)"), "no column power_kw"),
        (lambda text: text.replace("[m/s]", "[kn]"), "wind_speed_kn"),
        (lambda text: text.replace("\n8.0,", "\n6.0,"), "Line 8: speed 6 m/s follows 7"),
        (lambda text: text.replace("\n8.0,593.0", "\n8.0,93.0"), "Line 8: power falls to 93 kW"),
        (lambda text: text.replace("\n8.0,593.0", "\n8.0,1e9"), "highest power is 1e"),
        (lambda text: text.replace("\n2.0,0.0,0.0", "\n2.0,30.0,0.8"), "Betz: 18 kW"),
        (lambda text: text.replace("\n2.0,0.0", "\n2.0,-3.0"), "Line 2: power is negative"),
        (lambda text: text.replace("593.0,0.8", "593.0,8.0"), "Line 8: ct is 8"),
        (lambda text: text.replace("593.0,0.8", "593.0,0.0"), "Line 8: ct is 0"),
        (lambda text: text.replace("593.0,0.8", "593.0,0.2"), "with ct 0.2 at 8 m/s no rotor"),
        (lambda text: text.replace("593.0,0.8", "593.0,nan"), "Line 8: ct is 'nan'"),
        (lambda text: text.replace("\n20.0,2000.0", "\n20.0,0.0"), "in between rows with power"),
        (lambda text: text.replace("\n26.0", "\n260.0"), "speeds are 2 to 260"),
        (lambda text: "\n".join(text.splitlines()[:4]), "has 3 rows"),
    ],
)
def test_a_curve_that_is_none_is_refused(change: Any, message: str) -> None:
    with pytest.raises(WindError, match=message):
        read(change(curve()))


def test_a_rotor_too_small_for_its_power_is_refused() -> None:
    with pytest.raises(WindError, match="the rotor right"):
        read(curve(), rotor_diameter_m=50.0)


def test_another_rated_power_than_the_curves_is_refused() -> None:
    with pytest.raises(WindError, match="rated_power_mw is 3, and the curve's highest power is 20"):
        read(curve(), rated_power_mw=3.0)
