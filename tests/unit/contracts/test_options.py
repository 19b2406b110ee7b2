"""A request's options are taken whole or refused; none is dropped."""

from dataclasses import asdict
from typing import Any

import pytest

from tradewind.contracts.errors import InvalidRequest
from tradewind.contracts.output_schema import (
    MAX_SCHEMA_DEPTH,
    MAX_SCHEMA_LENGTH,
    check_output_schema,
)
from tradewind.contracts.request import (
    MAX_CONTEXT_LENGTH,
    MAX_SYSTEM_PROMPT_LENGTH,
    AgentRequest,
    parse_request,
)
from tradewind.records.item import content_sha256
from tradewind.run.options import RunOptions

OPTIONS: dict[str, Any] = {
    "system_prompt": "Answer in Dutch.",
    "context": "The site lies behind a dike.",
    "max_tokens": 500,
    "temperature": 0.5,
    "output_schema": {"type": "object", "properties": {"turbines": {"type": "integer"}}},
}


def parse(**event: Any) -> AgentRequest:
    return parse_request({"query": "How many?", **event}, "terrain", max_tokens=1024)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("system_prompt", ""),
        ("system_prompt", " \n"),
        ("system_prompt", 5),
        ("system_prompt", "half \ud83d"),
        ("system_prompt", "x" * (MAX_SYSTEM_PROMPT_LENGTH + 1)),
        ("context", ""),
        ("context", "\t"),
        ("context", ["a document"]),
        ("context", "half \udc00"),
        ("context", "x" * (MAX_CONTEXT_LENGTH + 1)),
        ("max_tokens", 0),
        ("max_tokens", -1),
        ("max_tokens", 1025),
        ("max_tokens", 10.0),
        ("max_tokens", "10"),
        ("max_tokens", True),
        ("temperature", -0.001),
        ("temperature", 1.001),
        ("temperature", float("nan")),
        ("temperature", "0.5"),
        ("temperature", True),
        ("output_schema", True),
        ("output_schema", "object"),
        ("output_schema", {}),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(**{field: value})
    assert caught.value.field == field
    assert "x" * 100 not in caught.value.message


def test_limits_are_inclusive() -> None:
    request = parse(
        system_prompt="x" * MAX_SYSTEM_PROMPT_LENGTH,
        context="x" * MAX_CONTEXT_LENGTH,
        max_tokens=1024,
        temperature=1,
    )
    assert (request.max_tokens, request.temperature) == (1024, 1)
    assert parse(max_tokens=1, temperature=0.0).temperature == 0
    # Who does not know the settings leaves that limit to who does.
    event = {"query": "How many?", "max_tokens": 9999}
    assert parse_request(event, "terrain").max_tokens == 9999


def test_each_option_is_of_the_run_or_of_its_prompt() -> None:
    options = RunOptions.of(parse(**OPTIONS))
    assert {**asdict(options), "context": OPTIONS["context"]} == OPTIONS
    assert RunOptions.of(parse()) == RunOptions()


def test_each_option_is_part_of_what_a_request_asks() -> None:
    plain = content_sha256(parse())
    digests = {content_sha256(parse(**{name: value})) for name, value in OPTIONS.items()}
    assert len(digests | {plain}) == len(OPTIONS) + 1
    assert content_sha256(parse(**OPTIONS)) == content_sha256(
        parse(**dict(reversed(OPTIONS.items())))
    )


def test_a_request_without_options_is_the_one_it_was_before_there_were_any() -> None:
    request = parse_request({"query": "q", "parameters": {"a": 1}}, "terrain")
    assert content_sha256(request).startswith("4389a51c53456ca369094d2eb18b0436")


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range((levels - 1) // 2):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


GOOD: dict[str, dict[str, Any]] = {
    "smallest": {"type": "object"},
    "with references": {
        "type": "object",
        "properties": {"at": {"$ref": "#/$defs/place"}, "child": {"$ref": "#"}},
        "$defs": {"place": {"type": "string"}},
    },
    "an older dialect": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "definitions": {"a": {"type": "null"}},
        "properties": {"a": {"$ref": "#/definitions/a"}},
    },
    "names that are keywords elsewhere": {
        "type": "object",
        "properties": {
            "$ref": {"type": "string"},
            "$id": {"type": "string"},
            "patternProperties": {"type": "object"},
            "properties": {"type": "object", "properties": {"$schema": {"type": "string"}}},
        },
    },
    "data that looks like keywords": {
        "type": "object",
        "const": {"$ref": "https://example.org"},
        "examples": [{"$id": "x", "properties": {"$ref": "y"}}],
    },
    "as deep as may be": nested(MAX_SCHEMA_DEPTH),
}
BAD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no object": {"type": "array"},
    "perhaps an object": {"type": ["object", "null"]},
    "a reference elsewhere": {"type": "object", "properties": {"a": {"$ref": "https://a.b/c"}}},
    "a reference to a file": {"type": "object", "properties": {"a": {"$ref": "file:///etc"}}},
    "a relative reference": {"type": "object", "properties": {"a": {"$ref": "other.json#/a"}}},
    "an anchor": {"type": "object", "items": {"$ref": "#place"}},
    "a reference that is none": {"type": "object", "not": {"$ref": 5}},
    "a reference in a list": {"type": "object", "allOf": [{"$ref": "//a.b/c"}]},
    "a reference in a named schema": {"type": "object", "$defs": {"properties": {"$ref": "a"}}},
    "another base": {"type": "object", "$id": "https://a.b/c"},
    "a base within": {"type": "object", "properties": {"a": {"$id": "https://a.b/c"}}},
    "a moving reference": {"type": "object", "properties": {"a": {"$dynamicRef": "#a"}}},
    "a dialect nobody knows": {"type": "object", "$schema": "https://a.b/c"},
    "a pattern of names": {"type": "object", "patternProperties": {"^(a+)+$": {}}},
    "too deep": nested(MAX_SCHEMA_DEPTH + 2),
    "very deep": nested(5_000),
    "too long": {"type": "object", "description": "x" * MAX_SCHEMA_LENGTH},
    "no number": {"type": "object", "minProperties": float("nan")},
    "half a character": {"type": "object", "description": "\ud800"},
}


@pytest.mark.parametrize("name", GOOD)
def test_a_schema_that_is_whole_in_itself_is_taken(name: str) -> None:
    check_output_schema(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_any_other_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(output_schema=BAD[name])
    assert caught.value.field == "output_schema"
    assert len(caught.value.message) < 300
