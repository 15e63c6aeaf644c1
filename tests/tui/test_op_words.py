"""A deletion never looks like a copy: not in the queue, in lists or in reports."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from providers.base import Place
from tests.tui.fake_queue import FakeQueue, make_row
from transfers.history import History
from transfers.model import RENAMED, TRASH, JobState, NewJob, Op, ParkReason, Row
from tui.headless.follow import follow, stuck
from tui.headless.queue_list import list_line
from tui.headless.reach import Reached
from tui.headless.report import Report
from tui.job_facts import job_facts
from tui.receipt import proven
from tui.widgets.transfer_row import columns, detail, info, name, slow_parts

S = JobState
THERE = Place("sftp://ann@host:22", "/to/old.txt")
KEEPS = [("", "delete", "deleted"), (TRASH, "to the trash", "in the trash")]
KEEPS += [("/backup/old.txt", "to the backup", "in the backup")]


def _prune(
    state: JobState = S.QUEUED, *, number: int = 1, keep: str = "", agreed: str | None = "v"
) -> Row:
    source = Place("file:", "/from/old.txt")
    fields = {"source": source, "target": THERE, "keep": keep, "agreed": agreed, "size": None}
    return make_row(number, state, op=Op.PRUNE, **fields)


@pytest.mark.parametrize(("keep", "does", "did"), KEEPS)
def test_a_row_says_what_becomes_of_a_file(keep: str, does: str, did: str) -> None:
    assert info(_prune(keep=keep))[0] == does
    assert info(_prune(S.DONE, keep=keep))[0] == did
    assert detail(_prune(keep=keep), 200)[0].startswith(f"{does} ")
    line = "".join(part for part, _ in slow_parts(_prune(keep=keep), columns(250)))
    assert "/to/old.txt" in line
    assert "/from/old.txt" not in line


def test_a_reason_stands_beside_or_instead_of_the_word() -> None:
    kept = _prune(S.DONE, keep="/backup/old.txt")
    kept = replace(kept, job=replace(kept.job, reason="kept as /backup/old (2).txt"))
    assert info(kept)[0] == "in the backup · kept as /backup/old (2).txt"
    reason = "not deleted: 2 copies of this mirror did not succeed"
    skipped = _prune(S.SKIPPED)
    assert info(replace(skipped, job=replace(skipped.job, reason=reason)))[0] == reason


def test_a_directory_is_shown_as_one_and_is_deleted_whatever_is_kept() -> None:
    row = _prune(S.DONE, keep=TRASH, agreed=None)
    assert (name(row), info(row)[0]) == ("old.txt/", "deleted")


def test_a_rename_is_shown_as_one() -> None:
    row = make_row(1, op=Op.RENAME)
    assert info(row)[0] == "rename"
    assert detail(row, 200)[0].startswith("rename ")
    done = make_row(1, S.DONE, op=Op.RENAME, reason=RENAMED)
    assert info(done)[0] == RENAMED


@pytest.mark.parametrize(("keep", "does", "did"), KEEPS)
def test_lists_and_reports_name_what_goes(
    keep: str, does: str, did: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = list_line(_prune(keep=keep), 0)
    assert does in line
    assert "/from/old.txt" not in line
    Report(as_json=False).job(_prune(S.DONE, keep=keep).job)
    printed = capsys.readouterr().out
    assert f"{does} sftp://ann@host/to/old.txt" in printed.replace(":22", "")
    Report(as_json=True).job(_prune(S.DONE, keep=keep).job)
    told = json.loads(capsys.readouterr().out)
    assert (told["op"], told["state"], told["proof"]) == ("prune", "done", None)
    assert bool(told["keep"]) is bool(keep)


def test_what_is_deleted_or_renamed_counts_for_no_copy_and_has_no_receipt() -> None:
    report = Report(as_json=True)
    rows = [_prune(S.DONE), make_row(2, S.DONE, op=Op.RENAME, size=5)]
    for row in rows:
        report.count(row.job)
    assert report.size == 0
    assert proven([row.job for row in rows]) == []


def test_the_facts_of_a_deletion_say_why_it_is_one() -> None:
    facts = {fact.name: fact.value for fact in job_facts(_prune(keep=TRASH), History())}
    assert facts["Transfer"] == "to the trash (number 1)"
    assert facts["From"].endswith("/to/old.txt")
    assert facts["To"] == "the trash"
    assert facts["Because of"] == "/from/old.txt, which is not there"
    assert "Proof" not in facts


# Following


@pytest.mark.parametrize(
    ("rows", "is_stuck"),
    [
        ([make_row(1, S.PAUSED), _prune(number=2)], True),
        ([make_row(1, S.DONE), _prune(number=2)], False),
        ([_prune(S.PAUSED, number=1), _prune(number=2)], False),
        ([_prune(S.PAUSED, number=1), _prune(number=2, agreed=None)], True),
    ],
)
def test_deletions_behind_what_waits_for_a_person_are_stuck(
    rows: list[Row], is_stuck: bool
) -> None:
    assert stuck(rows) is is_stuck


def test_who_follows_a_mirror_does_not_wait_for_deletions_behind_a_question() -> None:
    asked = make_row(1, S.PARKED, park=ParkReason.CONFLICT)
    rows = [asked, _prune(number=2), _prune(number=3, agreed=None)]
    jobs = {
        row.job.id: NewJob(row.job.op, row.job.source, row.job.target, agreed=row.job.agreed)
        for row in rows
    }
    report = Report(as_json=False)
    follow(Reached(FakeQueue(rows), True, lambda: True, lambda: True), jobs, report)
    assert report.states[S.PARKED] == 1


@pytest.mark.parametrize(
    ("op", "does", "did"),
    [(Op.LINK, "link", "link made"), (Op.MOVE_LINK, "move link", "link moved")],
)
def test_a_link_is_shown_as_one(
    op: Op, does: str, did: str, capsys: pytest.CaptureFixture[str]
) -> None:
    row = make_row(1, op=op, target=THERE)
    assert info(row)[0] == does
    assert info(replace(row, job=replace(row.job, state=S.DONE)))[0] == did
    assert not name(row).endswith("/")
    kept = replace(row.job, state=S.DONE, reason="made, but the source was kept: denied")
    report = Report(as_json=False)
    report.job(kept)
    assert f"{does} " in capsys.readouterr().out
    assert report.all_fine == (op is Op.LINK)
