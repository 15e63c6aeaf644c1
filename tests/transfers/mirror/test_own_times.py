"""Own times of a bucket's files: asked for once, and only believed of the very same content."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from providers.base import Entry
from tests.transfers.mirror.trees import THEN, Tree, sides
from transfers.mirror.model import Mark, Pair, Wish
from transfers.mirror.own_times import OwnTimes, read
from transfers.mirror.walking import compare

STORED = THEN + 5000.0


def _stored(entry: Entry) -> Entry:
    return replace(entry, modified=STORED)


def _bucket() -> Tree:
    """Its lists tell when a file was stored; its own time is told to who asks."""
    left = Tree(keeps_modified=False)
    left.lists = _stored
    return left


def _pairs(left: Tree, right: Tree, times: OwnTimes) -> list[Pair]:
    pages = compare(
        *sides(left, right),
        Wish(),
        on_progress=lambda _: None,
        cancelled=lambda: False,
        times=times,
    )
    return [pair for page in pages for pair in page]


def test_a_file_is_asked_about_once_and_known_then(tmp_path: Path) -> None:
    left, right = _bucket().put("/a", b"text"), Tree().put("/a", b"text")
    times = OwnTimes()
    for asked in (1, 1, 1):
        [pair] = _pairs(left, right, times)
        assert pair.mark is Mark.SAME
        assert left.asked["stat", "/a"] == asked
        times.write(tmp_path / "times")
        times = read(tmp_path / "times")


def test_another_content_is_asked_about_again() -> None:
    left, right = _bucket().put("/a", b"text"), Tree().put("/a", b"text")
    times = OwnTimes()
    _pairs(left, right, times)
    left.put("/a", b"TEXT", modified=THEN + 60)
    [pair] = _pairs(left, right, times)
    assert pair.mark is Mark.NEWER
    assert left.asked["stat", "/a"] == 2


def test_the_same_version_stored_again_is_asked_about_again() -> None:
    left, right = _bucket().put("/a", b"text"), Tree().put("/a", b"text")
    times = OwnTimes()
    _pairs(left, right, times)
    left.lists = lambda entry: replace(entry, modified=STORED + 1)
    _pairs(left, right, times)
    assert left.asked["stat", "/a"] == 2


def test_what_is_kept_never_hides_that_the_right_is_another() -> None:
    left, right = _bucket().put("/a", b"text"), Tree().put("/a", b"text")
    times = OwnTimes()
    _pairs(left, right, times)
    right.put("/a", b"TEXT", modified=THEN + 60)
    [pair] = _pairs(left, right, times)
    assert pair.mark is not Mark.SAME


def test_notes_that_are_damaged_tell_nothing(tmp_path: Path) -> None:
    (tmp_path / "times").write_text('[["/a", 1]]')
    times = read(tmp_path / "times")
    [pair] = _pairs(_bucket().put("/a", b"x"), Tree().put("/a", b"x"), times)
    assert pair.mark is Mark.SAME
