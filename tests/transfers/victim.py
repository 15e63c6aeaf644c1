"""A queue in a process of its own, to be killed: prints where it is and waits for the end there.

Usage: python -m tests.transfers.victim QUEUE SOURCE TARGET MOMENT [move]
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from providers.base import Body, Entry, Parts, Place
from providers.base import Capabilities as Caps
from providers.errors import Unsupported
from providers.local.provider import LocalProvider
from transfers.engine import Engine
from transfers.model import Enqueue
from transfers.scan import plan_tree

PART = 1 << 16


def small_parts(caps: Caps) -> Caps:
    return replace(caps, parts=Parts(order="any", min_size=1, max_size=PART))


class Doomed(LocalProvider):
    """This computer, with small parts; stands still at `moment`."""

    def __init__(self, moment: str) -> None:
        self.moment = moment
        self._first = threading.Lock()

    @property
    def caps(self) -> Caps:
        return small_parts(super().caps)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        receipt = super().put_part(upload, index, offset, body)
        if index == 2:
            self._here("transferring")
        return receipt

    def finish(self, upload: str, receipts: Sequence[str], *, replacing: str | None) -> Entry:
        self._here("before the name")
        entry = super().finish(upload, receipts, replacing=replacing)
        self._here("after the name")
        return entry

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        if "rename" not in self.moment:
            raise Unsupported(source)
        super().rename(source, target, within=within)
        self._here("after the rename")

    def delete(self, path: str) -> None:
        self._here("before the deletion")
        super().delete(path)
        self._here("after the deletion")

    def _here(self, moment: str) -> None:
        if moment == self.moment:
            if self._first.acquire(blocking=False):  # another worker may get here as well
                print("here", flush=True)  # noqa: T201 - the test reads it
            threading.Event().wait()


def main(queue: str, source: str, target: str, moment: str, move: str = "") -> None:
    provider = Doomed(moment)
    entry = provider.stat(source)
    jobs = plan_tree(provider, [entry], "file:", provider, Place("file:", target), move=bool(move))
    Engine(Path(queue), lambda endpoint: provider, workers=2).send(Enqueue(jobs))
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
