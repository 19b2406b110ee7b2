"""A process says when it carries too much to serve on."""

import threading
import time
from collections.abc import Iterator

import pytest

from tradewind.handlers.leftovers import MAX_WAITING, Leftovers
from tradewind.telemetry.process import thread_cpu_s


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def waiting(release: threading.Event, count: int) -> list[threading.Thread]:
    threads = [threading.Thread(target=release.wait, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


class Watch:
    """A processor of which some threads use a share while the watcher sleeps."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.slept_s = 0.0

    def cpu_s(self, _thread: threading.Thread) -> float:
        return 7.0 + self.share * self.slept_s

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds


def test_a_few_that_wait_may_stay_and_more_may_not(release: threading.Event) -> None:
    leftovers = Leftovers()
    leftovers.add(waiting(release, 12))
    leftovers.add(waiting(release, MAX_WAITING - 12))
    assert (leftovers.count(), leftovers.burden(900)) == (MAX_WAITING, None)
    leftovers.add(waiting(release, 1))
    assert leftovers.burden(900) == f"{MAX_WAITING + 1} threads were left behind; 24 may be"


def test_what_has_ended_is_forgotten(release: threading.Event) -> None:
    leftovers = Leftovers()
    threads = waiting(release, MAX_WAITING + 1)
    leftovers.add(threads)
    release.set()
    for thread in threads:
        thread.join(60)
    assert (leftovers.count(), leftovers.burden(900)) == (0, None)


@pytest.mark.parametrize(("share", "burdens"), [(0.0, False), (0.1, False), (0.5, True), (1, True)])
def test_one_that_computes_is_one_too_many(
    release: threading.Event, share: float, burdens: bool
) -> None:
    watch = Watch(share)
    leftovers = Leftovers(watch.cpu_s, watch.sleep)
    leftovers.add(waiting(release, 1))
    assert (leftovers.burden(900) is not None) is burdens


def test_nobody_is_watched_for_longer_than_there_is_time(release: threading.Event) -> None:
    watch = Watch(0)
    leftovers = Leftovers(watch.cpu_s, watch.sleep)
    assert (leftovers.burden(900), watch.slept_s) == (None, 0)  # nobody to watch
    leftovers.add(waiting(release, 1))
    leftovers.burden(900)
    assert watch.slept_s == pytest.approx(0.1)
    watch.slept_s = 0
    leftovers.burden(0.05)
    assert watch.slept_s <= 0.025


def test_a_threads_own_processor_time_is_told_from_the_others() -> None:
    stop, told = threading.Event(), threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(range(1000))

    computing = threading.Thread(target=compute, daemon=True)
    idle = threading.Thread(target=stop.wait, daemon=True)
    computing.start()
    idle.start()
    while thread_cpu_s(computing) < 0.05:  # for as long as the machine makes it wait
        told.wait(0.01)
    assert thread_cpu_s(idle) < 0.05
    stop.set()
    computing.join(60)
    give_up = time.monotonic() + 60
    while thread_cpu_s(computing) and time.monotonic() < give_up:
        told.wait(0.01)  # Python's thread has ended a moment before the kernel's
    assert thread_cpu_s(computing) == 0
