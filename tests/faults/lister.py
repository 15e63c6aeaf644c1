"""Lists one address in a process of its own, and says how much memory that took.

    python -m tests.faults.lister dav://127.0.0.1:8080

Prints "entries KiB why": how many came, how much the process grew at the most, and the error.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from providers.errors import ProviderError
from providers.http.provider import HttpProvider
from providers.http.session import Session
from providers.http.webdav.provider import WebdavProvider
from tests.servers.http_place import NO_PROXY, access

_SECONDS = 100


@dataclass(frozen=True)
class Listed:
    entries: int
    grown: int  # bytes
    why: str


def listed_apart(endpoint: str) -> Listed:
    """What is listed at "/" of `endpoint`, by another process; no entry is kept."""
    command = [sys.executable, "-m", "tests.faults.lister", endpoint]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
    entries, grown, why = done.stdout.split(" ", 2)
    return Listed(int(entries), int(grown) << 10, why.strip())


def most_memory() -> int:
    """KiB that this process had at the most. Linux's `ru_maxrss` begins with its parent's."""
    import resource

    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most >> 10 if sys.platform == "darwin" else most


def _main(endpoint: str) -> None:
    given = access(endpoint)
    session = Session(endpoint, NO_PROXY, given)
    dav = endpoint.startswith("dav")
    place = WebdavProvider(session) if dav else HttpProvider(session, given)
    gc.collect()
    before, entries, why = most_memory(), 0, ""
    with closing(place):
        try:
            for page in place.list_dir("/"):
                entries += len(page)
        except ProviderError as error:
            why = f"{type(error).__name__}: {error}"
    sys.stdout.write(f"{entries} {most_memory() - before} {why}\n")


if __name__ == "__main__":
    _main(sys.argv[1])
