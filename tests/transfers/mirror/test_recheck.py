"""What of a plan still holds when it runs later, and how few questions tell that."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import replace

import pytest

from providers.base import Entry, Kind, Place
from providers.errors import ConnectionLost, Denied, ProviderError
from tests.transfers.mirror.samples import DELETE, LEFT, RIGHT, Memory, side
from transfers.mirror.model import Action, Mark, MirrorPlan, Pair, Side, Step
from transfers.mirror.recheck import BadPlan, recheck
from transfers.scan import ScanCancelled


class _Two:
    """Two trees in memory, and pairs of what is in them."""

    def __init__(self, **caps: object) -> None:
        self.left, self.right = side(LEFT), side(RIGHT, **caps)
        for each in (self.left, self.right):
            self.put(each, "", None)

    def put(self, where: Side, path: str, held: bytes | None = b"x") -> None:
        store = _memory(where).store
        full = f"{where.place.path}/{path}".rstrip("/")
        above = posixpath.dirname(full)
        if above not in store.nodes:
            self.put(where, posixpath.relpath(above, where.place.path), None)
        kind = Kind.DIR if held is None else Kind.FILE
        store.nodes.pop(full, None)
        store.add(full, kind, data=bytearray(held or b""), modified=1000.0)

    def gone(self, where: Side, path: str) -> None:
        del _memory(where).store.nodes[f"{where.place.path}/{path}"]

    def pair(self, path: str) -> Pair:
        left, right = _entry(self.left, path), _entry(self.right, path)
        mark = Mark.NEW if right is None else Mark.ONLY_RIGHT if left is None else Mark.DIFFERENT
        return Pair(
            tuple(path.split("/")), mark, left, right, f"{LEFT.path}/{path}", f"{RIGHT.path}/{path}"
        )

    def recheck(self, made: MirrorPlan) -> tuple[list[str], dict[str, str]]:
        """The paths of the steps that hold, and why the others do not."""
        for each in (self.left, self.right):
            _memory(each).asked.clear()
        still, stale = recheck(made, self.left, self.right)
        assert all(step.action is Action.SKIP for step in stale)
        return [_path(step) for step in still.steps], {_path(step): step.why for step in stale}


def _memory(where: Side) -> Memory:
    assert isinstance(where.provider, Memory)
    return where.provider


def _entry(where: Side, path: str) -> Entry | None:
    full = f"{where.place.path}/{path}"
    return where.provider.stat(full) if full in _memory(where).store.nodes else None


def _path(step: Step) -> str:
    return "/".join(step.pair.relative)


def _plan(*steps: Step) -> MirrorPlan:
    return MirrorPlan(LEFT, RIGHT, DELETE, 1000.0, steps)


def _refuse(where: Side, path: str, error: ProviderError) -> None:
    def fail(operation: str, at: str) -> None:
        if at == path:
            raise error

    _memory(where).store.fail = fail


def test_what_is_as_it_was_holds() -> None:
    two = _Two()
    for each, path in ((two.left, "new"), (two.right, "old"), (two.left, "d/both")):
        two.put(each, path)
    two.put(two.right, "d/both", b"xx")
    two.put(two.left, "empty", None)
    made = _plan(
        Step(two.pair("new"), Action.RIGHT),
        Step(two.pair("d/both"), Action.LEFT),
        Step(two.pair("empty"), Action.MAKE_DIR),
        Step(two.pair("old"), Action.DELETE_RIGHT),
    )
    assert two.recheck(made) == (["new", "d/both", "empty", "old"], {})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda two: two.gone(two.left, "a"), "it is gone on the left"),
        (lambda two: two.put(two.left, "a", b"yy"), "it is not what it was on the left"),
        (lambda two: two.put(two.right, "a"), "something stands there on the right"),
        (lambda two: two.put(two.left, "a", None), "it is not what it was on the left"),
    ],
)
def test_a_copy_of_what_changed_does_not_hold(change: object, why: str) -> None:
    two = _Two()
    two.put(two.left, "a")
    made = _plan(Step(two.pair("a"), Action.RIGHT))
    change(two)  # type: ignore[operator]
    still, stale = two.recheck(made)
    assert still == []
    assert stale["a"].startswith(why)


def test_what_is_on_the_left_again_is_not_deleted() -> None:
    two = _Two()
    two.put(two.right, "d/a")
    made = _plan(
        Step(two.pair("d"), Action.DELETE_RIGHT), Step(two.pair("d/a"), Action.DELETE_RIGHT)
    )
    two.put(two.left, "d/a")
    assert two.recheck(made)[0] == []


def test_a_folder_stays_where_something_in_it_does() -> None:
    two = _Two()
    two.put(two.right, "d/a")
    two.put(two.right, "d/b")
    made = _plan(
        *(Step(two.pair(path), Action.DELETE_RIGHT) for path in ("d", "d/a", "d/b")),
    )
    two.put(two.right, "d/a", b"changed")
    still, stale = two.recheck(made)
    assert still == ["d/b"]
    assert stale == {"d": "something in it stays", "d/a": "it is not what it was on the right"}


def test_nothing_is_deleted_where_a_copy_does_not_hold() -> None:
    two = _Two()
    two.put(two.left, "new")
    two.put(two.left, "fine")
    two.put(two.right, "old")
    made = _plan(
        Step(two.pair("new"), Action.RIGHT),
        Step(two.pair("fine"), Action.RIGHT),
        Step(two.pair("old"), Action.DELETE_RIGHT),
    )
    two.gone(two.left, "new")
    still, stale = two.recheck(made)
    assert still == ["fine"]
    assert stale["old"] == "not deleted, because 1 copy of this plan does not hold any more"


@pytest.mark.parametrize("side_changed", ["new name", "old name"])
def test_a_rename_holds_only_if_both_names_do(side_changed: str) -> None:
    two = _Two()
    two.put(two.left, "new")
    two.put(two.right, "old")
    made = _plan(Step(two.pair("new"), Action.RENAME, two.pair("old")))
    assert two.recheck(made) == (["new"], {})
    if side_changed == "new name":
        two.put(two.right, "new")
    else:
        two.put(two.left, "old")
    assert two.recheck(made)[0] == []


def test_each_folder_is_listed_once_and_none_below_one_that_is_missing() -> None:
    two = _Two()
    paths = ["n/a", "n/b", "n/m/c", "n/m/o/d", "e"]
    for path in paths:
        two.put(two.left, path)
    made = _plan(*(Step(two.pair(path), Action.RIGHT) for path in paths))
    assert two.recheck(made) == (paths, {})
    assert _memory(two.left).asked == [
        f"list_dir /left{folder}" for folder in ("/n", "/n/m", "/n/m/o", "")
    ]
    assert _memory(two.right).asked == ["list_dir /right/n", "list_dir /right"]


def test_what_cannot_be_looked_at_does_not_hold() -> None:
    two = _Two()
    two.put(two.left, "a")
    two.put(two.left, "d/b")
    made = _plan(*(Step(two.pair(path), Action.RIGHT) for path in ("a", "d/b")))
    _refuse(two.left, "/left/d", Denied("/left/d"))
    still, stale = two.recheck(made)
    assert still == ["a"]
    assert stale["d/b"].startswith("it could not be looked at on the left")


def test_a_lost_connection_is_raised() -> None:
    two = _Two()
    two.put(two.left, "a")
    made = _plan(Step(two.pair("a"), Action.RIGHT))
    _refuse(two.right, "/right", ConnectionLost("/right"))
    with pytest.raises(ConnectionLost):
        two.recheck(made)


def test_where_letter_case_does_not_count_another_spelling_stands_in_the_way() -> None:
    two = _Two(folds_names=True)
    two.put(two.left, "Readme")
    made = _plan(Step(two.pair("Readme"), Action.RIGHT))
    two.put(two.right, "README")
    assert two.recheck(made)[0] == []


def test_an_address_that_its_place_would_not_make_is_never_asked_for() -> None:
    two = _Two()
    two.put(two.left, "a")
    step = Step(two.pair("a"), Action.RIGHT)
    for path in ("/etc/a", "/left/x/../a", "/left/..", "/left//a", "relative"):
        bad = replace(step, pair=replace(step.pair, left_path=path))
        still, stale = two.recheck(_plan(bad))
        assert (still, len(stale)) == ([], 1), path
        assert _memory(two.left).asked == []


def test_links_that_were_followed_are_followed_again() -> None:
    two = _Two()
    two.put(two.left, "real")
    two.left.provider.make_link("/left/a", "real")  # type: ignore[attr-defined]
    made = _plan(
        Step(replace(two.pair("a"), left=two.left.provider.stat("/left/a", follow=True)), A.RIGHT)
    )
    assert two.recheck(made)[0] == []
    assert two.recheck(replace(made, wish=replace(DELETE, links="follow"))) == (["a"], {})


def test_what_is_skipped_is_not_looked_at() -> None:
    two = _Two()
    two.put(two.left, "a")
    steps: Sequence[Step] = [Step(two.pair("a"), Action.SKIP)]
    assert two.recheck(_plan(*steps)) == (["a"], {})
    assert _memory(two.left).asked == []


def test_a_plan_of_other_folders_is_refused() -> None:
    two = _Two()
    with pytest.raises(BadPlan, match="made for other folders"):
        two.recheck(replace(_plan(), left=Place(LEFT.endpoint, "/")))


def test_a_person_can_give_up() -> None:
    two = _Two()
    two.put(two.left, "a")
    with pytest.raises(ScanCancelled):
        recheck(_plan(Step(two.pair("a"), A.RIGHT)), two.left, two.right, cancelled=lambda: True)


A = Action
