"""A tool's result joins the conversation as text that can be sent."""

import pytest

from tradewind.contracts.errors import ModelFailed, ToolInputError
from tradewind.run.tool_results import MAX_RESULT_LENGTH, presentable


def test_text_in_a_result_can_be_encoded() -> None:
    assert presentable("look", {"a\ud800": ["b\udfff", 1]}) == {"a\ufffd": ["b\ufffd", 1]}


def test_the_limit_is_inclusive() -> None:
    assert presentable("look", "x" * (MAX_RESULT_LENGTH - 2))  # and two quotes
    with pytest.raises(ToolInputError, match="Ask for less"):
        presentable("look", "x" * (MAX_RESULT_LENGTH - 1))


def test_an_errors_message_can_be_encoded() -> None:
    assert ModelFailed("said \ud800").message == "said \ufffd"
