"""A plan's jobs as the real queue does them: what it is told is what it needs."""

from __future__ import annotations

from collections.abc import Mapping

from providers.base import Kind, Place
from tests.transfers.queue_case import LEFT, RIGHT, Memory, QueueCase
from transfers.mirror.jobs import jobs
from transfers.mirror.keeping import dated, left_alone
from transfers.mirror.model import Keep, MirrorPlan, Side, Wish
from transfers.mirror.moved import find
from transfers.mirror.planning import plan
from transfers.mirror.walking import compare
from transfers.model import JobState, Op, ParkReason

_NOW = 1795688100.0


def _sides(case: QueueCase) -> tuple[Side, Side]:
    return Side(Place(LEFT, "/from"), case.left), Side(Place(RIGHT, "/to"), case.right)


def _plan(case: QueueCase, wish: Wish) -> MirrorPlan:
    left, right = _sides(case)
    wish = left_alone(wish, right)
    pages = compare(left, right, wish, on_progress=lambda _: None, cancelled=lambda: False)
    pairs = [pair for page in pages for pair in page]
    return find(plan(left, right, wish, pairs, _NOW), left, right)


def _furnish(place: Memory, top: str, files: Mapping[str, str]) -> None:
    for path, held in files.items():
        place.put(f"{top}/{path}", held.encode())
        place.store.nodes[f"{top}/{path}"].modified = 1000.0 + sum(held.encode())


def _held(place: Memory, top: str) -> dict[str, bytes | None]:
    return {
        path[len(top) + 1 :]: None if node.kind is Kind.DIR else bytes(node.data)
        for path, node in place.store.nodes.items()
        if path.startswith(f"{top}/")
    }


def test_the_right_becomes_the_left(case: QueueCase) -> None:
    _furnish(case.left, "/from", {"a": "same", "b/new": "new", "c": "changed", "d/moved": "moved!"})
    _furnish(case.right, "/to", {"a": "same", "c": "was", "e/f/was": "moved!", "e/gone": "gone"})
    case.left.store.add("/from/empty", Kind.DIR)
    new = jobs(_plan(case, Wish(delete=True)))
    assert {job.op for job in new} == {Op.COPY, Op.MAKE_DIR, Op.RENAME, Op.PRUNE}
    done = case.finish(*case.send_new(*new))
    assert {job.state for job in done} == {JobState.DONE}, done
    assert _held(case.right, "/to") == _held(case.left, "/from")
    assert jobs(_plan(case, Wish(delete=True))) == ()


def test_deleted_files_are_in_the_dated_backup_and_the_next_mirror_leaves_them(
    case: QueueCase,
) -> None:
    _furnish(case.left, "/from", {"a": "same"})
    _furnish(case.right, "/to", {"a": "same", "d/gone": "gone"})
    wish = Wish(delete=True, keep=Keep.BACKUP, backup="/to/kept")
    done = case.finish(*case.send_new(*jobs(_plan(case, wish))))
    assert {job.state for job in done} == {JobState.DONE}, done
    assert case.right.get(f"/to/kept/{dated(_NOW)}/d/gone") == b"gone"
    assert jobs(_plan(case, wish)) == ()


def test_what_changed_on_the_right_since_is_asked_about_and_nothing_is_deleted_meanwhile(
    case: QueueCase,
) -> None:
    _furnish(case.left, "/from", {"a": "new", "b": "new too"})
    _furnish(case.right, "/to", {"a": "old", "gone": "gone"})
    made = _plan(case, Wish(delete=True))
    case.right.put("/to/a", b"somebody's")
    case.right.put("/to/b", b"somebody's")
    numbers = case.send_new(*jobs(made))
    for number in numbers[:2]:
        case.parked(number, ParkReason.CONFLICT)
    assert case.right.get("/to/a") == case.right.get("/to/b") == b"somebody's"
    assert case.right.get("/to/gone") == b"gone"


def _link(place: Memory, path: str, target: str) -> None:
    place.store.nodes.pop(path, None)
    place.store.add(path, Kind.LINK, target=target)


def test_links_that_changed_on_the_right_since_are_neither_replaced_nor_deleted(
    case: QueueCase,
) -> None:
    _furnish(case.left, "/from", {"a": "same"})
    _furnish(case.right, "/to", {"a": "same"})
    wish = Wish(delete=True, links="link")
    _link(case.left, "/from/link", "a")
    _link(case.right, "/to/link", "b")
    _link(case.right, "/to/only", "a")
    made = jobs(_plan(case, wish))
    _link(case.right, "/to/only", "somebody's")
    (only,) = case.finish(*case.send_new(*(job for job in made if job.op is Op.PRUNE)))
    assert (only.state, only.reason) == (
        JobState.SKIPPED,
        "not deleted: it changed since it was compared",
    )
    case.right.store.nodes.pop("/to/link")
    case.right.put("/to/link", b"somebody's file")
    (number,) = case.send_new(*(job for job in made if job.op is Op.LINK))
    case.parked(number, ParkReason.CONFLICT)
    assert case.right.get("/to/link") == b"somebody's file"


def test_a_link_is_not_made_through_one_that_took_its_folder_s_place(case: QueueCase) -> None:
    _furnish(case.left, "/from", {"folder/file": "1"})
    _furnish(case.right, "/to", {"folder/file": "1"})
    _link(case.left, "/from/folder/link", "a")
    (new,) = jobs(_plan(case, Wish(links="link")))
    for path in ("/to/folder/file", "/to/folder"):
        case.right.store.nodes.pop(path)
    _link(case.right, "/to/folder", "/to")
    (done,) = case.finish(*case.send_new(new))
    assert done.state is JobState.FAILED
    assert "/to/link" not in case.right.store.nodes
