"""The sandbox: what it serves, who may come in, and that nothing of it stays."""

from __future__ import annotations

import base64
import importlib.util
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import paramiko
import pytest

from providers.access import Access
from providers.base import Entry
from providers.errors import (
    AlreadyExists,
    AuthRequired,
    NotFound,
    ProviderError,
    TargetChanged,
    Unsupported,
)
from providers.http.webdav.provider import WebdavProvider
from providers.registry import open_provider
from providers.sandbox import sample
from providers.sandbox.start import Sandbox

_PARENT = """
import sys
from providers.sandbox.start import Sandbox
with Sandbox(samples=False) as sandbox:
    print(sandbox.local_root, flush=True)
    sys.stdin.read()
"""


@contextmanager
def _sftp(sandbox: Sandbox, password: str | None = None) -> Iterator[paramiko.SFTPClient]:
    address = urlsplit(sandbox.endpoint)
    transport = paramiko.Transport((str(address.hostname), int(address.port or 0)))
    try:
        transport.connect(username=address.username, password=password or sandbox.password)
        assert transport.get_remote_server_key().get_base64() in sandbox.known_hosts_line
        with transport.open_sftp_client() as client:
            yield client
    finally:
        transport.close()


def _eventually(condition: Callable[[], bool]) -> bool:
    """Whether another process makes it true within ten seconds."""
    deadline = time.monotonic() + 30
    pause = threading.Event()
    while not condition() and time.monotonic() < deadline:
        pause.wait(0.02)
    return condition()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the sandbox's process makes its folder."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("TEMP", str(folder))
    return folder


def test_both_sides_have_sample_files_that_differ(sandbox: Sandbox) -> None:
    assert (sandbox.local_root / "disk image.iso").stat().st_size == 64 << 20
    assert (sandbox.local_root / "empty file").stat().st_size == 0
    with _sftp(sandbox) as client:
        remote = set(client.listdir("/"))
    assert "welcome.txt" in remote
    assert remote.isdisjoint({"disk image.iso", "Photos"})


def test_names_with_escape_characters_are_among_the_samples(sandbox: Sandbox) -> None:
    with _sftp(sandbox) as client:
        assert "looks \x1b[31mred\x1b[0m" in client.listdir("/odd names")


def test_samples_are_the_same_each_time(tmp_path: Path) -> None:
    files = [
        sample.SampleFile("a/text.txt", 5_000, "text"),
        sample.SampleFile("a/bytes", 3_000_000),
        sample.SampleFile("a/empty", 0),
    ]
    for side in ("one", "two"):
        sample.fill(tmp_path / side, iter(files))
    for file in files:
        one, two = tmp_path / "one" / file.path, tmp_path / "two" / file.path
        assert one.stat().st_size == file.size
        assert one.read_bytes() == two.read_bytes()
        assert one.stat().st_mtime == two.stat().st_mtime


def test_wrong_password_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(paramiko.AuthenticationException), _sftp(sandbox, "wrong"):
        pass


def test_password_is_in_no_argument(sandbox: Sandbox) -> None:
    process = sandbox._process
    assert process is not None
    for secret in (sandbox.password, sandbox.web_password, sandbox.dav_password, sandbox.s3_secret):
        assert not any(secret in str(argument) for argument in process.args)


def test_served_folder_is_the_root(sandbox: Sandbox) -> None:
    with _sftp(sandbox) as client:
        assert client.normalize("/../..") == "/"
        with pytest.raises(FileNotFoundError):
            client.stat(str(sandbox.local_root))


def test_rename_never_replaces_a_dangling_link(sandbox: Sandbox) -> None:
    with _sftp(sandbox) as client:
        client.mkdir("/renames")
        client.open("/renames/file", "w").close()
        os.symlink("nowhere", sandbox.served_path("/renames/link"))
        with pytest.raises(OSError):
            client.rename("/renames/file", "/renames/link")
        assert stat.S_ISLNK(client.lstat("/renames/link").st_mode or 0)


def test_link_tells_its_own_text(sandbox: Sandbox) -> None:
    with _sftp(sandbox) as client:
        os.symlink("../logs", sandbox.served_path("/shared/link"))
        assert client.readlink("/shared/link") == "../logs"


def test_nothing_stays_after_an_exception_with_a_visitor_still_in(temporary: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        Sandbox(samples=False) as sandbox,
        _sftp(sandbox) as client,
    ):
        client.mkdir("/made read-only", 0o500)
        raise ZeroDivisionError
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_stays_when_the_parent_is_killed(temporary: Path, number: int) -> None:
    command = [sys.executable, "-c", _PARENT]
    with subprocess.Popen(command, stdin=-1, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        local_root = Path(parent.stdout.readline().strip())
        assert local_root.is_dir() and temporary in local_root.parents
        parent.send_signal(number)
    assert _eventually(lambda: list(temporary.iterdir()) == [])


def test_nothing_stays_when_the_server_is_killed(temporary: Path) -> None:
    with Sandbox(samples=False) as sandbox:
        assert sandbox._process is not None
        sandbox._process.kill()
    assert list(temporary.iterdir()) == []


@contextmanager
def _dav(sandbox: Sandbox, password: str | None = None) -> Iterator[WebdavProvider]:
    access = Access(Path("hosts"))
    access.secrets.put(sandbox.dav_endpoint, "password", password or sandbox.dav_password)
    with closing(open_provider(sandbox.dav_endpoint, access)) as provider:
        assert isinstance(provider, WebdavProvider)
        yield provider


def _status(sandbox: Sandbox, method: str, path: str, **headers: str) -> int:
    """What the WebDAV server answers to a request that our own client would not make."""
    address = urlsplit(sandbox.dav_endpoint)
    login = base64.b64encode(f"demo:{sandbox.dav_password}".encode()).decode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(HTTPConnection(str(address.hostname), address.port, timeout=30)) as wire:
        wire.request(method, path, headers={"Authorization": f"Basic {login}", **given})
        return wire.getresponse().status


def _store(dav: WebdavProvider, path: str, content: bytes, *, replacing: str | None) -> Entry:
    upload = dav.begin(path, len(content), key="0badcafe", part_size=1 << 20, modified=1.7e9)
    receipt = dav.put_part(upload, 0, 0, [content])
    return dav.finish(upload, [receipt], replacing=replacing)


def test_webdav_takes_files_and_folders_and_gives_them_back(sandbox: Sandbox) -> None:
    with _dav(sandbox) as dav:
        names = {entry.name for page in dav.list_dir("/") for entry in page}
        assert {"welcome.txt", "Plans", "empty folder"} <= names
        dav.make_dir("/made")
        entry = _store(dav, "/made/100%25", b"first", replacing=None)
        assert (entry.size, entry.modified) == (5, 1.7e9)
        entry = _store(dav, "/made/100%25", b"second", replacing=entry.version)
        with dav.read("/made/100%25", version=entry.version) as reader:
            assert b"".join(map(bytes, reader.chunks())) == b"second"
        dav.rename("/made", "/named")
        assert [e.name for page in dav.list_dir("/named") for e in page] == ["100%"]
        dav.delete("/named/100%25")
        dav.delete("/named")
        with pytest.raises(NotFound):
            dav.stat("/named")


def test_webdav_replaces_nothing_that_was_not_agreed_on(sandbox: Sandbox) -> None:
    with _dav(sandbox) as dav:
        dav.stat("/")  # every copy begins with a look, which signs in
        there = _store(dav, "/taken", b"there", replacing=None)
        with pytest.raises(AlreadyExists):
            _store(dav, "/taken", b"new", replacing=None)
        with pytest.raises(TargetChanged):
            _store(dav, "/taken", b"new", replacing='"another"')
        _store(dav, "/other", b"other", replacing=None)
        to = f"{sandbox.dav_endpoint.replace('dav://demo@', 'http://')}/taken"
        move = partial(_status, sandbox, "MOVE", "/other", Destination=to)
        assert move(Overwrite="F") == 412
        assert move(Overwrite="T", If=f'<{to}> (["stale"])') == 412
        assert dav.stat("/taken").version == there.version


def test_webdav_stays_in_its_folder_and_lets_nobody_else_in(sandbox: Sandbox) -> None:
    with pytest.raises(AuthRequired), _dav(sandbox, "wrong") as dav:
        dav.stat("/")
    here = sandbox.dav_endpoint.replace("dav://demo@", "http://")
    assert _status(sandbox, "PROPFIND", "/../local", Depth="1") == 400
    assert _status(sandbox, "PROPFIND", "/%2e%2e/local", Depth="1") == 400
    assert _status(sandbox, "MKCOL", "/no/such/folder") == 409
    assert _status(sandbox, "MKCOL", "/Plans") == 405
    for there, status in (
        (f"{here}/../out", 400),
        ("http://elsewhere.example/out", 502),
        (f"{here}/no/such/folder", 409),
    ):
        assert _status(sandbox, "MOVE", "/welcome.txt", Destination=there) == status
    assert _status(sandbox, "PROPFIND", "/", Depth="infinity") == 403


def test_one_folder_can_be_served_and_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [sys.executable, "-P", "-m", "providers.sandbox", "--root", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        assert b'"endpoint": "sftp://demo@127.0.0.1:' in process.stdout.readline()
        process.stdin.close()
        assert process.wait(10) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_missing_asyncssh_is_said_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(Unsupported, match="pip install 'wharfie"), Sandbox():
        pass


def test_server_that_does_not_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'no loopback here' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ProviderError, match="no loopback here"), Sandbox():
        pass
