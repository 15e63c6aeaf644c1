"""What `wharfie queue list` and `receipt` print of hostile, long and odd transfers."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len

from providers.base import Place
from tests.tui.fake_queue import make_row
from transfers.model import Job, JobState, Proof, ProofWord, Snapshot, Totals
from tui.headless.queue_list import list_line, print_list
from tui.headless.receipt import print_receipt
from tui.receipt import receipt_line

EVIL = "e\x1b[2Jvil\u202e\nname"
SHA = "ab" * 32


def copied(path: str, word: ProofWord = ProofWord.SHA256, endpoint: str = "file:") -> Job:
    proof = Proof(word, "sha256", SHA, SHA)
    return make_row(1, JobState.DONE, target=Place(endpoint, path), proof=proof, digest=SHA).job


@pytest.mark.parametrize("width", [80, 100, 40])
@pytest.mark.parametrize("state", list(JobState))
def test_a_line_of_the_list_is_safe_and_as_wide_as_the_terminal_at_most(
    width: int, state: JobState
) -> None:
    row = make_row(7, state, name=EVIL * 9, reason=EVIL * 9, target=Place("file:", EVIL * 20))
    line = list_line(row, width)
    assert line.isprintable()
    assert cell_len(line) <= width
    assert line.startswith("    7  ") and state.value in line


def test_where_nobody_looks_the_list_is_cut_nowhere() -> None:
    row = make_row(7, name="n" * 300, reason="r" * 300)
    assert "n" * 300 in list_line(row, 0) and "r" * 300 in list_line(row, 0)


def test_the_last_json_line_tells_how_the_queue_stands(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [make_row(1, JobState.TRANSFERRING, moved=5, rate=2.0), make_row(2, JobState.DONE)]
    counts = {JobState.TRANSFERRING: 1, JobState.DONE: 1}
    snapshot = Snapshot(1, 0, 2, (), Totals(counts, size=9, moved=5), 1024, 4, held=True)
    print_list(rows, snapshot, worked=True, as_json=True)
    first, second, summary = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["job"], first["state"], first["moved"]) == (1, "transferring", 5)
    assert second["state"] == "done"
    assert summary["summary"] and summary["worked"] and summary["held"]
    assert (summary["jobs"], summary["done"], summary["rate_limit"]) == (2, 1, 1024)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.PARKED])
def test_a_queue_that_nobody_works_says_who_does(
    state: JobState, held: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = Snapshot(1, 0, 1, (), Totals({state: 1}), held=held)
    print_list([make_row(1, state)], snapshot, worked=False, as_json=False)
    assert "wharfie queue run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/a b.txt", f"{SHA}  /a b.txt"),
        ("/a\\b", f"\\{SHA}  /a\\\\b"),
        ("/a\nb", f"\\{SHA}  /a\\nb"),
    ],
)
def test_a_receipt_is_written_as_gnu_sha256sum_does(path: str, line: str) -> None:
    job = copied(path)
    assert job.proof is not None
    assert receipt_line(job, job.proof) == line


@pytest.mark.parametrize("word", [word for word in ProofWord if word is not ProofWord.SHA256])
def test_whatever_is_less_than_both_ends_is_only_a_comment(word: ProofWord) -> None:
    job = copied("/x\ny", word)
    assert job.proof is not None
    line = receipt_line(job, job.proof)
    assert line.startswith(f"# {job.proof}  /x") and line.isprintable()


def test_a_receipt_names_the_place_before_its_files(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    jobs = [copied("/there", endpoint="sftp://ann@host:22"), copied("/here")]
    jobs.append(make_row(3, JobState.FAILED).job)
    print_receipt(jobs, as_json=False)
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert lines == [f"{SHA}  /here", "# at sftp://ann@host:22", f"{SHA}  /there"]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_sha256sum_accepts_the_receipt_whatever_the_name(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    jobs = []
    for name in (
        "plain",
        "sp ace",
        "back\\slash",
        "new\nline",
        "car\rriage",
        "raw\udcff",
        "esc\x1b[",
    ):
        path = tmp_path / name
        path.write_bytes(name.encode("utf-8", "surrogateescape"))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        proof = Proof(ProofWord.SHA256, "sha256", digest, digest)
        jobs.append(make_row(1, JobState.DONE, target=Place("file:", str(path)), proof=proof).job)
    print_receipt(jobs, as_json=False)
    sums = tmp_path / "SHA256SUMS"
    sums.write_bytes(capfdbinary.readouterr().out)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", sums], check=True)


def test_json_receipts_have_the_whole_proof(capsys: pytest.CaptureFixture[str]) -> None:
    print_receipt([copied("/a", ProofWord.SIZE_ONLY)], as_json=True)
    first, summary = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["proof"] == "size only" and first["source_digest"] == SHA
    assert summary == {"summary": True, "files": 1}
