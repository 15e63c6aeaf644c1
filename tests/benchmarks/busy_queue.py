"""A long queue at work, in a process of its own: 8 jobs move bytes, the others wait for them.

with busy_queue(home, 100_000):
    …  # start the screen on that home
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from providers.base import Body, Entry, Kind, Place
from providers.memory import MemoryProvider, Store
from transfers.engine import Engine
from transfers.host import Host
from transfers.model import Enqueue, NewJob, Op

ACTIVE = 8
_ROOT = Path(__file__).parents[2]
_SIZE = 8 << 30  # bytes of a job: none is done while it is measured
_CHUNK, _STEP = 1 << 16, 0.02  # bytes, and seconds before them: all that a row shows changes
_HERE, _THERE = "memory://here", "memory://there"
_READY = b"ready\n"


@contextmanager
def busy_queue(home: Path, jobs: int) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.benchmarks.busy_queue", str(home), str(jobs)]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == _READY
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class _Endless(MemoryProvider):
    """Its one file is long, and read slowly; what is written is counted only."""

    def __init__(self) -> None:
        super().__init__(Store())
        self.store.add("/large", Kind.FILE)

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        entry = super().stat(path, follow=follow)
        return replace(entry, size=_SIZE) if path == "/large" else entry

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[_Slow]:
        yield _Slow(self.stat(path), _SIZE - offset if length is None else length)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        return str(sum(len(chunk) for chunk in body))


class _Slow:
    def __init__(self, entry: Entry, length: int) -> None:
        self.entry = entry
        self._length = length

    def chunks(self) -> Iterator[bytes]:
        chunk = bytes(_CHUNK)
        for start in range(0, self._length, _CHUNK):
            time.sleep(_STEP)
            yield chunk[: self._length - start]


def _serve(home: Path, jobs: int) -> None:
    places = {endpoint: _Endless() for endpoint in (_HERE, _THERE)}
    engine = Engine(home, places.__getitem__, workers=ACTIVE)
    host = Host(engine, home)
    source = Place(_HERE, "/large")
    new = (NewJob(Op.COPY, source, Place(_THERE, f"/job-{n:06}"), size=_SIZE) for n in range(jobs))
    engine.send(Enqueue(tuple(new)))
    sys.stdout.buffer.write(_READY)
    sys.stdout.flush()
    host.run()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]))
