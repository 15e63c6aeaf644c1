"""Many names at once: how they are written and read, what is refused, and an order that works."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import Denied
from tests.tui.app_case import Tree
from tui.bulk_rename import (
    BadNames,
    Move,
    Step,
    alike,
    folded,
    moves,
    perform,
    read_names,
    refuse_collisions,
    steps,
    written,
)

HOSTILE = ["a\nb", "\x1b[31mred", " lead", "trail ", '"quoted"', "back\\slash", "#x", "\udcff.bin",
           "a\u202eb", "plain.txt", "\r", "tab\t", "-rf", "ä.txt"]  # fmt: skip


def test_every_name_comes_back_as_it_was_one_a_line() -> None:
    text = written(HOSTILE)
    assert text.count("\n") == len(HOSTILE)
    assert text.isascii() or text.encode()
    assert read_names(text, len(HOSTILE)) == HOSTILE


@given(st.lists(st.text(min_size=1), min_size=1))
def test_any_names_come_back(names: list[str]) -> None:
    assert read_names(written(names), len(names)) == names


def test_nothing_that_steers_a_terminal_is_in_the_text() -> None:
    assert all(line.isprintable() for line in written(HOSTILE).split("\n"))


def test_a_file_with_lines_of_windows_is_read_and_may_lack_its_last_end() -> None:
    assert read_names("a\r\nb", 2) == ["a", "b"]


@pytest.mark.parametrize("text", ["a\n", "a\nb\nc\n", "a\n\nb\n", ""])
def test_another_number_of_lines_is_refused(text: str) -> None:
    with pytest.raises(BadNames, match="2 names were there"):
        read_names(text, 2)


def test_quotes_that_do_not_end_are_refused_with_their_line() -> None:
    with pytest.raises(BadNames, match="Line 2"):
        read_names('a\n"b\n', 2)
    with pytest.raises(BadNames, match="Line 1"):
        read_names('"a" "b"\nc', 2)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b", "../../etc/passwd"])
def test_a_name_that_would_leave_the_folder_is_refused(name: str) -> None:
    with pytest.raises(BadNames, match=r"folder|refused"):
        moves(Tree(["/x"]), ["/x"], [name])


def test_names_that_stay_are_no_moves() -> None:
    assert moves(Tree(), ["/d/a", "/d/b"], ["a", "c"]) == [Move("/d/b", "/d/c")]


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(BadNames, match="/x: two would"):
        refuse_collisions([Move("/a", "/x"), Move("/b", "/x")], ["/a", "/b"])


def test_a_name_that_something_else_keeps_is_refused() -> None:
    with pytest.raises(BadNames, match="/c: something else"):
        refuse_collisions([Move("/a", "/c")], ["/a", "/c"])
    refuse_collisions([Move("/a", "/c"), Move("/c", "/d")], ["/a", "/c"])


def test_names_are_told_of_that_some_disks_take_for_one() -> None:
    assert alike([Move("/a", "/README")], ["/a", "/readme"]) == ["/README"]
    assert alike([Move("/a", "/e\u0301")], ["/a", "/\u00e9"]) == ["/e\u0301"]
    assert alike([Move("/readme", "/README")], ["/readme", "/b"]) == []


def aside(move: Move) -> str:
    return f"{move.source}.aside"


def after(names: Sequence[str], plan: Sequence[Step], *, case: bool) -> dict[str, str]:
    """Which of `names` has which name after `plan`, on a disk that minds case or does not."""
    key = str if case else folded
    disk = {key(name): (name, name) for name in names}
    for step in plan:
        origin, shown = disk.pop(key(step.source))
        assert key(step.target) not in disk, f"{step} would write over something"
        disk[key(step.target)] = (origin, step.target)
        assert shown
    return dict(disk.values())


def test_a_circle_goes_through_a_name_of_nobody() -> None:
    plan = steps([Move("/a", "/b"), Move("/b", "/a")], aside)
    assert after(["/a", "/b"], plan, case=True) == {"/a": "/b", "/b": "/a"}
    assert [step.aside for step in plan] == [True, False, False]


def test_a_change_of_case_alone_goes_through_one_as_well() -> None:
    plan = steps([Move("/a", "/A")], aside)
    assert plan == [Step("/a", "/a.aside", aside=True), Step("/a.aside", "/A")]


@given(st.permutations(list("abcdefg")), st.booleans())
def test_any_exchange_of_names_works_on_any_disk(names: list[str], case: bool) -> None:
    wanted = [Move(a, b) for a, b in zip("abcdefg", names, strict=True) if a != b]
    found = after("abcdefg", steps(wanted, aside), case=case)
    assert {a: found[a] for a in "abcdefg"} == dict(zip("abcdefg", names, strict=True))


def test_names_that_differ_in_case_are_exchanged_where_both_are() -> None:
    wanted = [Move("a", "A"), Move("A", "a")]
    assert after(["a", "A"], steps(wanted, aside), case=True) == {"a": "A", "A": "a"}


def test_it_stops_at_the_first_refusal_and_tells_what_has_which_name() -> None:
    tree = Tree(["/a", "/b", "/c"])

    def fail(operation: str, path: str) -> None:
        if operation == "rename" and path == "/b":
            raise Denied(path)

    tree.store.fail = fail
    wanted = [Move("/a", "/x"), Move("/b", "/y"), Move("/c", "/z")]
    outcome = perform(tree, wanted, steps(wanted, aside))
    assert outcome.done == (Move("/a", "/x"),)
    assert outcome.left == (Move("/b", "/y"), Move("/c", "/z"))
    assert isinstance(outcome.error, Denied)
    assert set(tree.store.nodes) == {"/", "/x", "/b", "/c"}


def test_what_was_put_aside_gets_its_name_back_when_the_circle_fails() -> None:
    tree = Tree(["/a", "/b"])

    def fail(operation: str, path: str) -> None:
        if operation == "rename" and path == "/b":
            raise Denied(path)

    tree.store.fail = fail
    wanted = [Move("/a", "/b"), Move("/b", "/a")]
    outcome = perform(tree, wanted, steps(wanted, aside))
    assert (outcome.done, outcome.stranded) == ((), None)
    assert set(tree.store.nodes) == {"/", "/a", "/b"}


def test_what_cannot_get_its_name_back_is_told() -> None:
    tree = Tree(["/a", "/b"])

    def fail(operation: str, path: str) -> None:
        if operation == "rename" and path != "/a":
            raise Denied(path)

    tree.store.fail = fail
    wanted = [Move("/a", "/b"), Move("/b", "/a")]
    outcome = perform(tree, wanted, steps(wanted, aside))
    assert outcome.stranded == Move("/a.aside", "/a")
    assert set(outcome.left) == set(wanted)
