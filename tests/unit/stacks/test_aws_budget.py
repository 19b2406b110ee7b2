"""A budget of AWS: what a file may say of it."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.stacks.test_settings import Content, content, load, refusal

__all__ = ["content"]


def test_there_is_none_unless_a_setting_says_so(tmp_path: Path, content: Content) -> None:
    assert load(tmp_path, content).aws_budget is None


@pytest.mark.parametrize(
    ("budget", "line"),
    [
        ({}, "aws_budget.usd_per_month is missing; give a number of US dollars above 0"),
        ({"usd_per_month": 0}, "aws_budget.usd_per_month: 0 is not allowed; give a number of"),
        ({"usd_per_month": 5, "at_percent": []}, "aws_budget.at_percent: [] is not allowed; give"),
        (
            {"usd_per_month": 5, "at_percent": [1, 2, 3, 4, 5]},
            "aws_budget.at_percent: [1, 2, 3, 4, 5] is not allowed; give a list of 1 to 4",
        ),
        (
            {"usd_per_month": 5, "at_percent": [80, 80]},
            "aws_budget.at_percent: each percentage once",
        ),
        (300, "aws_budget: 300 is not allowed; give a mapping of usd_per_month, or null"),
    ],
)
def test_what_aws_would_refuse_is_refused_in_a_line(
    tmp_path: Path, content: Content, budget: Any, line: str
) -> None:
    assert line in refusal(tmp_path, {**content, "aws_budget": budget})
