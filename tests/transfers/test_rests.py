"""Servers that asked to be left alone are, also by the next process and whatever the clocks do."""

from __future__ import annotations

import time

import pytest

from tests.transfers.samples import LEFT, RIGHT
from transfers.rests import Rests
from transfers.retry import LONGEST_REST

_NOON = 1_764_072_000.0  # Unix seconds
_YEAR = 365 * 86_400.0


class Clocks:
    """Both clocks of a process, and a process after it whose monotonic one begins anew."""

    def __init__(self, wall: float = _NOON) -> None:
        self.since_start, self.wall = 50.0, wall
        self.rests = Rests(lambda: self.since_start, lambda: self.wall)

    def go_on(self, seconds: float) -> None:
        self.since_start += seconds
        self.wall += seconds

    def left(self) -> float | None:
        opens = self.rests.next_open()
        return None if opens is None else opens - self.since_start


def _restarted(kept: dict[str, str], wall: float) -> Clocks:
    clocks = Clocks(wall)
    clocks.rests.restore(kept)
    return clocks


def test_a_server_is_left_alone_for_as_long_as_it_asked() -> None:
    clocks = Clocks()
    clocks.rests.begin(RIGHT, 600.0)
    assert (clocks.rests.resting(RIGHT), clocks.rests.resting(LEFT)) == (True, False)
    clocks.go_on(599.0)
    assert (clocks.rests.resting(RIGHT), clocks.left()) == (True, 1.0)
    clocks.go_on(1.0)
    assert (clocks.rests.resting(RIGHT), clocks.left()) == (False, None)


def test_a_shorter_word_of_it_does_not_end_a_longer_one_nor_in_the_journal() -> None:
    clocks = Clocks()
    clocks.rests.begin(RIGHT, 600.0)
    kept = clocks.rests.begin(RIGHT, 5.0)
    assert clocks.left() == 600.0
    assert _restarted(kept, _NOON).left() == 600.0


def test_the_next_process_waits_for_what_is_left_of_it() -> None:
    kept = Clocks().rests.begin(RIGHT, 600.0)
    after = _restarted(kept, _NOON + 240.0)
    assert (after.rests.resting(RIGHT), after.left()) == (True, 360.0)
    assert _restarted(kept, _NOON + 600.0).left() is None


def test_several_servers_open_one_after_the_other() -> None:
    clocks = Clocks()
    kept = clocks.rests.begin(RIGHT, 600.0) | clocks.rests.begin(LEFT, 60.0)
    again = _restarted(kept, _NOON)
    assert again.left() == 60.0
    again.go_on(60.0)
    assert (again.left(), again.rests.resting(LEFT)) == (540.0, False)


@pytest.mark.parametrize("leap", [-_YEAR, -3600.0])
def test_A12_a_clock_that_was_set_back_lengthens_no_rest(leap: float) -> None:
    kept = Clocks().rests.begin(RIGHT, 600.0)
    assert _restarted(kept, _NOON + leap).left() == 600.0


def test_A12_a_clock_that_was_set_forward_ends_it() -> None:
    kept = Clocks().rests.begin(RIGHT, 600.0)
    assert _restarted(kept, _NOON + _YEAR).left() is None


def test_A12_a_clock_that_leaps_meanwhile_changes_nothing_here() -> None:
    clocks = Clocks()
    clocks.rests.begin(RIGHT, 600.0)
    clocks.wall -= _YEAR
    assert clocks.left() == 600.0


@pytest.mark.parametrize(
    "value", ["", "soon", "1764072600", "1764072600 soon", "-5 600", f"{1 << 60} {1 << 60}"]
)
def test_what_cannot_be_read_is_no_rest_and_none_is_longer_than_a_day(value: str) -> None:
    assert (_restarted({f"rest {RIGHT}": value}, _NOON).left() or 0.0) <= LONGEST_REST


def test_other_settings_are_no_rests() -> None:
    assert _restarted({"rate": "1000", f"connections {RIGHT}": "2"}, _NOON).left() is None


def test_a_person_is_told_who_asked_for_it_and_until_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transfers.rests.time.localtime", time.gmtime)
    clocks = Clocks()
    assert clocks.rests.sentence() == ""
    clocks.rests.begin(LEFT, 3000.0)
    clocks.rests.begin(RIGHT, 601.0)
    said = f"{RIGHT} asked to be left alone: what is queued there waits until 12:11."
    assert clocks.rests.sentence() == said
