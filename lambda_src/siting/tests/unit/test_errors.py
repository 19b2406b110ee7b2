"""What a tool says of a number that is out of range."""

import math

import pytest

from siting.wind.errors import WindError, require_within


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (-1, "-1"),
        (1001, "1001"),
        (1000.5, "1000.5"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        # No float can be made of it.
        (10**400, "10000000000000000000"),
    ],
)
def test_a_number_out_of_range_is_refused_in_a_line(value: float, shown: str) -> None:
    with pytest.raises(WindError) as refused:
        require_within("iterations", value, 1, 1000)
    assert refused.value.message == f"iterations is {shown}; give 1 to 1000."


@pytest.mark.parametrize("value", [1, 1000, 1.5])
def test_a_number_within_is_taken(value: float) -> None:
    require_within("iterations", value, 1, 1000)
