"""What is done to whole trees without moving bytes: walking, adding up, permissions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from providers.base import Entry, Kind
from providers.errors import Denied
from providers.local.provider import LocalProvider
from tests.tui.app_case import Tree
from tui import modes, walk
from tui.commands.usage import Usage, measure, summary
from tui.modes import Wanted, for_folders, read_octal, set_all
from tui.walk import Walked


def walked_paths(provider: Tree | LocalProvider, top: str, state: Walked | None = None) -> set[str]:
    state = state or Walked()
    pages = walk.walk(provider, [top], state, cancelled=lambda: False)
    return {entry.path for page in pages for entry in page}


def test_links_are_seen_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "top" / "d").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").touch()
    (tmp_path / "top" / "d" / "loop").symlink_to(tmp_path / "top")
    (tmp_path / "top" / "out").symlink_to(tmp_path / "outside")
    found = walked_paths(LocalProvider(), str(tmp_path / "top"))
    assert {Path(path).name for path in found} == {"d", "loop", "out"}


def test_a_link_in_a_folders_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "top" / "d").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").touch()
    pages = walk.walk(LocalProvider(), [str(tmp_path / "top")], Walked(), cancelled=lambda: False)
    next(pages)
    (tmp_path / "top" / "d").rmdir()
    (tmp_path / "top" / "d").symlink_to(tmp_path / "outside")
    assert list(pages) == []


class Endless(Tree):
    """A server that makes up folders without end."""

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        return Entry(path, "d", Kind.DIR)

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        yield [Entry(f"{path}/d", "d", Kind.DIR)]


def test_a_tree_without_end_has_one_here() -> None:
    state = Walked()
    assert len(walked_paths(Endless(), "", state)) == walk.DEEPEST + 1
    assert "left out" in state.lacking


def test_more_folders_than_are_kept_in_memory_are_said_to_be_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walk, "MOST_WAITING", 2)
    state = Walked()
    walked_paths(Tree(["/a/", "/b/", "/c/", "/c/x"]), "/", state)
    assert (state.left_out, state.lacking) == (1, "1 folder left out, there are too many")


def test_a_folder_that_cannot_be_read_is_counted_and_the_rest_goes_on() -> None:
    tree, state = Tree(["/a/", "/b/", "/b/x"]), Walked()

    def fail(operation: str, path: str) -> None:
        if operation == "list_dir" and path == "/a":
            raise Denied(path)

    tree.store.fail = fail
    assert walked_paths(tree, "/", state) == {"/a", "/b", "/b/x"}
    assert state.lacking == "1 folder could not be read"


# Adding up


def test_folders_are_added_up_each_and_together() -> None:
    tree = Tree(["/d/", "/d/e/", "/d/e/1234", "/d/12", "/x"])
    tree.make_link("/d/loop", "/d")
    entries = [entry for page in tree.list_dir("/") for entry in page]
    found, told = Usage(), {}
    measure(
        tree,
        entries,
        found,
        tell=lambda path, size: told.update({path: size}),
        report=lambda far: None,
        cancelled=lambda: False,
    )
    deep, shallow, top = len("/d/e/1234"), len("/d/12"), len("/x")
    assert told == {"/d": deep + shallow}
    assert found.size == deep + shallow + top
    assert summary(found) == "16 B in 3 files and 2 folders."


def test_what_was_not_counted_is_said() -> None:
    found = Usage(files=3, size=10, unknown=1, walked=Walked(2, unread=1), stopped=True)
    assert summary(found) == (
        "At least 10 B in 3 files and 2 folders; 1 tell no size; 1 folder could not be read; "
        "stopped before the end."
    )


# Permissions


def test_octal_is_read_strictly() -> None:
    assert [read_octal(text) for text in ("644", "0755", "4755", "0")] == [
        0o644, 0o755, 0o4755, 0
    ]  # fmt: skip
    for text in ("", "888", "-1", "0o644", "77777", "6 4", "rwx"):
        with pytest.raises(ValueError, match="digits from 0 to 7"):
            read_octal(text)
    assert for_folders(0o640) == 0o750


def give(top: Path, wanted: Wanted) -> modes.Set:
    provider = LocalProvider()
    return set_all(
        provider,
        provider,
        [provider.stat(str(top))],
        wanted,
        on_progress=lambda count: None,
        cancelled=lambda: False,
    )


def bits(path: Path) -> int:
    return path.lstat().st_mode & 0o7777


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
@pytest.mark.parametrize("owner", (0o640, 0o200), ids=("open", "shut"))
def test_a_tree_gets_permissions_to_its_depth_and_links_lead_nowhere(
    tmp_path: Path, owner: int
) -> None:
    outside = tmp_path / "outside"
    outside.touch(mode=0o600)
    top = tmp_path / "top"
    (top / "deep").mkdir(parents=True, mode=0o755)
    (top / "deep" / "file").touch(mode=0o600)
    (top / "deep" / "link").symlink_to(outside)
    (top / "deep" / "loop").symlink_to(top)
    done = give(top, Wanted(owner, below=True, enter=True))
    assert (done.done, done.links, done.failed) == (3, 2, 0)
    found = bits(top)
    os.chmod(top, 0o700)
    deep = bits(top / "deep")
    os.chmod(top / "deep", 0o700)
    assert (found, deep) == (for_folders(owner),) * 2
    assert bits(top / "deep" / "file") == owner
    assert bits(outside) == 0o600


@pytest.mark.parametrize(
    ("bits", "order"),
    [(0o755, ["/d", "/d/e", "/d/x", "/d/e/y"]), (0o644, ["/d/x", "/d/e/y", "/d/e", "/d"])],
    ids=("open", "shut"),
)
def test_folders_that_shut_out_their_owner_are_set_when_all_in_them_is(
    bits: int, order: list[str]
) -> None:
    tree, given = Tree(["/d/", "/d/e/", "/d/x", "/d/e/y"]), []

    def note(operation: str, path: str) -> None:
        if operation == "set_mode":
            given.append(path)

    tree.store.fail = note
    set_all(
        tree,
        tree,
        [tree.stat("/d")],
        Wanted(bits, below=True),
        on_progress=lambda count: None,
        cancelled=lambda: False,
    )
    assert given == order


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_a_folder_alone_gets_them_when_no_more_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "file").touch(mode=0o600)
    give(tmp_path / "d", Wanted(0o711))
    assert (bits(tmp_path / "d"), bits(tmp_path / "d" / "file")) == (0o711, 0o600)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_a_folder_swapped_for_a_link_meanwhile_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faults D9: the swap comes between the listing of a folder and the change of what is in it."""
    top, outside = tmp_path / "top", tmp_path / "outside"
    (top / "d").mkdir(parents=True)
    (top / "d" / "file").touch(mode=0o600)
    outside.mkdir()
    (outside / "file").touch(mode=0o600)
    usual = LocalProvider.set_mode

    def swapping(self: LocalProvider, path: str, mode: int, *, within: str = "") -> None:
        if path.endswith("file") and not (top / "d").is_symlink():
            (top / "d").rename(tmp_path / "moved")
            (top / "d").symlink_to(outside)
        usual(self, path, mode, within=within)

    monkeypatch.setattr(LocalProvider, "set_mode", swapping)
    done = give(top, Wanted(0o777, below=True))
    assert done.failed == 1
    assert bits(outside / "file") == 0o600
