"""D10: unfinished bytes are for their owner only, whatever the umask; set-id bits never return."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from providers.local import LocalProvider
from tests.faults.disks import Scripted, copying, local_queue, unfinished_in
from tests.providers.local_upload import begin, finish, put, unfinished_file
from transfers.model import JobState, Op

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX modes")

_UPLOAD = """
import json, os, sys
from pathlib import Path
mask, folder = sys.argv[1:]
os.umask(int(mask, 8))
real = os.open
seen = []
def looking(path, flags, mode=0o777, **named):
    descriptor = real(path, flags, mode, **named)
    if flags & os.O_CREAT:
        seen.append(os.fstat(descriptor).st_mode & 0o7777)
    return descriptor
os.open = looking
os.supports_dir_fd.add(looking)
from providers.local import LocalProvider
local = LocalProvider()
for name, mode in (("asked", 0o640), ("not asked", None)):
    path = os.path.join(folder, name)
    upload = local.begin(path, 1, key="0badcafe", part_size=1, mode=mode)
    local.put_part(upload, 0, 0, [b"x"])
    seen.append(Path(local.staged(upload)).stat().st_mode & 0o7777)
    seen.append(local.finish(upload, [], replacing=None).mode)
print(json.dumps(seen))
"""


@pytest.mark.parametrize(("mask", "new"), [("000", 0o666), ("022", 0o644), ("077", 0o600)])
def test_D10_unfinished_file_is_private_from_its_first_moment(
    tmp_path: Path, mask: str, new: int
) -> None:
    """Looked at as soon as it is made, then with bytes in it, then under its name."""
    command = [sys.executable, "-c", _UPLOAD, mask, str(tmp_path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [0o600, 0o600, 0o640, 0o600, 0o600, new]


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6777, 0o1644, 0o7000])
def test_D10_set_id_and_sticky_bits_are_not_given(tmp_path: Path, mode: int) -> None:
    local = LocalProvider()
    entry = finish(local, put(local, tmp_path / "file", b"x", mode=mode))
    assert entry.mode == mode & 0o777
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode & 0o777


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_D10_copied_program_loses_its_set_id_bits(tmp_path: Path, op: Op) -> None:
    source, target = tmp_path / "source", tmp_path / "to" / "file"
    source.write_bytes(os.urandom(200_000))
    source.chmod(0o6755)
    modes: list[int] = []
    place = Scripted()
    place.renames = False
    place.before_part = place.before_name = lambda: modes.extend(
        stat.S_IMODE(path.stat().st_mode) for path in unfinished_in(target.parent)
    )
    with local_queue(tmp_path / "queue", place) as case:
        (job,) = case.finish(*case.send_new(copying(source, target, op=op)))
    assert job.state is JobState.DONE
    assert modes == [0o600, 0o600]
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_D10_unfinished_file_that_was_opened_up_is_still_given_its_own_mode(tmp_path: Path) -> None:
    local = LocalProvider()
    upload = put(local, tmp_path / "file", b"x", mode=0o640)
    unfinished_file(local, upload).chmod(0o4777)
    assert finish(local, upload).mode == 0o640


def test_D10_second_begin_makes_a_private_file_of_one_that_was_not(tmp_path: Path) -> None:
    local = LocalProvider()
    unfinished_file(local, begin(local, tmp_path / "file")).chmod(0o666)
    upload = begin(local, tmp_path / "file")
    assert stat.S_IMODE(unfinished_file(local, upload).stat().st_mode) == 0o600
