"""The words that are found in values of agents of any make."""

import json
from typing import Any

import pytest

from tradewind.runtime_agent.texts import Said, said_in


@pytest.mark.parametrize(
    ("value", "text", "whole"),
    [
        ("Hello", "Hello", False),
        ({"data": "Hello", "delta": {"text": "Hello"}}, "Hello", False),
        ({"delta": {"text": "Hello"}}, "Hello", False),
        ({"text": ""}, "", False),
        ({"result": "Hello"}, "Hello", True),
        (
            {"result": {"role": "assistant", "content": [{"text": "Hel"}, {"text": "lo"}]}},
            "Hello",
            True,
        ),
        ({"message": {"content": [{"toolUse": {}}, {"text": "Hello"}]}}, "Hello", True),
        ({"response": {"output": {"message": "Hello"}}}, "Hello", True),
    ],
)
def test_words_are_found(value: Any, text: str, whole: bool) -> None:
    assert said_in(value) == Said(text, whole)


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, True, [], ["Hello"], {}, {"step": "account"}, {"text": 1}, {"result": {}}),
        {"event": {"contentBlockDelta": {"delta": {"text": "said twice"}}}},
        {"init_event_loop": True},
    ],
    ids=json.dumps,
)
def test_what_holds_no_words_has_none(value: Any) -> None:
    assert said_in(value) is None


def test_words_that_nobody_would_put_so_deep_are_not_looked_for() -> None:
    value: Any = "deep"
    for _ in range(5_000):
        value = {"result": value}
    assert said_in(value) is None
