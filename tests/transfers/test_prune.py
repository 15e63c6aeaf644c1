"""Op.PRUNE: what a mirror deletes, and everything that keeps it from being deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Capabilities, Kind, Place
from providers.errors import AuthRequired, ConnectionLost, Denied, NotFound
from tests.transfers.prune_case import (
    SOURCE,
    TARGET,
    Recycling,
    WithTrash,
    copy_new,
    furnish,
    prune_new,
    pruned,
)
from tests.transfers.queue_case import LEFT, LOCAL, RIGHT, Hold, Memory, QueueCase
from transfers.model import (
    TRASH,
    Cancel,
    Clear,
    Job,
    JobState,
    NewJob,
    Op,
    ParkReason,
    Policy,
    Retry,
)

S = JobState


def _ends(jobs: list[Job]) -> list[tuple[JobState, str]]:
    return [(job.state, job.reason) for job in jobs]


def test_what_the_source_has_no_longer_is_deleted_after_the_copies(case: QueueCase) -> None:
    furnish(case, ["kept", "d/new"], ["kept", "old", "d/old"])
    case.left.store.fail = hold = Hold("read")
    numbers = case.send_new(
        prune_new(case, "old"), prune_new(case, "d/old"), copy_new("d/new"), policy=Policy.OVERWRITE
    )
    hold.wait()
    assert case.right.get(f"{TARGET}/old") == b"old"
    assert {case.job(number).state for number in numbers[:2]} == {S.QUEUED}
    hold.release()
    assert _ends(case.finish(*numbers)) == [(S.DONE, "")] * 3
    assert case.right.paths() == [TARGET, f"{TARGET}/d", f"{TARGET}/d/new", f"{TARGET}/kept"]
    assert [job.proof for job in case.finish(*numbers[:2])] == [None, None]


def test_a_tree_is_deleted_from_its_files_up_and_what_is_not_empty_stays(case: QueueCase) -> None:
    furnish(case, right=["a/b/c", "x/y/theirs", "x/z"])
    new = [prune_new(case, name, agreed=None) for name in ("a", "a/b", "x", "x/y")]
    jobs = pruned(case, *new, prune_new(case, "a/b/c"), prune_new(case, "x/z"))
    kept = (S.SKIPPED, "not deleted: it is not empty")
    assert _ends(jobs) == [(S.DONE, "")] * 2 + [kept] * 2 + [(S.DONE, "")] * 2
    assert case.right.paths() == [TARGET, f"{TARGET}/x", f"{TARGET}/x/y", f"{TARGET}/x/y/theirs"]


# What did not succeed


def test_after_a_copy_that_failed_nothing_is_deleted(case: QueueCase) -> None:
    furnish(case, ["kept"], ["old", "older"])
    copies = [copy_new("missing"), copy_new("missing too"), copy_new("kept")]
    *_, one, other = pruned(case, *copies, prune_new(case, "old"), prune_new(case, "older"))
    reason = "not deleted: 2 copies of this mirror did not succeed"
    assert _ends([one, other]) == [(S.SKIPPED, reason)] * 2
    assert case.right.get(f"{TARGET}/old") == b"old"


def test_a_failed_copy_that_succeeds_in_time_lets_the_deletion_go_on(case: QueueCase) -> None:
    furnish(case, ["kept", "slow"], ["old"])
    case.left.store.fail = hold = Hold("read", path=f"{SOURCE}/slow")
    late, slow, old = case.send_new(copy_new("late"), copy_new("slow"), prune_new(case, "old"))
    hold.wait()
    case.reach(late, S.FAILED)
    furnish(case, ["late"])
    case.engine.send(Retry((late,)))
    case.reach(late, S.DONE)
    assert case.job(old).state is S.QUEUED
    hold.release()
    assert _ends(case.finish(slow, old)) == [(S.DONE, "")] * 2


def test_a_failure_that_was_cleared_away_is_not_forgotten(case: QueueCase) -> None:
    furnish(case, ["kept", "slow"], ["old", "cancelled", "done"])
    case.left.store.fail = hold = Hold("read", path=f"{SOURCE}/slow")
    new = [prune_new(case, name) for name in ("old", "cancelled")]
    bad, slow, old, cancelled = case.send_new(copy_new("missing"), copy_new("slow"), *new)
    hold.wait()
    case.reach(bad, S.FAILED)
    case.engine.send(Cancel((cancelled,)))
    case.engine.send(Clear((bad,)))
    case.engine.send(Retry((cancelled,)))
    hold.release()
    case.restart()
    reason = "not deleted: a part of this mirror that did not succeed was taken off the list"
    assert _ends(case.finish(old, cancelled)) == [(S.SKIPPED, reason)] * 2
    case.finish(slow)
    assert case.right.get(f"{TARGET}/old") == b"old"
    assert case.right.get(f"{TARGET}/cancelled") == b"cancelled"


def test_what_is_done_may_be_cleared_away_meanwhile(case: QueueCase) -> None:
    furnish(case, ["kept", "slow"], ["old"])
    case.left.store.fail = hold = Hold("read", path=f"{SOURCE}/slow")
    fast, slow, old = case.send_new(copy_new("kept"), copy_new("slow"), prune_new(case, "old"))
    case.finish(fast)
    hold.wait()
    case.engine.send(Clear())
    hold.release()
    assert _ends(case.finish(slow, old)) == [(S.DONE, "")] * 2


def test_a_failed_deletion_may_be_cleared_away_and_the_others_go_on(case: QueueCase) -> None:
    furnish(case, ["kept"], ["old", "d/f"])
    case.right.store.fail = Hold("delete", path=f"{TARGET}/old", error=Denied("x"))
    case.left.store.fail = hold = Hold("stat", path=f"{SOURCE}/d/f")
    new = [prune_new(case, "old"), prune_new(case, "d/f"), prune_new(case, "d", agreed=None)]
    bad, *others = case.send_new(*new)
    hold.wait()
    case.reach(bad, S.FAILED)
    case.engine.send(Clear((bad,)))
    hold.release()
    assert _ends(case.finish(*others)) == [(S.DONE, "")] * 2


def test_deletions_wait_for_a_copy_that_waits_for_a_person_also_in_the_next_run(
    case: QueueCase,
) -> None:
    furnish(case, ["kept", "asked"], ["asked", "old"])
    asked, old = case.send_new(copy_new("asked"), prune_new(case, "old"))
    case.parked(asked, ParkReason.CONFLICT)
    case.restart()
    case.parked(asked, ParkReason.CONFLICT)
    assert case.job(old).state is S.QUEUED
    case.engine.send(Cancel((asked,)))
    reason = "not deleted: 1 copy of this mirror did not succeed"
    assert _ends(case.finish(old)) == [(S.SKIPPED, reason)]


# The source


def test_what_the_source_has_again_is_not_deleted(case: QueueCase) -> None:
    furnish(case, right=["old"])
    new = prune_new(case, "old")
    furnish(case, ["old"])
    assert _ends(pruned(case, new)) == [(S.SKIPPED, "not deleted: the source has it again")]
    assert case.right.get(f"{TARGET}/old") == b"old"


@pytest.mark.parametrize(
    ("left", "path"),
    [
        pytest.param([], "old", id="the top is gone"),
        pytest.param(["/from"], "old", id="the top is empty"),
        pytest.param(["/from"], "d/e/old", id="the top is empty, far above"),
    ],
)
def test_a_tree_that_is_not_there_is_none_whose_files_were_deleted(
    case: QueueCase, left: list[str], path: str
) -> None:
    """A disk that is not mounted, a bucket that was emptied."""
    furnish(case, [], [path])
    for directory in left:
        case.left.store.add(directory, Kind.DIR)
    (job,) = pruned(case, prune_new(case, path))
    assert job.state is S.FAILED
    assert "nothing is deleted" in job.reason
    assert case.right.get(f"{TARGET}/{path}") == path.encode()


def test_a_link_to_a_disk_that_is_not_mounted_hides_its_files_and_deletes_none(
    case: QueueCase,
) -> None:
    furnish(case, ["kept"], ["disk/old"])
    case.left.store.add(f"{SOURCE}/disk", Kind.LINK, target="/mnt")
    for mounted in ((), ("/mnt",)):
        for directory in mounted:
            case.left.store.add(directory, Kind.DIR)
        (job,) = pruned(case, prune_new(case, "disk/old"))
        assert (job.state, case.right.get(f"{TARGET}/disk/old")) == (S.FAILED, b"disk/old")
    case.left.put("/mnt/other", b"")
    assert pruned(case, prune_new(case, "disk/old"))[0].state is S.DONE


def test_a_folder_that_is_gone_from_a_tree_that_is_there_takes_its_files_along(
    case: QueueCase,
) -> None:
    furnish(case, ["kept"], ["d/e/old"])
    assert pruned(case, prune_new(case, "d/e/old"))[0].state is S.DONE


@pytest.mark.usefixtures("soon")
def test_a_source_that_cannot_be_looked_at_costs_no_file(case: QueueCase) -> None:
    furnish(case, right=["old"])
    errors = {
        "denied": (Denied("x"), S.FAILED),
        "sign-in": (AuthRequired(LEFT), S.PARKED),
        "lost": (ConnectionLost("x"), S.WAITING),
    }
    for error, state in errors.values():
        case.left.store.fail = Hold("stat", times=10**6, error=error)
        (number,) = case.send_new(prune_new(case, "old"))
        case.reach(number, state)
        assert case.right.get(f"{TARGET}/old") == b"old"
        case.engine.send(Cancel((number,)))
        case.finish(number)


# The target


def test_what_changed_since_it_was_compared_is_not_deleted(case: QueueCase) -> None:
    furnish(case, right=["old", "folder"])
    new = [prune_new(case, "old"), prune_new(case, "folder", agreed=None)]
    case.right.put(f"{TARGET}/old", b"newer")
    jobs = pruned(case, *new)
    assert _ends(jobs)[0] == (S.SKIPPED, "not deleted: it changed since it was compared")
    assert jobs[1].state is S.SKIPPED
    assert case.right.get(f"{TARGET}/old") == b"newer"
    assert case.right.get(f"{TARGET}/folder") == b"folder"


def test_a_folder_in_place_of_a_file_is_not_deleted(case: QueueCase) -> None:
    furnish(case, right=["old"])
    new = prune_new(case, "old")
    case.right.delete(f"{TARGET}/old")
    case.right.store.add(f"{TARGET}/old", Kind.DIR)
    version = case.right.stat(f"{TARGET}/old").version
    assert pruned(case, replace(new, agreed=version))[0].state is S.SKIPPED
    assert f"{TARGET}/old" in case.right.paths()


def test_what_is_gone_already_is_done(case: QueueCase) -> None:
    furnish(case, right=["old"])
    new = prune_new(case, "old")
    case.right.delete(f"{TARGET}/old")
    assert _ends(pruned(case, new)) == [(S.DONE, "")]


def test_a_link_is_removed_itself_and_nothing_below_one_is_touched(case: QueueCase) -> None:
    furnish(case, right=["kept"])
    case.right.put("/theirs/old", b"theirs")
    case.right.store.add(f"{TARGET}/link", Kind.LINK, target="/theirs")
    version = case.right.stat("/theirs/old").version
    below = prune_new(case, "link/old", agreed=version)
    (job,) = pruned(case, below)
    assert (job.state, "link" in job.reason) == (S.FAILED, True)
    assert _ends(pruned(case, prune_new(case, "link"))) == [(S.DONE, "")]
    assert case.right.get("/theirs/old") == b"theirs"
    assert f"{TARGET}/link" not in case.right.paths()


@pytest.mark.parametrize(
    ("within", "source_within"), [("", SOURCE), (TARGET, ""), ("/other", SOURCE), (TARGET, "/x")]
)
def test_what_is_not_in_the_trees_that_were_compared_is_not_deleted(
    case: QueueCase, within: str, source_within: str
) -> None:
    furnish(case, right=["old"])
    new = replace(prune_new(case, "old"), within=within, source_within=source_within)
    (job,) = pruned(case, new)
    assert job.state is S.FAILED
    assert case.right.get(f"{TARGET}/old") == b"old"


def test_the_top_itself_is_never_deleted(case: QueueCase) -> None:
    furnish(case)
    case.right.store.add(TARGET, Kind.DIR)
    new = replace(
        prune_new(case, "x", agreed=None),
        source=Place(LEFT, f"{SOURCE}/x"),
        target=Place(RIGHT, TARGET),
    )
    assert pruned(case, new)[0].state is S.FAILED
    assert case.right.paths() == [TARGET]


def test_a_bucket_is_never_deleted(case: QueueCase) -> None:
    class Bucketed(Memory):
        @property
        def caps(self) -> Capabilities:
            return replace(super().caps, tops="bucket")

    case.right = Bucketed()
    case.places[RIGHT] = case.right
    furnish(case)
    case.right.store.add("/bucket", Kind.DIR)
    new = replace(prune_new(case, "x", agreed=None), target=Place(RIGHT, "/bucket"), within="/")
    (job,) = pruned(case, new)
    assert (job.state, "removed by hand" in job.reason) == (S.SKIPPED, True)
    assert case.right.paths() == ["/bucket"]


@pytest.mark.usefixtures("soon")
def test_a_deletion_whose_answer_was_lost_is_done(case: QueueCase) -> None:
    """faults.md A8."""
    furnish(case, right=["old"])
    new = prune_new(case, "old")

    def lose() -> None:
        case.right.store.nodes.pop(f"{TARGET}/old", None)
        raise ConnectionLost("x")

    case.right.store.fail = Hold("delete", then=lose)
    (job,) = pruned(case, new)
    assert (job.state, job.attempt) == (S.DONE, 2)


def test_a_deletion_that_was_refused_failed_and_may_be_tried_again(case: QueueCase) -> None:
    furnish(case, right=["old", "other"])
    case.right.store.fail = Hold("delete", path=f"{TARGET}/old", error=Denied("x"))
    old, other = case.send_new(prune_new(case, "old"), prune_new(case, "other"))
    assert [job.state for job in case.finish(old, other)] == [S.FAILED, S.DONE]
    case.engine.send(Retry((old,)))
    case.reach(old, S.DONE)


def test_a_cancel_after_the_deletion_says_that_it_is_done(case: QueueCase) -> None:
    furnish(case, right=["old"])
    new = prune_new(case, "old")

    def gone_and_cut() -> None:
        case.right.store.nodes.pop(f"{TARGET}/old", None)
        case.engine.send(Cancel())
        raise ConnectionLost("x")

    case.right.store.fail = Hold("delete", then=gone_and_cut)
    assert _ends(pruned(case, new)) == [(S.DONE, "")]


# What is kept of it


def test_what_goes_to_the_trash_is_found_there(case: QueueCase) -> None:
    case.right = WithTrash()
    case.places[RIGHT] = case.right
    furnish(case, right=["d/old"])
    new = [prune_new(case, "d/old", keep=TRASH), prune_new(case, "d", agreed=None, keep=TRASH)]
    assert _ends(pruned(case, *new)) == [(S.DONE, "")] * 2
    assert case.right.paths() == [TARGET, "/trash", "/trash/old"]


@pytest.mark.parametrize("there_is_one", [True, False])
def test_without_a_trash_nothing_is_deleted_instead(case: QueueCase, there_is_one: bool) -> None:
    if there_is_one:
        case.right = WithTrash()
        case.right.full = True
        case.places[RIGHT] = case.right
    furnish(case, right=["old"])
    (job,) = pruned(case, prune_new(case, "old", keep=TRASH))
    assert job.state is S.SKIPPED
    assert job.reason.startswith("not deleted: ")
    assert "trash" in job.reason
    assert case.right.get(f"{TARGET}/old") == b"old"


def test_where_deleting_recycles_the_trash_is_that(case: QueueCase) -> None:
    case.right = Recycling()
    case.places[RIGHT] = case.right
    furnish(case, right=["old"])
    assert _ends(pruned(case, prune_new(case, "old", keep=TRASH))) == [(S.DONE, "")]
    assert case.right.paths() == [TARGET]


def test_a_backup_is_made_by_name_and_never_over_anything(case: QueueCase) -> None:
    furnish(case, right=["d/old.txt", "d/other"])
    case.right.put("/backup/d/old.txt", b"older")
    new = [prune_new(case, f"d/{n}", keep=f"/backup/d/{n}") for n in ("old.txt", "other")]
    first, second = pruned(case, *new)
    assert (first.state, first.reason) == (S.DONE, "kept as /backup/d/old (2).txt")
    assert (second.state, second.reason) == (S.DONE, "")
    assert case.right.get("/backup/d/old.txt") == b"older"
    assert case.right.get("/backup/d/old (2).txt") == b"d/old.txt"
    assert case.right.get("/backup/d/other") == b"d/other"
    assert case.right.get(f"{TARGET}/d/other") is None


def test_a_backup_whose_folder_cannot_be_made_costs_no_file(case: QueueCase) -> None:
    furnish(case, right=["old"])
    case.right.store.fail = Hold("make_dir", times=2, error=NotFound("/backup"))
    (job,) = pruned(case, prune_new(case, "old", keep="/backup/old"))
    assert job.state is S.FAILED
    assert case.right.get(f"{TARGET}/old") == b"old"


def test_on_disk_a_swapped_folder_saves_what_the_link_leads_to(
    case: QueueCase, tmp_path: Path
) -> None:
    """faults.md D3: with the version and the name right, only the way there is another."""
    source, target, theirs = (tmp_path / name for name in ("from", "to", "theirs"))
    for folder in (source, target / "d", theirs):
        folder.mkdir(parents=True)
    (source / "kept").write_bytes(b"k")
    (target / "d" / "old").write_bytes(b"old")
    place = case.places[LOCAL]
    version = place.stat(str(target / "d" / "old")).version
    new = NewJob(
        Op.PRUNE,
        Place(LOCAL, str(source / "d" / "old")),
        Place(LOCAL, str(target / "d" / "old")),
        within=str(target),
        source_within=str(source),
        agreed=version,
    )
    (target / "d" / "old").rename(theirs / "old")
    (target / "d").rmdir()
    (target / "d").symlink_to(theirs, target_is_directory=True)
    (job,) = pruned(case, new)
    assert job.state is S.FAILED
    assert (theirs / "old").read_bytes() == b"old"
