"""D7: source, destination and what lies between them are on different disks. The unfinished file is
always next to its target, so that naming it never turns into copying over the old file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from providers.errors import ProviderError, Unsupported
from providers.local import LocalProvider
from tests.faults.disks import copying, local_queue, mounted, unfinished_in
from tests.providers.local_upload import begin, finish, put, unfinished_file
from transfers.model import JobState, Op, Policy, ProofWord

DATA = os.urandom(300_000)


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
@pytest.mark.parametrize("disk", ["another disk", "the same disk bound there"])
def test_D7_file_reaches_a_folder_on_another_disk(tmp_path: Path, disk: str, op: Op) -> None:
    source, folder, bound = tmp_path / "source", tmp_path / "to" / "disk", tmp_path / "bound"
    source.write_bytes(DATA)
    bound.mkdir()
    options = () if disk == "another disk" else ("--bind", str(bound))
    with mounted(folder, *options), local_queue(tmp_path / "queue") as case:
        (folder / "file").write_bytes(b"old")
        new = copying(source, folder / "file", op=op, within=tmp_path / "to")
        (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
        assert job.state is JobState.DONE
        assert job.proof is not None and job.proof.word is ProofWord.SHA256
        assert (folder / "file").read_bytes() == DATA
        assert unfinished_in(tmp_path) == []
    assert source.exists() is (op is Op.COPY)


def test_D7_unfinished_file_is_on_the_disk_of_its_target(tmp_path: Path) -> None:
    local = LocalProvider()
    with mounted(tmp_path / "disk") as disk:
        upload = put(local, disk / "file", b"new", within=str(tmp_path))
        unfinished = unfinished_file(local, upload)
        assert unfinished.parent == disk
        assert unfinished.stat().st_dev == disk.stat().st_dev != tmp_path.stat().st_dev
        finish(local, upload)


def test_D7_disk_mounted_over_the_folder_meanwhile_gets_nothing(tmp_path: Path) -> None:
    """The unfinished file is below the new disk then, and out of reach."""
    local, folder = LocalProvider(), tmp_path / "folder"
    folder.mkdir()
    upload = put(local, folder / "file", b"new")
    with mounted(folder):
        with pytest.raises(ProviderError):
            put(local, upload, b"new")
        with pytest.raises(ProviderError):
            finish(local, upload)
        assert list(folder.iterdir()) == []
    assert finish(local, upload).size == 3


def test_D7_file_that_is_a_mount_of_its_own_is_not_replaced(tmp_path: Path) -> None:
    target, other = tmp_path / "to" / "file", tmp_path / "other"
    for path, data in ((target, b"below"), (other, b"bound"), (tmp_path / "source", DATA)):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    with mounted(target, "--bind", str(other)), local_queue(tmp_path / "queue") as case:
        new = copying(tmp_path / "source", target)
        (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
        assert job.state is JobState.FAILED
        assert "the system is using it" in job.reason
        assert target.read_bytes() == b"bound"
    assert target.read_bytes() == b"below"
    assert unfinished_in(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX calls")
def test_D7_refused_rename_is_never_done_by_copying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, target = LocalProvider(), tmp_path / "file"
    target.write_bytes(b"old")
    upload = put(local, target, b"new")
    fresh = put(local, tmp_path / "fresh", b"new")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    for call in ("rename", "replace", "link"):
        monkeypatch.setattr(f"os.{call}", refuse)
    monkeypatch.setattr("providers.local.naming.exclusive_rename", refuse)
    with pytest.raises(Unsupported):
        finish(local, upload)
    with pytest.raises(Unsupported):
        local.finish(fresh, [], replacing=None)
    with pytest.raises(Unsupported):
        local.rename(str(target), str(tmp_path / "renamed"))
    assert target.read_bytes() == b"old"
    assert not (tmp_path / "fresh").exists() and not (tmp_path / "renamed").exists()


def test_D7_begin_stays_in_the_folder_it_was_given(tmp_path: Path) -> None:
    local = LocalProvider()
    assert unfinished_file(local, begin(local, tmp_path / "file")).parent == tmp_path
