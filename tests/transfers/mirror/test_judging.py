"""Whether two files are the same, by size and time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.base import Entry, Kind
from tests.transfers.mirror.trees import THEN
from transfers.mirror.judging import Rules, Verdict, judged
from transfers.mirror.model import Mark

FILE = Entry("/f", "f", Kind.FILE, size=1, modified=THEN, version="1")
RULES = Rules()
STORED_RIGHT = Rules(right_keeps=False)
STORED_LEFT = Rules(left_keeps=False)


def _judged(left: float | None, right: float | None, rules: Rules = RULES) -> Mark:
    return judged(replace(FILE, modified=left), replace(FILE, modified=right), rules).mark


@pytest.mark.parametrize(
    ("left", "right", "mark"),
    [
        (100.25, 100.25, Mark.SAME),
        (100.2504, 100.25, Mark.SAME),  # rounded at a thousandth
        (100.25, 100.26, Mark.OLDER),  # both tell fractions
        (100.75, 100.0, Mark.SAME),  # the right leaves fractions out
        (100.75, 101.0, Mark.SAME),  # the right rounds them
        (100.0, 100.75, Mark.SAME),
        (101.0, 100.0, Mark.NEWER),
        (100.0, 101.0, Mark.OLDER),
        (101.75, 100.0, Mark.NEWER),
    ],
)
def test_times_are_compared_as_finely_as_the_poorer_tells_them(
    left: float, right: float, mark: Mark
) -> None:
    assert _judged(left, right) is mark


def test_a_time_of_an_index_that_has_no_seconds_is_compared_by_the_minute() -> None:
    index = replace(FILE, modified=600.0, version=None)
    assert judged(index, replace(FILE, modified=637.5), RULES).mark is Mark.SAME
    assert judged(index, replace(FILE, modified=661.0), RULES).mark is Mark.OLDER
    assert judged(replace(index, version="1"), replace(FILE, modified=637.5), RULES).mark is (
        Mark.OLDER
    )


def test_tolerance_is_added_to_what_the_precision_explains() -> None:
    assert _judged(100.25, 103.25, Rules(tolerance=3.0)) is Mark.SAME
    assert _judged(100.25, 103.5, Rules(tolerance=3.0)) is Mark.OLDER


@pytest.mark.parametrize(
    ("left", "right", "rules", "mark"),
    [
        (100.0, 200.0, STORED_RIGHT, Mark.SAME),
        (200.0, 100.0, STORED_RIGHT, Mark.NEWER),
        (100.0, 100.0, STORED_RIGHT, Mark.SAME),
        (100.0, 200.0, STORED_LEFT, Mark.OLDER),
        (200.0, 100.0, STORED_LEFT, Mark.NEWER),
        (100.0, 200.0, Rules(left_keeps=False, right_keeps=False), Mark.SAME),
    ],
)
def test_a_time_of_storing_tells_only_what_was_stored_since(
    left: float, right: float, rules: Rules, mark: Mark
) -> None:
    assert _judged(left, right, rules) is mark


@pytest.mark.parametrize(("left", "right"), [(None, 100.0), (100.0, None), (None, None)])
def test_without_a_time_the_size_decides(left: float | None, right: float | None) -> None:
    one, other = replace(FILE, modified=left), replace(FILE, modified=right)
    assert judged(one, other, RULES) == Verdict(Mark.SAME, "size")
    assert judged(replace(one, size=2), other, RULES) == Verdict(Mark.DIFFERENT, "size")


def test_without_size_and_time_nothing_is_taken_for_the_same() -> None:
    nothing = replace(FILE, size=None, modified=None)
    assert judged(nothing, nothing, RULES).mark is Mark.DIFFERENT


@pytest.mark.parametrize(
    ("left", "right", "rules", "mark"),
    [
        (200.0, 100.0, RULES, Mark.NEWER),
        (100.0, 200.0, RULES, Mark.OLDER),
        (100.0, 100.0, RULES, Mark.DIFFERENT),
        (100.0, 200.0, STORED_RIGHT, Mark.DIFFERENT),
        (200.0, 100.0, STORED_RIGHT, Mark.NEWER),
    ],
)
def test_of_files_that_differ_in_size_the_time_tells_the_later(
    left: float, right: float, rules: Rules, mark: Mark
) -> None:
    one, other = replace(FILE, size=2, modified=left), replace(FILE, modified=right)
    assert judged(one, other, rules) == Verdict(mark, "size")


def test_digests_that_both_tell_win_over_times() -> None:
    one = replace(FILE, digests={"md5": "AB", "sha1": "1"})
    same = replace(FILE, digests={"md5": "ab"}, modified=THEN + 9)
    assert judged(one, same, RULES) == Verdict(Mark.SAME, "md5")
    other = replace(FILE, digests={"md5": "cd"}, modified=THEN - 9)
    assert judged(one, other, RULES) == Verdict(Mark.NEWER, "md5")
    hidden = replace(FILE, digests={"md5": "cd"})
    assert judged(one, hidden, RULES) == Verdict(Mark.DIFFERENT, "md5")


def test_one_digest_that_differs_outweighs_one_that_is_the_same() -> None:
    one = replace(FILE, digests={"md5": "ab", "sha256": "1"})
    other = replace(FILE, digests={"md5": "ab", "sha256": "2"})
    assert judged(one, other, RULES) == Verdict(Mark.DIFFERENT, "sha256")


def test_where_a_server_may_keep_times_the_same_second_is_the_same() -> None:
    """Else every mirror to one that does would send all files again."""
    may = Rules(right_keeps=None)
    assert _judged(100.6, 100.0, may) is Mark.SAME
    assert _judged(101.6, 100.0, may) is Mark.NEWER
    assert _judged(50.0, 100.0, may) is Mark.SAME


def test_a_change_in_the_second_in_which_it_was_stored_is_never_taken_for_the_same() -> None:
    """Amazon's lists tell whole seconds: stored at 100.2 or at 100.9, who knows?"""
    assert _judged(100.6, 100.0, STORED_RIGHT) is Mark.NEWER
    assert _judged(99.6, 100.0, STORED_RIGHT) is Mark.SAME
