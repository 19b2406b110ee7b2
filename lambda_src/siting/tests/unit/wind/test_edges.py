"""What is said of a place on the very edge of the land."""

import numpy as np
import pytest
from shapely.geometry import MultiPolygon, box

from siting.wind.layout.constraints import Land, LayoutSpec, broken_rules, is_feasible

ON_THE_EDGE = "within 5 cm of the buildable area's edge"
SPEC = LayoutSpec(
    turbine_count=1,
    rotor_diameter_m=130.0,
    spacing_along_wind_diameters=5.0,
    spacing_across_wind_diameters=3.0,
    wind_direction_degrees=270.0,
)


def land(boundary_setback_m: float = 0.0) -> Land:
    """A square, of whose eastern half turbines keep out."""
    boundary = MultiPolygon([box(0.0, 0.0, 4000.0, 4000.0)])
    return Land(boundary, MultiPolygon([box(0.0, 0.0, 2000.0, 4000.0)]), boundary_setback_m)


@pytest.mark.parametrize(
    ("x_m", "rule"),
    [
        (-0.06, "outside the boundary"),
        (-0.04, ON_THE_EDGE),
        (0.0, ON_THE_EDGE),
        (0.04, ON_THE_EDGE),
        (0.06, ""),
        (1999.94, ""),
        (1999.96, ON_THE_EDGE),
        (2000.04, ON_THE_EDGE),
        (2000.06, "in an exclusion zone"),
    ],
)
def test_who_stands_on_an_edge_is_told_so(x_m: float, rule: str) -> None:
    """4 cm from an exclusion zone is in none; 4 cm within one is hardly more."""
    position = np.array([(x_m, 1000.0)])
    assert broken_rules(position, land(), SPEC) == [rule]
    assert is_feasible(position, land(), SPEC) is (rule == "")


@pytest.mark.parametrize(
    ("from_the_edge_m", "rule"),
    [(-66.0, "outside the boundary"), (-1.0, "too near to the boundary"), (0.02, ON_THE_EDGE)],
)
def test_the_boundarys_setback_has_an_edge_too(from_the_edge_m: float, rule: str) -> None:
    kept = land(65.0)
    edge_m = kept.inset_m.bounds[0]
    assert broken_rules(np.array([(edge_m + from_the_edge_m, 1000.0)]), kept, SPEC) == [rule]
