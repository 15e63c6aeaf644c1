"""An upload to a drive whose process is killed at random moments, again and again (faults.md A1).

    python -m tests.faults.drive_kills --size 209715200 --times 50 [--seed 7]

As `s3_kills`, whose counting and oracle it shares; the drive is emulated, and fragments pass
through a relay. Its upload goes on behind what the service says that it expects.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from providers.sandbox.graph import GraphServer
from tests.faults.drive_victim import PART, TOKEN_FILE, work
from tests.faults.s3_kills import Killer, told
from tests.servers.s3_tally import Head, Tally

_RANGE = re.compile(rb"(?im)^content-range: bytes (\d+)-")


class DriveTally(Tally):
    """Before the host that fragments go to."""

    def part_number(self, method: str, target: str, head: Head) -> int | None:
        match = _RANGE.search(head.lines)
        return int(match[1]) // PART + 1 if method == "PUT" and match else None

    def _names(self, method: str, target: str) -> bool:
        return method == "POST" and target.startswith("/upload/")


class DriveKiller(Killer):
    """To `server`, whose account is a company's: there the relay sees files get their names."""

    part = PART
    victim = staticmethod(work)
    preload = ("tests.faults.drive_victim",)

    def __init__(self, folder: Path, server: GraphServer, tally: Tally, size: int, seed: int):
        self._server = server
        super().__init__(folder, tally, size, seed)

    def _prepare(self) -> None:
        token = self._folder / TOKEN_FILE
        token.touch(mode=0o600)
        token.write_text(self._server.issue_token(seconds=86_400))

    def _target(self) -> tuple[str, str]:
        return self._server.graph_base, "/Documents/file"

    def _found_there(self) -> list[str]:
        harm = []
        names = self._server.names("/Documents")
        if names != ["file"]:
            harm.append(f"the folder has {names}")
        elif hashlib.sha256(self._server.content("/Documents/file")).hexdigest() != self._sha256:
            harm.append("altered")
        if self._server.open_sessions:
            harm.append(f"{self._server.open_sessions} unfinished uploads were left")
        kept = [file for file in (self._folder / "queue").rglob("*") if file.is_file()]
        if any(b"tempauth" in file.read_bytes() for file in kept):
            harm.append("the queue has the address of the upload in it")
        return harm


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=200 << 20)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    sys.stdout.write(f"seed {options.seed}\n")
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as name,
        GraphServer("business") as server,
        DriveTally(urlsplit(server.cdn_base).port or 0) as tally,
    ):
        server.world.cdn = tally.base
        killer = DriveKiller(Path(name), server, tally, options.size, options.seed)
        campaign = killer.run(options.times)
    return told(campaign, tally, options.size, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
