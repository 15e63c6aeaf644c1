"""The trash of this computer, and permissions where the usual way is barred."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from providers.errors import AlreadyExists, NotFound, Unsupported
from providers.local import modes
from providers.local.provider import LocalProvider
from tests.servers.trash import trash_of


@pytest.fixture
def trash(isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return trash_of(isolated_home, monkeypatch)


def test_a_thrown_away_file_is_found_in_the_trash_and_taken_out_again(
    trash: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a\n%b.txt"
    path.write_text("x")
    thrown = LocalProvider().throw_away(str(path))
    assert not path.exists()
    assert Path(thrown) == trash / path.name
    LocalProvider().take_out(thrown, str(path))
    assert path.read_text() == "x"
    assert list((trash.parent / "info").iterdir()) == []


def test_two_of_one_name_are_told_apart(trash: Path, tmp_path: Path) -> None:
    path, thrown = tmp_path / "same.txt", []
    for text in ("first", "second"):
        path.write_text(text)
        thrown.append(LocalProvider().throw_away(str(path)))
    assert [Path(each).read_text() for each in thrown] == ["first", "second"]


def test_nothing_is_taken_out_over_something(trash: Path, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    thrown = LocalProvider().throw_away(str(path))
    path.write_text("new")
    with pytest.raises(AlreadyExists):
        LocalProvider().take_out(thrown, str(path))
    assert path.read_text() == "new"
    assert Path(thrown).read_text() == "old"


def test_a_link_goes_itself_and_what_it_leads_to_stays(trash: Path, tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "precious").write_text("x")
    (tmp_path / "link").symlink_to("dir")
    thrown = LocalProvider().throw_away(str(tmp_path / "link"))
    assert Path(thrown).is_symlink()
    assert (tmp_path / "dir" / "precious").exists()


def test_what_the_trash_does_not_take_stays_and_says_why(
    trash: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)

    monkeypatch.setattr("send2trash.send2trash", refuse)
    (tmp_path / "a").write_text("x")
    with pytest.raises(Unsupported, match="could not be put into the trash"):
        LocalProvider().throw_away(str(tmp_path / "a"))
    assert (tmp_path / "a").exists()


def test_a_trash_that_only_says_so_is_not_believed(
    trash: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("send2trash.send2trash", lambda path: None)
    (tmp_path / "a").write_text("x")
    with pytest.raises(Unsupported):
        LocalProvider().throw_away(str(tmp_path / "a"))


def test_a_link_that_leads_nowhere_stays_and_is_told_of(trash: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(Unsupported, match="a link that leads nowhere"):
        LocalProvider().throw_away(str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()


def test_what_is_gone_is_not_found(trash: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        LocalProvider().throw_away(str(tmp_path / "a"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
@pytest.mark.parametrize("by_name_only", (True, False))
def test_permissions_of_what_may_not_be_opened_are_set_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_name_only: bool
) -> None:
    def refuse(folder: object, name: str, flags: int) -> int:
        if flags == modes._READ:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
        return opened(folder, name, flags)  # type: ignore[arg-type]

    opened = modes.Folder.open
    monkeypatch.setattr(modes.Folder, "open", refuse)
    if not by_name_only:
        monkeypatch.setattr(modes, "_NAME_ONLY", 0)
    (tmp_path / "a").touch(mode=0o200)
    LocalProvider().set_mode(str(tmp_path / "a"), 0o604)
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o604


def test_permissions_are_set_by_path_where_folders_cannot_be_held_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.local.folder.BY_DESCRIPTOR", False)
    (tmp_path / "a").touch(mode=0o200)
    LocalProvider().set_mode(str(tmp_path / "a"), 0o600)
    assert (tmp_path / "a").stat().st_mode & 0o600 == 0o600
