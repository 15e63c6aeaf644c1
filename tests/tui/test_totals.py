"""The queue as a whole in one line: what it says at each width, and that it is honest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from transfers.model import JobState, Snapshot, Totals
from tui.queue_filter import Shown
from tui.rates import Rates
from tui.widgets.totals import Standing, total_parts, totals_text

S = JobState
COUNTS = {S.DONE: 4, S.FAILED: 2, S.TRANSFERRING: 1, S.PARKED: 3}
RUNNING = Totals(COUNTS, size=2048, moved=1024, rate=512.0, eta=2.0)


def standing(totals: Totals, *, rate_limit: int = 0, held: bool = False) -> Snapshot:
    return Snapshot(1, 0, totals.jobs, (), totals, rate_limit, 4, held)


def line(now: Standing, width: int) -> str:
    return "".join(text for text, _ in total_parts(now, width))


def rates(*each: float) -> Rates:
    found = Rates()
    for second, rate in enumerate(each):
        found.note(rate, float(second))
    return found


@pytest.mark.parametrize("width", [78, 158])
def test_what_needs_a_person_comes_before_the_rest(width: int) -> None:
    now = Standing(standing(RUNNING, rate_limit=1024), rates(*[512.0] * 60))
    shown = line(now, width)
    running = "1 running" if width < 120 else "1 transferring"
    assert shown.endswith(f"2 failed, 3 parked, {running}, 4 done")
    assert shown.startswith("████")
    assert "███ 512 B/s" in shown
    assert "512 B/s · 0:02 left · limit 1.0 KiB/s" in shown


def test_at_40_columns_all_that_moves_and_what_failed_is_in_sight() -> None:
    totals = Totals({S.FAILED: 2, S.TRANSFERRING: 1}, 2 << 30, 1 << 30, 12.3 * 2**20, 87.0)
    shown = line(Standing(standing(totals), rates(1.0, 2.0, 3.0)), 38)
    assert "██▌" in shown and "50%" in shown and "12.3 MiB/s 1:27" in shown
    assert cell_len(shown[: shown.index("2 failed")] + "2 failed") <= 38
    calm = replace(totals, counts={S.TRANSFERRING: 1})
    assert "█ 12.3 MiB/s" in line(Standing(standing(calm), rates(*[3.0] * 60)), 38)


@pytest.mark.parametrize(("width", "words"), [(78, "time left not known"), (38, "512 B/s ?")])
def test_a_time_that_nobody_can_tell_is_not_told(width: int, words: str) -> None:
    totals = Totals(COUNTS, size=2048, moved=1024, rate=512.0, eta=None)
    shown = line(Standing(standing(totals), rates(512.0)), width)
    assert words in shown
    assert words in totals_text(totals, width) or width < 40


def test_each_count_has_the_colour_of_what_it_means() -> None:
    roles = dict(total_parts(Standing(standing(RUNNING), Rates()), 158))
    assert roles["2 failed"] == "bad"
    assert roles["3 parked"] == "warning"
    assert roles["4 done"] == "good"


def test_ascii_only_keeps_to_ascii() -> None:
    now = Standing(standing(RUNNING), rates(1.0, 5.0, 9.0), ascii_only=True)
    shown = line(now, 158).replace("·", "")
    assert shown.isascii() and "####" in shown and "#" in shown.split("B/s")[0].split("KiB")[-1]


def test_a_filter_and_a_held_queue_are_said() -> None:
    shown = line(Standing(standing(RUNNING, held=True), Rates(), Shown.FAILED), 78)
    assert shown.startswith("held: H goes on · only failed · 50% of 2.0 KiB")
    marked = line(Standing(standing(RUNNING), Rates(), marked=1), 78)
    assert marked.startswith("1 marked · 50%") and "3 parked" in marked


def test_an_empty_queue_says_so() -> None:
    assert totals_text(Totals(), 80) == "no transfers"
    assert line(Standing(standing(Totals()), Rates()), 78) == "no transfers"


def test_in_words_alone_the_line_is_as_it_was_for_scripts() -> None:
    told = totals_text(RUNNING, 80, rate_limit=1024)
    counted = "2 failed, 3 parked, 1 running, 4 done"
    assert told == f"50% of 2.0 KiB · 512 B/s · 0:02 left · limit 1.0 KiB/s · {counted}"


# Rates ------------------------------------------------------------------------------------------


def test_the_rates_of_a_minute_are_drawn_from_the_oldest_to_the_newest() -> None:
    shown = rates(*[0.0] * 30, *[100.0] * 30).line(4)
    assert shown == "▁▁██"
    assert rates(*[0.0] * 30, *[100.0] * 30).line(4, ascii_only=True) == "__##"


def test_what_was_before_anybody_looked_is_left_blank() -> None:
    assert rates(*[100.0] * 15).line(4) == "   █"


def test_only_the_last_minute_is_kept_and_seconds_nobody_looked_have_the_rate_before() -> None:
    found = Rates()
    found.note(80.0, 0.0)
    found.note(80.0, 0.4)
    found.note(8.0, 30.0)
    assert found.cells(2) == [80.0, pytest.approx((80.0 * 29 + 8.0) / 30)]
    found.note(8.0, 1000.0)
    assert found.cells(2) == [8.0, 8.0]


def test_a_queue_that_stands_still_is_a_flat_line() -> None:
    assert rates(*[0.0] * 60).line(5) == "▁▁▁▁▁"
