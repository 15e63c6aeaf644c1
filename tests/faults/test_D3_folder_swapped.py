"""D3: the folder a file is written to is removed, replaced by a link, or made read-only meanwhile.
Nothing is ever written where a link leads.

`SWAPS=10000 pytest tests/faults/test_D3_folder_swapped.py` swaps that often.
"""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.errors import ProviderError, WrongKind
from providers.local import LocalProvider
from providers.local import folder as folders
from providers.local.folder import Folder
from tests.faults.disks import Scripted, copying, local_queue, unfinished_in
from tests.providers.local_upload import begin, finish, put, unfinished_file
from transfers.model import JobState, Op, Policy

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links are made on POSIX systems")
SIZE = 1 << 17
SWAPS = int(os.environ.get("SWAPS", "300"))


class Trap:
    """`folder` can be moved away with a link put in its place that leads to `outside`."""

    def __init__(self, directory: Path) -> None:
        self.folder = directory / "chosen" / "folder"
        self.outside = directory / "outside"
        self.moved = directory / "moved"
        self.folder.mkdir(parents=True)
        self.outside.mkdir()
        (self.outside / "file").write_bytes(b"precious")

    def spring(self) -> None:
        self.folder.rename(self.moved)
        self.folder.symlink_to(self.outside)

    def release(self) -> None:
        self.folder.unlink()
        self.moved.rename(self.folder)

    def assert_untouched(self) -> None:
        assert {path.name: path.read_bytes() for path in self.outside.iterdir()} == {
            "file": b"precious"
        }


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(tmp_path)


@pytest.fixture(params=["by descriptor", "by path"])
def local(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> LocalProvider:
    if request.param == "by path":
        monkeypatch.setattr(folders, "BY_DESCRIPTOR", False)
    elif not folders.BY_DESCRIPTOR:
        pytest.skip("this system opens no folders")
    return LocalProvider()


@pytest.mark.parametrize("chosen", ["", "folder", "above"])
def test_D3_link_put_in_the_folders_place_is_refused(
    local: LocalProvider, trap: Trap, chosen: str
) -> None:
    within = {"": "", "folder": str(trap.folder), "above": str(trap.folder.parent)}[chosen]
    upload = put(local, trap.folder / "file", b"new", within=within)
    trap.spring()
    for use in (lambda: put(local, upload, b"new"), lambda: finish(local, upload)):
        with pytest.raises(WrongKind, match="replaced by a link") as caught:
            use()
        assert "Nothing was written where it leads" in str(caught.value)
    local.abort(upload)
    trap.assert_untouched()


def test_D3_unfinished_file_outside_is_not_removed(local: LocalProvider, trap: Trap) -> None:
    upload = put(local, trap.folder / "file", b"new")
    same_name = trap.outside / unfinished_file(local, upload).name
    same_name.write_bytes(b"someone else's")
    trap.spring()
    local.abort(upload)
    assert same_name.read_bytes() == b"someone else's"


def test_D3_upload_begins_only_in_real_folders_below_the_chosen_one(
    local: LocalProvider, trap: Trap
) -> None:
    (trap.outside / "below").mkdir()
    trap.spring()
    for path in (trap.folder / "file", trap.folder / "below" / "file"):
        with pytest.raises(WrongKind):
            begin(local, path, within=str(trap.folder.parent))
    (trap.outside / "below").rmdir()
    trap.assert_untouched()


@pytest.mark.skipif(not folders.BY_DESCRIPTOR, reason="needs folders that can be held open")
@pytest.mark.parametrize("call", ["open", "look", "name_new", "name_over", "sync"])
def test_D3_link_put_there_between_two_system_calls_leads_nothing_astray(
    trap: Trap, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The folder is held by its descriptor: what was begun in it ends in it."""
    local, kept = LocalProvider(), getattr(Folder, call)

    def sprung(self: Folder, *arguments: object) -> object:
        if not trap.folder.is_symlink():
            trap.spring()
        return kept(self, *arguments)

    upload = put(local, trap.folder / "file", b"new")
    monkeypatch.setattr(Folder, call, sprung)
    local.finish(upload, [], replacing=None if call == "name_new" else "")
    assert (trap.moved / "file").read_bytes() == b"new"
    trap.assert_untouched()


def _job_with(trap: Trap, directory: Path, when: str, harm: Callable[[], None]) -> Scripted:
    (directory / "source").write_bytes(os.urandom(SIZE))
    place = Scripted()
    setattr(place, when, harm)
    return place


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
@pytest.mark.parametrize("when", ["before_part", "before_name"])
def test_D3_job_whose_folder_became_a_link_fails_and_writes_nothing_there(
    tmp_path: Path, trap: Trap, when: str, op: Op
) -> None:
    place = _job_with(trap, tmp_path, when, trap.spring)
    place.renames = False
    source = tmp_path / "source"
    data = source.read_bytes()
    with local_queue(tmp_path / "queue", place) as case:
        new = copying(source, trap.folder / "file", op=op, within=trap.folder.parent)
        (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    assert job.state is JobState.FAILED
    assert "link" in job.reason
    assert source.read_bytes() == data
    trap.assert_untouched()


def test_D3_nothing_is_moved_through_a_link_put_there_after_the_folder_was_seen(
    tmp_path: Path, trap: Trap
) -> None:
    sources = [tmp_path / "a", tmp_path / "b"]
    for source in sources:
        source.write_bytes(b"x")
    with local_queue(tmp_path / "queue") as case:
        for source, expected in zip(sources, (JobState.DONE, JobState.FAILED), strict=True):
            new = copying(source, trap.folder / source.name, op=Op.MOVE, within=trap.folder.parent)
            (job,) = case.finish(*case.send_new(new))
            assert job.state is expected
            if not trap.folder.is_symlink():
                trap.spring()
    assert "a link is where a directory is needed" in job.reason
    assert sources[1].read_bytes() == b"x"
    trap.assert_untouched()


@pytest.mark.parametrize("when", ["before_part", "before_name"])
def test_D3_job_whose_folder_was_removed_makes_it_again(
    tmp_path: Path, trap: Trap, when: str
) -> None:
    def remove() -> None:
        for path in trap.folder.iterdir():
            path.unlink()
        trap.folder.rmdir()

    place = _job_with(trap, tmp_path, when, remove)
    with local_queue(tmp_path / "queue", place) as case:
        (job,) = case.finish(*case.send_new(copying(tmp_path / "source", trap.folder / "file")))
    assert job.state is JobState.DONE
    assert (trap.folder / "file").read_bytes() == (tmp_path / "source").read_bytes()
    assert unfinished_in(trap.folder) == []
    trap.assert_untouched()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("when", ["before_part", "before_name"])
def test_D3_job_whose_folder_became_read_only_fails(tmp_path: Path, trap: Trap, when: str) -> None:
    (trap.folder / "file").write_bytes(b"old")
    place = _job_with(trap, tmp_path, when, lambda: trap.folder.chmod(0o500))
    with local_queue(tmp_path / "queue", place) as case:
        new = copying(tmp_path / "source", trap.folder / "file")
        (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    trap.folder.chmod(0o700)
    assert job.state is JobState.FAILED
    assert "permission denied" in job.reason
    assert (trap.folder / "file").read_bytes() == b"old"


_SWAP = """
import os, random, sys, time
folder, outside, moved, swaps, seed = sys.argv[1:]
pauses = random.Random(int(seed))
print("swapping", flush=True)
for _ in range(int(swaps)):
    os.rename(folder, moved)
    os.symlink(outside, folder)
    time.sleep(pauses.random() / 5000)
    os.unlink(folder)
    os.rename(moved, folder)
    time.sleep(pauses.random() / 250)
"""


def test_D3_nothing_leaves_a_folder_that_is_swapped_all_the_time(
    trap: Trap, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder is a link at every other moment; what is done in it stays in it or is refused."""
    local = LocalProvider()
    seed = random.SystemRandom().randrange(1 << 32)
    places = (str(place) for place in (trap.folder, trap.outside, trap.moved))
    command = [sys.executable, "-c", _SWAP, *places, str(SWAPS), str(seed)]
    stored = refused = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as swapper:
        assert swapper.stdout is not None
        assert swapper.stdout.readline() == "swapping\n"
        for number in itertools.count():
            if swapper.poll() is not None:
                break
            path = trap.folder / f"{number % 7}"
            try:
                _upload(local, path, f"{number:08x}")
                stored += 1
            except ProviderError:
                refused += 1
    figures = f"{SWAPS} swaps, {stored} uploads stored, {refused} refused, seed {seed}"
    with capsys.disabled():
        sys.stdout.write(f"\nD3: {figures}\n")
    assert swapper.returncode == 0
    assert stored and refused, figures
    trap.assert_untouched()
    for path in trap.folder.iterdir():
        assert path.read_bytes() in (b"new", b"")


def _upload(local: LocalProvider, path: Path, key: str) -> None:
    within = str(path.parent.parent)
    upload = local.begin(str(path), 3, key=key, part_size=3, within=within)
    local.put_part(upload, 0, 0, [b"new"])
    local.finish(upload, [], replacing="")
