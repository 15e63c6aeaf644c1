"""A job as one line: what is kept at each width, and that it says no more than was proven."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from tests.tui.fake_queue import make_row
from transfers.model import JobState, Op, ParkReason, Proof, ProofWord, Row
from tui.widgets.transfer_row import (
    columns,
    detail,
    fast_parts,
    fraction,
    info,
    name,
    slow_parts,
    state,
    titles,
)

WIDTHS = [20, 40, 59, 60, 79, 80, 100, 120, 140, 160, 250]
EVIL = "e[red]\x1b[2J\u202eb\nil日本.txt"
ROWS = [
    make_row(1, JobState.TRANSFERRING, moved=300_000, rate=1e9, eta=1e12, attempt=1),
    make_row(2, JobState.WAITING, retry_in=float("inf"), reason=EVIL),
    make_row(3, JobState.DONE, name=EVIL, size=0, proof=Proof(ProofWord.SHA256)),
    make_row(4, JobState.QUEUED, name="x" * 5000, size=None),
    make_row(5, JobState.FAILED, size=2**80, moved=5, proof=Proof(ProofWord.MISMATCH)),
]


def text(row: Row, width: int) -> str:
    at = columns(width)
    parts = (*fast_parts(row, at, marked=True, ascii_only=False), *slow_parts(row, at))
    return "".join(part for part, _ in parts)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.job.state.value)
def test_a_row_is_safe_and_fits(row: Row, width: int) -> None:
    shown = text(row, width)
    assert shown.isprintable()
    assert cell_len(shown) <= max(width, 20)


@pytest.mark.parametrize("width", WIDTHS[4:])
def test_headings_stand_over_their_columns(width: int) -> None:
    heading, shown = titles(columns(width)), text(make_row(1, name="NAME", reason="WHY"), width)
    assert heading.index("Name") == shown.index("NAME")
    assert heading.index("Proof") == shown.index("WHY")
    assert heading.index("State") == shown.index("queued")


@pytest.mark.parametrize("width", WIDTHS)
def test_what_changes_while_bytes_move_is_leftmost(width: int) -> None:
    at = columns(width)
    early = make_row(1, JobState.TRANSFERRING, moved=1, rate=1.0, eta=9.0)
    late = make_row(1, JobState.TRANSFERRING, moved=999_999, rate=9e9, eta=1.0)
    for row in (early, late):
        fast = fast_parts(row, at, marked=False, ascii_only=False)
        assert sum(cell_len(part) for part, _ in fast) == at.fast
    assert slow_parts(early, at) == slow_parts(late, at)


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (Proof(ProofWord.SHA256, "sha256", "ab", "ab"), "sha256 both ends"),
        (Proof(ProofWord.SERVER_DIGEST, "crc64nvme"), "server digest (crc64nvme)"),
        (Proof(ProofWord.SIZE_ONLY), "size only"),
        (Proof(ProofWord.CHANGED_BY_SERVER), "changed by server"),
    ],
)
def test_a_proof_is_said_in_its_exact_words(proof: Proof, words: str) -> None:
    row = make_row(1, JobState.DONE, proof=proof)
    assert info(row)[0] == words
    assert words in text(row, 160)
    assert words.split(" (")[0] in text(row, 80)


def test_only_digests_at_both_ends_or_the_servers_look_like_success() -> None:
    good = {
        word
        for word in ProofWord
        if info(make_row(1, JobState.DONE, proof=Proof(word, "md5")))[1] == "good"
    }
    assert good == {ProofWord.SHA256, ProofWord.SERVER_DIGEST}


@pytest.mark.parametrize("where", [JobState.FAILED, JobState.DONE, JobState.QUEUED])
def test_a_mismatch_is_loud_whatever_the_state(where: JobState) -> None:
    proof = Proof(ProofWord.MISMATCH, "sha256", "aa" * 32, "bb" * 32)
    row = make_row(1, where, proof=proof, reason="what arrived differs")
    assert info(row) == ("mismatch · what arrived differs", "loud")
    assert "aaaaaaaaaaaaaaaa… ≠ bbbbbbbbbbbbbbbb…" in detail(row, 80)[1]


def test_a_proof_of_an_unfinished_job_is_not_shown_as_done() -> None:
    row = make_row(1, JobState.QUEUED, proof=Proof(ProofWord.SHA256))
    assert info(row) == ("", "dim")


def test_every_state_has_its_own_word() -> None:
    words = {state(make_row(1, each))[0] for each in JobState}
    assert words == {each.value for each in JobState}
    assert state(make_row(1, JobState.TRANSFERRING, cancelling=True))[0] == "cancelling"


def test_the_reason_does_not_repeat_the_path_that_the_row_shows() -> None:
    row = make_row(1, JobState.FAILED, name="a", reason="/srv/data/a: permission denied.")
    assert info(row)[0] == "permission denied."
    assert "/srv/data/a: permission denied." in detail(row, 80)[1]


def test_the_detail_has_what_the_row_has_no_room_for() -> None:
    row = make_row(
        1,
        JobState.PARKED,
        name="a.txt",
        attempt=2,
        attempts=6,
        park=ParkReason.CONFLICT,
        reason="exists",
    )
    way, facts = detail(row, 80)
    assert way == "copy /home/ann/a.txt → sftp://ann@host:22/srv/data/a.txt"
    assert facts == "parked · conflict · Enter answers it · exists · attempt 2 of 6 · 1.0 MiB"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.job.state.value)
def test_the_detail_is_safe(row: Row) -> None:
    way, facts = detail(row, 80)
    assert way.isprintable() and facts.isprintable()
    assert cell_len(way) <= 80


def test_a_waiting_job_says_when_it_is_tried_again() -> None:
    row = make_row(1, JobState.WAITING, retry_in=11.2, reason="the connection was lost")
    assert "retry in 12 s" in text(row, 80)
    assert "retry in 12 s" in detail(row, 80)[1]


@pytest.mark.parametrize(
    ("row", "share"),
    [
        (make_row(1, JobState.DONE, size=0), 1.0),
        (make_row(1, JobState.TRANSFERRING, size=100, moved=25), 0.25),
        (make_row(1, JobState.TRANSFERRING, size=100, moved=500), 1.0),
        (make_row(1, JobState.TRANSFERRING, size=0), 0.0),
        (make_row(1, JobState.TRANSFERRING, size=None, moved=5), None),
        (make_row(1, JobState.QUEUED), None),
        (make_row(1, JobState.SKIPPED, moved=5), None),
    ],
)
def test_the_share_across_is_known_or_not_shown(row: Row, share: float | None) -> None:
    assert fraction(row) == share


def test_a_folder_is_shown_as_one() -> None:
    row = make_row(1, JobState.DONE, name="photos", op=Op.MAKE_DIR)
    assert name(row) == "photos/"
    assert info(row)[0] == "folder made"


def test_ascii_only_keeps_to_ascii() -> None:
    row: Any = make_row(1, JobState.TRANSFERRING, moved=500_000)
    parts = fast_parts(row, columns(80), marked=True, ascii_only=True)
    assert "".join(part for part, _ in parts).isascii()


def test_the_reason_is_said_once_and_without_what_the_row_shows_already() -> None:
    full = make_row(
        1, JobState.PARKED, park=ParkReason.SPACE, reason="/home/ann/file-1.bin: no space left."
    )
    assert info(full)[0] == "no space left."
    lost = make_row(2, JobState.WAITING, reason="sftp://ann@host:22: refused the connection.")
    assert info(lost)[0] == "refused the connection."


def test_a_frozen_transfer_is_shown_as_stalled_without_a_time() -> None:
    at = columns(80)
    frozen = make_row(1, JobState.TRANSFERRING, moved=5, rate=71.0)
    text = "".join(part for part, _ in fast_parts(frozen, at, marked=False, ascii_only=False))
    assert "stalled" in text and "B/s" not in text
    assert len(text) == at.fast


def test_the_detail_names_the_key_that_helps() -> None:
    helps = {ParkReason.CONFLICT: "Enter answers it", ParkReason.SPACE: "t tries it again"}
    for park, key in helps.items():
        assert key in detail(make_row(1, JobState.PARKED, park=park), 120)[1]


def test_the_detail_does_not_ask_for_a_key_where_room_on_the_disk_is_enough() -> None:
    full = make_row(1, JobState.PARKED, park=ParkReason.SPACE, asks="file:#7")
    assert "goes on when there is room" in detail(full, 120)[1]
