"""Where the trees of mirrors are, for the big runs: `wharfie` reaches them, and they are looked at
here without it.

A tree is what stands below a top: names to bytes, None for a directory.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias

import boto3
from botocore.config import Config

from providers.onedrive.mapping import Names
from providers.sandbox.graph import GraphServer
from tests.servers.openssh import OpenSSH
from tests.servers.s3_servers import KEY_ID, SECRET, JuiceFs, Moto
from tests.servers.web_nginx import Nginx
from tests.servers.web_process import WebServer
from tests.tui.cli_runner import Finished

Path_: TypeAlias = tuple[str, ...]
Tree: TypeAlias = Mapping[Path_, bytes | None]
SERVICES = {"juicefs": JuiceFs, "moto": Moto}
ROOT = Path(__file__).parents[2]
_BUCKET = "tree"
_READS_AT_ONCE = 8
_SECONDS = 3600.0


class Shell:
    """`wharfie` with a home of its own in `folder`, as a person runs it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "wharfie-home"
        self.home.mkdir(mode=0o700, parents=True)
        self.env = {"WHARFIE_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        self.env["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

    def start(self, *words: str, module: str = "tui") -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **self.env},
        )

    def run(self, *words: str) -> Finished:
        process = self.start(*words)
        out, err = process.communicate(timeout=_SECONDS)
        return Finished(process.returncode, out.decode(), err.decode())


class Ground(Protocol):
    """A place with a tree at `address`."""

    address: str
    folds: bool  # names that differ in case only, or in how letters are made, are one
    folders: bool  # an empty directory can be there
    dated: bool  # its lists tell the time that a file was given
    page: int  # entries that a list's page holds at least, unless it is the last
    around: int  # requests that a list takes besides its pages

    def tree(self) -> Tree: ...

    def keeps(self, name: str) -> bool:
        """Whether a file may have this name here."""
        ...


class OnDisk:
    """A folder of this computer, `address` however it is reached."""

    folds, folders, dated, page = False, True, True, 100

    def __init__(self, address: str, top: Path, around: int = 0) -> None:
        self.address, self.top, self.around = address, top, around

    def tree(self) -> Tree:
        return dict(_on_disk(self.top, ()))

    def keeps(self, name: str) -> bool:
        return True


class OnWeb(OnDisk):
    """nginx lists no name with a dot before it."""

    def tree(self) -> Tree:
        return {
            path: content
            for path, content in super().tree().items()
            if not any(name.startswith(".") for name in path)
        }


def _on_disk(top: Path, names: Path_) -> Iterator[tuple[Path_, bytes | None]]:
    for entry in os.scandir(top):
        below = (*names, entry.name)
        if entry.is_dir(follow_symlinks=False):
            yield below, None
            yield from _on_disk(Path(entry.path), below)
        else:
            yield below, Path(entry.path).read_bytes()


class Bucket:
    """`address` is a bucket of its own."""

    folds, folders, dated, page, around = False, False, False, 1000, 0

    def __init__(self, server: WebServer) -> None:
        self.address = f"env-s3:/{_BUCKET}"
        self._client = boto3.client(
            "s3",
            endpoint_url=server.base,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(max_pool_connections=_READS_AT_ONCE, proxies={}),
        )
        self._client.create_bucket(Bucket=_BUCKET)

    def tree(self) -> Tree:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET)
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        keys = [key for key in keys if not key.endswith("/")]  # juicefs has real folders
        with ThreadPoolExecutor(_READS_AT_ONCE) as threads:
            contents = threads.map(self._content, keys)
            files = {tuple(k.split("/")): c for k, c in zip(keys, contents, strict=True)}
        return {**dict.fromkeys(folders_of(files)), **files}

    def _content(self, key: str) -> bytes:
        return bytes(self._client.get_object(Bucket=_BUCKET, Key=key)["Body"].read())

    def keeps(self, name: str) -> bool:
        return is_text(name)


class Drive:
    """A folder of an emulated account; names that it forbids are mapped."""

    folds, folders, dated, page, around = True, True, True, 200, 0

    def __init__(self, server: GraphServer) -> None:
        self.address = "drive:/tree"
        self._server = server
        self._names = Names(mapped=True)
        server.make_folder("/tree")

    def tree(self) -> Tree:
        with self._server.world.lock:
            drive = self._server.world.own
            found: dict[Path_, bytes | None] = {}
            (top,) = [item for item in drive.children(drive.root) if item.name == "tree"]
            seek: list[tuple[Path_, object]] = [((), top)]
            while seek:
                names, folder = seek.pop()
                for item in drive.children(folder):  # type: ignore[arg-type]
                    below = (*names, self._names.shown(item.name))
                    found[below] = None if item.is_folder else item.data
                    if item.is_folder:
                        seek.append((below, item))
            return found

    def keeps(self, name: str) -> bool:
        stem = name.lower()
        reserved = {".lock", "con", "prn", "aux", "nul", "desktop.ini", "com1", "lpt1"}
        return is_text(name) and stem not in reserved and "_vti_" not in stem


def folders_of(paths: Iterable[Path_]) -> set[Path_]:
    """Every folder that something of them is in."""
    return {path[:depth] for path in paths for depth in range(1, len(path))}


def is_text(name: str) -> bool:
    """Whether it is UTF-8."""
    return not any(0xDC80 <= ord(letter) <= 0xDCFF for letter in name)


@contextmanager
def grounds(folder: Path, shell: Shell, service: str = "juicefs") -> Iterator[Grounds]:
    """Every kind of place below `folder`, started when it is asked for."""
    with ExitStack() as stack:
        yield Grounds(folder, shell, service, stack)


class Grounds:
    """Makes grounds: `of("sftp", "left")`."""

    def __init__(self, folder: Path, shell: Shell, service: str, stack: ExitStack) -> None:
        self._folder, self._shell, self._service, self._stack = folder, shell, service, stack
        self._made = 0

    def of(self, kind: str) -> Ground:
        self._made += 1
        top = self._folder / f"{self._made}-{kind}"
        top.mkdir()
        made: Ground = getattr(self, f"_{kind}")(top)
        return made

    def _local(self, top: Path) -> Ground:
        return OnDisk(str(top), top)

    def _sftp(self, top: Path) -> Ground:
        server = self._stack.enter_context(OpenSSH(self._folder / f"{top.name}-sshd"))
        (self._shell.home / "known_hosts").write_text(f"{server.known_hosts_line}\n")
        self._shell.env["SFTP_KEY"] = str(server.key_path)
        # An opening, a closing, and what is asked ahead of the end.
        return OnDisk(f"{server.endpoint}{top}", top, around=6)

    def _http(self, top: Path) -> Ground:
        folder = self._folder / f"{top.name}-nginx"
        server = self._stack.enter_context(Nginx(folder, top, options=["charset utf-8;"]))
        return OnWeb(f"{server.base}/", top)

    def _s3(self, top: Path) -> Ground:
        folder = self._folder / f"{top.name}-service"
        server = self._stack.enter_context(SERVICES[self._service](folder))
        self._shell.env |= {
            "AWS_ENDPOINT_URL": server.base,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }
        return Bucket(server)

    def _drive(self, top: Path) -> Ground:
        server = self._stack.enter_context(GraphServer("business"))
        self._shell.env |= server.environment()
        self._shell.env["GRAPH_TOKEN"] = server.issue_token(seconds=86_400)
        words = ("--kind", "onedrive", "--set", "sign_in=token", "--set", "names=map")
        done = self._shell.run("sites", "add", "drive", *words)
        assert done.code == 0, done.err
        return Drive(server)
