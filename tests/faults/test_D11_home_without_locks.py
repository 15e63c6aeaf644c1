"""D11: a home on a disk that has no locks. The queue is refused with a sentence that says so, and
nobody is told to close a Wharfie that there is not."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.strace import locking_fails, require_strace
from tests.tui.cli_runner import SECONDS
from transfers import lock
from transfers.journal import JournalError
from transfers.lock import QueueInUse, QueueLock

_WITHOUT = [errno.ENOLCK, errno.ENOTSUP, errno.EIO, errno.EINVAL]


@pytest.mark.parametrize("number", _WITHOUT)
def test_D11_a_disk_without_locks_is_named_and_nobody_is_accused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock, "_lock", fail)
    with pytest.raises(JournalError, match=r"no locks.*local disk") as caught:
        QueueLock(tmp_path)
    assert os.strerror(number) in str(caught.value)
    assert "Another Wharfie" not in str(caught.value)


@pytest.mark.parametrize("number", [errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES])
def test_D11_a_lock_that_another_holds_is_known_on_every_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock, "_lock", fail)
    with pytest.raises(QueueInUse):
        QueueLock(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows opens no directory")
def test_D11_a_lock_file_that_cannot_be_opened_is_no_other_wharfie(tmp_path: Path) -> None:
    (tmp_path / "queue.lock").mkdir()
    with pytest.raises(JournalError, match=r"cannot be locked.*owner and mode"):
        QueueLock(tmp_path)


def test_D11_two_in_one_process_are_two(tmp_path: Path) -> None:
    held = QueueLock(tmp_path)
    with pytest.raises(QueueInUse):
        QueueLock(tmp_path)
    held.release()
    QueueLock(tmp_path).release()


@pytest.mark.parametrize("words", [("queue", "list"), ("copy", "one", "two")])
def test_D11_a_real_flock_that_fails_is_exit_1_and_one_sentence(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    require_strace()
    (tmp_path / "one").write_text("one")
    command = [*locking_fails("ENOLCK"), sys.executable, "-m", "tui", *words]
    packages = str(Path(__file__).parents[2])
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": packages},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be locked (No locks available)" in done.stderr
    assert "Another Wharfie" not in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "two").exists()
