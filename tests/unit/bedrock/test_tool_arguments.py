"""Arguments that do not fit a tool's schema are refused, with words that say what to change."""

import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from tradewind.bedrock.reading import UNREADABLE, UNREADABLE_WHY
from tradewind.bedrock.tool_arguments import closed, refusal


class Turbine(BaseModel):
    """A nested value."""

    name: str
    rotor_m: float = 130.0


class Place(BaseModel):
    """A tool's arguments."""

    count: int
    spacing_along_wind_m: float = 900.0
    strategy: Literal["grid", "spiral"] = "grid"
    latitude: float | None = None
    keep: bool = False
    turbines: list[Turbine] = []
    weights: dict[str, float] = {}
    corner: tuple[float, float] | None = None


PLACE = Place.model_json_schema()


@pytest.mark.parametrize(
    "arguments",
    [
        {"count": 3},
        {"count": 3.0, "spacing_along_wind_m": 900, "strategy": "spiral", "latitude": None},
        {"count": 3, "latitude": 55.5, "keep": True, "weights": {"any name": 1}},
        {"count": 3, "turbines": [{"name": "T1"}, {"name": "T2", "rotor_m": 1}]},
        {"count": 3, "corner": [1, 2.5]},
    ],
)
def test_arguments_that_fit_are_taken(arguments: dict[str, Any]) -> None:
    assert refusal("place", PLACE, arguments) is None


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "count is missing."),
        ({"count": 3, "spacing_along_wind": 900}, "There is no argument spacing_along_wind."),
        ({"count": 3, "Strategy": "spiral"}, "There is no argument Strategy."),
        ({"count": 3, "tool_context": {}}, "There is no argument tool_context."),
        ({"count": "3"}, "count must be a whole number, not text: '3'."),
        ({"count": 3.5}, "count must be a whole number, not a fraction."),
        ({"count": True}, "count must be a whole number, not true or false: True."),
        ({"count": None}, "count must be a whole number, not null."),
        ({"count": [3]}, "count must be a whole number, not a list."),
        ({"count": 3, "spacing_along_wind_m": False}, "must be a number, not true or false"),
        ({"count": 3, "spacing_along_wind_m": "900"}, "must be a number, not text: '900'."),
        ({"count": 3, "keep": 1}, "keep must be true or false, not a whole number."),
        ({"count": 3, "keep": "yes"}, "keep must be true or false, not text: yes."),
        ({"count": 3, "strategy": "Grid"}, "strategy must be 'grid' or 'spiral', not Grid."),
        ({"count": 3, "strategy": None}, "strategy must be 'grid' or 'spiral', not None."),
        ({"count": 3, "latitude": "north"}, "latitude must be a number or null, not text: north."),
        ({"count": 3, "turbines": [{"rotor_m": 1}]}, "'turbines[0].name' is missing."),
        ({"count": 3, "turbines": [{"name": "T", "Rotor_m": 1}]}, "no argument 'turbines[0].Rotor"),
        ({"count": 3, "weights": {"a": "b"}}, "'weights.a' must be a number, not text: b."),
        ({"count": 3, "corner": ["a", 1]}, "corner must be a list or null, not a list."),
        ([], "The whole must be an object, not a list."),
        ({UNREADABLE: "{", UNREADABLE_WHY: "it breaks off"}, "cannot be read: it breaks off."),
        ({UNREADABLE: "{"}, "There is no argument INVALID_JSON."),
    ],
)
def test_arguments_that_do_not_fit_are_named(arguments: Any, why: str) -> None:
    refused = refusal("place", PLACE, arguments)
    assert refused is not None
    assert refused.startswith("place was not run. ")
    assert why in refused
    assert "place takes: count (a whole number, required), spacing_along_wind_m (a num" in refused


def test_a_refusal_is_bounded_whatever_the_model_made_up() -> None:
    refused = refusal("place", PLACE, {f"{number}{'x' * 9_999}": number for number in range(999)})
    assert refused is not None
    assert len(refused) < 2_000
    assert "And 992 more." in refused  # one of them that the count is missing


def test_a_tool_without_arguments_takes_none() -> None:
    schema = {"type": "object", "properties": {}}
    assert refusal("draw", schema, {}) is None
    assert refusal("draw", schema, {"title": "x"}) == (
        "draw was not run. There is no argument title. draw takes no arguments."
    )


def test_what_strands_makes_of_an_optional_value_takes_null() -> None:
    schema = {"type": "object", "properties": {"up": {"type": "number", "default": None}}}
    assert refusal("draw", schema, {"up": None}) is None
    assert refusal("draw", schema, {"up": "x"}) is not None


def test_a_schema_that_takes_any_name_stays_open() -> None:
    assert refusal("note", {"type": "object", "additionalProperties": True}, {"a": 1}) is None
    assert closed({"type": "object"}) == {"type": "object", "additionalProperties": False}
    assert closed({"additionalProperties": True}) == {"additionalProperties": True}


def test_a_refusal_can_be_sent() -> None:
    refused = refusal("place", PLACE, {"count": "\ufffd" * 99, "\x00\n": 1})
    assert refused is not None
    assert json.loads(json.dumps(refused)) == refused
    assert refused.isprintable()
