"""Taking back: only what is still what it was, never over something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Entry, Kind
from providers.errors import AlreadyExists, NotEmpty, NotFound, TargetChanged, Unsupported
from providers.local.provider import LocalProvider
from tests.servers.trash import trash_of
from tests.tui.app_case import Tree
from tui import changes
from tui.bulk_rename import Move
from tui.changes import Change, Changes, Did, Thing, described, effect, undo
from tui.commands.making import make_file

HERE = "file:"


def renamed(folder: Path, **names: str) -> Change:
    """Rename in `folder` and return that as a change."""
    provider, moves = LocalProvider(), []
    for old, new in names.items():
        moves.append(Move(str(folder / old), str(folder / new)))
        provider.rename(moves[-1].source, moves[-1].target)
    return changes.renamed(provider, HERE, moves)


def test_names_are_given_back(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "d").mkdir()
    change = renamed(tmp_path, a="b", d="e")
    assert undo(LocalProvider(), change).left is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "d"]


def test_names_that_were_exchanged_are_exchanged_back(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    provider = LocalProvider()
    for old, new in (("a", "x"), ("b", "a"), ("x", "b")):
        provider.rename(str(tmp_path / old), str(tmp_path / new))
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    change = changes.renamed(provider, HERE, [Move(a, b), Move(b, a)])
    assert undo(provider, change).left is None
    assert ((tmp_path / "a").read_text(), (tmp_path / "b").read_text()) == ("a", "b")


def test_another_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    change = renamed(tmp_path, a="b")
    (tmp_path / "b").rename(tmp_path / "kept")
    (tmp_path / "b").write_text("else")
    with pytest.raises(TargetChanged, match="is another"):
        undo(LocalProvider(), change)
    assert not (tmp_path / "a").exists()


def test_a_link_in_its_place_is_another_thing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    change = renamed(tmp_path, a="b")
    (tmp_path / "b").rename(tmp_path / "kept")
    (tmp_path / "b").symlink_to("kept")
    with pytest.raises(TargetChanged):
        undo(LocalProvider(), change)


def test_what_took_the_old_name_meanwhile_stays(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    change = renamed(tmp_path, a="b")
    (tmp_path / "a").write_text("new")
    with pytest.raises(AlreadyExists):
        undo(LocalProvider(), change)
    assert ((tmp_path / "a").read_text(), (tmp_path / "b").read_text()) == ("new", "mine")


def test_nothing_of_many_is_taken_back_when_one_is_gone(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    change = renamed(tmp_path, a="x", b="y")
    (tmp_path / "y").unlink()
    with pytest.raises(NotFound, match="gone since"):
        undo(LocalProvider(), change)
    assert (tmp_path / "x").exists()


def test_a_made_folder_goes_when_it_is_still_empty_only(tmp_path: Path) -> None:
    provider, path = LocalProvider(), tmp_path / "new"
    provider.make_dir(str(path))
    change = changes.made(provider, HERE, str(path))
    (path / "file").touch()
    with pytest.raises((TargetChanged, NotEmpty)):
        undo(provider, change)
    (path / "file").unlink()
    provider.delete(str(path))
    provider.make_dir(str(path))
    assert undo(provider, changes.made(provider, HERE, str(path))).left is None
    assert not path.exists()


def test_a_made_file_goes_unless_something_was_written_into_it(tmp_path: Path) -> None:
    provider, path = LocalProvider(), tmp_path / "new.txt"
    make_file(provider, provider, str(path))
    change = changes.made(provider, HERE, str(path))
    path.write_text("work")
    with pytest.raises(TargetChanged):
        undo(provider, change)
    assert path.read_text() == "work"


def test_a_file_is_not_made_over_another(tmp_path: Path) -> None:
    provider, path = LocalProvider(), tmp_path / "a"
    path.write_text("x")
    with pytest.raises(AlreadyExists):
        make_file(provider, provider, str(path))
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(AlreadyExists):
        make_file(provider, provider, str(tmp_path / "link"))
    assert path.read_text() == "x"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "link"]


def test_an_upload_is_not_even_begun_where_something_stands() -> None:
    """Some places empty what stands at the name as soon as bytes are sent to it."""
    tree, begun = Tree(["/a"]), []
    tree.store.fail = lambda operation, path: begun.append(operation)
    with pytest.raises(AlreadyExists):
        make_file(tree, tree, "/a")
    assert "begin" not in begun


def test_what_was_thrown_away_comes_back_and_the_rest_stays_in_the_list(
    tmp_path: Path, isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash_of(isolated_home, monkeypatch)
    provider, away = LocalProvider(), []
    for name in ("a", "b"):
        path = tmp_path / name
        path.write_text(name)
        entry = provider.stat(str(path))
        away.append((entry, provider.throw_away(str(path))))
    change = changes.thrown(provider, HERE, away)
    (tmp_path / "a").write_text("new")
    done = undo(provider, change)
    assert (done.count, isinstance(done.error, AlreadyExists)) == (1, True)
    assert done.left is not None and [thing.name for thing in done.left.things] == ["a"]
    assert ((tmp_path / "a").read_text(), (tmp_path / "b").read_text()) == ("new", "b")


def test_what_only_the_systems_program_finds_is_said_so() -> None:
    change = changes.thrown(LocalProvider(), HERE, [(Entry("/x/a", "a", Kind.FILE), "")])
    with pytest.raises(Unsupported, match="only the system's own trash program finds it"):
        undo(LocalProvider(), change)


def test_the_list_keeps_what_is_left_and_drops_what_is_done() -> None:
    kept, tree = Changes(), Tree(["/a", "/b"])
    one, two = changes.made(tree, "memory://x", "/a"), changes.made(tree, "memory://x", "/b")
    kept.note(one)
    kept.note(two)
    assert kept.all() == [two, one]
    kept.replace(two, None)
    assert kept.all() == [one]
    kept.note(Change(Did.RENAMED, "memory://x", ()))
    assert kept.all() == [one]


def test_the_list_is_short_however_much_is_changed() -> None:
    kept, tree = Changes(), Tree(["/a"])
    for _ in range(1000):
        kept.note(changes.made(tree, "memory://x", "/a"))
    assert len(kept.all()) == 200


def moved(tree: Tree, source: str, target: str) -> Change:
    tree.rename(source, target)
    return changes.renamed(tree, "memory://x", [Move(source, target)], Did.MOVED)


def test_what_was_moved_in_one_go_is_one_change_and_one_of_too_many_things_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes, "_MOST_THINGS", 2)
    kept, tree = Changes(), Tree(["/a/", "/b/", "/a/1", "/a/2", "/a/3"])
    for number, things in (("1", [1]), ("2", [2]), ("3", [])):
        change = moved(tree, f"/a/{number}", f"/b/{number}")
        kept.note(replace(change, group="g"))
        assert [len(each.things) for each in kept.all()] == things


def test_the_folder_a_move_took_away_is_made_again(tmp_path: Path) -> None:
    tree = Tree(["/a/", "/a/b/", "/a/b/1", "/to/"])
    change = moved(tree, "/a/b/1", "/to/1")
    tree.delete("/a/b")
    tree.delete("/a")
    assert undo(tree, change).left is None
    assert "/a/b/1" in tree.store.nodes


def test_nothing_is_moved_back_through_a_link_that_took_its_folders_place() -> None:
    tree = Tree(["/a/", "/a/1", "/to/", "/else/"])
    change = moved(tree, "/a/1", "/to/1")
    tree.delete("/a")
    tree.make_link("/a", "/else")
    with pytest.raises(TargetChanged, match="no folder any more"):
        undo(tree, change)
    assert "/to/1" in tree.store.nodes


def test_a_change_is_described_in_one_safe_line() -> None:
    now = Entry("/b\x1b[31m", "b\x1b[31m", Kind.FILE)
    change = Change(Did.RENAMED, "memory://x", (Thing("a\n", now, "/a\n"),))
    assert described(change) == "Renamed: a\\x0a → b\\x1b[31m"
    assert "old name back" in effect(change)


def test_taking_a_link_back_is_not_called_what_it_would_be_of_a_folder() -> None:
    tree = Tree(["/file"])
    tree.make_link("/link", "file")
    change = changes.made(tree, "memory://x", "/link")
    assert effect(change) == "Removes the link memory://x/link; what it leads to stays."
    assert undo(tree, change).left is None and "/file" in tree.store.nodes
