"""The token bucket, on a clock of its own."""

from __future__ import annotations

import pytest

from transfers.limit import Limiter


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_without_a_limit_nobody_waits() -> None:
    limiter = Limiter(Clock())
    assert [limiter.take(1 << 30) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_each_taker_waits_for_all_that_was_taken_before() -> None:
    limiter = Limiter(Clock(), rate=1000)
    assert limiter.take(1000) == pytest.approx(1.0)
    assert limiter.take(500) == pytest.approx(1.5)


def test_an_idle_time_saves_up_a_short_burst_only() -> None:
    clock = Clock()
    limiter = Limiter(clock, rate=1000)
    clock.now += 3600
    assert limiter.take(250) == 0.0
    assert limiter.take(1000) == pytest.approx(1.0)


def test_bytes_taken_over_a_long_time_keep_to_the_rate() -> None:
    clock = Clock()
    limiter = Limiter(clock, rate=1000)
    for _ in range(100):
        clock.now += limiter.take(100)
    assert clock.now == pytest.approx(110.0)


def test_a_new_rate_counts_from_now_and_forgives_the_old_debt() -> None:
    limiter = Limiter(Clock(), rate=1)
    limiter.take(10_000)
    limiter.set_rate(1000)
    assert limiter.rate == 1000
    assert limiter.take(100) == pytest.approx(0.1)
    limiter.set_rate(0)
    assert limiter.take(1 << 40) == 0.0


def test_what_moves_in_one_piece_is_no_more_than_a_short_burst() -> None:
    limiter = Limiter(Clock())
    assert limiter.at_once(8_000) == 8_000
    limiter.set_rate(1000)
    assert limiter.at_once(8_000) == 250
    assert limiter.at_once(100) == 100
