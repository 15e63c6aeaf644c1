"""Connections that fail, thousands of them: nothing of them may be left (faults.md G4).

python -m tests.faults.network.connects --count 10000
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import socket
import sys
import threading
import time
import tracemalloc
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from providers.access import Access
from providers.errors import ConnectionLost
from providers.sftp.provider import open_endpoint
from tests.faults.proxy import HOST, Fate, Proxy, Toxics, every

_SMALL = 200  # bytes
_SETTLED = 30.0  # seconds
_SERVER = b"SSH-2.0-OpenSSH_9.9\r\n"


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds: descriptors (0 where the system does not say), threads, memory (bytes):
    what Python's objects take, and all of it."""

    descriptors: int
    threads: int
    allocated: int
    resident: int


def held() -> Held:
    here = next((p for p in (Path("/proc/self/fd"), Path("/dev/fd")) if p.exists()), None)
    descriptors = len(os.listdir(here)) if here else 0
    allocated, _ = tracemalloc.get_traced_memory()
    return Held(descriptors, threading.active_count(), allocated, _resident())


def _resident() -> int:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Greeter:
    """Greets like an SSH server and hangs up, as a busy one does."""

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0), backlog=50)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection, contextlib.suppress(OSError):
                if connection.recv(1) == b"q":
                    return
                connection.sendall(_SERVER)

    def close(self) -> None:
        with socket.create_connection((HOST, self.port)) as last:
            last.sendall(b"q")
        self._thread.join()
        self._listener.close()


def fail(folder: Path, count: int) -> tuple[Held, Held]:
    """Fail to connect `count` times in each of four ways; what was held after a tenth, and at last.

    Nobody listens; reset before the greeting, and within it; hung up on after it.
    """
    with closing(Greeter()) as greeter, Proxy(greeter.port) as proxy:
        ports = [_closed_port(), proxy.port, proxy.port, greeter.port]
        plans = [every(), *(every(down=Toxics(after=n, then=Fate.RESET)) for n in (0, 9)), every()]
        idle = threading.active_count()
        early = None
        for number in range(count):
            for port, plan in zip(ports, plans, strict=True):
                proxy.plan = plan
                _fail_once(folder, port)
            if number == count // 10:
                early = _settled(idle)
        return early or held(), _settled(idle)


def _fail_once(folder: Path, port: int) -> None:
    access = Access(folder / "known_hosts", use_agent=False, use_default_keys=False)
    with closing(open_endpoint(f"sftp://ann@{HOST}:{port}", access)) as provider:
        try:
            provider.stat("/")
        except ConnectionLost:
            return
    raise AssertionError("it connected")


def _settled(threads: int) -> Held:
    """What is held once the threads of the last connections have ended, and what refers to itself
    (an error and the frames it passed) was collected."""
    late = time.monotonic() + _SETTLED
    while threading.active_count() > threads and time.monotonic() < late:
        threading.Event().wait(0.05)
    gc.collect()
    return held()


def _closed_port() -> int:
    with socket.create_server((HOST, 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def main() -> int:
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="failed connections altogether")
    count = parser.parse_args().count
    began = time.monotonic()
    tracemalloc.start()
    with tempfile.TemporaryDirectory() as folder:
        before, after = fail(Path(folder), count // 4)
    sys.stdout.write(
        f"{count} failed connections in {time.monotonic() - began:.0f} s:"
        f" descriptors {before.descriptors} -> {after.descriptors},"
        f" threads {before.threads} -> {after.threads},"
        f" allocated {before.allocated >> 10} -> {after.allocated >> 10} KiB,"
        f" resident {before.resident >> 10} -> {after.resident >> 10} KiB\n"
    )
    return 0 if _is_flat(before, after, count) else 1


def _is_flat(before: Held, after: Held, count: int) -> bool:
    """How much of its heap a process gives back is chance: what its objects take is not. paramiko
    keeps some 70 bytes of a connection that failed."""
    kept = after.descriptors <= before.descriptors and after.threads <= before.threads
    return kept and after.allocated - before.allocated <= _SMALL * count


if __name__ == "__main__":
    sys.exit(main())
