"""Between two trees runs one mirror at a time, in whichever direction."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from providers.base import Place
from transfers import lock
from transfers.journal_error import JournalError
from transfers.mirror.pair_lock import PairInUse, key_of, pair_lock

ONE = Place("file:", "/srv/a")
OTHER = Place("sftp://ann@host:22", "/srv/b")

_HOLDS = """
import sys, time
from pathlib import Path
from providers.base import Place
from transfers.mirror.pair_lock import pair_lock
with pair_lock(Path(sys.argv[1]), Place("file:", "/srv/a"), Place("sftp://ann@host:22", "/srv/b")):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_mirror_of_the_pair_is_refused_in_both_directions(tmp_path: Path) -> None:
    with pair_lock(tmp_path, ONE, OTHER):
        for pair in ((ONE, OTHER), (OTHER, ONE)):
            with pytest.raises(PairInUse, match="runs already"), pair_lock(tmp_path, *pair):
                pass
    with pair_lock(tmp_path, OTHER, ONE):
        pass


def test_other_pairs_are_not_concerned(tmp_path: Path) -> None:
    third = Place(OTHER.endpoint, "/srv/c")
    with pair_lock(tmp_path, ONE, OTHER), pair_lock(tmp_path, ONE, third):
        pass
    assert len({key_of(ONE, OTHER), key_of(ONE, third), key_of(OTHER, third)}) == 3


def test_the_lock_of_one_that_was_killed_is_free(tmp_path: Path) -> None:
    words = [sys.executable, "-c", _HOLDS, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held" + os.linesep.encode()
        with pytest.raises(PairInUse), pair_lock(tmp_path, ONE, OTHER):
            pass
        process.kill()
        process.wait()
        with pair_lock(tmp_path, ONE, OTHER):
            pass


def test_a_disk_without_locks_is_named_and_nothing_is_mirrored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock, "_lock", fail)
    with pytest.raises(JournalError, match="no locks"), pair_lock(tmp_path, ONE, OTHER):
        pass


def test_a_lock_file_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(JournalError, match="owner and mode"), pair_lock(missing, ONE, OTHER):
        pass
