"""An output is what its schema says, or there is none."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.contracts.errors import InvalidRequest, OutputInvalid
from tradewind.contracts.output_schema import check_output_schema
from tradewind.run.output import MAX_OUTPUT_TRIES, RunOutput

FARM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "turbines": {"type": "integer", "minimum": 1},
        "site": {"$ref": "#/$defs/site"},
        "parts": {"type": "array", "items": {"$ref": "#"}, "maxItems": 2},
    },
    "required": ["turbines"],
    "additionalProperties": False,
    "$defs": {"site": {"type": "string", "pattern": "^[A-Z]"}},
}


@pytest.mark.parametrize(
    "value",
    [
        {"turbines": 1},
        {"turbines": 12, "site": "Moorkoog"},
        {"turbines": 1, "parts": [{"turbines": 2, "parts": []}]},
    ],
)
def test_what_fits_is_the_output(value: dict[str, Any]) -> None:
    output = RunOutput(FARM)
    assert output.take(value) is None
    assert output.value == value


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({}, "'turbines' is a required property"),
        ({"turbines": 0}, "$.turbines: 0 is less than the minimum of 1"),
        ({"turbines": "12"}, "$.turbines: '12' is not of type 'integer'"),
        ({"turbines": 1, "rotor": 2}, "'rotor' was unexpected"),
        ({"turbines": 1, "site": "moor"}, "'moor' does not match '^[A-Z]'"),
        ({"turbines": 1, "parts": [{}]}, "$.parts[0]: 'turbines' is a required property"),
        ([], "is not of type 'object'"),
        (None, "is not of type 'object'"),
        ({"INVALID_JSON": "{tur", "why": "it is not JSON"}, "cannot be read: it is not JSON"),
    ],
)
def test_what_does_not_fit_is_told_what_is_wrong(value: Any, told: str) -> None:
    output = RunOutput(FARM)
    problems = output.take(value)
    assert problems is not None
    assert told in problems
    assert output.value is None


def test_arguments_that_cannot_be_read_fit_no_schema() -> None:
    output = RunOutput({"type": "object"})
    assert output.take({"INVALID_JSON": "{", "why": "it is not JSON"}) is not None
    assert output.take({}) is None


def test_tries_are_counted_and_the_words_of_none_are_told() -> None:
    output = RunOutput(FARM)
    for _ in range(MAX_OUTPUT_TRIES - 2):
        assert output.take({"turbines": "Sauerland"}) is not None
    output.failed()
    with pytest.raises(OutputInvalid) as caught:
        output.take({"turbines": "Sauerland"})
    assert (caught.value.code, caught.value.status) == ("OUTPUT_INVALID", 502)
    assert "Sauerland" not in caught.value.message
    assert output.value is None


def test_a_message_to_the_model_is_short_whatever_it_gave() -> None:
    names = [f"name_{number}" for number in range(50)]
    schema = {"type": "object", "properties": {name: {"enum": ["x" * 5000]} for name in names}}
    problems = RunOutput(schema).take(dict.fromkeys(names, "y" * 5000))
    assert problems is not None
    assert len(problems) < 4000
    assert problems.endswith("And more.")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": []},
        {"type": "object", "required": "turbines"},
        {"type": "object", "properties": {"a": {"type": "whole number"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/a/0/b"}}, "$defs": {"a": {}}},
        {"type": "object", "properties": {"a": {"pattern": "(unclosed"}}},
        {"type": "object", "properties": {"a": {"pattern": r"(a)\1"}}},
        {"type": "object", "properties": {"a": {"pattern": "(?=look)"}}},
        {"type": "object", "properties": {"a": {"minimum": "1"}}},
        {
            "$schema": "http://json-schema.org/draft-07/schema",
            "type": "object",
            "definitions": 5,
        },
    ],
)
def test_what_is_no_schema_is_refused(schema: dict[str, Any]) -> None:
    check_output_schema(schema)
    with pytest.raises(InvalidRequest) as caught:
        RunOutput(schema)
    assert caught.value.field == "output_schema"


def test_each_dialect_means_what_it_does() -> None:
    """A list of items is a tuple in the older one only, and a word beside a reference nothing."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"pair": {"items": [{"type": "string"}, {"type": "null"}]}},
    }
    assert RunOutput(schema).take({"pair": ["a", None]}) is None
    assert RunOutput(schema).take({"pair": [None, "a"]}) is not None


def test_a_pattern_takes_time_in_step_with_the_text() -> None:
    """Python's own would take 2**40 steps for it, with every thread of the process waiting."""
    schema = {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}}
    assert RunOutput(schema).take({"a": "a" * 40 + "!"}) is not None
    assert RunOutput(schema).take({"a": "a" * 40}) is None


def test_a_schema_that_goes_round_in_circles_fails_the_output() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/b"}},
        "$defs": {"b": {"allOf": [{"$ref": "#/$defs/b"}]}},
    }
    with pytest.raises(OutputInvalid, match="refers to itself"):
        RunOutput(schema).take({"a": 1})


SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "integer", "minimum": 3},
            {"enum": ["a", 1, None]},
            {"const": {"a": [1]}},
            {"pattern": "a|b"},
            {"$ref": "#"},
            {"$ref": "#/$defs/a"},
            {"$ref": "#/$defs/none"},
            {"$ref": "https://a.b/c"},
            {"type": 5},
            True,
        ]
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from("ab"), inner)}),
        st.fixed_dictionaries({"items": inner, "type": st.just("array")}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=6,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "b", ""]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(
    properties=st.dictionaries(st.sampled_from("ab"), SCHEMAS, max_size=2),
    defined=SCHEMAS,
    required=st.lists(st.sampled_from("abc"), max_size=2, unique=True),
    value=VALUES,
)
def test_the_standard_decides(
    properties: dict[str, Any], defined: Any, required: list[str], value: Any
) -> None:
    """What is taken fits, what fits is taken; a schema is refused before, and by its name."""
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "$defs": {"a": defined},
    }
    try:
        check_output_schema(schema)
        output = RunOutput(schema)
    except InvalidRequest:
        return
    try:
        problems = output.take(value)
    except OutputInvalid:
        return  # in circles
    fits = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (problems is None) == fits == (output.value is not None)
