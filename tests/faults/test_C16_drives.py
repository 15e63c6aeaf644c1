"""C16: a drive that is throttled, whose upload sessions end, whose token dies, whose files change.

Through the engine, with both kinds of accounts. The oracle: never done with wrong bytes that nobody
was told of, what stood there untouched unless agreed, the source there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Place
from providers.onedrive.fragments import MULTIPLE
from tests.faults.drive_case import ENDPOINT, PROFILES, DriveCase, drive_case
from tests.servers.drive_place import GivenTokens
from transfers.model import (
    JobState,
    NewJob,
    Op,
    ParkReason,
    Policy,
    ProofWord,
    Resolve,
    Unpark,
)

DATA = random.Random(16).randbytes(4 * MULTIPLE + 4711)


@pytest.fixture(params=PROFILES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DriveCase]:
    with drive_case(tmp_path, request.param) as made:
        yield made


@pytest.fixture
def business(tmp_path: Path) -> Iterator[DriveCase]:
    with drive_case(tmp_path, "business") as made:
        yield made


def test_C16_a_file_in_fragments_is_proven_by_what_the_service_says(case: DriveCase) -> None:
    job = case.ended(case.upload("file", DATA))
    assert job.state is JobState.DONE, job.reason
    assert job.proof is not None
    assert (job.proof.word, job.proof.algorithm) == (ProofWord.SERVER_DIGEST, "quickxor")
    assert case.server.content("/file") == DATA
    assert case.server.open_sessions == 0


def test_C16_ten_minutes_are_waited_for_and_nothing_is_asked_meanwhile(case: DriveCase) -> None:
    case.server.throttle(600)
    (first,) = case.send_new(case.upload("first", DATA))
    case.reach(first, JobState.WAITING)
    asked = len(case.server.world.faults.asked)
    (second,) = case.send_new(case.upload("second", b"small"))
    rows = {row.job.id: row for row in case.engine.snapshot(0, 10).rows}
    assert 590 < (rows[first].retry_in or 0) <= 600
    assert rows[second].job.state is JobState.QUEUED
    assert len(case.server.world.faults.asked) == asked


@pytest.mark.parametrize("status", [429, 503])
def test_C16_a_fragment_that_was_throttled_goes_on_when_the_time_is_up(
    case: DriveCase, status: int
) -> None:
    case.server.fail(
        status, headers={"Retry-After": "1"}, where="cdn", method="PUT", path="/upload/", skip=2
    )
    job = case.ended(case.upload("file", DATA))
    assert job.state is JobState.DONE, job.reason
    assert case.server.content("/file") == DATA
    assert case.asked("PUT", "/upload/") == 6, "only what was refused is sent once more"


@pytest.mark.parametrize("status", [404, 401, 403])
def test_C16_a_session_that_ended_is_begun_anew(case: DriveCase, status: int) -> None:
    case.server.fail(status, where="cdn", method="PUT", path="/upload/", skip=2)
    job = case.ended(case.upload("file", DATA))
    assert job.state is JobState.DONE, job.reason
    assert case.asked("POST", "createUploadSession") == 2
    assert case.server.content("/file") == DATA


def test_C16_a_fragment_whose_answer_was_lost_is_not_sent_again(case: DriveCase) -> None:
    case.server.lose_answer(where="cdn", method="PUT", path="/upload/", skip=1)
    job = case.ended(case.upload("file", DATA))
    assert job.state is JobState.DONE, job.reason
    assert case.asked("PUT", "/upload/") == 5
    assert case.server.content("/file") == DATA


def test_C16_the_service_says_where_to_go_on_when_it_refuses_a_fragment(case: DriveCase) -> None:
    case.server.fail(416, code="invalidRange", where="cdn", method="PUT", path="/upload/", skip=2)
    job = case.ended(case.upload("file", DATA))
    assert job.state is JobState.DONE, job.reason
    assert case.asked("GET", "/upload/") == 1
    assert case.server.content("/file") == DATA


def test_C16_half_a_fragment_that_was_kept_begins_anew(case: DriveCase) -> None:
    case.server.drop_request(1000, keep=True, path="/upload/", skip=1)
    job = case.ended(case.upload("file", DATA))
    assert job.state is JobState.DONE, job.reason
    assert case.server.content("/file") == DATA


def test_C16_what_appeared_meanwhile_is_not_replaced(case: DriveCase) -> None:
    case.before_part(2, lambda: case.server.put("/file", b"somebody else's") and None)
    job = case.ended(case.upload("file", DATA), Policy.ASK)
    assert (job.state, job.park) == (JobState.PARKED, ParkReason.CONFLICT)
    assert case.server.content("/file") == b"somebody else's"


def test_C16_a_commit_whose_answer_was_lost_is_found_done(case: DriveCase) -> None:
    case.server.lose_answer(where="cdn", method="POST", path="/upload/")
    case.server.lose_answer(where="graph", method="PUT", path="/items/")
    job = case.ended(case.upload("file", DATA), Policy.ASK)
    assert job.state is JobState.DONE, job.reason
    assert case.server.content("/file") == DATA


def test_C16_a_small_file_whose_answer_was_lost_is_found_done(case: DriveCase) -> None:
    case.server.lose_answer(where="cdn", method="PUT", path="/upload/")
    job = case.ended(case.upload("file", b"small"), Policy.ASK)
    assert job.state is JobState.DONE, job.reason
    assert case.asked("PUT", "/upload/") == 1
    assert case.server.content("/file") == b"small"


def test_C16_a_token_that_dies_is_renewed_once_and_the_upload_goes_on(tmp_path: Path) -> None:
    tokens = GivenTokens()
    with drive_case(tmp_path, "business", tokens) as case:
        tokens.left = [case.server.issue_token(), case.server.issue_token(seconds=7200)]
        case.server.clock.advance(3601)
        job = case.ended(case.upload("file", DATA))
        assert job.state is JobState.DONE, job.reason
        assert len(tokens.refusals) == 1


def test_C16_without_a_new_token_a_person_is_asked_and_nothing_is_sent_again(
    case: DriveCase,
) -> None:
    token = case.tokens.left[0]
    case.server.fail(500, where="cdn", method="PUT", path="/upload/", skip=2)
    case.before_part(2, case.server.expire_tokens)
    (number,) = case.send_new(case.upload("file", DATA))
    parked = case.reach(number, JobState.PARKED)
    assert (parked.park, parked.asks) == (ParkReason.SIGN_IN, ENDPOINT)
    assert token not in parked.reason
    case.tokens.left.append(case.server.issue_token())
    case.engine.send(Unpark(ENDPOINT))
    job = case.reach(number, JobState.DONE, JobState.FAILED)
    assert job.state is JobState.DONE, job.reason
    assert case.asked("POST", "createUploadSession") == 1
    assert case.server.content("/file") == DATA


@pytest.mark.parametrize("size", [5000, 3 * MULTIPLE])
def test_C16_a_document_that_the_library_changed_is_told_and_not_sent_again(
    business: DriveCase, size: int
) -> None:
    job = business.ended(business.upload("report.docx", DATA[:size]))
    assert job.state is JobState.DONE, job.reason
    assert job.proof is not None and job.proof.word is ProofWord.CHANGED_BY_SERVER
    assert business.server.world.rewritten == 1
    assert (business.folder / "report.docx").exists()


def test_C16_a_changed_document_whose_answer_was_lost_is_found_and_told(
    business: DriveCase,
) -> None:
    business.server.lose_answer(where="cdn", method="PUT", path="/upload/")
    job = business.ended(business.upload("report.docx", DATA[:5000]), Policy.ASK)
    assert job.state is JobState.DONE, job.reason
    assert job.proof is not None and job.proof.word is ProofWord.CHANGED_BY_SERVER
    assert business.server.world.rewritten == 1


def test_C16_a_move_within_a_drive_is_a_rename(case: DriveCase) -> None:
    case.server.put("/file", DATA)
    case.server.lose_answer(method="PATCH")
    new = NewJob(Op.MOVE, Place(ENDPOINT, "/file"), Place(ENDPOINT, "/Documents/file"), within="/")
    job = case.ended(new, Policy.ASK)
    assert job.state is JobState.DONE, job.reason
    assert case.server.content("/Documents/file") == DATA
    assert case.asked("POST", "createUploadSession") == 0


def test_C16_a_copy_within_a_drive_moves_no_bytes(case: DriveCase) -> None:
    case.server.put("/file", DATA)
    new = NewJob(Op.COPY, Place(ENDPOINT, "/file"), Place(ENDPOINT, "/Documents/file"), within="/")
    job = case.ended(new, Policy.ASK)
    assert job.state is JobState.DONE, job.reason
    assert job.proof is not None and job.proof.word is ProofWord.SIZE_ONLY
    assert case.server.content("/Documents/file") == DATA
    assert case.asked("GET", "/download/") == case.asked("PUT", "/upload/") == 0


def test_C16_a_copy_that_was_not_waited_for_leaves_nothing(case: DriveCase) -> None:
    case.server.put("/file", DATA)
    case.server.habits.copy_seconds = 1e9
    case.server.fail(500, where="cdn", method="GET", path="/monitor/")
    case.before_part(0, lambda: _copies_are_made(case))
    new = NewJob(Op.COPY, Place(ENDPOINT, "/file"), Place(ENDPOINT, "/Documents/file"), within="/")
    job = case.ended(new, Policy.ASK)
    assert job.state is JobState.DONE, job.reason
    assert case.server.names("/Documents") == ["file"]


def _copies_are_made(case: DriveCase) -> None:
    with case.server.world.lock:
        for copy in case.server.world.copies.values():
            copy.ends = 0.0


def test_C16_a_copy_that_the_service_does_not_find_is_sent_as_bytes(case: DriveCase) -> None:
    """Of drives of two organizations one does not see the other."""
    case.server.put("/file", DATA)
    case.server.fail(404, method="POST", path="/copy")
    new = NewJob(Op.COPY, Place(ENDPOINT, "/file"), Place(ENDPOINT, "/Documents/file"), within="/")
    job = case.ended(new, Policy.ASK)
    assert job.state is JobState.DONE, job.reason
    assert case.server.content("/Documents/file") == DATA


def test_C16_a_file_is_not_copied_onto_itself_under_another_spelling(case: DriveCase) -> None:
    case.server.put("/file", DATA)
    for op in (Op.COPY, Op.MOVE):
        new = NewJob(op, Place(ENDPOINT, "/file"), Place(ENDPOINT, "/FILE"), within="/")
        job = case.ended(new)
        assert job.state is JobState.FAILED and "same file" in job.reason
        assert case.server.content("/file") == DATA


def test_C16_two_files_of_one_name_in_other_letters_are_not_moved_onto_each_other(
    case: DriveCase,
) -> None:
    first = case.ended(case.upload("Read.txt", b"one", Op.MOVE))
    second = case.ended(case.upload("read.txt", b"the other", Op.MOVE))
    assert first.state is JobState.DONE
    assert (second.state, second.park) == (JobState.PARKED, ParkReason.CONFLICT)
    assert "Read.txt" in second.reason
    assert case.server.content("/Read.txt") == b"one"
    assert (case.folder / "read.txt").read_bytes() == b"the other"


def test_C16_who_says_so_replaces_a_file_of_other_letters(case: DriveCase) -> None:
    case.server.put("/Read.txt", b"old")
    job = case.ended(case.upload("read.txt", b"new"))
    case.engine.send(Resolve(job.id, Policy.OVERWRITE))
    assert case.reach(job.id, JobState.DONE, JobState.FAILED).state is JobState.DONE
    assert case.server.content("/Read.txt") == b"new"


def test_C16_a_move_keeps_its_source_when_the_library_changed_the_copy(business: DriveCase) -> None:
    job = business.ended(business.upload("report.docx", DATA[:5000], Op.MOVE))
    assert job.state is JobState.DONE
    assert "the source was kept" in job.reason
    assert (business.folder / "report.docx").read_bytes() == DATA[:5000]


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_C16_a_document_that_differs_from_its_own_digest_is_copied_and_not_moved(
    business: DriveCase, op: Op
) -> None:
    world = business.server.world
    item = world.own.items[business.server.put("/report.docx", DATA)]
    item.versions[-1] = replace(item.versions[-1], quick_xor="M" * 26 + "A=")
    job = business.ended(replace(business.download("report.docx"), op=op))
    assert business.server.content("/report.docx") == DATA
    if op is Op.MOVE:
        assert job.state is JobState.FAILED and "the source states" in job.reason
        return
    assert job.state is JobState.DONE, job.reason
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert "the source states another quickxor" in job.proof.how


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_C16_what_is_listed_as_empty_and_is_not_is_never_copied_as_empty(
    case: DriveCase, op: Op
) -> None:
    case.server.put("/file", DATA)
    case.server.misreport_size("/file", -len(DATA))
    case.server.habits.omit_hashes = True
    job = case.ended(replace(case.download("file"), op=op))
    assert job.state is JobState.FAILED
    assert case.server.content("/file") == DATA


def test_C16_a_personal_drive_changes_no_document(tmp_path: Path) -> None:
    with drive_case(tmp_path, "personal") as case:
        job = case.ended(case.upload("report.docx", DATA[:5000], Op.MOVE))
        assert job.proof is not None and job.proof.word is ProofWord.SERVER_DIGEST
        assert not (case.folder / "report.docx").exists()


def test_C16_damage_is_no_change_of_the_service_and_is_sent_again(case: DriveCase) -> None:
    case.server.habits.damage_uploads = 1
    job = case.ended(case.upload("file.bin", DATA))
    assert job.state is JobState.DONE, job.reason
    assert case.server.content("/file.bin") == DATA


def test_C16_a_full_drive_is_told_before_anything_is_sent(case: DriveCase) -> None:
    case.server.set_quota(1000)
    job = case.ended(case.upload("file", DATA))
    assert (job.state, job.park) == (JobState.PARKED, ParkReason.SPACE)
    assert case.asked("PUT", "/upload/") == 0
