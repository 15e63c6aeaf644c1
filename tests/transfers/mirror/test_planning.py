"""What a mirror decides about each pair, and what a person may change of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from providers.base import Kind
from tests.transfers.mirror.samples import DELETE, LEFT, RIGHT, entry, pair, side
from transfers.mirror.model import Action, Keep, Mark, MirrorPlan, Pair, Step, Wish
from transfers.mirror.planning import allowed, changed, counts, is_failure, plan

A = Action


def _plan(pairs: Sequence[Pair], wish: Wish = DELETE) -> MirrorPlan:
    return plan(side(LEFT), side(RIGHT), wish, pairs, 1000.0)


def _actions(made: MirrorPlan) -> dict[str, Action]:
    return {"/".join(step.pair.relative): step.action for step in made.steps}


def _step(made: MirrorPlan, path: str) -> Step:
    return next(step for step in made.steps if step.pair.relative == tuple(path.split("/")))


def test_what_differs_goes_to_the_right_and_what_is_the_same_is_only_counted() -> None:
    marks = (Mark.NEW, Mark.NEWER, Mark.OLDER, Mark.DIFFERENT, Mark.SAME)
    made = _plan([pair(mark.name, mark) for mark in marks])
    assert _actions(made) == {
        "NEW": A.RIGHT,
        "NEWER": A.RIGHT,
        "OLDER": A.RIGHT,
        "DIFFERENT": A.RIGHT,
    }
    assert (made.same, made.right_files, made.made) == (1, 4, 1000.0)


def test_how_many_newer_files_are_replaced_is_said() -> None:
    made = _plan([pair("a", Mark.OLDER), pair("b", Mark.OLDER)])
    assert made.remarks == ("2 files are newer on the right, and are replaced by the older ones",)
    assert _step(made, "a").why == "the one on the right is newer"
    assert _plan([pair("a", Mark.OLDER)]).remarks[0].startswith("1 file is newer")


def test_what_only_the_right_has_is_deleted_only_when_that_is_wished_for() -> None:
    pairs = [pair("d", Mark.ONLY_RIGHT, right=None), pair("d/a", Mark.ONLY_RIGHT)]
    assert _actions(_plan(pairs)) == {"d": A.DELETE_RIGHT, "d/a": A.DELETE_RIGHT}
    assert _actions(_plan(pairs, Wish())) == {"d": A.SKIP, "d/a": A.SKIP}
    assert not any(is_failure(step) for step in _plan(pairs, Wish()).steps)


@pytest.mark.parametrize("mark", [Mark.TYPE, Mark.NAME, Mark.UNKNOWN])
def test_what_cannot_be_made_equal_is_left_alone_and_is_a_failure(mark: Mark) -> None:
    (step,) = _plan([pair("a", mark, why="because")]).steps
    assert (step.action, step.why, is_failure(step)) == (A.SKIP, "because", True)


@pytest.mark.parametrize("mark", [Mark.NAME, Mark.UNKNOWN])
def test_what_only_the_right_has_is_a_failure_only_where_it_is_to_be_deleted(mark: Mark) -> None:
    there = replace(pair("a", mark), left=None)
    assert [is_failure(step) for step in _plan([there]).steps] == [True]
    assert [is_failure(step) for step in _plan([there], Wish()).steps] == [False]


def test_what_is_left_out_by_choice_is_no_failure() -> None:
    (step,) = _plan([pair("a", Mark.LEFT_OUT, why="a link")]).steps
    assert (step.action, is_failure(step)) == (A.SKIP, False)


@pytest.mark.parametrize("mark", [Mark.TYPE, Mark.NAME, Mark.UNKNOWN, Mark.LEFT_OUT])
def test_nothing_below_what_is_left_alone_is_copied_or_deleted(mark: Mark) -> None:
    below = [pair("d/e/new", Mark.NEW), pair("d/old", Mark.ONLY_RIGHT)]
    made = _plan([pair("d", mark, why="denied"), *below, pair("d2/x", Mark.ONLY_RIGHT)])
    assert _actions(made) == {
        "d": A.SKIP,
        "d/e/new": A.SKIP,
        "d/old": A.SKIP,
        "d2/x": A.DELETE_RIGHT,
    }
    assert is_failure(_step(made, "d/e/new")) == (mark is not Mark.LEFT_OUT)
    assert "denied" in _step(made, "d/old").why


def test_where_letter_case_does_not_count_below_is_meant_so_too() -> None:
    pairs = [pair("Docs", Mark.UNKNOWN), pair("docs/x", Mark.ONLY_RIGHT)]
    made = plan(side(LEFT), side(RIGHT, folds_names=True), DELETE, pairs, 0.0)
    assert _actions(made)["docs/x"] is A.SKIP


def test_a_folder_is_deleted_only_if_nothing_in_it_stays() -> None:
    made = _plan(
        [
            pair("d", Mark.ONLY_RIGHT, right=None),
            pair("d/gone", Mark.ONLY_RIGHT),
            pair("d/sub", Mark.ONLY_RIGHT, right=None),
            pair("d/sub/link", Mark.LEFT_OUT, why="a link"),
        ]
    )
    assert _actions(made) == {
        "d": A.SKIP,
        "d/gone": A.DELETE_RIGHT,
        "d/sub": A.SKIP,
        "d/sub/link": A.SKIP,
    }


def test_only_folders_that_no_copy_makes_are_made() -> None:
    made = _plan(
        [
            pair("d", Mark.NEW, left=None),
            pair("d/e", Mark.NEW, left=None),
            pair("f", Mark.NEW, left=None),
            pair("f/a", Mark.NEW),
            pair("same", Mark.SAME, left=None, right=None),
        ]
    )
    assert _actions(made) == {"d/e": A.MAKE_DIR, "f/a": A.RIGHT}


def test_a_folder_that_keeps_somebody_out_is_made_so_whatever_is_in_it() -> None:
    private = pair("d", Mark.NEW, left=None)
    assert private.left is not None
    private = replace(private, left=replace(private.left, mode=0o700))
    made = _plan([private, pair("d/a", Mark.NEW), pair("d/b", Mark.NEW)])
    assert _actions(made) == {"d": A.MAKE_DIR, "d/a": A.RIGHT, "d/b": A.RIGHT}


def test_bytes_that_are_not_finished_are_never_deleted() -> None:
    made = _plan([pair(".a.0123abcd.part", Mark.ONLY_RIGHT)])
    assert _actions(made) == {".a.0123abcd.part": A.SKIP}


def test_what_cannot_be_told_from_another_version_of_it_is_never_deleted() -> None:
    there = pair("a", Mark.ONLY_RIGHT)
    there = replace(there, right=entry(RIGHT, "a", "x", version=None))
    assert _actions(_plan([there])) == {"a": A.SKIP}


def test_what_the_left_cannot_have_is_never_deleted_on_the_right() -> None:
    made = _plan([replace(pair("aux", Mark.ONLY_RIGHT), left_path="")])
    assert _actions(made) == {"aux": A.SKIP}


def test_a_link_that_only_the_right_has_stays() -> None:
    there = replace(pair("a", Mark.ONLY_RIGHT), right=entry(RIGHT, "a", "", kind=Kind.LINK))
    assert _actions(_plan([there])) == {"a": A.SKIP}


def test_the_backup_folder_what_is_in_it_and_those_above_it_stay() -> None:
    wish = replace(DELETE, keep=Keep.BACKUP, backup=f"{RIGHT.path}/x/kept")
    paths = ("x", "x/kept", "x/kept/2026", "x/other", "x/kept-not")
    made = _plan([pair(path, Mark.ONLY_RIGHT, right=None) for path in paths], wish)
    assert _actions(made) == {
        "x": A.SKIP,
        "x/kept": A.SKIP,
        "x/kept/2026": A.SKIP,
        "x/other": A.DELETE_RIGHT,
        "x/kept-not": A.DELETE_RIGHT,
    }


# What a person changes


@pytest.mark.parametrize(
    ("mark", "choices"),
    [
        (Mark.NEW, {A.RIGHT, A.DELETE_LEFT, A.SKIP}),
        (Mark.NEWER, {A.RIGHT, A.LEFT, A.SKIP}),
        (Mark.OLDER, {A.RIGHT, A.LEFT, A.SKIP}),
        (Mark.DIFFERENT, {A.RIGHT, A.LEFT, A.SKIP}),
        (Mark.ONLY_RIGHT, {A.DELETE_RIGHT, A.LEFT, A.SKIP}),
        *((mark, {A.SKIP}) for mark in (Mark.SAME, Mark.TYPE, Mark.NAME, Mark.UNKNOWN)),
        (Mark.LEFT_OUT, {A.SKIP}),
    ],
)
def test_what_may_be_chosen_for_a_pair(mark: Mark, choices: set[Action]) -> None:
    assert set(allowed(pair("a", mark))) == choices


def test_a_name_that_a_side_cannot_have_is_not_copied_there() -> None:
    assert allowed(replace(pair("a", Mark.NEW), right_path="")) == (A.SKIP,)
    assert allowed(replace(pair("a", Mark.ONLY_RIGHT), left_path="")) == (A.SKIP,)


def test_a_step_takes_the_action_that_is_chosen_and_refuses_another() -> None:
    made = _plan([pair("a", Mark.NEW), pair("b", Mark.UNKNOWN), pair("c", Mark.NEWER)])
    assert _actions(changed(made, [0, 1], A.RIGHT)) == _actions(made)
    assert _actions(changed(made, [2], A.LEFT))["c"] is A.LEFT
    assert _actions(changed(made, [0, 1, 2], A.SKIP)) == dict.fromkeys("abc", A.SKIP)


def test_a_folder_stays_with_a_file_that_is_kept_in_it_and_goes_again_without_it() -> None:
    made = _plan([pair("d", Mark.ONLY_RIGHT, right=None), pair("d/a", Mark.ONLY_RIGHT)])
    kept = changed(made, [1], A.SKIP)
    assert _actions(kept) == {"d": A.SKIP, "d/a": A.SKIP}
    assert changed(kept, [1], A.DELETE_RIGHT) == made


def test_what_is_chosen_for_a_folder_is_for_all_that_is_in_it() -> None:
    pairs = [
        pair("d", Mark.ONLY_RIGHT, right=None),
        pair("d/e", Mark.ONLY_RIGHT, right=None),
        pair("d/e/a", Mark.ONLY_RIGHT),
        pair("f", Mark.ONLY_RIGHT),
    ]
    made = changed(_plan(pairs, Wish()), [0], A.DELETE_RIGHT)
    assert counts(made) == {A.DELETE_RIGHT: 3, A.SKIP: 1}


@pytest.mark.parametrize(
    ("action", "old"),
    [(A.RIGHT, A.DELETE_RIGHT), (A.SKIP, A.SKIP), (A.DELETE_LEFT, A.SKIP)],
)
def test_the_old_name_of_what_is_not_renamed_after_all_is_a_step_again(
    action: Action, old: Action
) -> None:
    gone = pair("old", Mark.ONLY_RIGHT)
    made = _plan([])
    made = replace(made, steps=(Step(pair("new", Mark.NEW), A.RENAME, gone),))
    assert _actions(changed(made, [0], action)) == {"new": action, "old": old}
