import pytest

from siting.wind.features import (
    DEFAULT_SETBACKS_M,
    MAX_SETBACK_M,
    MAX_TIP_HEIGHT_M,
    SETBACK_RULES,
    FeatureClass,
    default_setbacks_m,
)


def test_every_class_has_a_rule_and_a_reason() -> None:
    assert list(SETBACK_RULES) == list(FeatureClass)
    assert all(rule.reason for rule in SETBACK_RULES.values())


def test_the_defaults_are_those_of_the_default_turbine() -> None:
    assert DEFAULT_SETBACKS_M == {
        FeatureClass.BUILDING: 525.0,
        FeatureClass.OUTBUILDING: 175.0,
        FeatureClass.SETTLEMENT: 525.0,
        FeatureClass.SENSITIVE_PLACE: 525.0,
        FeatureClass.CABLE: 20.0,
        FeatureClass.SUBSTATION: 192.5,
        FeatureClass.PIPELINE: 192.5,
        FeatureClass.MAST: 175.0,
        FeatureClass.WIND_TURBINE: 525.0,
        FeatureClass.WETLAND: 50.0,
        FeatureClass.FOREST: 0.0,
        FeatureClass.LANDSCAPE_PROTECTION: 0.0,
        FeatureClass.MILITARY: 175.0,
        FeatureClass.DEVELOPED_LAND: 175.0,
        FeatureClass.MONUMENT: 175.0,
        FeatureClass.STEEP_GROUND: 0.0,
        FeatureClass.ROAD: 175.0,
        FeatureClass.POWER_LINE: 192.5,
        FeatureClass.WATER: 50.0,
        FeatureClass.PROTECTED_AREA: 300.0,
        FeatureClass.AIRFIELD: 3000.0,
    }


@pytest.mark.parametrize(
    ("kind", "at_100_m", "at_200_m"),
    [
        (FeatureClass.BUILDING, 500.0, 600.0),
        (FeatureClass.ROAD, 100.0, 200.0),
        (FeatureClass.POWER_LINE, 110.0, 220.0),
        (FeatureClass.WATER, 50.0, 50.0),
    ],
)
def test_what_falls_or_is_heard_farther_is_kept_farther(
    kind: FeatureClass, at_100_m: float, at_200_m: float
) -> None:
    assert default_setbacks_m(100.0)[kind] == at_100_m
    assert default_setbacks_m(200.0)[kind] == at_200_m


def test_no_default_is_wider_than_what_may_be_asked_for() -> None:
    assert max(default_setbacks_m(MAX_TIP_HEIGHT_M).values()) <= MAX_SETBACK_M
