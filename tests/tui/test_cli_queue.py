"""`wharfie queue` while nobody works the queue: looked at, changed, and worked until it is done."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Place
from providers.registry import open_provider
from tests.tui.cli_runner import Finished, start, wharfie
from tests.tui.hosts import until_queue_is_free
from transfers.engine import Engine
from transfers.model import Enqueue, NewJob, Op
from tui.settings import find_home

SIZE = 4_000_000


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """Three copies that an earlier run left in the queue; the folder they are in."""
    for name in ("one", "two", "three"):
        (tmp_path / name).write_text(name)
    enqueue(tmp_path, ["one", "two", "three"])
    return tmp_path


def enqueue(folder: Path, names: Sequence[str]) -> None:
    (folder / "to").mkdir(exist_ok=True)
    access = Access(folder / "no")
    engine = Engine(find_home(os.environ).queue, lambda e: open_provider(e, access), held=True)
    try:
        engine.send(Enqueue(tuple(_copy(folder / name, folder / "to" / name) for name in names)))
    finally:
        engine.close()


def _copy(source: Path, target: Path) -> NewJob:
    return NewJob(Op.COPY, Place("file:", str(source)), Place("file:", str(target)))


def states(listed: Finished) -> dict[int, str]:
    *jobs, summary = listed.lines
    assert summary["summary"] is True
    return {job["job"]: job["state"] for job in jobs}


def listed() -> dict[int, str]:
    return states(wharfie("queue", "list", "--json"))


def test_a_home_that_never_had_a_queue_has_an_empty_one() -> None:
    done = wharfie("queue")
    assert (done.code, done.out) == (0, "no transfers\n")


def test_the_list_shows_what_is_left_and_how_to_go_on(left: Path) -> None:
    done = wharfie("queue", "list")
    assert done.code == 0
    assert done.out.count("queued") == 4  # three lines and the totals
    assert "wharfie queue run" in done.out
    assert listed() == {1: "queued", 2: "queued", 3: "queued"}


def test_what_waits_for_a_person_is_listed_with_its_reason_though_nobody_works_it(
    left: Path,
) -> None:
    (left / "to" / "two").write_text("in the way")
    wharfie("queue", "run")
    done = wharfie("queue", "list")
    (line,) = (line for line in done.out.splitlines() if "parked" in line and "two" in line)
    assert "conflict" in line and "the destination exists" in line
    assert "wharfie queue run" in done.out.splitlines()[-1]
    parked = wharfie("queue", "list", "--json").lines[1]
    assert (parked["state"], parked["parked_for"]) == ("parked", "conflict")
    (left / "to" / "two").unlink()
    assert wharfie("queue", "run").code == 0  # which looked anew
    assert listed() == {1: "done", 2: "done", 3: "done"}


def test_left_transfers_are_steered_and_none_of_them_starts(left: Path) -> None:
    assert "2 paused: 1 3" in wharfie("queue", "pause", "1", "3").out
    assert listed() == {1: "paused", 2: "queued", 3: "paused"}
    resumed = wharfie("queue", "resume", "all")
    assert "wharfie queue run" in resumed.out
    assert wharfie("queue", "move", "3", "--to", "top").code == 0
    assert list(listed()) == [3, 1, 2]
    assert wharfie("queue", "move", "3", "--by", "1").code == 0
    assert list(listed()) == [1, 3, 2]
    done = wharfie("queue", "priority", "2", "5", "--json")
    assert done.lines == [
        {"summary": True, "action": "priority", "jobs": [2], "cleaning": []},
    ]
    assert not list((left / "to").iterdir())


def test_what_is_left_is_worked_until_nothing_more_can_be_done(left: Path) -> None:
    (left / "to" / "two").write_text("in the way")
    wharfie("queue", "pause", "3")
    done = wharfie("queue", "run")
    assert done.code == 1  # a conflict waits for a person
    assert "1 done, 1 parked" in done.out and "1 transfer is paused" in done.err
    assert (left / "to" / "one").read_text() == "one"
    assert listed() == {1: "done", 2: "parked", 3: "paused"}
    (left / "to" / "two").unlink()
    assert "1 resumed: 3" in wharfie("queue", "resume").out
    done = wharfie("queue", "run", "--json")
    *jobs, summary = done.lines
    assert {job["state"] for job in jobs} == {"done"}
    assert (done.code, summary["done"]) == (0, 2)
    assert wharfie("queue", "run").out.startswith("nothing to do")


def test_a_failed_one_is_retried_once_its_reason_is_gone(tmp_path: Path) -> None:
    enqueue(tmp_path, ["missing"])
    assert wharfie("queue", "run").code == 1
    (tmp_path / "missing").write_text("found")
    assert "1 queued again: 1" in wharfie("queue", "retry").out
    assert wharfie("queue", "run").code == 0
    assert (tmp_path / "to" / "missing").read_text() == "found"


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_the_receipt_of_what_was_copied_is_accepted_by_sha256sum(left: Path) -> None:
    wharfie("queue", "run")
    receipt = wharfie("queue", "receipt")
    assert receipt.code == 0 and receipt.out.count("\n") == 3
    (left / "SHA256SUMS").write_text(receipt.out)
    subprocess.run(["sha256sum", "--check", "--strict", left / "SHA256SUMS"], check=True)
    only = wharfie("queue", "receipt", "2", "--json")
    first, summary = only.lines
    assert first["target_digest"] == hashlib.sha256(b"two").hexdigest()
    assert summary == {"summary": True, "files": 1}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for other processes")
def test_cancelling_waits_until_what_was_left_behind_is_removed(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * SIZE)
    (tmp_path / "to").mkdir()
    process = start("copy", tmp_path / "big", tmp_path / "to", "--limit", "100K")
    while not any(path.stat().st_size for path in (tmp_path / "to").iterdir()):
        os.sched_yield() if hasattr(os, "sched_yield") else None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    until_queue_is_free()
    assert len(list((tmp_path / "to").iterdir())) == 1  # kept, to go on from
    refused = wharfie("queue", "cancel")
    assert refused.code == 2 and "--all" in refused.err
    assert "1 cancelled: 1" in wharfie("queue", "cancel", "--all").out
    assert not list((tmp_path / "to").iterdir())
    assert listed() == {1: "cancelled"}
    assert "1 taken off the list" in wharfie("queue", "clear").out
    assert listed() == {}


def test_limits_are_kept_for_the_next_run(left: Path) -> None:
    changed = wharfie("queue", "limit", "--rate", "512K", "--workers", "2")
    assert changed.out == "512 KiB/s, 2 at once\n"
    shown = wharfie("queue", "limit", "--json")
    assert shown.lines == [{"summary": True, "action": "limit", "rate": 512 << 10, "workers": 2}]
    site = wharfie("queue", "limit", "--site", "sftp://ann@host", "--connections", "1")
    assert "sftp://ann@host:22: 1 at once" in site.out


def test_a_queue_that_nobody_works_is_held_for_whoever_works_it_next(left: Path) -> None:
    done = wharfie("queue", "hold")
    assert done.code == 0 and "Nothing more is started" in done.out
    assert "Nothing works the queue now" in done.out
    assert wharfie("queue", "--json").lines[-1]["held"] is True
    assert "held (wharfie queue go); nothing works the queue now: wharfie queue run" in (
        wharfie("queue").out
    )
    done = wharfie("queue", "go", "--json")
    assert done.lines == [{"summary": True, "action": "go", "held": False}]
    assert wharfie("queue", "--json").lines[-1]["held"] is False
    assert listed() == {1: "queued", 2: "queued", 3: "queued"}


def test_working_what_is_left_ends_a_hold(left: Path) -> None:
    wharfie("queue", "hold")
    assert wharfie("queue", "run").code == 0
    assert listed() == {1: "done", 2: "done", 3: "done"}
    assert wharfie("queue", "--json").lines[-1]["held"] is False


def test_a_copy_of_its_own_is_done_though_the_queue_was_held_and_what_was_left_stays_so(
    left: Path,
) -> None:
    wharfie("queue", "hold")
    done = wharfie("copy", left / "one", left / "copied")
    assert (done.code, (left / "copied").read_text()) == (0, "one")
    assert listed() == {1: "queued", 2: "queued", 3: "queued", 4: "done"}
    assert wharfie("queue", "--json").lines[-1]["held"] is True


def test_steering_a_queue_that_nobody_works_holds_nothing(left: Path) -> None:
    wharfie("queue", "pause", "1")
    wharfie("queue", "resume", "1")
    assert wharfie("queue", "--json").lines[-1]["held"] is False


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("pause", "99"),
        ("pause", "one"),
        ("move", "1"),
        ("move", "--to", "top"),
        ("priority", "1"),
        ("limit", "--rate", "fast"),
        ("limit", "--workers", "0"),
        ("limit", "--site", "sftp://host"),
        ("receipt", "99"),
    ],
)
def test_wrong_use_is_exit_2_with_a_sentence(words: tuple[str, ...], left: Path) -> None:
    done = wharfie("queue", *words)
    assert done.code == 2
    assert done.err and "Traceback" not in done.err
