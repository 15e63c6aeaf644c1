"""Which name here is which there: letter case, how letters are made, and what cannot be told."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Entry, Kind
from providers.errors import InvalidName
from tests.transfers.mirror.trees import Tree, marks, pairs, why
from transfers.mirror.model import Mark
from transfers.mirror.names import key_of, matched

NFC, NFD = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


class Strict(Tree):
    """It refuses names with a colon."""

    def join(self, directory: str, name: str) -> str:
        if ":" in name:
            raise InvalidName(name, "“:” cannot be in a name here")
        return super().join(directory, name)


@pytest.mark.parametrize(("here", "there"), [(NFC, NFD), (NFD, NFC)])
@pytest.mark.parametrize("folds", [False, True])
def test_letters_that_are_made_in_another_way_are_the_same_name(
    here: str, there: str, folds: bool
) -> None:
    left, right = Tree().put(f"/{here}/file"), Tree(folds_names=folds).put(f"/{there}/file")
    assert marks(left, right) == {here: Mark.SAME, f"{here}/file": Mark.SAME}
    assert [pair.right_path for pair in pairs(left, right)] == [f"/{there}", f"/{there}/file"]


def test_names_made_in_two_ways_are_two_where_the_right_holds_both() -> None:
    left, right = Tree().put(f"/{NFC}").put(f"/{NFD}"), Tree().put(f"/{NFC}")
    assert marks(left, right) == {NFC: Mark.SAME, NFD: Mark.NEW}


def test_letter_case_counts_where_the_right_tells_it_apart() -> None:
    left, right = Tree().put("/Name"), Tree().put("/name")
    assert marks(left, right) == {"Name": Mark.NEW, "name": Mark.ONLY_RIGHT}


def test_letter_case_does_not_count_where_the_right_folds_it() -> None:
    left, right = Tree().put("/Dir/Name"), Tree(folds_names=True).put("/dir/name")
    assert marks(left, right) == {"Dir": Mark.SAME, "Dir/Name": Mark.SAME}


def test_several_names_that_are_one_there_clash_and_what_is_there_is_not_only_there() -> None:
    left = Tree().put("/Name").put("/name").put("/Dir/a").put("/dir/b")
    right = Tree(folds_names=True).put("/NAME").put("/DIR/c")
    assert marks(left, right) == dict.fromkeys(("Name", "name", "Dir", "dir"), Mark.NAME)
    assert why(left, right, "Name") == "one name there with “name”"
    assert {pair.right and pair.right.name for pair in pairs(left, right)} == {"NAME", "DIR"}


def test_one_of_several_names_that_is_there_as_it_is_spelt_clashes_with_the_others() -> None:
    left, right = Tree().put("/Name").put("/name"), Tree(folds_names=True).put("/name")
    assert marks(left, right) == {"Name": Mark.NAME, "name": Mark.NAME}


def test_names_clash_in_a_folder_that_is_new_there() -> None:
    left = Tree().put("/new/Name").put("/new/name")
    found = marks(left, Tree(folds_names=True))
    assert found == {"new": Mark.NEW, "new/Name": Mark.NAME, "new/name": Mark.NAME}


def test_names_that_the_right_holds_all_of_do_not_clash() -> None:
    left, right = Tree().put("/straße").put("/strasse"), Tree(folds_names=True)
    right.put("/straße").put("/strasse")
    assert marks(left, right) == {"straße": Mark.SAME, "strasse": Mark.SAME}


def test_a_name_that_may_be_any_of_several_there_is_none_of_them() -> None:
    left, right = Tree().put("/STRASSE"), Tree(folds_names=True).put("/straße").put("/strasse")
    assert marks(left, right) == {"STRASSE": Mark.NAME}


def test_a_name_that_the_right_cannot_store_is_told_with_the_reason() -> None:
    left, right = Tree().put("/a:b").put("/c:d/file"), Strict()
    assert marks(left, right) == {"a:b": Mark.NAME, "c:d": Mark.NAME}
    assert why(left, right, "a:b") == "“:” cannot be in a name here"
    assert {pair.right_path for pair in pairs(left, right)} == {""}


def test_a_name_that_the_left_cannot_have_is_not_only_on_the_right() -> None:
    assert marks(Strict(), Tree().put("/a:b")) == {"a:b": Mark.NAME}


def test_a_file_and_a_folder_of_one_name_clash_where_folders_are_real() -> None:
    left = _twofold()
    assert marks_of_all(left, Tree().put("/a/b")) == [("a", Mark.NAME), ("a", Mark.NAME)]


def test_a_file_and_a_folder_of_one_name_are_two_where_folders_are_not_real() -> None:
    found = marks_of_all(_twofold(), _twofold())
    assert found == [("a", Mark.SAME), ("a", Mark.SAME), ("a/b", Mark.SAME)]


def test_a_hostile_name_is_refused_and_nothing_is_walked_below_it() -> None:
    left, right = Tree().put("/evil/file"), Tree()
    left.lists = lambda entry: type(entry)("/evil", "..", entry.kind)
    assert marks(left, right) == {"..": Mark.NAME}


def marks_of_all(left: Tree, right: Tree) -> list[tuple[str, Mark]]:
    return sorted(("/".join(pair.relative), pair.mark) for pair in pairs(left, right))


def _twofold() -> Tree:
    """A bucket with the keys "a" and "a/b"."""
    tree = Tree(real_directories=False).put("/a/b").put("/file")

    tree.lists = lambda entry: replace(entry, name="a") if entry.name == "file" else entry
    return tree


_NAMES = st.lists(st.sampled_from(["a", "A", "ß", "ss", "SS", NFC, NFD, NFC.upper(), "b"]))


@given(left=_NAMES, right=_NAMES, folds=st.booleans())
def test_every_name_is_reported_and_none_that_the_left_may_mean_is_only_there(
    left: list[str], right: list[str], folds: bool
) -> None:
    sides = [
        [Entry(f"/{n}", n, Kind.FILE) for n in dict.fromkeys(names)] for names in (left, right)
    ]
    found = [*matched(*sides, folds=folds)]
    assert [match.left.name for match in found if match.left] == [*dict.fromkeys(left)]
    paired = [m.right.name for m in found if m.right and not m.clash]
    assert len(set(paired)) == len(paired), "one there was taken for two here"
    only = [match.right.name for match in found if match.left is None and match.right]
    assert not set(only) & set(left)
    key = key_of(folds=folds)
    if folds:
        clear = [m for m in found if m.left and m.clash == "" and m.right is None]
        there = {key(name) for name in right}
        assert not [m for m in clear if m.left and key(m.left.name) in there]
