"""A screen's part in a process of its own: starts the host, hands it a copy, waits to be killed.

Usage: python -m tests.tui.starter SOURCE TARGET BYTES_A_SECOND
"""

from __future__ import annotations

import os
import sys
import threading

from providers.access import Access
from providers.base import Place
from transfers.model import Enqueue, NewJob, Op, SetLimits
from tui.headless.attach import attach
from tui.prepare import prepare_home
from tui.settings import find_home


def main(source: str, target: str, rate: str) -> None:
    home = find_home(os.environ)
    prepare_home(home)
    queue = attach(home, Access(home.known_hosts))
    queue.send(SetLimits(rate=int(rate)))
    queue.send(Enqueue((NewJob(Op.COPY, Place("file:", source), Place("file:", target)),)))
    print("handed over", flush=True)  # noqa: T201 - the test reads it
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
