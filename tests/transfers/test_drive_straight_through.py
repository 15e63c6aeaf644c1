"""Between a drive and a bucket or an SFTP server the bytes go straight through: no file of this
computer takes them in on the way, and memory has a bound. The program in a process of its own.

    STRAIGHT_MIB=512 pytest tests/transfers/test_drive_straight_through.py -s
"""

from __future__ import annotations

import hashlib
import os
import random
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
from providers.sandbox.graph import GraphServer
from tests.faults.straight import run_straight
from tests.servers.s3_servers import KEY_ID, SECRET, JuiceFs, access_to, find_juicefs, make_bucket

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits of POSIX, and sshd")
SIZE = (int(os.environ.get("STRAIGHT_MIB", "40")) << 20) + 4711
LARGEST_FILE = 8 << 20  # bytes
STREAMS, PART = 4, 16 << 20
BASE = 128 << 20  # bytes: Python, the SDKs that sign and sign in, and what waits in sockets
DATA = random.Random(5).randbytes(SIZE)
ROUTES = ("sftp → drive", "s3 → drive", "drive → sftp", "drive → s3")


@dataclass(frozen=True)
class Servers:
    """An sshd, MinIO's code, an emulated drive; and a home that knows them."""

    ssh: OpenSSH
    s3: JuiceFs
    drive: GraphServer
    endpoint: str
    access: Access
    bucket: str
    folder: Path

    def address(self, kind: str, name: str) -> str:
        return {
            "sftp": f"{self.ssh.endpoint}{self.folder}/{name}",
            "s3": f"s3://{self.bucket}/{name}",
            "drive": f"onedrive:/{name}",
        }[kind]

    def fill(self, kind: str) -> None:
        if kind == "drive":
            self.drive.put("/from", DATA)
        elif kind == "sftp":
            (self.folder / "from").write_bytes(DATA)
        else:
            options = options_of(self.access.sites.options(self.endpoint))
            with (
                closing(Session(self.endpoint, options, self.access)) as session,
                session.send("PUT", self.bucket, "from", path="/", body=DATA) as answer,
            ):
                assert answer.status == 200

    def content(self, kind: str) -> bytes:
        """What came."""
        if kind == "drive":
            return self.drive.content("/to")
        if kind == "sftp":
            return (self.folder / "to").read_bytes()
        with (
            closing(open_provider(self.endpoint, self.access)) as place,
            place.read(f"/{self.bucket}/to") as reader,
        ):
            return b"".join(bytes(chunk) for chunk in reader.chunks())

    def environment(self, home: Path) -> Mapping[str, str]:
        (home / "wharfie").mkdir(mode=0o700, exist_ok=True)
        (home / "wharfie" / "known_hosts").write_text(self.ssh.known_hosts_line + "\n")
        keys = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
        there = {"AWS_ENDPOINT_URL": self.s3.base, "SFTP_KEY": str(self.ssh.key_path)}
        token = {"GRAPH_TOKEN": self.drive.issue_token(), **self.drive.environment()}
        return {**os.environ, **keys, **there, **token, "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JuiceFs]:
    if find_juicefs() is None:
        pytest.skip("needs juicefs")
    with JuiceFs(tmp_path_factory.mktemp("juicefs")) as s3:
        yield s3


@pytest.fixture
def servers(openssh: OpenSSH, service: JuiceFs, tmp_path: Path) -> Iterator[Servers]:
    endpoint, access = access_to(service, tmp_path)
    folder = tmp_path / "served"
    folder.mkdir()
    with GraphServer("business") as drive:
        bucket = make_bucket(endpoint, access)
        yield Servers(openssh, service, drive, endpoint, access, bucket, folder)


@pytest.mark.parametrize("route", ROUTES)
def test_no_file_here_grows_with_what_passes_nor_does_memory(
    servers: Servers, isolated_home: Path, route: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = route.split(" → ")
    servers.fill(source)
    words = (servers.address(source, "from"), servers.address(target, "to"), "--json")
    ran = run_straight(LARGEST_FILE, "copy", *words, env=servers.environment(isolated_home))
    assert (ran.code, ran.err) == (0, ""), ran.out + ran.err
    came = servers.content(target)
    assert hashlib.sha256(came).digest() == hashlib.sha256(DATA).digest()
    with capsys.disabled():
        sys.stdout.write(f"\n{route}, {SIZE >> 20} MiB: peak {ran.peak / (1 << 20):.0f} MiB\n")
    # A part is gathered by the provider once more: how long it is must be known before it is sent.
    assert ran.peak < BASE + STREAMS * 2 * PART
