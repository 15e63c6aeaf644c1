"""The sandbox's own process: prints one JSON line when ready, ends when its stdin does.

With --root it serves that folder; without, it makes a temporary one with sample files on both
sides, and removes it at the end, however its parent ended.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from providers.errors import ProviderError
from providers.records import dataclass
from providers.sandbox import sample
from providers.sandbox.buckets import Buckets, store_of
from providers.sandbox.dav import Dav
from providers.sandbox.graph import GraphServer
from providers.sandbox.remove import remove_tree
from providers.sandbox.server import USER, Running, serve
from providers.sandbox.web import Web

_DAY = 24 * 3600  # seconds


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m providers.sandbox", description=__doc__)
    parser.add_argument("--root", type=Path, help="serve this folder, and leave it when done")
    parser.add_argument("--user-key", type=Path, help="a file of public keys that may sign in")
    parser.add_argument("--bare", action="store_true", help="a temporary folder without samples")
    options = parser.parse_args(arguments)
    try:
        with _folders(options.root, bare=options.bare) as folders:
            asyncio.run(_run(folders, options.user_key))
    except (OSError, ProviderError) as error:
        with contextlib.suppress(OSError):  # nobody may be listening any more
            _say({"error": str(error)})
        return 1
    return 0


@dataclass(frozen=True, slots=True)
class _Folders:
    """What is served, and the local side of the demo; None: not there."""

    remote: Path
    local: Path | None = None
    web: Path | None = None
    dav: Path | None = None
    bucket: Path | None = None  # what the bucket starts with
    objects: Path | None = None  # where the service keeps what it has


@contextlib.contextmanager
def _folders(root: Path | None, *, bare: bool) -> Iterator[_Folders]:
    if root is not None:
        yield _Folders(root)
        return
    with _turned_into_exit(), contextlib.ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="wharfie-demo-"))
        stack.callback(remove_tree, home)
        names = ("remote", "local", "web", "dav", "bucket", "objects")
        folders = _Folders(*(home / name for name in names))
        for folder, files in (
            (folders.local, sample.local_files()),
            (folders.remote, sample.remote_files()),
            (folders.web, sample.web_files()),
            (folders.dav, sample.dav_files()),
            (folders.bucket, sample.bucket_files()),
        ):
            assert folder is not None
            folder.mkdir()
            if not bare:
                sample.fill(folder, files)
        yield folders


@contextlib.contextmanager
def _turned_into_exit() -> Iterator[None]:
    """SIGTERM while the samples are being made must not leave half of them behind."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


async def _run(folders: _Folders, user_key: Path | None) -> None:
    server = await serve(folders.remote, user_key=user_key)
    web = None if folders.web is None else Web(folders.web)
    dav = None if folders.dav is None else Dav(folders.dav)
    buckets = _buckets(folders)
    stopped = _stop_signs()
    ready = _ready(server, folders) | _web_ready("web", web) | _web_ready("dav", dav)
    ready |= _buckets_ready(buckets)
    with contextlib.ExitStack() as stack:
        drive = None if folders.web is None else stack.enter_context(GraphServer("personal"))
        _say(ready | _drive_ready(drive))
        await stopped.wait()
    server.acceptor.close()  # not waited for: that could take as long as its visitors stay


def _ready(server: Running, folders: _Folders) -> dict[str, str | None]:
    """What the parent is told. The password goes through this pipe and nowhere else."""
    return {
        "endpoint": server.endpoint,
        "user": USER,
        "password": server.password,
        "known_hosts_line": server.known_hosts_line,
        "local": None if folders.local is None else str(folders.local),
        "remote": str(folders.remote),
    }


def _web_ready(name: str, web: Web | None) -> dict[str, str | None]:
    if web is None:
        return {}
    return {f"{name}_endpoint": web.endpoint, f"{name}_password": web.password}


def _buckets(folders: _Folders) -> Buckets | None:
    if folders.objects is None:
        return None
    return Buckets(store_of(folders.objects, sample.BUCKET, folders.bucket))


def _buckets_ready(buckets: Buckets | None) -> dict[str, str | None]:
    """The keys go through this pipe and nowhere else."""
    if buckets is None:
        return {}
    return {"s3_url": buckets.url, "s3_key_id": buckets.key_id, "s3_secret": buckets.secret}


def _drive_ready(drive: GraphServer | None) -> dict[str, str | None]:
    """Who signs in by hand needs no token; the token goes through this pipe and nowhere else."""
    if drive is None:
        return {}
    return {
        "graph_base": drive.graph_base,
        "login_base": drive.login_base,
        "drive_client_id": drive.client_id,
        "drive_token": drive.issue_token(seconds=_DAY),
    }


def _say(message: dict[str, str | None] | dict[str, str]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _stop_signs() -> asyncio.Event:
    """Set when stdin ends (the parent is gone) or when the process is asked to end."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopped.set)
    threading.Thread(target=_wait_for_end, args=(loop, stopped), daemon=True).start()
    return stopped


def _wait_for_end(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    # Not sys.stdin: its lock, held here at exit, would abort the interpreter.
    while os.read(0, 1024):
        pass
    with contextlib.suppress(RuntimeError):  # the loop has ended before
        loop.call_soon_threadsafe(stopped.set)


if __name__ == "__main__":
    sys.exit(main())
