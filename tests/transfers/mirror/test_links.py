"""Links: left out as a rule, followed on the left where a person asked for it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from providers.base import Entry
from providers.errors import Denied
from tests.transfers.mirror.trees import Tree, marks, pairs, why
from transfers.mirror.model import Mark, Wish

FOLLOW = Wish(links="follow")


@pytest.mark.parametrize("wish", [Wish(), FOLLOW])
def test_a_link_on_the_right_is_never_followed_nor_only_there(wish: Wish) -> None:
    left, right = Tree().put("/file"), Tree().put("/target/x").link("/file", "target")
    right.link("/only", "target")
    found = marks(left, right, wish)
    assert (found["file"], found["only"]) == (Mark.TYPE, Mark.LEFT_OUT)


def test_a_link_is_left_out_with_what_stands_there_on_the_right() -> None:
    left, right = Tree().link("/link", "nowhere"), Tree().put("/link/file")
    assert marks(left, right) == {"link": Mark.LEFT_OUT}
    assert why(left, right, "link") == "a link"


def test_a_followed_file_is_read_where_it_is() -> None:
    left, right = Tree().put("/a/file", b"1").link("/link", "hop").link("/hop", "a/file"), Tree()
    right.put("/link", b"1").put("/a/file", b"1")
    found = {pair.relative: pair for pair in pairs(left, right, FOLLOW)}
    link = found["link",]
    assert (link.mark, link.left_path, link.right_path) == (Mark.SAME, "/a/file", "/link")
    assert found["hop",].mark is Mark.NEW


def test_a_followed_folder_is_walked() -> None:
    left = Tree().put("/a/b/file").link("/link", "a")
    found = marks(left, Tree().put("/link/b/only"), FOLLOW)
    assert found["link"] is found["link/b"] is Mark.SAME
    assert found["link/b/file"] is Mark.NEW
    assert found["link/b/only"] is Mark.ONLY_RIGHT


def test_a_link_to_a_folder_it_is_in_is_told_and_not_followed() -> None:
    left = Tree().put("/a/b/file").link("/a/b/up", "..").link("/top", "/")
    found = marks(left, Tree(), FOLLOW)
    assert (found["a/b/up"], found["top"]) == (Mark.LEFT_OUT, Mark.LEFT_OUT)
    assert "never end" in why(left, Tree(), "top", FOLLOW)


def test_links_that_lead_to_each_other_end() -> None:
    left = Tree().link("/a/to-b", "/b").link("/b/to-a", "/a")
    found = marks(left, Tree(), FOLLOW)
    assert found["a/to-b/to-a"] is found["b/to-a/to-b"] is Mark.LEFT_OUT


def test_links_end_where_their_place_does_not_tell_what_they_lead_to() -> None:
    class Silent(Tree):
        def stat(self, path: str, *, follow: bool = False) -> Entry:
            found = super().stat(_without_links(path, follow=follow), follow=follow)
            return replace(found, path=path, target=None)

        def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
            for page in super().list_dir(_without_links(path, follow=True)):
                yield [replace(entry, path=self.join(path, entry.name)) for entry in page]

    left = Silent().link("/a/up", "/")
    deepest = max(marks(left, Tree(), FOLLOW), key=len)
    assert deepest.count("up") == 9 and marks(left, Tree(), FOLLOW)[deepest] is Mark.LEFT_OUT


def test_a_link_that_leads_nowhere_is_left_out_and_one_that_is_hidden_not_known() -> None:
    left = Tree().link("/broken", "nowhere").link("/round", "round").link("/secret", "/x")
    left.put("/x")

    def fail(operation: str, path: str) -> None:
        if (operation, path) == ("stat", "/secret"):
            raise Denied(path)

    left.store.fail = fail
    found = marks(left, Tree(), FOLLOW)
    assert found["broken"] is found["round"] is Mark.LEFT_OUT
    assert found["secret"] is Mark.UNKNOWN


def _without_links(path: str, *, follow: bool) -> str:
    """Of a tree where "up" in "a" leads to the top."""
    last = "" if follow else posixpath.basename(path)
    path = path if follow else posixpath.dirname(path)
    return posixpath.join("/a" if path.endswith("a") else "/", last).rstrip("/") or "/"
