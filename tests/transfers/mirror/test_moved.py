"""Files that were moved: found by digest alone, and no more digested than would be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from providers.base import Entry
from providers.errors import ConnectionLost, Denied
from tests.transfers.mirror.trees import THEN, Tree, pairs, sides
from transfers.mirror.guard import refusal
from transfers.mirror.jobs import jobs
from transfers.mirror.model import Action, Criteria, MirrorPlan, Wish
from transfers.mirror.moved import find
from transfers.mirror.planning import changed, plan
from transfers.model import Op, Policy
from transfers.scan import ScanCancelled

A = Action
_DELETE = Wish(delete=True)


def _plan(left: Tree, right: Tree, wish: Wish = _DELETE) -> MirrorPlan:
    return plan(*sides(left, right), wish, pairs(left, right, wish), 1000.0)


def _found(left: Tree, right: Tree, wish: Wish = _DELETE) -> dict[str, Action]:
    """What is done about each path, and "old > new" for what is renamed."""
    made = find(_plan(left, right, wish), *sides(left, right))
    return {_told(made, index): step.action for index, step in enumerate(made.steps)}


def _told(made: MirrorPlan, index: int) -> str:
    step = made.steps[index]
    new = "/".join(step.pair.relative)
    return new if step.moved_from is None else f"{'/'.join(step.moved_from.relative)} > {new}"


def _stating(tree: Tree, digests: Mapping[str, str]) -> None:
    """Its listings tell these md5 digests, by path."""

    def told(entry: Entry) -> Entry:
        known = digests.get(entry.path)
        return replace(entry, digests={"md5": known}) if known else entry

    tree.lists = told


def test_a_moved_file_is_renamed_and_a_folder_that_gets_empty_is_deleted() -> None:
    left, right = Tree().put("/new/a", b"one"), Tree().put("/old/b", b"one")
    assert _found(left, right) == {"old/b > new/a": A.RENAME, "old": A.DELETE_RIGHT}


def test_a_file_of_the_same_name_size_and_time_with_other_bytes_is_sent() -> None:
    left, right = Tree().put("/new/a", b"one"), Tree().put("/old/a", b"two")
    assert _found(left, right) == {
        "new/a": A.RIGHT,
        "old": A.DELETE_RIGHT,
        "old/a": A.DELETE_RIGHT,
    }


def test_each_of_several_of_one_size_is_found() -> None:
    left = Tree().put("/n1", b"one").put("/n2", b"two")
    right = Tree().put("/o1", b"two").put("/o2", b"one")
    assert _found(left, right) == {"o2 > n1": A.RENAME, "o1 > n2": A.RENAME}


@pytest.mark.parametrize("twin", ["left", "right"])
def test_what_has_a_twin_is_sent(twin: str) -> None:
    left = Tree().put("/n", b"one").put("/m", b"one" if twin == "left" else b"xxx")
    right = Tree().put("/o", b"one")
    if twin == "right":
        right.put("/p", b"one")
    assert A.RENAME not in _found(left, right).values()


def test_an_empty_file_was_not_moved() -> None:
    left, right = Tree().put("/n", b""), Tree().put("/o", b"")
    assert _found(left, right) == {"n": A.RIGHT, "o": A.DELETE_RIGHT}


@pytest.mark.parametrize("wish", [Wish(), Wish(delete=True, moved=False)])
def test_without_delete_or_when_not_wished_for_nothing_is_digested(wish: Wish) -> None:
    left, right = Tree().put("/n", b"one"), Tree().put("/o", b"one")
    assert A.RENAME not in _found(left, right, wish).values()
    assert (left.count("digest"), right.count("digest")) == (0, 0)


def test_no_more_is_digested_than_would_be_sent() -> None:
    left, right = Tree().put("/n", b"one"), Tree()
    for number in range(20):
        right.put(f"/o{number}", b"%03d" % number)
    _found(left, right)
    assert (left.count("digest"), right.count("digest")) == (1, 1)


def test_the_likely_ones_are_digested_first() -> None:
    left, right = Tree().put("/d/n", b"one", modified=5.0), Tree()
    for number in range(20):
        right.put(f"/o{number}", b"%03d" % number)
    right.put("/e/n", b"one", modified=5.0)
    assert _found(left, right)["e/n > d/n"] is A.RENAME


def test_other_sizes_are_not_digested() -> None:
    left, right = Tree().put("/n", b"one"), Tree().put("/o", b"three")
    _found(left, right)
    assert (left.count("digest"), right.count("digest")) == (0, 0)


def test_what_a_listing_tells_is_held_against_the_near_side() -> None:
    left = Tree(digests=frozenset()).put("/n", b"one")
    right = Tree(digests=frozenset(), near=False)
    for number in range(5):
        right.put(f"/o{number}", b"%03d" % number)
    right.put("/z", b"one").put("/untold", b"two")
    _stating(right, {"/z": "f97c5d29941bfb1b2fdab0874906ab82"} | {f"/o{n}": "0" for n in range(5)})
    assert _found(left, right)["z > n"] is A.RENAME
    assert (left.count("read"), right.count("read")) == (1, 0)


def test_where_no_digest_can_be_had_all_is_sent_and_nothing_fetched() -> None:
    left = Tree(digests=frozenset()).put("/n", b"one")
    right = Tree(digests=frozenset(), near=False).put("/o", b"one")
    assert _found(left, right) == {"n": A.RIGHT, "o": A.DELETE_RIGHT}
    assert (left.count("read"), right.count("read")) == (0, 0)


def test_one_that_cannot_be_read_is_sent_as_any() -> None:
    left, right = Tree().put("/n", b"one"), Tree().put("/o", b"one")
    made = _plan(left, right)

    def fail(operation: str, path: str) -> None:
        if operation == "digest":
            raise Denied(path)

    left.store.fail = fail
    assert find(made, *sides(left, right)) == made


def test_a_lost_connection_and_a_person_end_it() -> None:
    left, right = Tree(digests=frozenset()).put("/n", b"one"), Tree().put("/o", b"one")
    made = _plan(left, right)
    with pytest.raises(ScanCancelled):
        find(made, *sides(left, right), cancelled=lambda: True)

    def fail(operation: str, path: str) -> None:
        raise ConnectionLost(path)

    right.store.fail = fail
    with pytest.raises(ConnectionLost):
        find(made, *sides(left, right))


def test_one_whose_time_is_another_is_sent_unless_times_are_not_compared() -> None:
    left, right = Tree().put("/n", b"one", modified=THEN + 60), Tree().put("/o", b"one")
    assert _found(left, right) == {"n": A.RIGHT, "o": A.DELETE_RIGHT}
    by_digest = Wish(delete=True, criteria=Criteria("digest"))
    assert _found(left, right, by_digest) == {"o > n": A.RENAME}


def test_where_the_right_only_copies_it_does_so_and_then_deletes_the_old_one() -> None:
    left = Tree().put("/n", b"one", modified=THEN + 60)
    right = Tree(renames=False, keeps_modified=False).put("/o", b"one")
    made = find(_plan(left, right), *sides(left, right))
    assert [(_told(made, i), s.action) for i, s in enumerate(made.steps)] == [
        ("o > n", A.RIGHT),
        ("o", A.DELETE_RIGHT),
    ]
    copy, prune = jobs(made)
    assert (copy.op, copy.policy, copy.agreed) == (Op.COPY, Policy.ASK, None)
    assert (copy.source.endpoint, copy.source.path) == ("memory://r", "/o")
    assert (copy.target.endpoint, copy.target.path) == ("memory://r", "/n")
    assert (prune.op, prune.target) == (Op.PRUNE, copy.source)
    assert refusal(made) is None  # what was moved is not deleted
    assert jobs(changed(made, [0], A.RIGHT))[0].source.endpoint == "memory://l"


def test_what_is_not_renamed_after_all_is_copied_and_deleted() -> None:
    left, right = Tree().put("/n", b"one"), Tree().put("/d/o", b"one")
    made = find(_plan(left, right), *sides(left, right))
    after = changed(made, [made.steps.index(next(s for s in made.steps if s.moved_from))], A.RIGHT)
    assert {_told(after, i): s.action for i, s in enumerate(after.steps)} == {
        "d": A.DELETE_RIGHT,
        "n": A.RIGHT,
        "d/o": A.DELETE_RIGHT,
    }
    kept = changed(after, [len(after.steps) - 1], A.SKIP)
    assert {_told(kept, i): s.action for i, s in enumerate(kept.steps)}["d"] is A.SKIP


def test_how_many_were_digested_is_told() -> None:
    left, right = Tree().put("/n", b"one"), Tree().put("/o", b"one")
    told: list[int] = []
    find(_plan(left, right), *sides(left, right), on_progress=told.append)
    assert told == [1, 2]
