"""What is said of the land that a project holds."""

import pytest

from siting.project_land import ASSUMES, Setbacks, cut_for
from siting.wind.features import FeatureClass, default_setbacks_m


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (frozenset(), "at the blade tip."),
        (
            frozenset({FeatureClass.ROAD}),
            "at the blade tip; the request named the setback from road.",
        ),
    ],
)
def test_it_says_which_turbines_it_was_cut_for(named: frozenset[FeatureClass], said: str) -> None:
    assumed = Setbacks(175.0, default_setbacks_m(175.0), named).as_assumption()
    land = {"properties": {ASSUMES: assumed}}
    assert cut_for(land) == f"Setbacks are for turbines that reach 175 m {said}"


def test_of_land_that_was_found_before_it_said_so_nothing_is_known() -> None:
    assert cut_for({"properties": {}}).startswith("Nothing says which height")
