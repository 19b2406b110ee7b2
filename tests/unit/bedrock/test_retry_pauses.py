"""The pauses before a repeat: drawn anew, from zero to a bound that doubles, and never over it.

Seen on the event loop's own clock, which jumps to the next thing to do: nothing here waits, and a
pause that is not a pause of the loop's is not seen at all.
"""

import asyncio
import selectors
from collections.abc import Callable, Iterator

import pytest

from tradewind.aws.deadline import Deadline
from tradewind.aws.repeats import ConnectionRetired
from tradewind.bedrock import retry
from tradewind.bedrock.meter import ModelMeter, current_meter
from tradewind.bedrock.retry import ModelRetries
from tradewind.contracts.errors import ModelError, ModelThrottled, ModelUnavailable

#: Enough that no draw of a sound generator fails a test in a lifetime.
DRAWS = 300
#: Seconds: the bounds of the first three pauses, and of any.
BOUNDS = (0.5, 1.0, 2.0)
HIGHEST_BOUND = 20.0
#: A repeat needs this many seconds behind its pause.
USEFUL_S = 2.0


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop that never waits: its clock moves to when the next timer is due."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jump(self))

    def time(self) -> float:
        return self.now


class _Jump(selectors.SelectSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._loop.now += timeout or 0
        return super().select(0)


@pytest.fixture
def loop() -> Iterator[JumpingLoop]:
    loop = JumpingLoop()
    yield loop
    loop.close()


def pauses(
    loop: JumpingLoop,
    remaining_s: float = 900,
    stop_after: int = 100,
    error: Callable[[str], ModelError] = ModelUnavailable,
) -> list[float]:
    """The pauses of one call that always fails."""

    async def fail() -> list[float]:
        layer = ModelRetries(Deadline(remaining_s, loop.time))
        taken: list[float] = []
        for _ in range(stop_after):
            before = loop.time()
            if not await layer.wait_to_repeat(error("x")):
                assert loop.time() == before  # giving up takes no time
                return taken
            taken.append(loop.time() - before)
        return taken

    return loop.run_until_complete(fail())


def test_pauses_spread_over_the_whole_of_a_doubling_bound(loop: JumpingLoop) -> None:
    drawn = [pauses(loop) for _ in range(DRAWS)]
    assert {len(one) for one in drawn} == {len(BOUNDS)}
    for bound, column in zip(BOUNDS, zip(*drawn, strict=True), strict=True):
        assert all(0 <= pause <= bound + 1e-6 for pause in column)
        assert min(column) < bound * 0.1
        assert max(column) > bound * 0.9
        assert sum(pause > bound / 2 for pause in column) > DRAWS / 4
        assert len(set(column)) > DRAWS * 0.9  # rounded by the loop's clock at most


def test_no_bound_is_over_the_highest(loop: JumpingLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MAX_ATTEMPTS", 12)
    drawn = [pauses(loop, remaining_s=1e6) for _ in range(DRAWS)]
    late = [pause for one in drawn for pause in one[6:]]
    assert HIGHEST_BOUND * 0.9 < max(late) <= HIGHEST_BOUND + 1e-6


@pytest.mark.parametrize(
    ("remaining_s", "bounds"),
    [(1e6, [12.0, 24.0, 48.0, 60.0, 60.0]), (30.0, [5.925, 4.44375, 3.3328, 2.4996, 1.8747])],
)
def test_a_throttled_call_rests_as_long_as_a_quota_does_and_its_time_allows(
    loop: JumpingLoop, monkeypatch: pytest.MonkeyPatch, remaining_s: float, bounds: list[float]
) -> None:
    monkeypatch.setattr(retry, "MAX_ATTEMPTS", 6)
    monkeypatch.setattr(retry._random, "uniform", lambda low, high: high)
    taken = pauses(loop, remaining_s, error=ModelThrottled)
    assert taken == pytest.approx(bounds, rel=1e-3)


def test_a_call_whose_connection_was_dead_rests_for_nobody(loop: JumpingLoop) -> None:
    def dead(message: str) -> ModelError:
        error = ModelUnavailable(message)
        error.__cause__ = ConnectionRetired(endpoint_url="https://x")
        return error

    assert pauses(loop, error=dead) == [0.0] * len(BOUNDS)


def test_pauses_are_drawn_from_the_system(
    loop: JumpingLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A process restored from a snapshot has its siblings' seed.
    monkeypatch.setattr("random.uniform", lambda *_: 0.0)
    monkeypatch.setattr("random.random", lambda: 0.0)
    assert max(pauses(loop)) > 0


@pytest.mark.parametrize(("spare_s", "repeated"), [(-0.01, False), (0.01, True)])
def test_a_repeat_is_begun_only_with_time_to_be_of_use(
    loop: JumpingLoop, monkeypatch: pytest.MonkeyPatch, spare_s: float, repeated: bool
) -> None:
    # The bound itself is drawn, so that how much time is needed is known.
    monkeypatch.setattr(retry._random, "uniform", lambda low, high: high)
    work_s = BOUNDS[0] + USEFUL_S + spare_s
    deadline = Deadline(1_000, loop.time)
    loop.now += deadline.remaining_s() - work_s
    meter = ModelMeter()

    async def fail() -> bool:
        current_meter.set(meter)
        return await ModelRetries(deadline).wait_to_repeat(ModelUnavailable("x"))

    assert loop.run_until_complete(fail()) is repeated
    assert meter.retries == repeated


def test_a_success_makes_the_next_pause_a_first_one(loop: JumpingLoop) -> None:
    async def fail_and_succeed() -> list[float]:
        layer = ModelRetries(Deadline(1e6, loop.time))
        taken = []
        for _ in range(DRAWS):
            before = loop.time()
            assert await layer.wait_to_repeat(ModelUnavailable("x"))
            taken.append(loop.time() - before)
            layer.succeeded()
        return taken

    assert max(loop.run_until_complete(fail_and_succeed())) <= BOUNDS[0] + 1e-6
