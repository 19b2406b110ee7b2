"""A clock that runs fast, or stands until somebody lets time pass."""

import threading

import pytest

from devtools.localcloud.extension.clock import SECONDS_PER_MINUTE, Clock

#: Ends a hang, and not a busy machine.
LIMIT_S = 60


class Real:
    """The real time, as a test has it."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def real() -> Real:
    return Real()


@pytest.fixture
def clock(real: Real) -> Clock:
    return Clock(real)


def test_a_minute_is_shorter(clock: Clock, real: Real) -> None:
    before = clock.now()
    real.now += SECONDS_PER_MINUTE
    assert clock.now() - before == pytest.approx(60)
    clock.run(seconds_per_minute=10)
    real.now += 10
    assert clock.now() - before == pytest.approx(120)


def test_what_was_published_keeps_its_time_whatever_becomes_of_the_clock(
    clock: Clock, real: Real
) -> None:
    published = real.now
    seen = clock.now()
    real.now += 1
    clock.hold()
    clock.advance(3600)
    real.now += 1
    clock.run(seconds_per_minute=60)
    real.now += 100
    assert clock.at(published) == pytest.approx(seen)


def test_a_clock_that_is_held_stands(clock: Clock, real: Real) -> None:
    clock.hold()
    before = clock.now()
    real.now += 1000
    assert clock.now() == before
    clock.advance(30)
    assert clock.now() == before + 30


def test_only_a_clock_that_is_held_is_advanced(clock: Clock) -> None:
    with pytest.raises(ValueError, match="only a clock that is held"):
        clock.advance(60)


@pytest.mark.parametrize("pace", [0, -1])
def test_a_minute_takes_time(clock: Clock, pace: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        clock.run(pace)


def test_what_is_due_every_so_often_is_done_at_each_of_its_moments(clock: Clock) -> None:
    done: list[int] = []
    clock.hold()
    clock.advance(-clock.now() % 60)
    clock.every(60, done.append)
    begin = int(clock.now())
    clock.advance(150)
    assert done == [begin + 60, begin + 120]
    clock.advance(30)
    assert done == [begin + 60, begin + 120, begin + 180]


class TestWaiting:
    @pytest.fixture(autouse=True)
    def held(self, clock: Clock) -> None:
        clock.hold()
        clock.advance(-clock.now() % 60)

    def start(self, clock: Clock, steps: list[float], told: list[str]) -> threading.Thread:
        """Somebody who takes part, and waits again and again."""
        begin = clock.now()
        started = threading.Event()

        def go() -> None:
            with clock.taking_part():
                started.set()
                for step in steps:
                    clock.wait_until(begin + step, lambda: False)
                    told.append(f"woke at {clock.now() - begin:g}")

        thread = threading.Thread(target=go, daemon=True)
        thread.start()
        assert started.wait(LIMIT_S)
        return thread

    def test_whoever_waits_wakes_at_each_moment_and_is_waited_for(self, clock: Clock) -> None:
        told: list[str] = []
        thread = self.start(clock, [60, 90, 300], told)
        clock.advance(200)
        assert told == ["woke at 60", "woke at 90"]
        clock.advance(100)
        thread.join(LIMIT_S)
        assert told[-1] == "woke at 300"

    def test_what_is_done_every_so_often_comes_before_who_waits_for_the_same_moment(
        self, clock: Clock
    ) -> None:
        told: list[str] = []
        clock.every(60, lambda _: told.append("evaluated"))
        thread = self.start(clock, [60], told)
        clock.advance(60)
        thread.join(LIMIT_S)
        assert told == ["evaluated", "woke at 60"]

    def test_a_wait_is_interrupted(self, clock: Clock) -> None:
        interrupted = threading.Event()
        came: list[bool] = []

        def go() -> None:
            with clock.taking_part():
                came.append(clock.wait_until(clock.now() + 3600, interrupted.is_set))

        thread = threading.Thread(target=go, daemon=True)
        thread.start()
        interrupted.set()
        thread.join(LIMIT_S)
        assert came == [False]
        clock.advance(7200)  # nobody is waited for any longer
