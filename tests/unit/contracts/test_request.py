"""An event becomes a request, or says which field is wrong."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tradewind.contracts.errors import InvalidRequest, QueryTooLong, RequestError, UnknownAgent
from tradewind.contracts.request import (
    MAX_PARAMETERS_LENGTH,
    MAX_QUERY_LENGTH,
    AgentRequest,
    parse_request,
)
from tradewind.records.item import content_sha256


def parse(event: object) -> AgentRequest:
    return parse_request(event, "terrain")


def test_a_whole_request_keeps_every_field() -> None:
    event = {
        "agent": "terrain",
        "query": "Where can we build?",
        "parameters": {"radius_km": 5},
        "project_id": "project-1",
        "request_id": "req-1",
        "owner": "arn:aws:iam::111122223333:role/planner",
        "session_id": "s-1",
        "accepted": True,
        "system_prompt": "Answer in Dutch.",
        "context": "The site lies behind a dike.",
        "max_tokens": 500,
        "temperature": 0.5,
        "output_schema": {"type": "object"},
    }
    assert parse(event).model_dump() == event


@pytest.mark.parametrize("session_id", ["", "a b", "a#b", "strands:a", "-a", "a" * 129, 5])
def test_a_session_id_is_plain(session_id: object) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse({"query": "x", "session_id": session_id})
    assert caught.value.field == "session_id"


def test_the_same_question_in_a_conversation_is_another_request() -> None:
    questions: list[dict[str, Any]] = [{"query": "x"}]
    questions += [{"query": "x", "session_id": session_id} for session_id in "ab"]
    assert len({content_sha256(parse(question)) for question in questions}) == len(questions)


def test_a_query_alone_is_enough() -> None:
    request = parse({"query": "Where can we build?"})
    assert request.parameters == {}
    assert request.project_id is None


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": "  \n "}, "query"),
        ({"query": 5}, "query"),
        ({"query": None}, "query"),
        ({"query": "x", "parameters": []}, "parameters"),
        ({"query": "x", "parameters": "radius"}, "parameters"),
        ({"query": "x", "project_id": "../other"}, "project_id"),
        ({"query": "x", "project_id": "A/B"}, "project_id"),
        ({"query": "x", "project_id": 7}, "project_id"),
        ({"query": "x", "request_id": ""}, "request_id"),
        ({"query": "x", "request_id": "r" * 129}, "request_id"),
        ({"query": "x", "agent": 1}, "agent"),
        ({"query": "x", "owner": "no spaces"}, "owner"),
        ({"query": "x", "owner": "o" * 257}, "owner"),
        ({"query": "x", "prompt": "y"}, "prompt"),
    ],
)
def test_a_wrong_field_is_named(event: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(event)
    assert caught.value.field == field
    assert (caught.value.code, caught.value.status) == ("INVALID_REQUEST", 400)


@pytest.mark.parametrize("event", [None, [], "query", 3])
def test_an_event_that_is_no_object_is_refused(event: object) -> None:
    with pytest.raises(InvalidRequest):
        parse(event)


def test_another_agents_request_is_refused_with_the_agent_that_is_here() -> None:
    with pytest.raises(UnknownAgent, match="serves the terrain agent") as caught:
        parse({"query": "x", "agent": "weather"})
    assert (caught.value.code, caught.value.field) == ("UNKNOWN_AGENT", "agent")
    with pytest.raises(UnknownAgent):
        parse({"query": "x", "agent": "layout"})


def test_length_limits_are_inclusive() -> None:
    assert parse({"query": "q" * MAX_QUERY_LENGTH})
    with pytest.raises(QueryTooLong) as caught:
        parse({"query": "q" * (MAX_QUERY_LENGTH + 1)})
    assert (caught.value.code, caught.value.field) == ("QUERY_TOO_LONG", "query")
    with pytest.raises(QueryTooLong) as caught:
        parse({"query": "q", "parameters": {"site": "x" * MAX_PARAMETERS_LENGTH}})
    assert caught.value.field == "parameters"


def test_the_limits_are_what_callers_were_told() -> None:
    assert (MAX_QUERY_LENGTH, MAX_PARAMETERS_LENGTH) == (16_000, 2_000_000)


@pytest.mark.parametrize("letter", ["x", "ü"])
def test_parameters_are_measured_in_characters_of_their_json(letter: str) -> None:
    around = len('{"site": ""}')
    fits = {"site": letter * (MAX_PARAMETERS_LENGTH - around)}
    assert parse({"query": "q", "parameters": fits}).parameters == fits
    with pytest.raises(QueryTooLong, match="2000001 characters of JSON; at most 2000000"):
        parse({"query": "q", "parameters": {"site": fits["site"] + letter}})


def test_a_wrong_field_is_told_in_words_without_links() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse({})
    assert caught.value.message == "query: Field required"
    with pytest.raises(InvalidRequest) as caught:
        parse({"query": "x", "request_id": "no spaces"})
    assert caught.value.message.startswith("request_id: String should match pattern")
    assert "http" not in caught.value.message


def test_an_unknown_field_is_told_which_fields_there_are() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse({"query": "x", "prompt": "y"})
    assert caught.value.message == (
        "prompt: There is no such field. "
        "Those here are query, parameters, project_id, session_id, system_prompt, context, "
        "max_tokens, temperature, output_schema, agent, request_id, owner, accepted."
    )


def test_an_unknown_fields_name_is_not_repeated_at_any_length() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse({"query": "x", "K" * 1_000_000: "y"})
    assert caught.value.field == "K" * 64
    assert len(caught.value.message) < 300


def test_a_fields_name_that_is_no_text_is_told_as_one() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse({"query": "x", "\ud800": "y"})
    assert caught.value.message.startswith("A field's name: Input should be a valid string")
    assert caught.value.field is None


def test_an_empty_query_asks_for_one() -> None:
    with pytest.raises(InvalidRequest, match="Say what the agent should do"):
        parse({"query": " "})


@pytest.mark.parametrize("field", ["owner", "project_id", "request_id"])
def test_optional_ids_are_none_or_empty_when_absent(field: str) -> None:
    assert not getattr(parse({"query": "x"}), field)


def test_a_request_stays_as_it_was_sent() -> None:
    with pytest.raises(ValidationError):
        parse({"query": "x"}).query = "y"  # type: ignore[misc]


def test_what_was_sent_is_not_repeated_in_the_error() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse({"query": "x", "project_id": "secret/../path"})
    assert "secret" not in str(caught.value)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "event",
    [
        {"query": "lone \ud800"},
        {"query": "x", "parameters": {"name": "lone \ud800"}},
        {"query": "x", "parameters": {"\udfff": [{"a": 1}]}},
        {"query": "x", "parameters": {"site": [float("nan")]}},
        {"query": "x", "parameters": {"site": {"x": float("inf")}}},
        {"query": "x", "parameters": {"site": nested(50_000)}},
    ],
)
def test_what_could_not_be_sent_on_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(event)
    assert caught.value.field == list(event)[-1]
    assert caught.value.message.encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(AgentRequest.model_fields)), json_values))
def test_any_event_is_a_request_or_a_request_error(event: dict[str, Any]) -> None:
    with contextlib.suppress(RequestError):  # and nothing else comes out
        assert parse(event).query.strip()
