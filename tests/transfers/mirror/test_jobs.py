"""The jobs that a plan becomes: that they do what was planned, and no more than that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Place
from tests.transfers.mirror.samples import (
    DELETE,
    LEFT,
    RIGHT,
    Tree,
    carried_out,
    compared,
    entry,
    pair,
    side,
    tree,
    trees,
)
from transfers.mirror.jobs import jobs
from transfers.mirror.model import Action, Keep, Mark, MirrorPlan, Step, Wish
from transfers.mirror.planning import changed, plan
from transfers.model import TRASH, NewJob, Op, Policy

_NOON = 1795694400.0  # 2026-11-26T12:00:00Z


def _plan(left: Tree, right: Tree, wish: Wish = DELETE) -> MirrorPlan:
    return plan(side(LEFT), side(RIGHT), wish, compared(left, right), _NOON)


def _of(step: Step, wish: Wish = DELETE) -> NewJob:
    (job,) = jobs(MirrorPlan(LEFT, RIGHT, wish, _NOON, (step,)))
    return job


@given(trees(), trees())
def test_with_delete_the_right_becomes_the_left_but_for_conflicts_of_type(
    left: dict[str, str | None], right: dict[str, str | None]
) -> None:
    after = carried_out(jobs(_plan(left, right)), left, right)
    conflicts = [path for path in left if _clash(path, left, right)]
    aside = [path for path in after if _at_or_below(path, conflicts)]
    kept = {path: right[path] for path in right if _at_or_below(path, conflicts)}
    assert {path: after[path] for path in aside} == kept
    wanted = {path: held for path, held in left.items() if not _at_or_below(path, conflicts)}
    assert {path: held for path, held in after.items() if path not in aside} == wanted


@given(trees(), trees())
def test_without_delete_nothing_that_only_the_right_has_is_lost(
    left: dict[str, str | None], right: dict[str, str | None]
) -> None:
    made = jobs(_plan(left, right, Wish()))
    after = carried_out(made, left, right)
    assert {path: after[path] for path in right if path not in left} == {
        path: held for path, held in right.items() if path not in left
    }
    assert all(job.op is not Op.PRUNE for job in made)


@given(trees(), trees())
def test_a_second_run_has_nothing_to_do(
    left: dict[str, str | None], right: dict[str, str | None]
) -> None:
    after = carried_out(jobs(_plan(left, right)), left, right)
    assert all(job.op is Op.NOTE for job in jobs(_plan(left, after)))


@given(trees(), trees(), st.data())
def test_whatever_a_person_changes_deletions_come_last_and_folders_are_empty_by_then(
    left: dict[str, str | None], right: dict[str, str | None], data: st.DataObject
) -> None:
    made = _plan(left, right)
    choices = st.sampled_from([Action.SKIP, Action.RIGHT, Action.DELETE_RIGHT, Action.MAKE_DIR])
    for _ in range(3):
        if made.steps:
            index = data.draw(st.integers(0, len(made.steps) - 1))
            made = changed(made, [index], data.draw(choices))
    ops = [job.op for job in jobs(made)]
    assert ops == sorted(ops, key=lambda op: op is Op.PRUNE)
    carried_out(jobs(made), left, right)  # it refuses to delete a folder that holds something


def _clash(path: str, left: Tree, right: Tree) -> bool:
    return path in right and (left[path] is None) != (right[path] is None)


def _at_or_below(path: str, tops: list[str]) -> bool:
    return any(path == top or path.startswith(f"{top}/") for top in tops)


def test_a_copy_replaces_only_the_version_that_was_compared() -> None:
    job = _of(Step(pair("a", Mark.NEWER, "new", "old"), Action.RIGHT))
    assert (job.op, job.policy, job.agreed) == (Op.COPY, Policy.OVERWRITE, "v:old")
    assert (job.source, job.target) == (Place(LEFT.endpoint, "/left/a"), _right("a"))
    assert (job.source_version, job.size, job.modified) == ("v:new", 3, 1000.0)
    assert job.within == RIGHT.path


def test_where_nothing_stood_a_person_is_asked_about_what_came_in_between() -> None:
    job = _of(Step(pair("a", Mark.NEW, "new"), Action.RIGHT))
    assert (job.policy, job.agreed) == (Policy.ASK, None)


def test_a_copy_to_the_left_is_the_right_one_over_the_left_version() -> None:
    job = _of(Step(pair("a", Mark.OLDER, "old", "new"), Action.LEFT))
    assert (job.source, job.target) == (_right("a"), Place(LEFT.endpoint, "/left/a"))
    assert (job.source_version, job.agreed, job.within) == ("v:new", "v:old", LEFT.path)


def test_a_deletion_names_its_version_and_the_place_whose_absence_is_its_reason() -> None:
    job = _of(Step(pair("a", Mark.ONLY_RIGHT, right="x"), Action.DELETE_RIGHT))
    assert (job.op, job.target, job.agreed) == (Op.PRUNE, _right("a"), "v:x")
    assert (job.source, job.source_within) == (Place(LEFT.endpoint, "/left/a"), LEFT.path)
    assert (job.within, job.keep) == (RIGHT.path, "")


def test_a_deletion_on_the_left_is_the_other_way_round() -> None:
    job = _of(Step(pair("a", Mark.NEW, "x"), Action.DELETE_LEFT))
    assert (job.target, job.source) == (Place(LEFT.endpoint, "/left/a"), _right("a"))
    assert (job.agreed, job.within, job.source_within) == ("v:x", LEFT.path, RIGHT.path)


@pytest.mark.parametrize(
    ("keep", "action", "kept"),
    [
        (Keep.NOWHERE, Action.DELETE_RIGHT, ""),
        (Keep.TRASH, Action.DELETE_RIGHT, TRASH),
        (Keep.BACKUP, Action.DELETE_RIGHT, "/kept/2026-11-26T12-00-00Z/d/a"),
        (Keep.BACKUP, Action.DELETE_LEFT, TRASH),
    ],
)
def test_where_a_deleted_file_goes(keep: Keep, action: Action, kept: str) -> None:
    mark = Mark.ONLY_RIGHT if action is Action.DELETE_RIGHT else Mark.NEW
    wish = replace(DELETE, keep=keep, backup="/kept/")
    assert _of(Step(pair("d/a", mark), action), wish).keep == kept


def test_folders_are_deleted_after_all_files_the_deepest_first_and_not_kept() -> None:
    made = jobs(_plan({}, tree("d/e/f/", "d/a", "z"), replace(DELETE, keep=Keep.TRASH)))
    assert [job.target.path for job in made] == [
        *("/right/d/a", "/right/z"),
        *("/right/d/e/f", "/right/d/e", "/right/d"),
    ]
    assert [job.keep for job in made] == [TRASH, TRASH, "", "", ""]
    assert [job.agreed for job in made[2:]] == [None] * 3


def test_a_rename_is_from_the_old_address_to_the_new_one_on_the_right() -> None:
    old = pair("old", Mark.ONLY_RIGHT, right="x")
    job = _of(Step(pair("d/new", Mark.NEW, "x"), Action.RENAME, old))
    assert (job.op, job.source, job.target) == (Op.RENAME, _right("old"), _right("d/new"))
    assert (job.source_version, job.size, job.policy) == ("v:x", 1, Policy.ASK)


def test_what_cannot_be_made_equal_is_noted_as_a_failure_and_a_choice_is_not() -> None:
    failed = _of(Step(pair("a", Mark.NAME), Action.SKIP, why="two names are one"))
    chosen = _of(Step(pair("a", Mark.LEFT_OUT), Action.SKIP, why="a link"))
    assert (failed.op, failed.failed, failed.note) == (Op.NOTE, True, "two names are one")
    assert (chosen.op, chosen.failed, chosen.note) == (Op.NOTE, False, "a link")


def test_what_a_pattern_leaves_out_on_the_right_is_no_job() -> None:
    step = Step(replace(pair("a", Mark.LEFT_OUT), left=None), Action.SKIP, why="a pattern")
    assert jobs(MirrorPlan(LEFT, RIGHT, DELETE, _NOON, (step,))) == ()


def test_a_note_of_a_name_that_the_right_cannot_have_is_of_the_folder_on_the_right() -> None:
    job = _of(Step(replace(pair("a:b", Mark.NAME), right_path=""), Action.SKIP))
    assert job.target == RIGHT


def test_what_a_person_passed_over_is_no_job() -> None:
    steps = (Step(pair("a", Mark.NEW), Action.SKIP), Step(pair("b", Mark.ONLY_RIGHT), Action.SKIP))
    assert jobs(MirrorPlan(LEFT, RIGHT, DELETE, _NOON, steps)) == ()


def test_an_empty_folder_is_made_on_either_side() -> None:
    job = _of(Step(pair("d", Mark.NEW, left=None), Action.MAKE_DIR))
    assert (job.op, job.target, job.within) == (Op.MAKE_DIR, _right("d"), RIGHT.path)
    there = replace(pair("d", Mark.ONLY_RIGHT), right=entry(RIGHT, "d", None))
    job = _of(Step(there, Action.LEFT))
    assert (job.op, job.target.path, job.within) == (Op.MAKE_DIR, "/left/d", LEFT.path)


def _right(path: str) -> Place:
    return Place(RIGHT.endpoint, f"{RIGHT.path}/{path}")
