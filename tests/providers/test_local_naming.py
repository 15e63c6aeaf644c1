"""Naming a file never over something: by each of the ways that a system or a disk may leave."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from providers.local import naming
from providers.local.naming import move_to_free_name, move_to_new_name

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX calls")
WAYS = ("one call", "the disk refuses it", "a hard link", "a look")
ROUNDS = 300


def _refusing(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which way is left to this test's disk."""
    if request.param == "the disk refuses it":
        monkeypatch.setattr(naming, "exclusive_rename", _refusing(errno.EINVAL))
    elif request.param != "one call":
        monkeypatch.setattr(naming, "exclusive_rename", None)
    if request.param == "a look":
        monkeypatch.setattr("os.link", _refusing(errno.EPERM))
    return str(request.param)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"new")
    return tmp_path / "file"


@posix
@pytest.mark.parametrize("move", [move_to_new_name, move_to_free_name])
def test_a_file_gets_a_name_that_is_free(
    way: str, file: Path, move: Callable[[str, str], None]
) -> None:
    move(str(file), str(file.with_name("näme")))
    assert [(p.name, p.read_bytes()) for p in file.parent.iterdir()] == [("näme", b"new")]


@posix
@pytest.mark.parametrize("there", ["file", "directory", "link that leads nowhere", "same file"])
@pytest.mark.parametrize("move", [move_to_new_name, move_to_free_name])
def test_whatever_has_the_name_keeps_it(
    way: str, file: Path, move: Callable[[str, str], None], there: str
) -> None:
    taken = file.with_name("taken")
    if there == "file":
        taken.write_bytes(b"old")
    elif there == "directory":
        taken.mkdir()
    elif there == "same file":
        taken.hardlink_to(file) if way != "a look" else taken.write_bytes(b"new")
    else:
        taken.symlink_to("nowhere")
    before = taken.lstat()
    with pytest.raises(FileExistsError):
        move(str(file), str(taken))
    assert os.path.samestat(before, taken.lstat())
    assert file.read_bytes() == b"new"


@posix
def test_a_directory_and_a_link_get_their_names_and_are_not_followed(
    way: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    move_to_free_name(str(tmp_path / "folder"), str(tmp_path / "moved"))
    move_to_free_name(str(tmp_path / "link"), str(tmp_path / "other"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["moved", "other"]
    assert (tmp_path / "other").readlink() == Path("folder")


@posix
def test_names_are_relative_to_the_open_folder(
    way: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        move_to_new_name("file", "named", folder)
    finally:
        os.close(folder)
    assert [p.name for p in file.parent.iterdir()] == ["named"]


@posix
def test_a_hard_link_in_another_folder_lasts_before_the_old_name_goes(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file.parent / "other").mkdir()
    both: list[bool] = []

    def synced(path: str, directory: int | None) -> None:
        assert path == str(file.parent / "other")
        both.append(file.exists() and (file.parent / "other" / "name").exists())

    monkeypatch.setattr(naming, "exclusive_rename", None)
    monkeypatch.setattr(naming, "sync_directory", synced)
    move_to_new_name(str(file), str(file.parent / "other" / "name"))
    assert both == [True]
    move_to_new_name(str(file.parent / "other" / "name"), str(file.parent / "other" / "again"))
    assert both == [True]  # one folder keeps its names in order


@posix
def test_what_the_disk_itself_refuses_is_told(way: str, file: Path) -> None:
    with pytest.raises(FileNotFoundError):
        move_to_new_name(str(file), str(file.parent / "no folder" / "name"))
    with pytest.raises(FileNotFoundError):
        move_to_new_name(str(file.with_name("none")), str(file.with_name("name")))


@posix
def test_a_failing_disk_is_not_taken_for_one_without_the_call(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "exclusive_rename", _refusing(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        move_to_new_name(str(file), str(file.with_name("name")))
    assert [p.name for p in file.parent.iterdir()] == ["file"]


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="where there is such a call")
def test_of_two_that_name_at_once_one_gets_it_also_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on FAT, exFAT and some network disks: a look and a rename would lose one of the two."""
    assert naming.exclusive_rename is not None
    monkeypatch.setattr("os.link", _refusing(errno.EPERM))

    def name(number: int, who: str) -> bool:
        try:
            move_to_new_name(str(tmp_path / f"{number}{who}"), str(tmp_path / f"{number}"))
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        for number in range(ROUNDS):
            for who in "ab":
                (tmp_path / f"{number}{who}").write_text(who)
            got = dict(zip("ab", pool.map(name, [number] * 2, "ab"), strict=True))
            assert sorted(got.values()) == [False, True]
            (winner,) = (who for who in got if got[who])
            assert (tmp_path / f"{number}").read_text() == winner


def test_windows_renames_as_it_never_replaces(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "WINDOWS", True)
    monkeypatch.setattr(naming, "exclusive_rename", _refusing(errno.EIO))
    monkeypatch.setattr("os.link", _refusing(errno.EIO))
    move_to_new_name(str(file), str(file.with_name("named")))
    assert [p.name for p in file.parent.iterdir()] == ["named"]
