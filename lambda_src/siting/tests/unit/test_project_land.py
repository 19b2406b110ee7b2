"""What is said of the land that a project holds."""

import pytest

from siting.project_land import ASSUMES, Setbacks, cut_for
from siting.wind.features import FeatureClass, default_setbacks_m


@pytest.mark.parametrize(
    ("rules", "named", "allowed_on", "said"),
    [
        (None, frozenset(), frozenset(), "at the blade tip."),
        (
            None,
            frozenset({FeatureClass.ROAD}),
            frozenset(),
            "at the blade tip; the request named the setback from roads and railways.",
        ),
        (
            None,
            frozenset(),
            frozenset({FeatureClass.FOREST}),
            "at the blade tip. The request lets turbines stand on: forests.",
        ),
        (
            "denmark_4h",
            frozenset(),
            frozenset(),
            "at the blade tip. They follow Denmark's 4 H where it gives one.",
        ),
    ],
)
def test_it_says_which_turbines_it_was_cut_for(
    rules: str | None,
    named: frozenset[FeatureClass],
    allowed_on: frozenset[FeatureClass],
    said: str,
) -> None:
    setbacks = Setbacks(175.0, rules, default_setbacks_m(175.0), named, allowed_on, None, None)
    assumed = setbacks.as_assumption()
    land = {"properties": {ASSUMES: assumed}}
    assert cut_for(land) == f"Setbacks are for turbines that reach 175 m {said}"
