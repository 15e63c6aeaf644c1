"""The receipt of a mirror: every file, with the proof that it has and no stronger one."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.tui.cli_runner import wharfie
from tests.tui.test_cli_mirror import fill


def records(path: Path) -> dict[str, dict[str, Any]]:
    _, *files, summary = [json.loads(line) for line in path.read_text().splitlines()]
    assert summary == {"summary": True, "files": len(files)}
    return {Path(file["target"]).name: file for file in files}


def test_every_file_is_in_it_and_the_tree_can_be_verified_against_both_forms(
    tmp_path: Path,
) -> None:
    left = fill(tmp_path / "left", one="1", sub__two="22")
    receipts = tmp_path / "r.jsonl", tmp_path / "SHA256SUMS"
    words = [word for path in receipts for word in ("--receipt", path)]
    done = wharfie("mirror", left, tmp_path / "right", *words)
    assert (done.code, done.out) == (0, "")
    assert {file["proof"] for file in records(receipts[0]).values()} == {"sha256 both ends"}
    for receipt in receipts:
        assert wharfie("verify", receipt).out == "2 with the same SHA-256 · 3 B digested\n"
        if os.name != "nt":
            assert stat.S_IMODE(receipt.stat().st_mode) == 0o600
    (tmp_path / "right" / "one").write_text("x")
    for receipt in receipts:
        assert wharfie("verify", receipt).code == 1


def test_a_file_that_was_there_already_has_no_proof_only_what_was_compared(tmp_path: Path) -> None:
    left, right = fill(tmp_path / "left", one="1"), fill(tmp_path / "right", one="1")
    receipts = tmp_path / "r.json", tmp_path / "SHA256SUMS"
    words = [word for path in receipts for word in ("--receipt", path)]
    assert wharfie("mirror", left, right, *words).code == 0
    record = records(receipts[0])["one"]
    assert (record["proof"], record["sha256"]) == (None, None)
    assert record["note"] == "not copied this time: same size and time"
    assert receipts[1].read_text().splitlines()[-1] == (
        f"# not copied this time: same size and time  {right}/one"
    )
    said = wharfie("verify", receipts[0])
    assert said.out.startswith("1 with the same size (no digest is known)")


def test_the_proof_of_an_earlier_run_stays_until_the_file_changes(tmp_path: Path) -> None:
    left, right, receipt = fill(tmp_path / "left", one="1", two="2"), tmp_path / "right", "r.json"
    path = tmp_path / receipt
    wharfie("mirror", left, right, "--receipt", path)
    first = records(path)
    fill(left, two="another")
    assert wharfie("mirror", left, right, "--receipt", path).code == 0
    second = records(path)
    assert (
        second["one"]
        == first["one"]
        | {
            "note": "not copied this time: same size and time",
            "job": None,
        }
        or second["one"]["sha256"] == first["one"]["sha256"]
    )
    assert second["one"]["ended"] == first["one"]["ended"]
    assert second["one"]["note"] == "not copied this time: same size and time"
    assert second["two"]["sha256"] != first["two"]["sha256"]
    assert second["two"]["note"] == ""
    assert wharfie("verify", path).out == "2 with the same SHA-256 · 8 B digested\n"


def test_the_proof_of_another_version_is_not_carried_on(tmp_path: Path) -> None:
    """The source was changed and the same change made at the target, by somebody else."""
    left, right, path = fill(tmp_path / "left", one="1"), tmp_path / "right", tmp_path / "r.json"
    wharfie("mirror", left, right, "--receipt", path)
    for top in (left, right):
        (top / "one").write_text("2")
        os.utime(top / "one", (1_700_000_000, 1_700_000_000))
    wharfie("mirror", left, right, "--receipt", path)
    assert records(path)["one"]["sha256"] is None


@pytest.mark.parametrize("name", ["notes.json", "SHA256SUMS"])
def test_a_file_that_is_no_receipt_is_never_written_over(name: str, tmp_path: Path) -> None:
    left = fill(tmp_path / "left", one="1")
    (tmp_path / name).write_text('{"important": "notes"}\n')
    done = wharfie("mirror", left, tmp_path / "right", "--receipt", tmp_path / name)
    assert done.code == 2
    assert (tmp_path / name).read_text() == '{"important": "notes"}\n'
    assert not (tmp_path / "right").exists()


def test_after_a_saved_plan_it_has_what_needed_nothing_as_well(tmp_path: Path) -> None:
    left, right, path = fill(tmp_path / "left", one="1"), tmp_path / "right", tmp_path / "r.json"
    wharfie("mirror", left, right, "--receipt", path)
    fill(left, two="2")
    wharfie("mirror", left, right, "--save-plan", tmp_path / "plan")
    assert wharfie("mirror", "--plan", tmp_path / "plan", "--receipt", path).code == 0
    found = records(path)
    assert {name: (file["proof"], bool(file["note"])) for name, file in found.items()} == {
        "one": ("sha256 both ends", True),
        "two": ("sha256 both ends", False),
    }


def test_a_renamed_file_keeps_the_proof_that_it_had(tmp_path: Path) -> None:
    left, right = fill(tmp_path / "left", one="1", two="22"), tmp_path / "right"
    path = tmp_path / "r.json"
    wharfie("mirror", left, right, "--receipt", path)
    (left / "one").rename(left / "new name")
    assert wharfie("mirror", left, right, "--delete", "--receipt", path).code == 0
    record = records(path)["new name"]
    assert record["proof"] == "sha256 both ends"
    assert record["note"] == "not copied this time: renamed at the target"
    assert wharfie("verify", path).code == 0
