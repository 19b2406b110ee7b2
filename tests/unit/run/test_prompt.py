"""The prompt is bounded, whatever a request brings along."""

import json
from typing import Any

import pytest

from tradewind.contracts.request import MAX_QUERY_LENGTH
from tradewind.run.prompt import compose_prompt


def parts_of(parameters: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The parameters in the prompt, and the names of the others."""
    prompt = compose_prompt("Work.", parameters)
    query, *rest = prompt.split("\n\n")
    assert query == "Work."
    sent = next((one for one in rest if one.startswith("Parameters: ")), "Parameters: {}")
    named = next((one for one in rest if one.startswith("Available to")), ": ")
    return json.loads(sent.removeprefix("Parameters: ")), named.partition(": ")[2]


def test_short_parameters_are_sent_and_bulky_ones_named() -> None:
    sent, named = parts_of({"hub_height_m": 110, "site": {"a": "x" * 500}, "name": "Süd"})
    assert sent == {"hub_height_m": 110, "name": "Süd"}
    assert named == "site"


def test_a_request_without_parameters_is_its_query() -> None:
    assert compose_prompt("Work.", {}) == "Work."


@pytest.mark.parametrize(
    "parameters",
    [
        {f"turbine_{number}": "x" * 180 for number in range(9_000)},
        {f"{number}{'n' * 190}": number for number in range(9_000)},
        {f"{number}{'n' * 20_000}": number for number in range(90)},
        {f"turbine_{number}": number for number in range(90_000)},
        {f"{number}": "\u00e9\U0001f32c" * 15 for number in range(9_000)},
    ],
)
def test_many_parameters_make_no_long_prompt(parameters: dict[str, Any]) -> None:
    query = "q" * MAX_QUERY_LENGTH
    prompt = compose_prompt(query, parameters)
    assert len(prompt) <= MAX_QUERY_LENGTH + 12_000
    assert prompt == compose_prompt(query, parameters)
    sent, named = parts_of(parameters)
    *listed, more = named.split(", ")
    assert int(more.split()[1]) == len(parameters) - len(sent) - len(listed)
    assert list(sent) == [name for name in parameters if name in sent]  # in the order they came


def test_what_does_not_fit_leaves_room_for_what_does() -> None:
    parameters = {"n" * 9_000: 1, **{f"p{number}": number for number in range(5)}}
    sent, named = parts_of(parameters)
    assert sent == {f"p{number}": number for number in range(5)}
    assert named == "and 1 more"
