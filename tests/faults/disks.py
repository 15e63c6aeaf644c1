"""Small disks of a test's own, and a queue that copies between folders of this computer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Body, Capabilities, Entry, Parts, Place
from providers.errors import Unsupported
from providers.local import LocalProvider
from providers.names import is_temporary
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.model import NewJob, Op

PART = 1 << 16  # bytes


def no_call() -> None:
    """What a place does at a moment when a test wants nothing done."""


class Scripted(LocalProvider):
    """This computer with small parts, where things happen at chosen moments.

    `before_part` is called before each part but the first; `before_name` before the new file gets
    its name. Moves do not rename when `renames` is False.
    """

    def __init__(self) -> None:
        self.before_part: Callable[[], None] = no_call
        self.before_name: Callable[[], None] = no_call
        self.renames = True

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, parts=Parts(order="any", min_size=1, max_size=PART))

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        if index > 0:
            self._once("before_part")
        return super().put_part(upload, index, offset, body)

    def finish(
        self, upload: str, receipts: object, *, replacing: str | None, again: bool = False
    ) -> Entry:
        self._once("before_name")
        return super().finish(upload, (), replacing=replacing, again=again)

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        if not self.renames:
            raise Unsupported(source, "that is on another disk")
        super().rename(source, target, within=within)

    def _once(self, moment: str) -> None:
        call = getattr(self, moment)
        setattr(self, moment, no_call)
        call()


@contextmanager
def local_queue(directory: Path, place: LocalProvider | None = None) -> Iterator[QueueCase]:
    """A running queue whose "file:" is `place`."""
    case = QueueCase(directory)
    case.places[LOCAL] = place or Scripted()
    case.start()
    try:
        yield case
    finally:
        case.close()


def copying(source: Path, target: Path, *, op: Op = Op.COPY, within: Path | None = None) -> NewJob:
    """The job for one file."""
    chosen = "" if within is None else str(within)
    return NewJob(op, Place(LOCAL, str(source)), Place(LOCAL, str(target)), within=chosen)


def unfinished_in(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob(".*") if is_temporary(path.name)]


@contextmanager
def mounted(folder: Path, *options: str, size: int = 1 << 20) -> Iterator[Path]:
    """A disk of `size` bytes at `folder` (made if missing), or what `options` of mount(8) say.

    Skips the test where nothing may be mounted.
    """
    if not folder.exists():
        folder.mkdir(parents=True)
    command = options or ("-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs")
    _mount_or_skip(*command, str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def _mount_or_skip(*arguments: str) -> None:
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("small disks are mounted with Linux's tmpfs")
    if os.geteuid() != 0:
        pytest.skip("mounting needs root: run the tests as root, or under “unshare -Urm”")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"nothing may be mounted here: {done.stderr.strip()}")


def remount(folder: Path, options: str) -> None:
    """Change how a mounted disk may be used, as `mount -o remount,…` does."""
    command = ["mount", "-o", f"remount,{options}", str(folder)]
    subprocess.run(command, check=True, capture_output=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Write a file until the disk is full but for `leave` bytes; returns it."""
    ballast = folder / "ballast"
    page = bytes(4096)
    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(page)
    os.truncate(ballast, max(0, ballast.stat().st_size - leave))
    return ballast
