"""The scripted model takes tool arguments from what the user wrote."""

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.localcloud.bedrock.arguments import fill, fits, json_objects

LAYOUT = {
    "type": "object",
    "properties": {
        "turbine_count": {"type": "integer"},
        "rotor_diameter_m": {"type": "number", "default": 130.0},
        "spacing_along_wind_diameters": {"type": "number", "default": 7.0},
        "spacing_across_wind_diameters": {"type": "number", "default": 4.0},
        "wind_direction_degrees": {"type": "number", "default": 270.0},
    },
    "required": ["turbine_count"],
}
TERRAIN = {
    "type": "object",
    "properties": {
        f"{feature}_setback_m": {"type": "number"}
        for feature in ("building", "road", "power_line", "water", "protected_area")
    },
}


def schema(required: bool = False, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required else [],
    }


NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Place 16 turbines.", {"turbine_count": 16}),
        (
            "Please lay out 16 wind turbines with a 130 m rotor",
            {"turbine_count": 16, "rotor_diameter_m": 130},
        ),
        (
            "A 20-turbine farm, rotor diameter 150.5 metres",
            {"turbine_count": 20, "rotor_diameter_m": 150.5},
        ),
        ("turbine_count=9, Rotor diameter: 0.12 km", {"turbine_count": 9, "rotor_diameter_m": 120}),
        (
            "Nine 3.35 MW turbines (rotor 130 m)",
            {"turbine_count": 9, "rotor_diameter_m": 130},
        ),
        (
            "12 turbines at 5 D spacing",
            {
                "turbine_count": 12,
                "spacing_along_wind_diameters": 5,
                "spacing_across_wind_diameters": 5,
            },
        ),
        (
            "12 turbines spaced 8 rotor diameters along the wind and 3.5 D across",
            {
                "turbine_count": 12,
                "spacing_along_wind_diameters": 8,
                "spacing_across_wind_diameters": 3.5,
            },
        ),
        (
            "12 turbines, spacing 7 D by 4 D, wind from 240°",
            {
                "turbine_count": 12,
                "spacing_along_wind_diameters": 7,
                "spacing_across_wind_diameters": 4,
                "wind_direction_degrees": 240,
            },
        ),
        (
            "Lay it out.\n\nParameters: "
            '{"turbine_count": 16, "rotor_diameter_m": 126.0, "note": "99 turbines"}',
            {"turbine_count": 16, "rotor_diameter_m": 126.0},
        ),
        (
            '{"parameters": {"turbine_count": 4}, "turbine_count": "many"} or 30 turbines',
            {"turbine_count": 4},
        ),
    ],
)
def test_layout_request(text: str, expected: dict[str, float]) -> None:
    assert fill(LAYOUT, text) == expected


def test_each_setback_goes_to_its_own_feature() -> None:
    text = "Keep a 500 m setback from buildings, 150 m from roads and 80 m from power lines."
    assert fill(TERRAIN, text) == {
        "building_setback_m": 500,
        "road_setback_m": 150,
        "power_line_setback_m": 80,
    }


def test_one_setback_for_all() -> None:
    assert set(fill(TERRAIN, "Use a 300 m setback everywhere.").values()) == {300}


def test_no_argument_is_made_up() -> None:
    assert fill(TERRAIN, "Which parts of this site can carry turbines?") == {}


@pytest.mark.parametrize(
    ("text", "latitude", "longitude"),
    [
        ("a farm at 55.1, 7.9", 55.1, 7.9),
        ("a farm at 55.1, 7.9. How windy is it?", 55.1, 7.9),
        ("a farm at 33.5 S, 70.25 W please", -33.5, -70.25),
        ("latitude: -12.5, longitude: 130.75", -12.5, 130.75),
        ('{"latitude": 1.5, "longitude": 2.5}', 1.5, 2.5),
    ],
)
def test_position(text: str, latitude: float, longitude: float) -> None:
    found = fill(schema(latitude=NUMBER, longitude=NUMBER), text)
    assert found == {"latitude": latitude, "longitude": longitude}


def test_a_list_of_counts_is_no_position() -> None:
    assert fill(schema(latitude=NUMBER, longitude=NUMBER), "between 16, 20 turbines") == {}


def test_speed_is_told_by_its_unit() -> None:
    assert fill(schema(wind_speed_m_per_s=NUMBER), "It blows at 9.8 m/s there") == {
        "wind_speed_m_per_s": 9.8
    }


def test_enum_values_are_found_in_the_text() -> None:
    choice = {"type": "string", "enum": ["grid", "boundary_grid", "random"]}
    assert fill(schema(pattern=choice), "use a boundary grid, please") == {
        "pattern": "boundary_grid"
    }
    assert fill(schema(pattern=choice), "as you like") == {}


@pytest.mark.parametrize(
    "text",
    [
        'a report, title "West Moor"',
        "a report titled 'West Moor' with a map",
        "a report. Title: West Moor, and make it short",
        "Report, title=West Moor.",
    ],
)
def test_a_text_that_is_named(text: str) -> None:
    assert fill(schema(title=STRING), text) == {"title": "West Moor"}


def test_a_truth_value_that_is_named() -> None:
    assert fill(schema(with_map={"type": "boolean"}), "with_map: True") == {"with_map": True}


def test_required_properties_without_a_source_come_from_the_schema() -> None:
    wanted = schema(
        required=True,
        a={"type": "integer", "minimum": 3},
        b={"type": "string", "enum": ["x", "y"]},
        c={"type": "number", "default": 2.5},
        d={"type": "array", "items": {"type": "boolean"}, "minItems": 2},
        e={"type": "object", "properties": {"f": INTEGER}, "required": ["f"]},
    )
    expected = {"a": 3, "b": "x", "c": 2.5, "d": [False, False], "e": {"f": 0}}
    assert fill(wanted, "go") == expected


def test_a_required_text_is_what_the_user_asked() -> None:
    text = 'Write the report for the moor.\n\nParameters: {"x": 1}'
    assert fill(schema(required=True, title=STRING), text) == {
        "title": "Write the report for the moor."
    }


def test_a_required_property_may_come_from_an_earlier_result_an_optional_one_may_not() -> None:
    results = [{"layout_key": "old"}, {"saved": {"layout_key": "p/layout.json"}}]
    assert fill(schema(required=True, layout_key=STRING), "go", results) == {
        "layout_key": "p/layout.json"
    }
    assert fill(schema(layout_key=STRING), "go", results) == {}


def test_optional_fields_and_references_are_looked_through() -> None:
    pydantic_style = {
        "type": "object",
        "$defs": {"Turbine": {**schema(rotor_m=NUMBER), "required": ["rotor_m"]}},
        "properties": {
            "count": {"anyOf": [INTEGER, {"type": "null"}]},
            "turbine": {"$ref": "#/$defs/Turbine"},
            "mode": {"type": ["string", "null"]},
        },
        "required": ["turbine"],
    }
    text = '{"count": 3, "mode": "fast"} with rotor 100 m'
    assert fill(pydantic_style, text) == {
        "count": 3,
        "turbine": {"rotor_m": 100},
        "mode": "fast",
    }


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
plain_text = st.text(alphabet=string.ascii_letters + string.digits + " .,;:-")


@given(before=plain_text, value=st.dictionaries(st.text(), values), after=plain_text)
def test_every_json_object_in_a_text_is_found(
    before: str, value: dict[str, Any], after: str
) -> None:
    assert list(json_objects(f"{before}{json.dumps(value)}{after}")) == [value]


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": {', "a rotor of " + "9" * 400 + " m"])
def test_what_is_neither_json_nor_a_number(text: str) -> None:
    assert fill(schema(a=NUMBER, rotor_m=NUMBER), text) == {}


@given(text=st.text())
def test_any_text_gives_arguments_that_fit_the_schema(text: str) -> None:
    arguments = fill(LAYOUT, text)
    assert "turbine_count" in arguments
    assert all(fits(LAYOUT["properties"][name], value) for name, value in arguments.items())  # type: ignore[index]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("integer", 3.0, True),
        ("integer", 3.5, False),
        ("integer", True, False),
        ("number", 3, True),
        ("number", "3", False),
        ("boolean", False, True),
        ("string", 3, False),
        ("array", [], True),
        ("object", {}, True),
    ],
)
def test_fits(kind: str, value: object, expected: bool) -> None:
    assert fits({"type": kind}, value) is expected
