"""What happens by chance happens as often as told, and the same each time."""

from itertools import pairwise

from devtools.stories.happenings import RequestEnd
from devtools.stories.storyfile import Requests

HOUR = 3600
ENDS = (RequestEnd.OK, RequestEnd.OK, RequestEnd.FAILED)


def told(seed: str) -> Requests:
    happening = {"requests": "layout", "from": "1h", "every": "1m", "by_chance": seed}
    return Requests.model_validate(happening)


def test_requests_by_chance_come_as_often_as_told_and_not_by_the_minute() -> None:
    times = told("7").times(101 * HOUR)
    assert 5700 < len(times) < 6300
    assert times == sorted(times)
    assert times[0] >= HOUR
    assert times[-1] < 101 * HOUR
    gaps = [after - before for before, after in pairwise(times)]
    # Of gaps by chance, this share is shorter than the mean: 1 - 1 / e.
    assert 0.6 < sum(gap < 60 for gap in gaps) / len(gaps) < 0.66


def test_the_same_number_is_the_same_chance_and_another_is_another() -> None:
    assert told("7").times(9 * HOUR) == told("7").times(9 * HOUR)
    assert told("7").times(9 * HOUR) != told("8").times(9 * HOUR)


def test_ends_are_drawn_and_not_gone_through_in_turn() -> None:
    drawn = [told("7").one_of(ENDS, turn) for turn in range(3000)]
    assert 900 < drawn.count(RequestEnd.FAILED) < 1100
    assert drawn[:9] * 2 != drawn[:18]
    in_turn = Requests.model_validate({"requests": "layout"})
    assert [in_turn.one_of(ENDS, turn) for turn in range(3)] == list(ENDS)
