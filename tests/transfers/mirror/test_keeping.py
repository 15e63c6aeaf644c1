"""Where deleted files are kept, and that the next mirror does not touch that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pathspec import GitIgnoreSpec

from providers.base import Place
from providers.errors import InvalidName
from tests.transfers.mirror.samples import DELETE, side
from transfers.mirror.keeping import dated, is_backup, is_below, left_alone
from transfers.mirror.model import Keep, Wish

TOP = side(Place("memory://right", "/top"))


def _wish(backup: str, *patterns: str) -> Wish:
    return replace(DELETE, keep=Keep.BACKUP, backup=backup, patterns=patterns)


@pytest.mark.parametrize("name", ["kept", "[ab]*", "#x", "!x", "a b ", "a?b", "a!b#c", "ä"])
def test_a_backup_folder_inside_the_tree_is_left_out_and_nothing_else(name: str) -> None:
    wish = left_alone(_wish(f"/top/d/{name}", "!kept"), TOP)
    spec = GitIgnoreSpec.from_lines(wish.patterns)
    assert spec.match_file(f"d/{name}/")  # a folder that is left out is not walked
    assert not spec.match_file(f"e/d/{name}/a")
    assert not spec.match_file("d/a/x")
    assert not spec.match_file("a/x")


def test_one_elsewhere_needs_no_pattern() -> None:
    wish = _wish("/topping/kept")
    assert left_alone(wish, TOP) == wish
    assert left_alone(DELETE, TOP) == DELETE


@pytest.mark.parametrize("backup", ["", "/top", "/top/", "/x/../top"])
def test_one_that_is_the_tree_itself_or_nothing_is_refused(backup: str) -> None:
    with pytest.raises(InvalidName):
        left_alone(_wish(backup), TOP)


def test_a_root_has_everything_below_it() -> None:
    assert left_alone(_wish("/kept"), side(Place("memory://right", "/"))).patterns == ("/kept/",)
    assert is_below("/a", "/")
    assert not is_below("/", "/")


def test_the_folder_is_called_by_the_time_in_utc() -> None:
    assert dated(1795688100.0) == "2026-11-26T10-15-00Z"


def test_without_a_backup_nothing_is_one() -> None:
    assert not is_backup(DELETE, "/top/kept")
    assert is_backup(_wish("/top/kept"), "/top/kept/x")
