"""What a comparison holds: pairs in little memory, what is decided of them, and the plan of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence

import pytest
from rich.cells import cell_len

from providers.base import Entry, Kind, Place
from providers.memory import MemoryProvider, Store
from transfers.mirror.jobs import jobs
from transfers.mirror.model import Action, Keep, Mark, MirrorPlan, Pair, Side, Wish
from transfers.model import Op
from tui import pair_text
from tui.comparison import DIFFERING, Comparison
from tui.mirroring import backup_folder, keeps, make_plan
from tui.pair_signs import signs
from tui.pair_table import PairTable

_LEFT, _RIGHT = Place("memory://left", "/l"), Place("memory://right", "/r")


def entry(side: str, way: str, size: int = 10, kind: Kind = Kind.FILE) -> Entry:
    path = f"/{side}/{way}"
    mode = 0o755 if kind is Kind.DIR else 0o644
    return Entry(path, path.rpartition("/")[2], kind, size, 1000.0, mode, None, "v1")


def pair(way: str, mark: Mark, left: int | None = 10, right: int | None = 20) -> Pair:
    """A file; one that ends in "/" is a folder. Sizes: None where nothing is."""
    kind = Kind.DIR if way.endswith("/") else Kind.FILE
    way = way.rstrip("/")
    if mark is Mark.NEW:
        right = None
    if mark is Mark.ONLY_RIGHT:
        left = None
    left_entry, right_entry = (
        None if size is None else entry(side, way, size, kind)
        for side, size in (("l", left), ("r", right))
    )
    ways = f"/l/{way}", f"/r/{way}"
    return Pair(tuple(way.split("/")), mark, left_entry, right_entry, *ways, "size")


def compared(*pairs: Pair, wish: Wish | None = None) -> Comparison:
    left, right = (Side(place, MemoryProvider(Store())) for place in (_LEFT, _RIGHT))
    found = Comparison(left, right, wish or Wish(keep=Keep.NOWHERE))
    found.begin().extend(pairs)
    found.settle(found.table, ())
    return found


def done(comparison: Comparison) -> dict[str, Action]:
    """What is done about each, without what is skipped."""
    plan = make_plan(comparison, 0.0)
    return {
        "/".join(step.pair.relative): step.action
        for step in plan.steps
        if step.action is not Action.SKIP
    }


# The table --------------------------------------------------------------------------------------


def test_pairs_come_back_as_they_were_packed_or_not() -> None:
    pairs = [
        Pair(
            ("d\udc80r", f"n{n}"),
            tuple(Mark)[n % len(Mark)],
            Entry(f"/l/n{n}", f"n{n}", Kind.FILE, n, n / 3, 0o600, "t", "v", {"sha256": "ab"}),
            None if n % 2 else Entry(f"/r/N{n}", f"N{n}", Kind.LINK),
            f"/l/n{n}",
            f"/r/N{n}",
            "why\n",
        )
        for n in range(1000)
    ]
    table = PairTable(pairs)
    assert [*table] == pairs
    assert [table[at] for at in (0, 63, 64, 999)] == [pairs[at] for at in (0, 63, 64, 999)]
    assert table.positions([Mark.SAME]) == [
        at for at, each in enumerate(pairs) if each.mark is Mark.SAME
    ]


def test_twenty_thousand_pairs_take_little_memory() -> None:
    def many() -> Iterator[Pair]:
        for n in range(20_000):
            yield pair(f"folder-{n // 1000}/some-file-{n:06}.jpg", Mark.NEWER, n, n + 1)

    tracemalloc.start()
    table = PairTable(many())
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table) == 20_000
    assert held < 3 << 20  # as objects they would be more than twenty MiB


def test_what_is_below_a_folder_is_found_wherever_it_comes_later() -> None:
    ways = ("a/", "b/", "a/x", "a/c/", "b/y", "a/c/z", "ab")
    table = PairTable(pair(way, Mark.NEW) for way in ways)
    assert [ways[at] for at in table.below(0)] == ["a/x", "a/c/", "a/c/z"]
    assert table.below(2) == []


# What is decided --------------------------------------------------------------------------------


def test_nothing_that_could_be_lost_is_done_by_itself() -> None:
    found = compared(
        *(pair(str(mark), mark) for mark in Mark if mark is not Mark.TYPE), pair("t", Mark.TYPE)
    )
    assert done(found) == {"new": Action.RIGHT, "newer": Action.RIGHT, "different": Action.RIGHT}


def test_what_only_the_right_has_is_deleted_once_that_is_wished_for() -> None:
    found = compared(pair("x", Mark.ONLY_RIGHT), pair("y", Mark.ONLY_RIGHT))
    assert found.decide(1, Action.SKIP)
    found.wish = Wish(delete=True)
    assert done(found) == {"x": Action.DELETE_RIGHT}


def test_a_tick_means_what_is_usual_and_else_the_way_that_loses_nothing() -> None:
    found = compared(pair("n", Mark.NEW), pair("o", Mark.OLDER), pair("r", Mark.ONLY_RIGHT))
    for at, ticked in ((0, False), (1, True), (2, True)):
        assert found.tick(at, ticked)
    assert done(found) == {"o": Action.LEFT, "r": Action.LEFT}


@pytest.mark.parametrize(
    ("mark", "refused"),
    [
        (Mark.SAME, (Action.RIGHT, Action.LEFT, Action.DELETE_LEFT, Action.DELETE_RIGHT)),
        (Mark.NEWER, (Action.DELETE_LEFT, Action.DELETE_RIGHT)),
        (Mark.NEW, (Action.LEFT, Action.DELETE_RIGHT)),
        (Mark.ONLY_RIGHT, (Action.RIGHT, Action.DELETE_LEFT)),
        (Mark.UNKNOWN, (Action.RIGHT, Action.LEFT, Action.DELETE_RIGHT)),
    ],
)
def test_what_cannot_be_done_about_a_pair_is_refused(mark: Mark, refused: Sequence[Action]) -> None:
    found = compared(pair("x", mark))
    assert not any(found.decide(0, action) for action in refused)
    assert not [*found.edits()]


def test_what_is_decided_of_a_folder_holds_for_all_that_is_in_it() -> None:
    found = compared(pair("a/", Mark.NEW), pair("b", Mark.NEW), pair("a/x", Mark.NEW))
    found.tick_all(0, ticked=False)
    assert done(found) == {"b": Action.RIGHT}
    assert found.decide_all(0, Action.DELETE_LEFT) == 2
    plan = make_plan(found, 0.0)
    pruned = [job.target.path for job in jobs(plan) if job.op is Op.PRUNE]
    assert pruned == ["/l/a/x", "/l/a"]


def test_a_new_folder_whose_files_are_left_out_is_made_all_the_same() -> None:
    found = compared(pair("a/", Mark.NEW), pair("a/x", Mark.NEW))
    assert done(found) == {"a/x": Action.RIGHT}
    found.tick(1, ticked=False)
    assert done(found) == {"a": Action.MAKE_DIR}


def test_a_folder_on_the_right_stays_while_something_in_it_does() -> None:
    ways = ("a/", "a/x", "a/y")
    found = compared(*(pair(way, Mark.ONLY_RIGHT) for way in ways), wish=Wish(delete=True))
    assert set(done(found)) == {"a", "a/x", "a/y"}
    found.tick(2, ticked=False)
    assert found.action(0) is Action.SKIP  # and it is shown so
    assert done(found) == {"a/x": Action.DELETE_RIGHT}


def test_totals_follow_every_decision_and_wish() -> None:
    found = compared(
        pair("n", Mark.NEW), pair("m", Mark.NEWER), pair("o", Mark.OLDER), pair("s", Mark.SAME),
        pair("r", Mark.ONLY_RIGHT),
    )  # fmt: skip
    assert pair_text.totals(found.totals()) == "→ 2 files, 20 B"
    found.decide(1, Action.LEFT)
    found.decide(2, Action.LEFT)
    found.decide(2, Action.SKIP)
    found.wish = Wish(delete=True)
    assert pair_text.totals(found.totals()) == "→ 1 file, 10 B   ← 1 file, 20 B   ✗ 1 right, 20 B"
    found.tick(0, ticked=False)
    found.decide(1, Action.SKIP)
    found.wish = Wish()
    assert pair_text.totals(found.totals()) == "Nothing is to be done."


def test_decisions_stay_when_the_last_marks_are_others() -> None:
    found = compared(pair("a", Mark.NEWER), pair("b", Mark.NEWER), pair("c", Mark.NEWER))
    found.decide(0, Action.LEFT)
    found.decide(1, Action.LEFT)
    corrected = [pair("a", Mark.NEWER), pair("b", Mark.SAME), pair("c", Mark.SAME)]
    found.settle(PairTable(corrected), ("an hour late",))
    assert done(found) == {"a": Action.LEFT}


@pytest.mark.parametrize("settled", [False, True])
def test_what_comes_later_in_a_folder_that_was_decided_of_is_decided_as_it_is(
    settled: bool,
) -> None:
    found = compared(wish=Wish(delete=True))
    table = found.begin()
    table.extend([pair("a/", Mark.ONLY_RIGHT), pair("n/", Mark.NEW)])
    found.tick_all(0, ticked=False)
    found.decide_all(1, Action.DELETE_LEFT)
    table.extend([pair("a/x", Mark.ONLY_RIGHT), pair("a/y", Mark.ONLY_RIGHT)])
    found.catch_up()
    found.tick(3, ticked=True)  # of a single one a person may think otherwise
    table.extend([pair("a/z", Mark.ONLY_RIGHT), pair("n/x", Mark.NEW), pair("b", Mark.NEW)])
    found.settle(PairTable(table) if settled else table, ())
    deleted = Action.DELETE_LEFT
    assert done(found) == {
        "a/y": Action.DELETE_RIGHT, "n": deleted, "n/x": deleted, "b": Action.RIGHT
    }  # fmt: skip


def test_what_was_to_be_left_alone_stays_so_when_it_is_compared_again() -> None:
    found = compared(pair("a", Mark.ONLY_RIGHT), pair("n", Mark.NEW), wish=Wish(delete=True))
    found.tick(0, ticked=False)
    found.decide(1, Action.DELETE_LEFT)
    for _ in ("stopped", "to its end"):
        found.begin()
    table = found.begin()
    table.extend([pair("n", Mark.NEW), pair("a", Mark.ONLY_RIGHT), pair("b", Mark.ONLY_RIGHT)])
    found.settle(table, ())
    assert done(found) == {"n": Action.RIGHT, "b": Action.DELETE_RIGHT}


def test_rows_are_sorted_by_name_once_all_are_there_and_filtered_by_mark_and_name() -> None:
    ways = {"b/": Mark.SAME, "a": Mark.NEW, "b/Z": Mark.OLDER, "b/c": Mark.NEW, "b.": Mark.NEW}
    found = compared(*(pair(way, mark) for way, mark in ways.items()))
    names = [pair_text.name(each) for each in found.table]
    assert [names[at] for at in found.chosen(DIFFERING, "")] == ["a", "b/c", "b/Z", "b."]
    assert [names[at] for at in found.chosen([Mark.NEW], "B/")] == ["b/c"]


def test_the_plan_counts_what_the_limit_of_deletions_is_measured_against() -> None:
    marks = (Mark.SAME, Mark.SAME, Mark.OLDER, Mark.ONLY_RIGHT, Mark.NEW)
    plan: MirrorPlan = make_plan(compared(*(pair(str(n), m) for n, m in enumerate(marks))), 5.0)
    assert (plan.same, plan.right_files, plan.made) == (2, 4, 5.0)


def test_deleted_files_are_kept_where_the_place_can() -> None:
    side = Side(Place("memory://right", "/a/tree"), MemoryProvider(Store()))
    assert keeps(side)[0] is not Keep.NOWHERE
    assert backup_folder(side) == "/a/tree-backup"
    assert backup_folder(Side(Place("memory://right", "/"), side.provider)) == "/wharfie-backup"


# Signs and words --------------------------------------------------------------------------------


def test_each_pane_is_told_how_its_own_side_is_to_the_other() -> None:
    left, right = signs(
        [
            pair("d/", Mark.SAME),
            pair("e/", Mark.SAME),
            pair("n", Mark.NEWER),
            pair("o", Mark.ONLY_RIGHT),
            pair("d/deep", Mark.NEW),
        ]
    )
    words = {path: sign.word for path, sign in {**left, **right}.items()}
    assert words == {
        "/l/d": "different",
        "/r/d": "different",
        "/l/e": "same",
        "/r/e": "same",
        "/l/n": "newer",
        "/r/n": "older",
        "/r/o": "only here",
    }
    assert left.of(entry("l", "n")) is left["/l/n"]
    assert left.of(entry("l", "n", size=11)) is None  # it is another file by now


def test_no_two_marks_that_differ_look_the_same_without_colours_and_words() -> None:
    told_apart = [Mark.NEW, Mark.NEWER, Mark.OLDER, Mark.DIFFERENT, Mark.SAME, Mark.ONLY_RIGHT]
    assert len({pair_text.SIGNS[mark] for mark in told_apart}) == len(told_apart)


@pytest.mark.parametrize("width", [20, 36, 58, 76, 104, 136])
def test_a_row_fills_its_cells_and_hostile_names_are_harmless(width: int) -> None:
    hostile = pair("a\x1b]0;x\x07/[red]\u202e日本.txt", Mark.DIFFERENT)
    parts = pair_text.parts(hostile, Action.RIGHT, width, 0.0)
    text = "".join(part for part, _ in parts)
    assert text.isprintable() and "→" in text
    assert cell_len(text) <= width


def test_a_link_says_where_it_leads_and_a_hostile_one_is_harmless() -> None:
    here = Entry("/l/a", "a", Kind.LINK, None, 1000.0, 0o777, "to\x1b[2J", "v1")
    told = Pair(("a",), Mark.LEFT_OUT, here, None, "/l/a", "/r/a", "a link")
    line = pair_text.described(told, 0.0)
    assert "left: link to “to" in line and line.isprintable()
    text = "".join(part for part, _ in pair_text.parts(told, Action.SKIP, 104, 0.0))
    assert text.startswith("[ ] · left out")
