"""What OpenSSH's extensions are used for: against a real sshd, with and without them."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from providers.access import Access
from providers.base import ANY_VERSION
from providers.errors import (
    AlreadyExists,
    NotFound,
    SourceChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.sftp import extensions, server_copy
from providers.sftp.protocol import Refused
from providers.sftp.provider import SftpProvider, open_endpoint
from providers.sftp.session import Session
from tests.servers.openssh import OpenSSH, find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

KEY = "0badcafe"
VERSION_3 = (
    *("realpath", "lstat", "stat", "fstat", "setstat", "fsetstat", "readlink", "symlink"),
    *("open", "close", "read", "write", "opendir", "readdir", "remove", "rename", "mkdir", "rmdir"),
)


def opened(server: OpenSSH, tmp_path: Path) -> SftpProvider:
    hosts = tmp_path / "hosts"
    hosts.write_text(server.known_hosts_line + "\n")
    access = Access(hosts, keys=(server.key_path,), use_agent=False, use_default_keys=False)
    return open_endpoint(server.endpoint, access)


@pytest.fixture
def place(openssh: OpenSSH, tmp_path: Path) -> Iterator[SftpProvider]:
    with closing(opened(openssh, tmp_path)) as found:
        yield found


@pytest.fixture
def poor(tmp_path: Path) -> Iterator[SftpProvider]:
    command = f"ForceCommand internal-sftp -p {','.join(VERSION_3)}"
    server = OpenSSH(tmp_path / "poor", options=[command])
    with server, closing(opened(server, tmp_path)) as found:
        yield found


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_copy_there_is_made_by_the_server(
    place: SftpProvider, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_copy, "_PIECE", 30_000)
    data = os.urandom(size)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(data)
    target.write_bytes(b"old")
    upload = place.begin(str(target), size, key=KEY, part_size=1 << 20)
    receipts = place.copy_into(upload, str(source), version=place.stat(str(source)).version)
    assert target.read_bytes() == b"old"
    place.finish(upload, receipts, replacing=ANY_VERSION)
    assert target.read_bytes() == data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hosts", "source", "target"]


def test_a_source_that_changed_is_not_copied(place: SftpProvider, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"new")
    upload = place.begin(str(tmp_path / "target"), 3, key=KEY, part_size=1)
    with pytest.raises(SourceChanged):
        place.copy_into(upload, str(source), version="3:1")
    with pytest.raises(NotFound):
        place.copy_into(upload, str(tmp_path / "none"), version=None)
    with pytest.raises(WrongKind):
        place.copy_into(upload, str(tmp_path), version=None)
    place.abort(upload)
    with pytest.raises(UploadExpired):
        place.copy_into(upload, str(source), version=None)


def test_a_source_that_changes_while_it_is_copied_is_not_taken(
    place: SftpProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, copy_data = tmp_path / "source", extensions.copy_data
    source.write_bytes(b"data")

    def copied(session: Session, *more: Any) -> None:
        copy_data(session, *more)
        os.utime(source, (1, 1))

    monkeypatch.setattr(extensions, "copy_data", copied)
    upload = place.begin(str(tmp_path / "target"), 4, key=KEY, part_size=4)
    with pytest.raises(SourceChanged):
        place.copy_into(upload, str(source), version=None)
    place.abort(upload)


def test_a_server_that_cannot_copy_says_so(poor: SftpProvider, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"data")
    upload = poor.begin(str(tmp_path / "target"), 4, key=KEY, part_size=4)
    with pytest.raises(Unsupported, match="no copy-data"):
        poor.copy_into(upload, str(tmp_path / "source"), version=None)
    poor.abort(upload)


def test_a_file_gets_another_name(place: SftpProvider, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"data")
    assert place.stat(str(first)).size == 4 and place.caps.hard_links
    place.make_hard_link(str(second), str(first))
    assert second.stat().st_ino == first.stat().st_ino
    with pytest.raises(AlreadyExists):
        place.make_hard_link(str(second), str(first))
    with pytest.raises(WrongKind):
        place.make_hard_link(str(tmp_path / "third"), str(tmp_path))
    with pytest.raises(NotFound):
        place.make_hard_link(str(tmp_path / "third"), str(tmp_path / "none"))


def test_a_server_without_hard_links_says_so(poor: SftpProvider, tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"data")
    with pytest.raises(Unsupported, match="makes no hard links"):
        poor.make_hard_link(str(tmp_path / "second"), str(tmp_path / "first"))
    assert not poor.caps.hard_links


@pytest.mark.parametrize("which", ["place", "poor"])
def test_permissions_are_set_with_the_extension_and_without(
    request: pytest.FixtureRequest, tmp_path: Path, which: str
) -> None:
    found: SftpProvider = request.getfixturevalue(which)
    file = tmp_path / "file"
    file.write_bytes(b"data")
    (tmp_path / "link").symlink_to(file)
    found.set_mode(str(file), 0o640)
    assert file.stat().st_mode & 0o7777 == 0o640
    with pytest.raises(WrongKind):
        found.set_mode(str(tmp_path / "link"), 0o600)
    assert file.stat().st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("which", ["place", "poor"])
def test_whose_a_file_is_has_a_name_where_the_server_knows_it(
    request: pytest.FixtureRequest, tmp_path: Path, which: str
) -> None:
    found: SftpProvider = request.getfixturevalue(which)
    file = tmp_path / "file"
    file.write_bytes(b"data")
    (tmp_path / "link").symlink_to("file")
    told = {each.name: each.value for each in found.properties(str(file))}
    user = pwd.getpwuid(os.getuid())
    assert told["Owner"] == (
        f"{user.pw_name} ({user.pw_uid})" if which == "place" else str(user.pw_uid)
    )
    assert set(told) == {"Owner", "Group"}, "the entry tells the rest"
    assert set(told) == {each.name for each in found.properties(str(tmp_path / "link"))}
    with pytest.raises(NotFound):
        found.properties(str(tmp_path / "none"))


def test_a_hard_link_to_another_disk_is_refused_with_the_reason(
    place: SftpProvider, tmp_path: Path
) -> None:
    elsewhere = Path("/dev/shm") / f"wharfie-{os.getpid()}"
    if not elsewhere.parent.is_dir() or elsewhere.parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk here")
    (tmp_path / "first").write_bytes(b"data")
    with pytest.raises(Refused, match="refused") as caught:
        place.make_hard_link(str(elsewhere), str(tmp_path / "first"))
    assert "on one disk" in str(caught.value) and not elsewhere.exists()
