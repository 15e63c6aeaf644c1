"""The background process that tests start without naming it: found, killed, seen off."""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

from providers.access import Access
from transfers.client import Client
from transfers.lock import QueueInUse, QueueLock
from transfers.reaching import NoHost
from transfers.socket_address import dial
from tui.headless.attach import attach
from tui.settings import find_home

_LAST_RESORT = 60.0
_LOOK_SECONDS = 0.02
_MAC_LOCAL_PEERPID = 2


def client() -> Client:
    """A face of the host of this test's home. Raises NoHost."""
    home = find_home(os.environ)
    return attach(home, Access(home.known_hosts), start=False)


def host_running() -> bool:
    try:
        dial(find_home(os.environ).queue).close()
    except NoHost:
        return False
    return True


def until_host(running: bool) -> None:
    deadline = time.monotonic() + _LAST_RESORT
    while host_running() is not running:
        assert time.monotonic() < deadline, f"the host was to be {running=}"
        time.sleep(_LOOK_SECONDS)  # another process's end has no event to wait for


def kill_host() -> None:
    """End the host as the power does, and wait until it is gone."""
    with closing(dial(find_home(os.environ).queue)) as connection:
        pid = _pid_of_peer(connection.fileno())
    os.kill(pid, signal.SIGKILL)
    until_queue_is_free()


def stop_host() -> None:
    """Have the host of this test's home end, when there is one, and see that none is left."""
    directory = find_home(os.environ).queue
    if not (directory / "queue.lock").exists():
        return
    with suppress(NoHost):
        client().stop(pause=False)
    until_queue_is_free()


def until_queue_is_free(directory: Path | None = None) -> None:
    """`directory`: of another queue than this test's."""
    directory = directory or find_home(os.environ).queue
    deadline = time.monotonic() + _LAST_RESORT
    while True:
        try:
            QueueLock(directory).release()
        except QueueInUse:
            assert time.monotonic() < deadline, "a process is left that holds the queue"
            time.sleep(_LOOK_SECONDS)
        else:
            return


def _pid_of_peer(descriptor: int) -> int:
    with socket.socket(fileno=os.dup(descriptor)) as end:
        if sys.platform == "darwin":
            return int(struct.unpack("i", end.getsockopt(0, _MAC_LOCAL_PEERPID, 4))[0])
        raw = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", raw)[0])
