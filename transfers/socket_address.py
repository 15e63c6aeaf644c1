"""Where a queue is reached: its socket, who may speak there, and that nobody else listens.

The socket stands in the queue's private directory. Where its path would be too long for a socket
(about 100 bytes), it stands in a short private one, named by a digest of the directory.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import (
    Client,
    Connection,
    answer_challenge,
    deliver_challenge,
)
from pathlib import Path

from transfers.lock import QueueSilent
from transfers.reaching import Intruder, NoHost

_LONGEST = 100  # bytes: macOS has room for 103, Linux for 107
_SHORT_ROOT = Path("/tmp")  # the same for every shell, whatever its TMPDIR
_KEY_NAME = "queue.key"
_ANSWER_SECONDS = 5.0  # a person waits for it, and an idle host answers within milliseconds
_LOOK_SECONDS = 0.05
_MAC_LOCAL_PEERCRED = 1
_MAC_LOCAL_PEERPID = 2


def addresses(directory: Path) -> list[str]:
    """Where the queue in `directory` may listen, the preferred one first."""
    name = hashlib.sha256(os.fsencode(directory.absolute())).hexdigest()[:16]
    if sys.platform == "win32":
        return [rf"\\.\pipe\wharfie-{name}"]
    short = _SHORT_ROOT / f"wharfie-{os.getuid()}-{name}" / "queue.sock"
    near = directory.absolute() / "queue.sock"
    return [str(path) for path in (near, short) if len(os.fsencode(path)) <= _LONGEST]


def make_room(address: str) -> None:
    """Make the short private directory of `address`, and remove a dead host's socket.

    Only for who holds the queue's lock. Raises Intruder, OSError.
    """
    if sys.platform == "win32":
        return
    path = Path(address)
    if path.parent.parent == _SHORT_ROOT:
        with suppress(FileExistsError):
            path.parent.mkdir(mode=0o700)
    _require_private(path.parent)
    path.unlink(missing_ok=True)


def remove(address: str) -> None:
    """Take the socket away, and the short directory it stands in."""
    if sys.platform == "win32":
        return
    path = Path(address)
    with suppress(OSError):
        path.unlink(missing_ok=True)
        if path.parent.parent == _SHORT_ROOT:
            path.parent.rmdir()


def _require_private(directory: Path) -> None:
    if sys.platform == "win32":
        return
    info = directory.lstat()
    ours = stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid()
    if not ours or info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Intruder(
            f"{directory} belongs to somebody else, or others may write there. Remove it, or set "
            "its mode to 0700."
        )


def read_key(directory: Path) -> bytes:
    """What both ends of a connection prove to know. Raises NoHost where there is none."""
    try:
        return (directory / _KEY_NAME).read_bytes()
    except FileNotFoundError as error:
        raise NoHost("this queue was never worked in the background") from error


def make_key(directory: Path) -> bytes:
    """The queue's key, made when there is none. Only for who holds the queue's lock."""
    path = directory / _KEY_NAME
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
    if len(key := path.read_bytes()) == 32:
        return key
    path.unlink()  # a crash cut its writing short
    return make_key(directory)


def dial(directory: Path) -> Connection:
    """A connection to whoever works the queue in `directory`.

    Raises NoHost, Intruder, QueueSilent.
    """
    key = read_key(directory)
    intruder: Intruder | None = None
    for address in addresses(directory):
        try:
            _require_private(Path(address).parent)
            connection = _connected(address)
        except (FileNotFoundError, ConnectionError):
            continue
        except Intruder as error:  # no reason to stay away from a better address
            intruder = error
            continue
        try:
            _shake_hands(connection, key)
        except BaseException:
            connection.close()
            raise
        return connection
    if intruder is not None and len(addresses(directory)) == 1:
        raise intruder
    raise NoHost("nobody works this queue just now")


def _connected(address: str) -> Connection:
    """Raises QueueSilent when as many as can wait there are never let in, OSError."""
    if sys.platform == "win32":
        return Client(address)
    give_up = time.monotonic() + _ANSWER_SECONDS
    while True:
        with socket.socket(socket.AF_UNIX) as end:
            try:
                end.settimeout(_ANSWER_SECONDS)
                end.connect(address)
            except (BlockingIOError, TimeoutError):  # a plain `connect` would wait for ever
                if time.monotonic() > give_up:
                    raise QueueSilent from None
            else:
                end.settimeout(None)
                return Connection(end.detach())
        time.sleep(_LOOK_SECONDS)


def _shake_hands(connection: Connection, key: bytes) -> None:
    """Raises NoHost, Intruder, QueueSilent."""
    try:
        require_own(connection)
        with _in_time(connection):
            answer_challenge(connection, key)
            deliver_challenge(connection, key)
    except AuthenticationError as error:
        raise Intruder("whoever listens where this queue does has not its key") from error
    except TimeoutError as error:
        raise QueueSilent(peer_process(connection)) from error
    except (OSError, EOFError, AssertionError) as error:
        raise NoHost("whoever worked this queue hung up") from error


def welcome(connection: Connection, key: bytes) -> None:
    """The listening end's side of `dial`.

    Raises Intruder, OSError, EOFError, multiprocessing.AuthenticationError.
    """
    require_own(connection)
    with _in_time(connection):
        deliver_challenge(connection, key)
        answer_challenge(connection, key)


@contextmanager
def _in_time(connection: Connection) -> Iterator[None]:
    """Hang up when what is said in the block is not said soon: a process may be stopped at any
    word, or in the middle of one. Raises TimeoutError then."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        hang_up(connection)

    timer = threading.Timer(_ANSWER_SECONDS, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, EOFError):
        if not late.is_set():
            raise
    finally:
        timer.cancel()
        timer.join()
    if late.is_set():
        raise TimeoutError("whoever is at the other end did not answer in time")


def require_own(connection: Connection) -> None:
    """Raise Intruder when another user is at the other end, as far as the system tells.

    Where it does not, the private directory and the key are what keeps others out.
    """
    user = _peer(connection)
    if user is not None and user != os.getuid():
        raise Intruder(f"user {user} tried to reach this queue")


def _peer(connection: Connection) -> int | None:
    if sys.platform == "win32":
        return None
    with socket.socket(fileno=os.dup(connection.fileno())) as end:
        if hasattr(socket, "SO_PEERCRED"):
            raw = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", raw)[1])
        if sys.platform == "darwin":
            raw = end.getsockopt(0, _MAC_LOCAL_PEERCRED, 76)
            return int(struct.unpack_from("=II", raw)[1])
    return None


def peer_process(connection: Connection) -> int | None:
    """The number of the process at the other end, as far as the system tells."""
    if sys.platform == "win32":
        return None
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as end:
        if hasattr(socket, "SO_PEERCRED"):
            raw = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", raw)[0])
        if sys.platform == "darwin":
            return int(struct.unpack("i", end.getsockopt(0, _MAC_LOCAL_PEERPID, 4))[0])
    return None


def hang_up(connection: Connection) -> None:
    """End a connection, also under a thread that reads or writes it."""
    if sys.platform != "win32":
        with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)
            return
    with suppress(OSError):
        connection.close()
