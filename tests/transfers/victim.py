"""A queue in a process of its own, to be killed: prints where it is and waits for the end there.

Usage: python -m tests.transfers.victim QUEUE SOURCE TARGET MOMENT [move] [overwrite]
           [together] [links]
       python -m tests.transfers.victim QUEUE SOURCE TARGET MOMENT mirror [rename] [backup]
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from providers.base import Body, Entry, Parts, Place
from providers.base import Capabilities as Caps
from providers.errors import Unsupported
from providers.local import naming
from providers.local.folder import Folder
from providers.local.provider import LocalProvider
from transfers.batch import Sizes
from transfers.engine import Engine
from transfers.model import Enqueue, Links, NewJob, Op, Policy
from transfers.scan import plan_tree

PART = 1 << 16
_ROOT = Path(__file__).parents[2]


@contextmanager
def victim(queue: Path, *arguments: str) -> Iterator[None]:
    """A process that works the queue in `queue` up to a moment; killed when the block ends."""
    command = [sys.executable, "-m", "tests.transfers.victim", str(queue), *arguments]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "here\n"
            yield
        finally:
            process.kill()


def small_parts(caps: Caps) -> Caps:
    return replace(caps, parts=Parts(order="any", min_size=1, max_size=PART))


class Doomed(LocalProvider):
    """This computer, with small parts; stands still at `moment`."""

    def __init__(self, moment: str) -> None:
        self.moment = moment
        self.naming = ""  # what a name is left half given by, if anything
        self._first = threading.Lock()
        self._named = 0

    @property
    def caps(self) -> Caps:
        return small_parts(super().caps)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        receipt = super().put_part(upload, index, offset, body)
        if index == 2:
            self.here("transferring")
        return receipt

    def finish(
        self, upload: str, receipts: Sequence[str], *, replacing: str | None, again: bool = False
    ) -> Entry:
        self.here("before the name")
        self.naming = "half named"
        entry = super().finish(upload, receipts, replacing=replacing, again=again)
        self.here("after the name")
        self._named += 1
        if self._named > 3:
            self.here("some are named")
        return entry

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        if "rename" not in self.moment:
            raise Unsupported(source)
        self.naming = "half renamed"
        super().rename(source, target, within=within)
        self.here("after the rename")

    def make_link(self, path: str, target: str, *, within: str = "") -> None:
        self.here("before the link")
        super().make_link(path, target, within=within)
        self.here("after the link")

    def replace_link(
        self, path: str, target: str, *, key: str, replacing: str, within: str = ""
    ) -> None:
        self.here("before the link")
        super().replace_link(path, target, key=key, replacing=replacing, within=within)
        self.here("after the link")

    def delete(self, path: str) -> None:
        self.here("before the deletion")
        super().delete(path)
        self.here("after the deletion")

    def here(self, moment: str) -> None:
        if moment == self.moment:
            if self._first.acquire(blocking=False):  # another worker may get here as well
                print("here", flush=True)  # noqa: T201 - the test reads it
            threading.Event().wait()


def _stand_still(provider: Doomed) -> None:
    """Have the calls below the provider end there, too: between the steps of one of its own."""
    unlink, sync, name_over = os.unlink, Folder.sync, Folder.name_over

    def doomed_unlink(path: str, *, dir_fd: int | None = None) -> None:
        if provider.naming:
            provider.here(provider.naming)
        unlink(path, dir_fd=dir_fd)

    def doomed_sync(folder: Folder) -> None:
        if provider.naming:
            provider.here("before the folder is synced")
        sync(folder)

    def doomed_name_over(folder: Folder, name: str, other: str) -> None:
        provider.here("unfinished link")
        name_over(folder, name, other)

    Folder.name_over = doomed_name_over  # type: ignore[method-assign]
    if provider.moment.startswith("half"):  # as on disks where a new name takes two steps
        naming.exclusive_rename = None
    os.unlink = doomed_unlink  # type: ignore[assignment]
    Folder.sync = doomed_sync  # type: ignore[method-assign]


def _mirrored(provider: LocalProvider, source: Path, target: Path, *options: str) -> list[NewJob]:
    """The copy of "new", the deletion of "d/old" and of "d", and "moved" renamed, if asked for."""

    def there(name: str) -> Place:
        return Place("file:", str(target / name))

    def here(name: str) -> Place:
        return Place("file:", str(source / name))

    tops = {"within": str(target), "source_within": str(source)}
    keep = str(target.parent / "backup" / "d" / "old") if "backup" in options else ""
    old, moved = (provider.stat(str(target / name)) for name in ("d/old", "moved"))
    rename = NewJob(
        Op.RENAME,
        there("moved"),
        there("e/moved"),
        within=str(target),
        source_version=moved.version,
        size=moved.size,
    )
    return [
        *([rename] if "rename" in options else []),
        NewJob(Op.COPY, here("new"), there("new"), within=str(target)),
        NewJob(Op.PRUNE, here("d/old"), there("d/old"), agreed=old.version, keep=keep, **tops),
        NewJob(Op.PRUNE, here("d"), there("d"), **tops),
    ]


def main(queue: str, source: str, target: str, moment: str, *options: str) -> None:
    if "together" in options:
        Sizes.of = lambda sizes, lane: 64  # type: ignore[method-assign]
    provider = Doomed(moment)
    _stand_still(provider)
    if "mirror" in options:
        jobs: Sequence[NewJob] = _mirrored(provider, Path(source), Path(target), *options)
    else:
        entry = provider.stat(source)
        there = Place("file:", target)
        links = Links.LINK if "links" in options else Links.SKIP
        move = "move" in options
        jobs = plan_tree(provider, [entry], "file:", provider, there, move=move, links=links)
    policy = Policy.OVERWRITE if "overwrite" in options else Policy.ASK
    Engine(Path(queue), lambda endpoint: provider, workers=2).send(Enqueue(tuple(jobs), policy))
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
