"""Uploads happen in the very folder they began in: by its descriptor, or by its path."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from providers.base import ANY_VERSION
from providers.errors import (
    AlreadyExists,
    NotFound,
    ProviderError,
    TargetChanged,
    UploadExpired,
    WrongKind,
)
from providers.local import LocalProvider
from providers.local import folder as folders
from providers.local.folder import Folder
from tests.providers.local_upload import begin, finish, put, unfinished_file

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX file system calls")


@pytest.fixture(params=["by descriptor", "by path"])
def local(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> LocalProvider:
    if request.param == "by path":
        monkeypatch.setattr(folders, "BY_DESCRIPTOR", False)
    elif not folders.BY_DESCRIPTOR:
        pytest.skip("this system opens no folders")
    return LocalProvider()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def test_file_is_uploaded_replaced_and_kept_from_being_replaced(
    local: LocalProvider, folder: Path
) -> None:
    for data, replacing in ((b"one", None), (b"two", ANY_VERSION)):
        upload = put(local, folder / "file", data, within=str(folder.parent))
        assert local.finish(upload, [], replacing=replacing).size == 3
        assert (folder / "file").read_bytes() == data
    upload = put(local, folder / "file", b"three")
    with pytest.raises(AlreadyExists):
        local.finish(upload, [], replacing=None)
    with pytest.raises(TargetChanged):
        local.finish(upload, [], replacing="another version")
    local.abort(upload)
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_links_at_and_above_the_chosen_folder_are_followed(
    local: LocalProvider, folder: Path
) -> None:
    (folder / "chosen" / "below").mkdir(parents=True)
    link = folder.parent / "link"
    link.symlink_to("folder")
    upload = put(local, link / "chosen" / "below" / "file", b"x", within=str(link / "chosen"))
    local.finish(upload, [], replacing=None)
    assert (folder / "chosen" / "below" / "file").read_bytes() == b"x"


def test_link_below_the_chosen_folder_is_refused_with_a_sentence(
    local: LocalProvider, folder: Path
) -> None:
    (folder / "link").symlink_to("..")
    with pytest.raises(WrongKind, match="a link is where a directory is needed") as caught:
        begin(local, folder / "link" / "file", within=str(folder))
    assert caught.value.path == str(folder / "link")


def test_file_where_a_folder_is_needed_is_refused(local: LocalProvider, folder: Path) -> None:
    (folder / "file").touch()
    for within in ("", str(folder)):
        with pytest.raises(WrongKind):
            begin(local, folder / "file" / "below", within=within)


def test_folder_that_was_made_anew_expires_the_upload(local: LocalProvider, folder: Path) -> None:
    upload = put(local, folder / "file", b"x")
    folder.rename(folder.parent / "elsewhere")
    folder.mkdir()
    for use in (lambda: put(local, upload, b"y"), lambda: finish(local, upload)):
        with pytest.raises(UploadExpired):
            use()
    local.abort(upload)
    assert list(folder.iterdir()) == []


def test_folder_that_is_gone_expires_the_upload(local: LocalProvider, folder: Path) -> None:
    upload = put(local, folder / "file", b"x")
    unfinished_file(local, upload).unlink()
    folder.rmdir()
    for use in (
        lambda: put(local, upload, b"y"),
        lambda: finish(local, upload),
        lambda: local.parts(upload),
    ):
        with pytest.raises(UploadExpired):
            use()
    local.abort(upload)
    local.abandon(str(folder / "file"), key="0badcafe")


def test_upload_on_a_disk_that_came_back_as_another_device_expires_and_is_removed(
    local: LocalProvider, folder: Path
) -> None:
    token = json.loads(put(local, folder / "file", b"x"))
    upload = json.dumps(token | {"device": 1, "folder_device": 1})
    with pytest.raises(UploadExpired):
        finish(local, upload)
    local.abort(upload)
    assert list(folder.iterdir()) == []


def test_file_that_someone_else_planted_is_not_written_to(
    local: LocalProvider, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = put(local, folder / "file", b"x")
    unfinished = unfinished_file(local, upload)
    unfinished.rename(folder / "moved away")
    unfinished.write_bytes(b"y")
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    for use in (lambda: put(local, upload, b"evil"), lambda: finish(local, upload)):
        with pytest.raises(UploadExpired):
            use()
    assert unfinished.read_bytes() == b"y"


def test_second_name_of_a_file_is_not_written_to(local: LocalProvider, folder: Path) -> None:
    upload = put(local, folder / "file", b"x")
    os.link(unfinished_file(local, upload), folder / "second")
    with pytest.raises(UploadExpired):
        put(local, upload, b"evil")
    assert (folder / "second").read_bytes() == b"x"


def test_token_of_the_version_before_still_finishes(local: LocalProvider, folder: Path) -> None:
    upload = _older(put(local, folder / "file", b"x"))
    put(local, upload, b"z")
    assert finish(local, upload).size == 1
    assert (folder / "file").read_bytes() == b"z"
    other = _older(put(local, folder / "other", b"x"))
    local.abort(other)
    assert [path.name for path in folder.iterdir()] == ["file"]


def _older(upload: str) -> str:
    token = json.loads(upload)
    for name in ("folder_device", "folder_inode", "real"):
        del token[name]
    return json.dumps(token)


def test_file_that_has_another_inode_with_each_look_is_uploaded(
    local: LocalProvider, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some network and FAT disks: what cannot be compared is not compared."""
    looks = iter(range(1, 1000))
    kept = folders.identity_of
    for module in ("folder", "upload"):
        monkeypatch.setattr(
            f"providers.local.{module}.identity_of",
            lambda info: (1, next(looks)) if stat.S_ISREG(info.st_mode) else kept(info),
        )
    upload = put(local, folder / "file", b"x", modified=1_600_000_000)
    assert finish(local, upload).size == 1
    assert finish(local, upload, again=True).size == 1
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_file_that_is_numbered_anew_as_it_grows_is_uploaded(
    local: LocalProvider, folder: Path
) -> None:
    """As on FAT and exFAT disks, where the number is that of the first bytes' place."""
    token = json.loads(begin(local, folder / "file", 2, modified=1_600_000_000))
    upload = json.dumps(token | {"inode": 1})
    local.put_part(upload, 0, 0, [b"x"])
    local.put_part(upload, 1, 1, [b"y"])
    assert finish(local, upload).size == 2
    assert finish(local, upload, again=True).size == 2
    assert (folder / "file").read_bytes() == b"xy"


def test_sealed_file_is_finished_though_its_mode_forbids_writing(
    local: LocalProvider, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash may come after the mode was set and before the name was."""
    upload = put(local, folder / "file", b"x", mode=0o444)
    unfinished_file(local, upload).chmod(0o444)
    opened: list[int] = []
    kept = Folder.open

    def noting(self: Folder, name: str, flags: int) -> int:
        opened.append(flags & os.O_ACCMODE)
        return kept(self, name, flags)

    monkeypatch.setattr(Folder, "open", noting)
    assert finish(local, upload).mode == 0o444
    assert opened == [os.O_RDONLY]


def test_folder_that_may_be_written_but_not_read_is_enough(folder: Path) -> None:
    if os.geteuid() == 0 or not hasattr(os, "O_PATH"):
        pytest.skip("root reads everything, and elsewhere a folder is opened to be read")
    local = LocalProvider()
    folder.chmod(0o300)
    try:
        finish(local, put(local, folder / "file", b"x"))
    finally:
        folder.chmod(0o700)
    assert (folder / "file").read_bytes() == b"x"


def test_missing_folder_below_the_chosen_one_is_not_found(
    local: LocalProvider, folder: Path
) -> None:
    with pytest.raises(NotFound):
        begin(local, folder / "missing" / "file", within=str(folder))


def test_descriptors_are_given_back_whatever_happens(local: LocalProvider, folder: Path) -> None:
    if not Path("/dev/fd").is_dir():
        pytest.skip("this system does not list its descriptors")
    (folder / "link").symlink_to(".")
    before = len(os.listdir("/dev/fd"))
    for _ in range(20):
        upload = put(local, folder / "file", b"x")
        local.abort(upload)
        for use in (
            lambda upload=upload: put(local, upload, b"y"),
            lambda upload=upload: finish(local, upload),
            lambda: begin(local, folder / "link" / "file", within=str(folder)),
            lambda: begin(local, folder / "missing" / "file", within=str(folder)),
        ):
            with pytest.raises(ProviderError):
                use()
    assert len(os.listdir("/dev/fd")) == before


_WITHOUT = """
import os, sys
os.supports_dir_fd = set()
for name in ("O_DIRECTORY", "O_NOFOLLOW", "O_PATH", "O_NONBLOCK", "O_CLOEXEC"):
    vars(os).pop(name, None)
from providers.local import LocalProvider, durable, folder, naming
assert not folder.BY_DESCRIPTOR
durable.WINDOWS = naming.WINDOWS = True
path = os.path.join(sys.argv[1], "file")
local = LocalProvider()
upload = local.begin(path, 1, key="0badcafe", part_size=1, within=sys.argv[1])
local.put_part(upload, 0, 0, [b"x"])
assert local.finish(upload, [], replacing=None).size == 1
assert list(local.remove_tree(path)) == [None]
"""


def test_system_without_these_calls_imports_and_uses_the_provider(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", _WITHOUT, str(tmp_path)], cwd=root, check=True)
    assert list(tmp_path.iterdir()) == []
