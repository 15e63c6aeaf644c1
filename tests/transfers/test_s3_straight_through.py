"""Between a bucket and another server the bytes go straight through: no file of this computer takes
them in on the way, and memory has a bound. Real servers, each in a process of its own.

    STRAIGHT_MIB=512 pytest tests/transfers/test_s3_straight_through.py -s
"""

from __future__ import annotations

import hashlib
import mmap
import os
import random
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from providers.access import Access
from providers.registry import open_provider
from providers.s3.options import options_of
from providers.s3.session import Session
from tests.faults.strace import require_strace
from tests.faults.straight import Ran, run_straight
from tests.servers.s3_servers import (
    KEY_ID,
    SECRET,
    JuiceFs,
    access_to,
    find_juicefs,
    make_bucket,
)
from tests.servers.web_nginx import Nginx, find_nginx

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits of POSIX, and sshd")
SIZE = (int(os.environ.get("STRAIGHT_MIB", "40")) << 20) + 4711
LARGEST_FILE = 8 << 20  # bytes: half a part
STREAMS, PART = 4, 16 << 20
BASE = 112 << 20  # bytes: Python, the SDKs that sign and sign in, and what waits in sockets
DATA = random.Random(4).randbytes(1 << 20)
ROUTES = ("sftp → s3", "http → s3", "s3 → sftp", "s3 → http")


def _content() -> Iterator[bytes]:
    """No two parts of it are alike."""
    for start in range(0, SIZE, len(DATA)):
        yield (start.to_bytes(8, "big") + DATA[8:])[: SIZE - start]


def _sha256() -> str:
    made = hashlib.sha256()
    for piece in _content():
        made.update(piece)
    return made.hexdigest()


@dataclass(frozen=True)
class Servers:
    """An sshd, an nginx that takes files, MinIO's code; and a home that knows them."""

    ssh: OpenSSH
    web: Nginx
    s3: JuiceFs
    endpoint: str
    access: Access
    bucket: str
    folder: Path

    def address(self, kind: str, name: str) -> str:
        return {
            "sftp": f"{self.ssh.endpoint}{self.folder}/{name}",
            "http": f"{self.web.base}/{name}",
            "s3": f"s3://{self.bucket}/{name}",
        }[kind]

    def fill(self, kind: str) -> None:
        file = (self.web.root if kind == "http" else self.folder) / "from"
        with file.open("wb") as writing:
            writing.writelines(_content())
        if kind != "s3":
            return
        options = options_of(self.access.sites.options(self.endpoint))
        with (
            file.open("rb") as reading,
            mmap.mmap(reading.fileno(), 0, access=mmap.ACCESS_READ) as body,
            closing(Session(self.endpoint, options, self.access)) as session,
            session.send("PUT", self.bucket, "from", path="/", body=memoryview(body)) as answer,
        ):
            assert answer.status == 200

    def digest(self, kind: str) -> str:
        """Of what came."""
        if kind != "s3":
            folder = self.folder if kind == "sftp" else self.web.root
            with (folder / "to").open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        made = hashlib.sha256()
        with (
            closing(open_provider(self.endpoint, self.access)) as place,
            place.read(f"/{self.bucket}/to") as reader,
        ):
            for chunk in reader.chunks():
                made.update(chunk)
        return made.hexdigest()

    def environment(self, home: Path) -> Mapping[str, str]:
        (home / "wharfie").mkdir(mode=0o700, exist_ok=True)
        (home / "wharfie" / "known_hosts").write_text(self.ssh.known_hosts_line + "\n")
        keys = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
        there = {"AWS_ENDPOINT_URL": self.s3.base, "SFTP_KEY": str(self.ssh.key_path)}
        return {**os.environ, **keys, **there, "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def running(
    openssh: OpenSSH, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Nginx, JuiceFs]]:
    if find_nginx() is None or find_juicefs() is None:
        pytest.skip("needs nginx and juicefs")
    with (
        Nginx(tmp_path_factory.mktemp("nginx"), dav=True) as web,
        JuiceFs(tmp_path_factory.mktemp("juicefs")) as s3,
    ):
        yield web, s3


@pytest.fixture
def servers(openssh: OpenSSH, running: tuple[Nginx, JuiceFs], tmp_path: Path) -> Servers:
    web, s3 = running
    endpoint, access = access_to(s3, tmp_path)
    folder = tmp_path / "served"
    folder.mkdir()
    for name in ("from", "to"):
        (web.root / name).unlink(missing_ok=True)
    return Servers(openssh, web, s3, endpoint, access, make_bucket(endpoint, access), folder)


def _copied(servers: Servers, route: str, home: Path, *prefix: str) -> Ran:
    source, target = route.split(" → ")
    servers.fill(source)
    words = (servers.address(source, "from"), servers.address(target, "to"), "--json")
    environment = servers.environment(home)
    ran = run_straight(LARGEST_FILE, "copy", *words, env=environment, prefix=prefix)
    assert (ran.code, ran.err) == (0, ""), ran.out + ran.err
    assert servers.digest(target) == _sha256()
    return ran


@pytest.mark.parametrize("route", ROUTES)
def test_no_file_here_grows_with_what_passes_nor_does_memory(
    servers: Servers, isolated_home: Path, route: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = _copied(servers, route, isolated_home)
    with capsys.disabled():
        sys.stdout.write(f"\n{route}, {SIZE >> 20} MiB: peak {ran.peak / (1 << 20):.0f} MiB\n")
    # A part is gathered by the bucket's provider once more: what is signed must be known whole.
    assert ran.peak < BASE + STREAMS * 2 * PART


def test_a_file_that_grew_would_be_noticed(
    servers: Servers, isolated_home: Path, tmp_path: Path
) -> None:
    servers.fill("http")
    words = ("copy", servers.address("http", "from"), str(tmp_path / "to"))
    ran = run_straight(LARGEST_FILE, *words, env=servers.environment(isolated_home))
    assert ran.code == 1
    assert not (tmp_path / "to").exists()


_OPENED = re.compile(r'open(?:at)?\((?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)", ([A-Z_|0-9x]+)')


@pytest.mark.parametrize("route", ["sftp → s3", "s3 → http"])
def test_nothing_is_opened_for_writing_but_in_the_home(
    servers: Servers, isolated_home: Path, tmp_path: Path, route: str
) -> None:
    require_strace()
    trace = tmp_path / "trace"
    calls = "trace=?open,?openat,?openat2,?creat,memfd_create"
    _copied(servers, route, isolated_home, "strace", "-f", "-y", "-o", str(trace), "-e", calls)
    lines = trace.read_text(errors="replace").splitlines()
    writing = [line for line in lines if "O_WRONLY" in line or "O_RDWR" in line]
    found = [_OPENED.search(line) for line in writing]
    paths = {os.path.join(match[1] or "/", match[2]) for match in found if match}
    home = str(isolated_home / "wharfie")
    assert any(path.startswith(home) for path in paths), "the journal is written"
    assert {p for p in paths if not p.startswith(home)} <= {"/dev/null", "/dev/tty"}
    assert None not in found and not any("creat(" in line for line in lines)
