"""Rates and times left, on a clock of its own."""

from __future__ import annotations

import pytest

from transfers.meter import Gauge, Reading, advance, eta


def test_the_first_reading_knows_no_rate() -> None:
    assert advance(None, 5000, 1.0) == Reading(1.0, 5000)


def test_a_steady_flow_reads_as_its_rate() -> None:
    reading = advance(None, 0, 0.0)
    for second in range(1, 20):
        reading = advance(reading, second * 700, float(second))
    assert reading.rate == pytest.approx(700.0)


def test_a_change_of_speed_is_mostly_seen_after_a_few_seconds() -> None:
    reading = Reading(0.0, 0, rate=1000.0)
    for second in range(1, 9):
        reading = advance(reading, 0, float(second))
    assert reading.rate < 150.0


def test_readings_that_follow_too_closely_change_nothing() -> None:
    first = Reading(1.0, 100, 50.0)
    assert advance(first, 10_000, 1.05) is first


def test_a_counter_that_went_back_begins_anew() -> None:
    assert advance(Reading(1.0, 100, 50.0), 0, 2.0) == Reading(2.0, 0)


def test_the_time_left_is_only_told_when_it_is_known() -> None:
    assert eta(1000, 100.0) == pytest.approx(10.0)
    assert eta(-5, 100.0) == 0.0
    assert eta(None, 100.0) is None
    assert eta(1000, 0.5) is None


def test_nobody_is_told_how_long_something_takes_that_stands_still() -> None:
    reading = Reading(0.0, 1 << 20, rate=1e6)
    left = 1 << 30
    assert eta(left, reading.rate) is not None
    for second in range(1, 3600):
        reading = advance(reading, 1 << 20, float(second))
        told = eta(left, reading.rate)
        assert told is None or told < 99 * 3600
    assert told is None
    assert eta(1 << 50, 1e6) is None  # months, at any rate


def test_what_is_small_may_be_slow() -> None:
    assert eta(500, 100.0) == pytest.approx(5.0)


def test_a_gauge_starts_at_what_was_resumed() -> None:
    gauge = Gauge(resumed=40)
    gauge.add(2)
    assert (gauge.moved, gauge.resumed) == (42, 40)
