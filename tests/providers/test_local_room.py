"""How much room a disk of this computer has, and which disk a path is on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from providers.base import Measured
from providers.local import LocalProvider
from providers.local import room as rooms


def test_room_is_what_the_system_says(tmp_path: Path) -> None:
    local = LocalProvider()
    assert isinstance(local, Measured)
    found = local.room(str(tmp_path))
    assert found.volume == str(tmp_path.stat().st_dev)
    assert found.free == pytest.approx(shutil.disk_usage(tmp_path).free, abs=1 << 28)


def test_room_of_what_is_not_there_yet_is_that_of_the_folder_above(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for path in (tmp_path / "a" / "b", tmp_path / "file" / "c", tmp_path / "dangling"):
        assert LocalProvider().room(str(path)).volume == str(tmp_path.stat().st_dev)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a second disk to compare with")
def test_another_disk_is_another_volume_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/proc")
    room = LocalProvider().room
    assert room(str(tmp_path / "link")).volume == str(os.stat("/proc").st_dev)
    assert room(str(tmp_path / "link")).volume != room(str(tmp_path)).volume


def test_system_without_statvfs_is_asked_another_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = LocalProvider().room(str(tmp_path)).free
    monkeypatch.setattr(rooms, "_statvfs", None)
    assert LocalProvider().room(str(tmp_path)).free == pytest.approx(free, abs=1 << 28)
