"""What is looked for, and the walk that finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Entry, Kind, Place
from providers.errors import Denied
from providers.local.provider import LocalProvider
from tests.tui.app_case import Tree
from tui import found
from tui.listing import Request, Snapshot, View
from tui.search import Criteria, read_age, read_size

NOW = 1e9
MIB = 1 << 20


def test_sizes_are_read_as_they_are_typed() -> None:
    assert read_size(">10M") == read_size("10 MiB") == (10 * MIB, None)
    assert read_size("<1.5k") == (None, 1536)
    assert read_size(" ") == (None, None)
    for text in ("ten", "10X", "-1", "> ", "1M-2M"):
        with pytest.raises(ValueError, match="reads like"):
            read_size(text)


def test_ages_are_read_as_they_are_typed() -> None:
    week = 7 * 86400
    assert read_age("<7d", NOW) == read_age("1w", NOW) == (NOW - week, None)
    assert read_age("> 1w", NOW) == (None, NOW - week)
    assert read_age("", NOW) == (None, None)
    for text in ("7", "7 m", "yesterday"):
        with pytest.raises(ValueError, match="reads like"):
            read_age(text, NOW)


def entry(name: str, kind: Kind = Kind.FILE, size: int | None = 1, age: float = 0.0) -> Entry:
    return Entry(f"/{name}", name, kind, size, NOW - age)


def test_all_of_the_criteria_must_hold() -> None:
    wanted = Criteria("*.TXT", least=10, after=NOW - 60, kinds=frozenset({Kind.FILE})).matcher()
    assert wanted(entry("a.txt", size=10))
    assert not wanted(entry("a.txt.bak", size=10))
    assert not wanted(entry("a.txt", size=9))
    assert not wanted(entry("a.txt", size=10, age=61))
    assert not wanted(entry("d.txt", Kind.DIR, 10))


def test_a_part_of_a_name_is_enough_and_a_size_that_is_not_known_never_fits() -> None:
    assert Criteria("pOr").matcher()(entry("report.pdf"))
    assert not Criteria(least=0).matcher()(entry("x", size=None))
    assert Criteria().matcher()(entry("x", size=None))


def test_the_heading_says_what_was_looked_for_and_steers_no_terminal() -> None:
    assert Criteria("a\x1b[31m", words=">10M").heading == "“a\\x1b[31m”, >10M"
    assert Criteria().heading == "everything"


def snapshots(
    provider: Tree | LocalProvider, request: Request, clock: float = 1.0
) -> list[Snapshot]:
    taken: list[Snapshot] = []
    ticks = iter(float(n) * clock for n in range(1_000_000))
    found.read(
        provider,
        request,
        view=lambda: View(hidden=True),
        emit=lambda asked, snapshot: taken.append(snapshot),
        cancelled=lambda: False,
        clock=lambda: next(ticks),
    )
    return taken


def asked(path: str, search: Criteria, known: Sequence[Entry] | None = None) -> Request:
    return Request(Place("memory://x", path), search=search, known=known)


def paths(snapshot: Snapshot) -> list[str]:
    return sorted(entry.path for entry in snapshot.entries)


def test_what_is_found_comes_while_the_search_goes_on() -> None:
    tree = Tree(["/a/", "/a/x1", "/b/", "/b/x2", "/b/y"])
    taken = snapshots(tree, asked("/", Criteria("x")))
    assert [paths(each) for each in taken if not each.complete][-1] == ["/a/x1", "/b/x2"]
    assert (list(taken[0].entries), taken[0].parent) == ([], "/")
    assert taken[-1].complete
    assert paths(taken[-1]) == ["/a/x1", "/b/x2"]
    assert "looked at" in taken[1].note


def test_hidden_folders_are_left_alone_unless_they_are_wanted() -> None:
    tree = Tree(["/.git/", "/.git/x", "/.x", "/x"])
    assert paths(snapshots(tree, asked("/", Criteria("x")))[-1]) == ["/x"]
    all_of_it = snapshots(tree, asked("/", Criteria("x", hidden=True)))[-1]
    assert paths(all_of_it) == ["/.git/x", "/.x", "/x"]


def test_links_are_found_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "top" / "d").mkdir(parents=True)
    (tmp_path / "top" / "d" / "loop x").symlink_to("..")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").touch()
    (tmp_path / "top" / "to x").symlink_to("../outside")
    last = snapshots(LocalProvider(), asked(str(tmp_path / "top"), Criteria("x")))[-1]
    assert [Path(path).name for path in paths(last)] == ["loop x", "to x"]


def test_it_stops_when_there_is_more_than_a_list_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "MOST", 2)
    last = snapshots(Tree(["/a", "/b", "/c"]), asked("/", Criteria()))[-1]
    assert len(last.entries) == 2
    assert "stopped at 2" in last.note


def test_folders_that_could_not_be_searched_are_told() -> None:
    tree = Tree(["/a/", "/a/x", "/x"])

    def fail(operation: str, path: str) -> None:
        if operation == "list_dir" and path == "/a":
            raise Denied(path)

    tree.store.fail = fail
    last = snapshots(tree, asked("/", Criteria("x")))[-1]
    assert (paths(last), last.note) == (["/x"], "1 folder could not be read")


def test_what_was_found_is_looked_at_again_and_what_is_gone_is_left_out() -> None:
    tree = Tree(["/a/", "/a/x1", "/a/x2"])
    known = snapshots(tree, asked("/", Criteria("x")))[-1].entries
    tree.delete("/a/x1")
    tree.rename("/a/x2", "/a/y2")
    request = replace(asked("/", Criteria("x"), known), focus="/a/y2")
    (again,) = snapshots(tree, request)
    assert paths(again) == ["/a/y2"]


def test_rows_are_called_by_their_way_from_where_the_search_began() -> None:
    assert found.relative("/a/b/c", "/a") == "b/c"
    assert found.relative("/a", "/") == "a"
    assert found.relative("/ab/c", "/a") == "/ab/c"
