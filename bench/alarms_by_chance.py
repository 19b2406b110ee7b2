"""How often alarms on what fails go off where requests come, and fail, by chance.

``make bench-alarms`` simulates days of requests at many rates and shares of failures
and prints how many times a day each alarm goes off, the most where requests come otherwise, and how
long after the beginning of an outage it does.
What it computes of each minute is what the alarms' metric math comes to; a test holds it to that,
evaluated as CloudWatch does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import mean, median, quantiles
from typing import Final

from stacks.parts.alarm_math import (
    ERRORS_FADE_MIN,
    FADED_FAILURES,
    HELD_MIN,
    OUTAGE_FADES_MIN,
    OUTAGE_PERCENT,
)
from stacks.settings.alarm import AlarmSettings

RATES_PER_HOUR: Final = (1 / 24, 1 / 4, 1, 2, 5, 12, 20, 30, 60, 120, 240, 600)
PERCENTS: Final = (1, 2, 3, 5, 10, 20, 33, 50, 70, 100)
SEEDS: Final = range(4)
DAY_MIN: Final = 24 * 60
#: CloudWatch retrieves two datapoints more in the guide's examples.
_EXTRA_MIN: Final = 2

#: Of each minute, how many requests came and how many of them failed.
Minutes = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Limit:
    """When an alarm goes off.

    Attributes:
        name: What it is called.
        percent: The share of failures.
        at_least: Whether that share is enough, and need not be passed.
        half_life_min: Minutes after which one counts as half of one.
    """

    name: str
    percent: float
    at_least: bool
    half_life_min: int

    def reached(self, came: float, failed: float) -> bool:
        """Whether so much is too much."""
        if failed <= FADED_FAILURES:
            return False
        share = 100 * failed / came
        return share >= self.percent if self.at_least else share > self.percent


ERRORS: Final = Limit("errors", AlarmSettings().error_percent, False, ERRORS_FADE_MIN)
OUTAGE: Final = Limit("outage", OUTAGE_PERCENT, True, OUTAGE_FADES_MIN)


def by_chance(
    per_hour: float,
    percent: float,
    minutes: int,
    random: Random,
    *,
    good_min: int = 0,
    at_once: int = 1,
) -> list[tuple[int, int]]:
    """Requests that come and fail independently of each other.

    Args:
        per_hour: How many come on average.
        percent: How many of these fail on average.
        minutes: How long.
        random: Where chance comes from.
        good_min: Minutes at the beginning in which none fails.
        at_once: How many come together.
    """
    counted = [[0, 0] for _ in range(minutes)]
    times_per_min = per_hour / 60 / at_once
    time = random.expovariate(times_per_min)
    while time < minutes:
        for _ in range(at_once):
            counted[int(time)][0] += 1
            if time >= good_min and random.random() * 100 < percent:
                counted[int(time)][1] += 1
        time += random.expovariate(times_per_min)
    return [(came, failed) for came, failed in counted]


def evenly(per_hour: float, percent: float, minutes: int, random: Random) -> list[tuple[int, int]]:
    """Requests that come one after the other, at equal times, and fail independently."""
    counted = [[0, 0] for _ in range(minutes)]
    for number in range(int(minutes * per_hour / 60)):
        minute = counted[int(number * 60 / per_hour)]
        minute[0] += 1
        minute[1] += random.random() * 100 < percent
    return [(came, failed) for came, failed in counted]


def in_tens(per_hour: float, percent: float, minutes: int, random: Random) -> list[tuple[int, int]]:
    """Requests of which ten come at once."""
    return by_chance(per_hour, percent, minutes, random, at_once=10)


def goes_off(limit: Limit, minutes: Minutes) -> Iterator[int]:
    """The minutes after which an alarm goes off."""
    kept = 0.5 ** (1 / limit.half_life_min)
    came = failed = 0.0
    last_bad = last_good = -DAY_MIN
    red = False
    for now, (coming, failing) in enumerate(minutes, 1):
        came, failed = came * kept + coming, failed * kept + failing
        if limit.reached(came, failed):
            last_bad = now
        elif coming > failing or failed > FADED_FAILURES:
            last_good = now
        known = HELD_MIN + _EXTRA_MIN
        # Without a minute that tells anything it stays as it is.
        after = now - last_bad < known or (red and now - last_good >= known)
        if after and not red:
            yield now
        red = after


def seeded(seed: str) -> Random:
    """Chance that is the same each time."""
    return Random(seed)  # noqa: S311  chance that can be repeated, and no secret


def per_day(
    limit: Limit,
    per_hour: float,
    percent: float,
    days: int,
    seed: int,
    *,
    come: Callable[[float, float, int, Random], Minutes] = by_chance,
) -> float:
    """How many times a day an alarm goes off."""
    minutes = come(per_hour, percent, days * DAY_MIN, seeded(f"{per_hour} {percent} {seed}"))
    return len(list(goes_off(limit, minutes))) / days


def minutes_to_tell(limit: Limit, per_hour: float, percent: float, seed: int) -> float:
    """Minutes from the beginning of failures, after half a day without, until it goes off."""
    good, lasting = DAY_MIN // 2, 6 * 60
    minutes = by_chance(per_hour, percent, good + lasting, seeded(f"{seed}"), good_min=good)
    return next((now - good for now in goes_off(limit, minutes)), float("inf"))


def main() -> None:
    """Print all tables."""
    days = 8
    for limit in (ERRORS, OUTAGE):
        print(f"\n{limit.name}: times a day, {len(SEEDS)} x {days} days each")
        print("requests/h" + "".join(f"{percent:>6} %" for percent in PERCENTS))
        for rate in RATES_PER_HOUR:
            row = [
                mean(per_day(limit, rate, one, days, seed) for seed in SEEDS) for one in PERCENTS
            ]
            print(f"{rate:>10.3g}" + "".join(f"{one:>8.2f}" for one in row))
        for come in (evenly, in_tens):
            most, rate, percent = max(
                (
                    mean(per_day(limit, rate, one, days, seed, come=come) for seed in SEEDS),
                    rate,
                    one,
                )
                for rate in RATES_PER_HOUR
                for one in PERCENTS
            )
            print(f"{come.__name__}: at most {most:.2f}, at {rate:.3g}/h and {percent} %")
    for percent in (50, 100):
        print(f"\nminutes until it is told that {percent} % fail: median, nine of ten")
        for rate in (12, 20, 30, 60, 240, 600):
            told = []
            for limit in (ERRORS, OUTAGE):
                taken = sorted(minutes_to_tell(limit, rate, percent, seed) for seed in range(200))
                told.append(f"{limit.name} {median(taken):.0f}, {quantiles(taken, n=10)[-1]:.0f}")
            print(f"{rate:>10}/h  " + "   ".join(told))


if __name__ == "__main__":
    main()
