"""Patterns as .gitignore has them leave out what matches, on both sides."""

from __future__ import annotations

import pytest

from tests.transfers.mirror.trees import Tree, marks, pages, why
from transfers.mirror.model import Mark, Wish


def _marks(left: Tree, right: Tree, *patterns: str) -> dict[str, Mark]:
    return marks(left, right, Wish(patterns=patterns))


def test_what_a_pattern_matches_is_neither_new_nor_only_on_the_right() -> None:
    left, right = Tree().put("/a.pyc").put("/a.py"), Tree().put("/b.pyc").put("/b.py")
    assert _marks(left, right, "*.pyc") == {"a.py": Mark.NEW, "b.py": Mark.ONLY_RIGHT}


def test_a_folder_that_is_ignored_is_not_listed() -> None:
    left, right = Tree().put("/build/file").put("/kept"), Tree().put("/build/other")
    assert _marks(left, right, "build/", "!build/file") == {"kept": Mark.NEW}
    assert ("list_dir", "/build") not in left.asked + right.asked


def test_a_later_pattern_takes_back_what_an_earlier_one_left_out() -> None:
    left = Tree().put("/a.log").put("/keep.log")
    assert _marks(left, Tree(), "*.log", "!keep.log") == {"keep.log": Mark.NEW}


def test_a_pattern_with_a_slash_is_relative_to_the_top() -> None:
    left = Tree().put("/a/b").put("/c/a/b")
    assert _marks(left, Tree(), "/a/b") == dict.fromkeys(("a", "c", "c/a", "c/a/b"), Mark.NEW)


def test_a_name_that_folds_to_an_ignored_one_is_left_alone_on_both_sides() -> None:
    left, right = Tree().put("/Thumbs.db"), Tree(folds_names=True).put("/thumbs.db")
    assert _marks(left, right, "Thumbs.db") == {}
    assert _marks(left, right, "thumbs.db") == {}


def test_an_ignored_name_clashes_with_none() -> None:
    left, right = Tree().put("/Name").put("/name"), Tree(folds_names=True)
    assert _marks(left, right, "Other") == {"Name": Mark.NAME, "name": Mark.NAME}


def test_what_is_ignored_in_a_folder_that_only_the_right_has_is_told() -> None:
    right = Tree().put("/only/a.pyc")
    assert _marks(Tree(), right, "*.pyc") == {"only": Mark.ONLY_RIGHT, "only/a.pyc": Mark.LEFT_OUT}
    assert why(Tree(), right, "only/a.pyc", Wish(patterns=("*.pyc",))) == "a pattern leaves it out"


def test_a_backslash_separates_nothing() -> None:
    left = Tree().put("/a\\b")
    assert _marks(left, Tree(), "b") == {"a\\b": Mark.NEW}


def test_what_is_no_pattern_is_refused_before_anything_is_asked() -> None:
    left = Tree()
    with pytest.raises(ValueError, match="gitignore"):
        next(iter(pages(left, Tree(), Wish(patterns=("!",)))))
    assert not left.asked
