"""The limit that stops a mirror which would delete too much."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.transfers.mirror.samples import DELETE, LEFT, RIGHT, pair
from transfers.mirror.guard import refusal
from transfers.mirror.model import Action, Mark, MirrorPlan, Step


def _plan(deleted: int, right: int, *, most: float = 0.5, same: int = 1) -> MirrorPlan:
    steps = [Step(pair(f"{n}", Mark.ONLY_RIGHT), Action.DELETE_RIGHT) for n in range(deleted)]
    wish = replace(DELETE, most_deleted=most)
    return MirrorPlan(LEFT, RIGHT, wish, 0.0, tuple(steps), same=same, right_files=right)


@pytest.mark.parametrize(
    ("deleted", "right", "most", "asks"),
    [
        (50, 100, 0.5, False),
        (51, 100, 0.5, True),
        (1, 100, 0.0, True),
        (0, 100, 0.0, False),
        (100, 100, 1.0, False),
        (8, 9, 0.5, False),  # few files: a share of them says little
        (9, 9, 0.5, True),
        (1, 1, 0.5, True),
        (9, 10, 0.5, True),
    ],
)
def test_more_than_the_share_that_may_be_deleted_asks(
    deleted: int, right: int, most: float, asks: bool
) -> None:
    assert (refusal(_plan(deleted, right, most=most)) is not None) == asks


def test_the_sentence_has_the_numbers() -> None:
    assert refusal(_plan(1500, 2000)) == (
        "1,500 of the 2,000 files on the right would be deleted, which is more than 50 % of them."
    )


@pytest.mark.parametrize("deleted", [1, 3])
def test_a_left_side_without_files_asks_whatever_may_be_deleted(deleted: int) -> None:
    asked = refusal(_plan(deleted, 1000, most=1.0, same=0))
    assert asked is not None
    assert asked.startswith("The left side has no files at all")


def test_a_left_side_with_folders_only_has_no_files() -> None:
    made = _plan(1, 100, same=0)
    folder = Step(pair("d", Mark.NEW, left=None), Action.MAKE_DIR)
    assert refusal(replace(made, steps=(*made.steps, folder))) is not None
    file = Step(pair("d", Mark.NEW), Action.RIGHT)
    assert refusal(replace(made, steps=(*made.steps, file))) is None


def test_folders_and_renames_are_no_deletions() -> None:
    folders = [
        Step(pair(f"{n}", Mark.ONLY_RIGHT, right=None), Action.DELETE_RIGHT) for n in range(20)
    ]
    moved = [
        Step(pair(f"n{n}", Mark.NEW), Action.RENAME, pair(f"o{n}", Mark.ONLY_RIGHT))
        for n in range(20)
    ]
    assert refusal(replace(_plan(0, 20), steps=(*folders, *moved))) is None
