"""Op.LINK: a link is made anew with its text, never over anything unasked, never followed."""

from __future__ import annotations

import pytest

from providers.base import ANY_VERSION, Kind, Place
from providers.errors import ConnectionLost, Denied, Unsupported
from tests.transfers.queue_case import LEFT, RIGHT, Hold, Memory, QueueCase
from transfers.completion import is_missed
from transfers.links import NO_LINKS
from transfers.model import (
    SAME_LINK,
    Cancel,
    Job,
    JobState,
    NewJob,
    Op,
    ParkReason,
    Policy,
    Resolve,
)

S = JobState
AT = "/d/link"
BOTH = pytest.mark.parametrize("op", [Op.LINK, Op.MOVE_LINK])


def _new(op: Op = Op.LINK) -> NewJob:
    return NewJob(op, Place(LEFT, AT), Place(RIGHT, AT), within="/")


def _put_link(place: Memory, text: str = "some/where", path: str = AT) -> None:
    place.put("/d/file", b"x")
    place.make_link(path, text)


def _end(case: QueueCase, op: Op = Op.LINK, policy: Policy = Policy.ASK) -> Job:
    return case.finish(*case.send_new(_new(op), policy=policy))[0]


def _leads(place: Memory, path: str = AT) -> str | None:
    node = place.store.nodes.get(path)
    return None if node is None or node.kind is not Kind.LINK else node.target


@BOTH
@pytest.mark.parametrize("text", ["some/where", "../../etc/passwd", "/nowhere", "\x1b[2J\udcff"])
def test_a_link_keeps_its_text_wherever_it_leads(case: QueueCase, op: Op, text: str) -> None:
    _put_link(case.left, text)
    job = _end(case, op)
    assert (job.state, job.reason, job.proof, job.digest) == (S.DONE, "", None, "")
    assert _leads(case.right) == text
    assert _leads(case.left) == (None if op is Op.MOVE_LINK else text)
    assert case.left.get("/d/file") == b"x"


@BOTH
@pytest.mark.parametrize("policy", list(Policy))
def test_a_link_of_the_same_text_is_the_same_whatever_the_policy(
    case: QueueCase, op: Op, policy: Policy
) -> None:
    """It may be the very one, seen by another way: so the source of a move stays."""
    _put_link(case.left)
    _put_link(case.right)
    case.right.store.fail = Hold("replace_link", error=AssertionError("replaced"))
    job = _end(case, op, policy)
    assert (job.state, job.reason) == (S.SKIPPED, SAME_LINK)
    assert not is_missed(job)
    assert _leads(case.left) == _leads(case.right) == "some/where"


@BOTH
@pytest.mark.parametrize("there", ["link", "file"])
@pytest.mark.parametrize(
    ("policy", "state", "replaced"),
    [
        (Policy.SKIP, S.SKIPPED, False),
        (Policy.OVERWRITE, S.DONE, True),
        (Policy.DIFFERENT, S.DONE, True),
        (Policy.RENAME, S.DONE, False),
    ],
)
def test_what_is_there_is_replaced_as_the_policy_says(
    case: QueueCase, op: Op, there: str, policy: Policy, state: JobState, replaced: bool
) -> None:
    _put_link(case.left)
    if there == "link":
        _put_link(case.right, "else")
    else:
        case.right.put(AT, b"theirs")
    assert _end(case, op, policy).state is state
    old = (_leads(case.right), case.right.get(AT))
    assert old[0] == ("some/where" if replaced else {"link": "else", "file": None}[there])
    beside = "some/where" if policy is Policy.RENAME else None
    assert _leads(case.right, "/d/link (2)") == beside
    moved = op is Op.MOVE_LINK and state is S.DONE
    assert _leads(case.left) == (None if moved else "some/where")


def test_a_folder_in_the_way_is_never_replaced(case: QueueCase) -> None:
    _put_link(case.left)
    case.right.put(f"{AT}/file", b"x")
    assert _end(case, policy=Policy.OVERWRITE).state is S.FAILED
    assert case.right.get(f"{AT}/file") == b"x"


def test_a_person_is_asked_and_what_they_saw_is_replaced(case: QueueCase) -> None:
    _put_link(case.left)
    case.right.put(AT, b"theirs")
    (number,) = case.send_new(_new())
    case.parked(number, ParkReason.CONFLICT)
    case.engine.send(Resolve(number, Policy.OVERWRITE))
    assert case.finish(number)[0].state is S.DONE
    assert _leads(case.right) == "some/where"


def test_what_changed_since_a_person_was_asked_is_asked_about_again(case: QueueCase) -> None:
    _put_link(case.left)
    case.right.put(AT, b"theirs")
    (number,) = case.send_new(_new())
    seen = case.parked(number, ParkReason.CONFLICT).agreed
    case.right.put(AT, b"others")
    case.engine.send(Resolve(number, Policy.OVERWRITE))
    case.watch.until(lambda: case.job(number).agreed != seen, lambda: case.job(number))
    assert case.parked(number, ParkReason.CONFLICT).agreed != ANY_VERSION
    assert case.right.get(AT) == b"others"


def test_what_appears_in_the_last_moment_is_not_replaced(case: QueueCase) -> None:
    _put_link(case.left)
    case.right.store.fail = Hold("make_link", then=lambda: case.right.put(AT, b"theirs"))
    (number,) = case.send_new(_new())
    case.parked(number, ParkReason.CONFLICT)
    assert case.right.get(AT) == b"theirs"


@BOTH
@pytest.mark.parametrize("there", [False, True])
def test_a_server_that_makes_no_links_has_them_left_out_and_loses_none(
    case: QueueCase, op: Op, there: bool
) -> None:
    _put_link(case.left)
    if there:
        case.right.put(AT, b"old")
    call = "replace_link" if there else "make_link"
    case.right.store.fail = Hold(call, error=Unsupported(AT))
    job = _end(case, op, Policy.OVERWRITE)
    assert (job.state, job.reason, is_missed(job)) == (S.SKIPPED, NO_LINKS, True)
    assert _leads(case.left) == "some/where"
    assert not there or case.right.get(AT) == b"old"


def test_nothing_is_made_through_a_link_in_the_chosen_folder(case: QueueCase) -> None:
    _put_link(case.left)
    case.right.put("/elsewhere/file", b"x")
    case.right.make_link("/d", "elsewhere")
    assert _end(case).state is S.FAILED
    assert case.right.paths() == ["/d", "/elsewhere", "/elsewhere/file"]


def test_a_link_onto_itself_is_refused(case: QueueCase) -> None:
    _put_link(case.left)
    new = NewJob(Op.MOVE_LINK, Place(LEFT, AT), Place(LEFT, AT))
    (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    assert (job.state, "the same file" in job.reason) == (S.FAILED, True)
    assert _leads(case.left) == "some/where"


def test_what_is_no_link_any_more_is_not_touched(case: QueueCase) -> None:
    case.left.put(AT, b"x")
    assert _end(case, Op.MOVE_LINK).state is S.FAILED
    assert case.left.get(AT) == b"x"
    assert case.right.paths() == []


def test_the_source_of_a_move_stays_when_the_new_link_reads_otherwise(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = case.right.make_link
    monkeypatch.setattr(
        case.right, "make_link", lambda path, target, within="": usual(path, f"//{target}")
    )
    _put_link(case.left)
    job = _end(case, Op.MOVE_LINK)
    assert (job.state, "does not lead where" in job.reason) == (S.FAILED, True)
    assert _leads(case.left) == "some/where"


def test_a_source_that_leads_elsewhere_meanwhile_is_kept(case: QueueCase) -> None:
    def change() -> None:
        case.left.store.nodes[AT].target = "new"

    _put_link(case.left)
    case.right.store.fail = Hold("make_link", then=change)
    job = _end(case, Op.MOVE_LINK)
    assert (job.state, "the source was kept" in job.reason) == (S.DONE, True)
    assert (_leads(case.left), _leads(case.right)) == ("new", "some/where")


def test_a_source_that_may_not_be_removed_is_kept_and_told(case: QueueCase) -> None:
    _put_link(case.left)
    case.left.store.fail = Hold("delete", error=Denied(AT))
    job = _end(case, Op.MOVE_LINK)
    assert (job.state, "the source was kept" in job.reason) == (S.DONE, True)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("lost", ["make", "delete"])
def test_a_lost_answer_is_settled_by_looking(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch, over: bool, lost: str
) -> None:
    """The call was carried out, and nobody heard of it."""
    place, name = (case.left, "delete") if lost == "delete" else (case.right, "make_link")
    name = "replace_link" if over and lost == "make" else name
    usual, calls = getattr(place, name), []

    def deaf(*args: object, **more: object) -> None:
        usual(*args, **more)
        calls.append(args)
        if len(calls) == 1:
            raise ConnectionLost(AT)

    monkeypatch.setattr(place, name, deaf)
    _put_link(case.left)
    if over:
        case.right.put(AT, b"theirs")
    job = _end(case, Op.MOVE_LINK, Policy.OVERWRITE if over else Policy.ASK)
    assert (job.state, job.attempt, len(calls)) == (S.DONE, 2, 1)
    assert (_leads(case.left), _leads(case.right)) == (None, "some/where")


@BOTH
def test_a_cancel_that_comes_too_late_says_what_stands(case: QueueCase, op: Op) -> None:
    """The link has been made, and reading it back waits."""
    _put_link(case.left)
    hold = Hold("stat", path=AT, nth=2)
    case.right.store.fail = hold
    (number,) = case.send_new(_new(op))
    hold.wait()
    case.engine.send(Cancel((number,)))
    hold.release()
    (job,) = case.finish(number)
    assert job.state is S.DONE
    assert _leads(case.right) == "some/where"
