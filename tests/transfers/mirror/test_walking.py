"""Comparing two trees: what is reported of them, and how often their places are asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from providers.base import Entry
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    NotFound,
    ProviderError,
    Throttled,
    Unreachable,
)
from providers.memory import MemoryProvider
from tests.transfers.mirror.trees import THEN, Tree, marks, pages, pairs, sides, why
from transfers.mirror.model import Mark, Wish
from transfers.mirror.walking import compare
from transfers.scan import ScanCancelled


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions are put again without a wait."""
    monkeypatch.setattr("transfers.mirror.crew._WAITS", (0.0, 0.0, 0.0))


def test_each_kind_of_difference_has_its_mark() -> None:
    left = Tree().put("/same").put("/newer", modified=THEN + 9).put("/older", modified=THEN - 9)
    left.put("/size", b"four").put("/new").folder("/type")
    right = Tree().put("/same").put("/newer").put("/older").put("/size").put("/only").put("/type")
    assert marks(left, right) == {
        "same": Mark.SAME,
        "newer": Mark.NEWER,
        "older": Mark.OLDER,
        "size": Mark.DIFFERENT,
        "new": Mark.NEW,
        "only": Mark.ONLY_RIGHT,
        "type": Mark.TYPE,
    }


def test_every_folder_of_each_side_is_listed_once_and_no_file_is_asked_about() -> None:
    left, right = Tree(), Tree()
    for number in range(20):
        left.put(f"/{number}/a/file")
        right.put(f"/{number}/a/file").put(f"/{number}/only/file")
    marks(left, right)
    for tree, count in ((left, 41), (right, 61)):
        assert tree.count("list_dir") == count == len(tree.asked)
        assert set(tree.asked.values()) == {1}


def test_a_folder_that_one_side_has_is_reported_with_all_below_it() -> None:
    left = Tree().put("/mine/below/file").folder("/mine/empty")
    right = Tree().put("/theirs/below/file").folder("/theirs/empty")
    found = marks(left, right)
    assert {path: m for path, m in found.items() if m is Mark.NEW} == dict.fromkeys(
        ("mine", "mine/below", "mine/below/file", "mine/empty"), Mark.NEW
    )
    assert {path: m for path, m in found.items() if m is Mark.ONLY_RIGHT} == dict.fromkeys(
        ("theirs", "theirs/below", "theirs/below/file", "theirs/empty"), Mark.ONLY_RIGHT
    )


def test_a_pair_has_its_address_on_both_sides() -> None:
    left, right = Tree().put("/folder/new"), Tree().put("/folder/only")
    found = {pair.relative[-1]: pair for pair in pairs(left, right)}
    for name in ("new", "only"):
        assert found[name].left_path == found[name].right_path == f"/folder/{name}"


def test_a_folder_comes_before_what_is_in_it() -> None:
    found = [*marks(Tree().put("/a/b/c/d"), Tree().put("/a/b/e/f"))]
    assert found == ["a", "a/b", "a/b/c", "a/b/c/d", "a/b/e", "a/b/e/f"]


@pytest.mark.parametrize("unreadable", ["left", "right"])
def test_nothing_counts_as_missing_below_a_folder_that_cannot_be_listed(unreadable: str) -> None:
    left, right = Tree().put("/folder/left"), Tree().put("/folder/right")
    _refuse(left if unreadable == "left" else right, "/folder", Denied("/folder"))
    assert marks(left, right) == {"folder": Mark.UNKNOWN}
    assert "permission denied" in why(left, right, "folder")


def test_a_folder_of_one_side_that_cannot_be_listed_is_not_known() -> None:
    left, right = Tree(), Tree().put("/only/file")
    _refuse(right, "/only", NotFound("/only"))
    assert marks(left, right) == {"only": Mark.UNKNOWN}


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_top_that_cannot_be_listed_is_an_error(side: str) -> None:
    left, right = Tree(), Tree()
    _refuse(left if side == "left" else right, "/", NotFound("/"))
    with pytest.raises(NotFound):
        marks(left, right)


def test_a_top_without_anything_may_not_exist_where_folders_are_not_real() -> None:
    left, right = Tree().put("/file"), Tree(real_directories=False)
    _refuse(right, "/", NotFound("/"))
    assert marks(left, right) == {"file": Mark.NEW}
    with pytest.raises(NotFound):
        marks(right, left)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "error",
    [
        ConnectionLost("/folder"),
        Throttled("/folder", retry_after=None),
        AuthRequired("memory://r"),
    ],
)
def test_what_is_about_all_of_a_place_ends_the_comparison(error: ProviderError) -> None:
    left, right = Tree().put("/folder/left"), Tree().put("/folder/right")
    _refuse(right, "/folder", error)
    with pytest.raises(type(error)):
        marks(left, right)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "error", [ConnectionLost("/folder"), Throttled("/folder", retry_after=0.0)]
)
def test_a_place_that_stumbles_is_asked_again(error: ProviderError) -> None:
    left, right = Tree().put("/folder/file"), Tree().put("/folder/file")
    failing = iter([True, True, False])

    def fail(operation: str, path: str) -> None:
        if path == "/folder" and next(failing):
            raise error

    right.store.fail = fail
    assert marks(left, right) == {"folder": Mark.SAME, "folder/file": Mark.SAME}


@pytest.mark.parametrize(
    "error", [Unreachable("memory://r"), Throttled("/folder", retry_after=3600.0)]
)
def test_a_place_that_is_away_for_long_is_not_waited_for(error: ProviderError) -> None:
    right = Tree().put("/folder/file")
    asked = _refuse(right, "/folder", error)
    with pytest.raises(type(error)):
        marks(Tree().folder("/folder"), right)
    assert len(asked) == 1


def test_a_comparison_that_is_given_up_does_not_wait_for_an_answer() -> None:
    asked, interrupted, answered = (threading.Event() for _ in range(3))

    class Stuck(Tree):
        def interrupt(self, thread: int) -> None:
            interrupted.set()

        def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
            asked.set()
            interrupted.wait()
            answered.set()
            raise ConnectionLost(path)

    found = compare(
        *sides(Tree(), Stuck()), Wish(), on_progress=lambda _: None, cancelled=asked.is_set
    )
    with pytest.raises(ScanCancelled):
        next(iter(found))
    assert answered.wait(30)


def test_a_comparison_that_is_given_up_ends_at_once() -> None:
    left, right = Tree().put("/a/b/c"), Tree().put("/a/b/c")
    gave_up: list[int] = []
    with pytest.raises(ScanCancelled):
        for _ in compare(
            *sides(left, right), Wish(), on_progress=gave_up.append, cancelled=lambda: bool(gave_up)
        ):
            pass
    assert gave_up == [1]


def test_a_deep_tree_needs_no_deep_stack() -> None:
    path = "/d" * 1500
    left, right = Tree().put(f"{path}/file"), Tree().put(f"{path}/file")
    assert len(marks(left, right)) == 1501


def test_a_large_folder_comes_in_pages() -> None:
    left, right = Tree(), Tree()
    for number in range(2500):
        left.put(f"/{number:04}")
    assert [len(page) for page in pages(left, right)] == [1000, 1000, 500]


def test_folders_that_are_not_real_are_not_missing() -> None:
    left, right = Tree().put("/full/file").folder("/empty"), Tree(real_directories=False)
    assert marks(left, right) == {
        "full": Mark.SAME,
        "full/file": Mark.NEW,
        "empty": Mark.SAME,
    }


def test_a_tree_inside_the_other_is_no_part_of_it() -> None:
    tree = Tree().put("/a/file").put("/a/copy/file")
    left, right = sides(tree, tree)
    left = type(left)(type(left.place)("memory://t", "/a"), tree)
    right = type(right)(type(right.place)("memory://t", "/a/copy"), tree)
    found = compare(left, right, Wish(), on_progress=lambda _: None, cancelled=lambda: False)
    told = {"/".join(pair.relative): pair.mark for page in found for pair in page}
    assert told == {"file": Mark.SAME, "copy": Mark.LEFT_OUT}


def test_the_folder_of_what_was_pruned_is_no_part_of_the_tree() -> None:
    left, right = Tree(), Tree().put("/old/2026/file")
    assert marks(left, right, Wish(backup="/old")) == {"old": Mark.LEFT_OUT}


@pytest.mark.parametrize("name", [".Trash-1000", "$RECYCLE.BIN", "lost+found"])
def test_the_trash_at_the_top_of_a_disk_is_neither_copied_nor_removed(name: str) -> None:
    left, right = Tree(), Tree().put(f"/{name}/file").put(f"/below/{name}/file")
    found = marks(left, right)
    assert found[name] is Mark.LEFT_OUT and f"{name}/file" not in found
    assert found[f"below/{name}/file"] is Mark.ONLY_RIGHT
    assert marks(right, left)[name] is Mark.LEFT_OUT


def test_unfinished_bytes_of_a_transfer_are_left_alone() -> None:
    name = "/.file.0badcafe.part"
    assert marks(Tree(), Tree().put(name)) == {name[1:]: Mark.LEFT_OUT}


def _refuse(tree: MemoryProvider, path: str, error: Exception) -> list[str]:
    """Have its list refused; what is returned grows with each time that it was asked for."""
    asked: list[str] = []

    def fail(operation: str, at: str) -> None:
        if (operation, at) == ("list_dir", path):
            asked.append(at)
            raise error

    tree.store.fail = fail
    return asked
