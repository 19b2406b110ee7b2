"""A leak is told from noise, and from too little."""

import random

from bench.load.trends import trend

AT = [10.0 * number for number in range(60)]


def noise() -> list[float]:
    drawn = random.Random(1)  # noqa: S311  no secret
    return [100 + drawn.gauss(0, 5) for _ in AT]


def test_noise_is_flat() -> None:
    found = trend(AT, noise())
    assert found.flat is True
    assert found.low <= 0 <= found.high


def test_a_leak_within_noise_is_none() -> None:
    # 90 an hour is 15 over these ten minutes, of 100.
    leaking = [value + at / 40 for at, value in zip(AT, noise(), strict=True)]
    found = trend(AT, leaking)
    assert found.flat is False
    assert found.low < 90 < found.high


def test_a_sure_slope_that_nobody_notices_is_flat() -> None:
    found = trend(AT, [100 + at / 10_000 for at in AT])
    assert round(found.per_hour, 6) == 0.36
    assert found.flat is True


def test_a_few_wild_samples_do_not_tilt_it() -> None:
    values = noise()
    values[-3:] = [1000.0] * 3
    assert trend(AT, values).flat is True


def test_of_too_few_nothing_is_said() -> None:
    assert trend(AT[:9], [1.0] * 9).flat is None
