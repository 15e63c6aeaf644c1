"""The places of a crash run: this computer, and an SFTP server that costs no SSH.

The server is OpenSSH's own `sftp-server` behind a pair of sockets. When its client is killed it
finds the end of its input, as behind a connection that broke, and ends by itself.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from providers.base import Body, Buffer, Capabilities, Parts
from providers.errors import Unsupported
from providers.local import LocalProvider
from providers.sftp.provider import SftpProvider
from providers.sftp.session import Session
from providers.sftp.wire import Wire
from tests.faults.crash.steps import Shared, Steps

LOCAL = "file:"
SFTP = "sftp://ann@127.0.0.1:22"
_SERVERS = (
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/ssh/sftp-server",
)
_TAKE = 1 << 18  # bytes


def find_sftp_server() -> str | None:
    found = next((place for place in _SERVERS if Path(place).exists()), None)
    return found or shutil.which("sftp-server")


@dataclass(frozen=True, slots=True)
class World:
    """What every place of one run shares. `alive` is inherited by each server until it ends."""

    steps: Steps
    shared: Shared
    alive: int
    part: int | None = None  # bytes of a part, None: as large as the place wants
    streams: int = 1  # parts of one file at once
    renames: bool = True  # whether this computer moves by renaming
    names_by_linking: bool = False  # it has no call to rename only to a free name
    sftp_options: tuple[str, ...] = ()


class _Counted:
    """Counts the bytes that are put into a place, and cuts its parts as `world` says."""

    world: World

    def _small(self, caps: Capabilities) -> Capabilities:
        if self.world.part is None or caps.parts is None:
            return caps
        parts = Parts(caps.parts.order, min_size=1, max_size=self.world.part)
        return replace(caps, parts=parts)

    def _count(self, body: Body) -> Iterator[Buffer]:
        for chunk in body:
            self.world.shared.add("put", len(chunk))
            yield chunk


class LocalPlace(_Counted, LocalProvider):
    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def caps(self) -> Capabilities:
        return self._small(super().caps)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        return super().put_part(upload, index, offset, self._count(body))

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        if not self.world.renames:
            raise Unsupported(source, "that is on another disk")
        super().rename(source, target, within=within)


class SftpPlace(_Counted, SftpProvider):
    """Has no shell: what it stored can only be read back."""

    def __init__(self, world: World) -> None:
        super().__init__(SFTP, self._connect)
        self.world = world

    def _connect(self, wire: Wire) -> tuple[Session, None]:
        stream = PipeStream(self.world)
        wire.carry(stream.end)
        return Session(stream, SFTP, ahead=4), None

    @property
    def caps(self) -> Capabilities:
        caps = replace(self._small(super().caps), digests=frozenset())
        streams = self.world.streams  # and not what a busy machine makes of how far it is
        return replace(caps, streams=streams, writing_streams=streams)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        return super().put_part(upload, index, offset, self._count(body))


class PipeStream:
    """A `session.Stream` to a server of its own. Each packet is a step before and one after it."""

    def __init__(self, world: World) -> None:
        program = find_sftp_server()
        assert program is not None
        self._step = world.steps
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._server = subprocess.Popen(
                [program, "-e", "-l", "FATAL", *world.sftp_options],
                stdin=theirs,
                stdout=theirs,
                stderr=subprocess.DEVNULL,
                pass_fds=(world.alive,),
            )

    def send(self, head: bytes, body: Buffer = b"", /) -> None:
        self._step("before send")
        self._socket.sendall(b"".join((head, body)))
        self._step("after send")

    def recv(self, timeout: float) -> bytes:
        self._step("before answer")
        self._socket.settimeout(timeout)
        data = self._socket.recv(_TAKE)
        self._step("after answer")
        return data

    def alive(self) -> bool:
        return self._server.poll() is None

    def end(self) -> None:
        """Wake whoever waits for the server. Never waits."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.end()
        self._socket.close()
        self._server.wait()


PLACES: dict[str, Callable[[World], LocalPlace | SftpPlace]] = {LOCAL: LocalPlace, SFTP: SftpPlace}


def open_places(world: World, endpoints: Sequence[str]) -> dict[str, LocalPlace | SftpPlace]:
    return {endpoint: PLACES[endpoint](world) for endpoint in endpoints}
