"""Reaching the one process that works a home's queue, and starting it where there is none."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, cast, get_args

from providers.access import Access
from providers.errors import Secret
from transfers.client import Client
from transfers.journal_error import JournalError
from transfers.lock import QueueInUse
from transfers.model import Grant
from transfers.reaching import NoHost
from transfers.socket_address import dial
from tui.settings import Home, home_in

READY = "ready"
IN_USE = "in use"
_START_SECONDS = 30.0  # a loaded machine may be slow, a large queue is read first
_SUCCESSOR_SECONDS = 15.0  # for a process that ends, or one that starts just now
_LOOK_SECONDS = 0.1
_STARTS = 3  # within the time below, before it is given up: it dies again and again
_STARTS_SECONDS = 60.0


def attach(
    home: Home, access: Access, *, env_file: Path | None = None, start: bool = True
) -> Client:
    """The queue of `home`. `access`: what is known so far to get in; each grant is given later.

    Raises NoHost when nobody works it and `start` is not wanted, else QueueInUse, JournalError.
    """
    if not start:
        return Client(lambda: dial(home.queue))
    return Client(_Starter(home, env_file).connection)


def grant_for(access: Access, endpoint: str) -> Grant:
    """What lets the queue into `endpoint` as far as it is known here.

    Its process may have been started without the SFTP_KEY of this one.
    """
    secrets: tuple[tuple[str, str, str], ...] = access.secrets.of(endpoint)
    if not any(needs == "key" for needs, _, _ in secrets):
        secrets += tuple(("key", "", str(path)) for path in access.keys[:1])
    return Grant(endpoint, secrets, access.trusted.of(endpoint))


def admit(access: Access, grant: Grant) -> None:
    """Take in what a person gave to get into an endpoint."""
    for needs, subject, value in grant.secrets:
        if needs in get_args(Secret):
            access.secrets.put(grant.endpoint, cast(Secret, needs), value, subject)
    for line in grant.trusted:
        access.trusted.add(grant.endpoint, line)


class _Starter:
    """Reaches the host, or starts one; not again and again when that dies each time."""

    def __init__(self, home: Home, env_file: Path | None) -> None:
        self._home = home
        self._env_file = env_file
        self._started: deque[float] = deque(maxlen=_STARTS)
        self._failure = ""

    def connection(self) -> Connection:
        """Raises QueueInUse, JournalError, Intruder."""
        give_up = time.monotonic() + _SUCCESSOR_SECONDS
        while True:
            try:
                return dial(self._home.queue)
            except NoHost:
                self._start()
            try:
                return dial(self._home.queue)
            except NoHost as error:
                if time.monotonic() > give_up:
                    raise QueueInUse(self._home.queue) from error
                time.sleep(_LOOK_SECONDS)

    def _start(self) -> None:
        """Returns once one is ready, or another process has the queue."""
        now = time.monotonic()
        if len(self._started) == _STARTS and now - self._started[0] < _STARTS_SECONDS:
            raise JournalError(
                self._failure
                or "The process that works the queue ended again and again. Nothing is lost; the "
                f"log in {self._home.logs} may tell why."
            )
        answer = _run(self._home, self._env_file)
        if answer == IN_USE:
            return
        self._started.append(now)
        self._failure = ""
        if answer != READY:
            self._failure = answer or "The process that works the queue did not start."
            raise JournalError(self._failure)


def _run(home: Home, env_file: Path | None) -> str:
    """Start the process; what it says first: that it is ready, or why not."""
    command = [sys.executable, "-P", "-m", "tui.headless.host"]  # -P: nothing from the home
    if env_file is not None:
        command += ["--env-file", str(env_file.absolute())]
    detached = 0
    if sys.platform == "win32":
        detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    process = subprocess.Popen(
        command,
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=home.queue,
        env=_environment(home),
        start_new_session=True,
        creationflags=detached,
    )
    # It stays when this process goes; while both are there, its end is taken note of.
    threading.Thread(target=process.wait, name="queue-process", daemon=True).start()
    assert process.stdout is not None
    with process.stdout as pipe:
        return _first_line(pipe)


def _first_line(pipe: IO[bytes]) -> str:
    said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    thread = threading.Thread(target=lambda: said.put(pipe.readline()), name="ready", daemon=True)
    thread.start()
    try:
        return said.get(timeout=_START_SECONDS).decode("utf-8", "replace").strip()
    except queue.Empty:
        return "The process that works the queue did not start in time."


def _environment(home: Home) -> Mapping[str, str]:
    """As here, with this home and the place these packages are imported from."""
    environ = dict(os.environ)
    if home == home_in(home.queue):
        environ["WHARFIE_HOME"] = str(home.queue)
    packages = str(Path(__file__).parents[2])
    paths = [packages, *filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))]
    return environ | {"PYTHONPATH": os.pathsep.join(paths)}
