"""What all pairs together tell of their times: clocks, time zones, steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from providers.base import Entry, Kind
from transfers.mirror.judging import Rules, judged, settle
from transfers.mirror.model import Mark, Pair

_IRREGULAR = [1_600_000_001.25 + 7_919.0 * n * n for n in range(40)]
HOUR = 3600.0


def _pair(left: float, right: float, number: int = 0, size: int = 1) -> Pair:
    one = Entry(f"/{number}", str(number), Kind.FILE, size, left, version="1")
    other = Entry(f"/{number}", str(number), Kind.FILE, 1, right, version="1")
    verdict = judged(one, other, Rules())
    return Pair((str(number),), verdict.mark, one, other, "", "", verdict.why)


def _pairs(lefts: Iterable[float], right: Callable[[float], float]) -> list[Pair]:
    return [_pair(left, right(left), number) for number, left in enumerate(lefts)]


def _marks(pairs: Iterable[Pair]) -> Counter[Mark]:
    return Counter(pair.mark for pair in settle(pairs)[0])


@pytest.mark.parametrize(
    ("offset", "told"),
    [
        (HOUR, "1 hour later"),
        (-2 * HOUR, "2 hours earlier"),
        (5.5 * HOUR, "330 minutes later"),
        (-137.0, "137 seconds earlier"),
    ],
)
def test_an_offset_of_all_files_is_found_and_told(offset: float, told: str) -> None:
    pairs = _pairs(_IRREGULAR, lambda left: float(int(left + offset)))
    assert Mark.SAME not in Counter(pair.mark for pair in pairs)
    found, remarks = settle(pairs)
    assert {pair.mark for pair in found} == {Mark.SAME}
    assert len(remarks) == 1 and "40 files of the same size have times" in remarks[0]
    assert told in remarks[0] and told in found[0].why


def test_summer_time_of_half_the_files_is_found_and_what_was_edited_stays() -> None:
    summer = _pairs(_IRREGULAR[:20], lambda left: left + HOUR)
    winter = _pairs(_IRREGULAR[20:], lambda left: left)
    edited = [_pair(5_000_000.5, 4_000_000.25 + 77 * n, n) for n in range(5)]
    sized = [_pair(5_000_000.0, 5_000_000.0 + HOUR, n, size=2) for n in range(20)]
    found = _marks([*summer, *winter, *edited, *sized])
    assert found == {Mark.SAME: 40, Mark.NEWER: 5, Mark.OLDER: 20}


def test_two_offsets_are_both_found() -> None:
    pairs = _pairs(_IRREGULAR[:20], lambda left: left + HOUR)
    pairs += _pairs(_IRREGULAR[20:], lambda left: left + 2 * HOUR)
    found, remarks = settle(pairs)
    assert {pair.mark for pair in found} == {Mark.SAME} and len(remarks) == 2


def test_a_few_files_are_no_offset() -> None:
    pairs = _pairs(_IRREGULAR[:7], lambda left: left + HOUR)
    assert settle(pairs) == (pairs, ())


def test_files_that_are_written_again_every_hour_are_no_offset() -> None:
    now = 1_700_000_001.0
    pairs = [_pair(now + n, now + n - HOUR, n) for n in range(50)]
    assert settle(pairs) == (pairs, ())


def test_files_that_are_renamed_in_turn_are_no_offset() -> None:
    now = 1_700_000_001.25
    pairs = [_pair(now - n * HOUR, now - (n + 1) * HOUR, n) for n in range(48)]
    assert settle(pairs) == (pairs, ())


def test_a_clock_that_is_right_for_most_is_right_for_all() -> None:
    pairs = _pairs(_IRREGULAR, lambda left: left)
    pairs += _pairs(_IRREGULAR[:20], lambda left: left + 137)
    assert _marks(pairs) == {Mark.SAME: 40, Mark.OLDER: 20}


def test_what_a_digest_or_the_time_of_storing_told_stays() -> None:
    for why in ("sha256", "when it was stored"):
        pairs = [replace(p, why=why) for p in _pairs(_IRREGULAR, lambda left: left + HOUR)]
        assert settle(pairs) == (pairs, ())


def test_steps_of_two_seconds_on_the_right_are_found() -> None:
    pairs = _pairs(_IRREGULAR, lambda left: left // 2 * 2)
    assert Counter(pair.mark for pair in pairs)[Mark.NEWER] == 20
    found, remarks = settle(pairs)
    assert {pair.mark for pair in found} == {Mark.SAME}
    assert remarks == ("the right tells times in steps of 2 seconds",)


def test_one_odd_second_on_the_right_is_no_step() -> None:
    pairs = _pairs(_IRREGULAR, lambda left: left // 2 * 2)
    pairs.append(_pair(101.0, 101.0))
    assert settle(pairs) == (pairs, ())
