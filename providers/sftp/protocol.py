"""SFTP version 3 on the wire: packets made and taken apart. Pure; what comes in is hostile.

draft-ietf-secsh-filexfer-02 and OpenSSH's PROTOCOL file. Every length is checked against what is
really there before anything is allocated.
"""

from __future__ import annotations

import re
import stat
import struct
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from typing import TypeAlias

from providers.base import Kind
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    InvalidName,
    NoSpace,
    NotEmpty,
    NotFound,
    ProviderError,
    Unsupported,
    WrongKind,
)
from providers.records import dataclass
from providers.text import from_bytes, printable, to_bytes

VERSION = 3
MAX_PACKET = 1 << 20  # bytes of a reply: OpenSSH sends at most 256 KiB
_MAX_NAMES = 100_000  # in one reply
_MAX_EXTENSIONS = 256
_MAX_MESSAGE = 200  # characters of a server's own words that are shown
_USUAL_PATH = 4095  # bytes: PATH_MAX of Linux without its NUL; other systems take less


# Version 3 has no code for it: servers that say why use the system's words.
_FULL = re.compile(
    r"(no|out of|not enough|insufficient) (disk )?space|disk (is )?full|quota (was )?exceeded"
    r"|(over|exceeds?) (the |your |disk )*quota",
    re.IGNORECASE,
)


class Op(IntEnum):
    """Packet types."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    REALPATH = 16
    STAT = 17
    RENAME = 18
    READLINK = 19
    SYMLINK = 20
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Open(IntFlag):
    """How a file is opened."""

    READ = 0x01
    WRITE = 0x02
    CREATE = 0x08
    EXCLUSIVE = 0x20


class Status(IntEnum):
    """Status codes that are told apart; those above 8 come from later drafts."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    UNSUPPORTED = 8


class Refused(ProviderError):
    """SSH_FX_FAILURE: the server says no without saying why in a way a program can tell."""

    what = "the server refused it"
    advice = "Check the server's disk, quota and permissions there."


class BadPacket(Exception):
    """What came is not SFTP: nothing after it can be trusted."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a server says of a file; None: it did not say. Times in Unix seconds."""

    size: int | None = None
    permissions: int | None = None  # all of st_mode
    accessed: int | None = None
    modified: int | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """One entry of a NAME reply. `name` is untrusted."""

    name: str
    long_name: str
    attributes: Attributes


Line: TypeAlias = tuple[str, str, int | None, int | None, int | None]
"""The same without objects: name, long name, size, permissions and time of modification."""

_U32 = struct.Struct(">I")
_SIZE, _OWNER, _PERMISSIONS, _TIMES, _EXTENDED = 0x1, 0x2, 0x4, 0x8, 0x80000000
_USUAL_FLAGS = _SIZE | _OWNER | _PERMISSIONS | _TIMES
_USUAL = struct.Struct(">IQ2I3I")  # flags, size, owner and group, mode, two times


def u32(number: int) -> bytes:
    return struct.pack(">I", number)


def u64(number: int) -> bytes:
    return struct.pack(">Q", number)


def string(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def path_string(path: str) -> bytes:
    """A path as the server gave it. Raises InvalidName for one that no server can have.

    A NUL would end it early in the server: another file would be meant than the one named.
    """
    try:
        raw = to_bytes(path)
    except UnicodeEncodeError as error:
        raise InvalidName(path, "this name cannot be written as UTF-8") from error
    if b"\0" in raw:
        raise InvalidName(path)
    return string(raw)


def attributes(*, permissions: int | None = None, modified: int | None = None) -> bytes:
    """An ATTRS block. The access time is set with the modification time: v3 has no other way."""
    flags, body = 0, b""
    if permissions is not None:
        flags, body = flags | _PERMISSIONS, body + u32(permissions)
    if modified is not None:
        flags, body = flags | _TIMES, body + u32(modified) * 2
    return u32(flags) + body


def packet(kind: int, request_id: int, *fields: bytes) -> bytes:
    """A whole request with its length."""
    body = b"".join(fields)
    return struct.pack(">IBI", len(body) + 5, kind, request_id) + body


def write_head(request_id: int, handle: bytes, offset: int, size: int) -> bytes:
    """A WRITE request but for its `size` bytes of payload, which are to follow."""
    head = string(handle) + struct.pack(">QI", offset, size)
    return struct.pack(">IBI", len(head) + size + 5, Op.WRITE, request_id) + head


_TYPE = 0o170000  # the bits of st_mode that tell what a thing is (S_IFMT)
_CUT = "a packet ends in the middle of a field"


class Fields:
    """Reads the fields of a packet in turn. Raises BadPacket where it ends too early."""

    def __init__(self, raw: memoryview) -> None:
        self._raw = raw
        self._at = 0

    def _take(self, size: int) -> memoryview:
        end = self._at + size
        if end > len(self._raw):
            raise BadPacket(_CUT)
        taken = self._raw[self._at : end]
        self._at = end
        return taken

    def u32(self) -> int:
        at = self._at
        if at + 4 > len(self._raw):
            raise BadPacket(_CUT)
        self._at = at + 4
        return int.from_bytes(self._raw[at : at + 4], "big")

    def u64(self) -> int:
        return int.from_bytes(self._take(8), "big")

    def view(self) -> memoryview:
        at = self._at + 4
        end = at + int.from_bytes(self._raw[at - 4 : at], "big")
        if at > len(self._raw) or end > len(self._raw):
            raise BadPacket(_CUT)
        self._at = end
        return self._raw[at:end]

    def string(self) -> bytes:
        return bytes(self.view())

    def left(self) -> int:
        return len(self._raw) - self._at

    def attributes(self) -> Attributes:
        if self.left() >= _USUAL.size:  # nearly always: a quarter of the work of a listing
            flags, size, _, _, mode, accessed, modified = _USUAL.unpack_from(self._raw, self._at)
            if flags == _USUAL_FLAGS:
                self._at += _USUAL.size
                return Attributes(size, mode, accessed, modified)
        return self._any_attributes()

    def _any_attributes(self) -> Attributes:
        flags = self.u32()
        size = self.u64() if flags & _SIZE else None
        if flags & _OWNER:
            self._take(8)
        permissions = self.u32() if flags & _PERMISSIONS else None
        accessed, modified = (self.u32(), self.u32()) if flags & _TIMES else (None, None)
        if flags & _EXTENDED:
            for _ in range(self._count(_MAX_EXTENSIONS)):
                self.view()
                self.view()
        return Attributes(size, permissions, accessed, modified)

    def names(self) -> Iterator[Name]:
        """The long name, a line as `ls -l` has it, is told where no mode is: it is costly to read
        and of no other use."""
        for _ in range(self._count(_MAX_NAMES)):
            name, long_name, attributes = self.string(), self.view(), self.attributes()
            line = "" if (attributes.permissions or 0) & _TYPE else from_bytes(bytes(long_name))
            yield Name(from_bytes(name), line, attributes)

    def lines(self) -> Iterator[Line]:
        """What `names` tells, without an object for each part: a directory may have a million."""
        count = self._count(_MAX_NAMES)
        raw, at = bytes(self._raw[self._at :]), 0
        try:
            for _ in range(count):
                end = at + 4 + _U32.unpack_from(raw, at)[0]
                name = raw[at + 4 : end].decode("utf-8", "surrogateescape")
                at = end + 4 + _U32.unpack_from(raw, end)[0]
                flags = 0
                if at + _USUAL.size <= len(raw):
                    flags, size, _, _, mode, _, modified = _USUAL.unpack_from(raw, at)
                if flags == _USUAL_FLAGS and mode & _TYPE:
                    at += _USUAL.size
                    yield name, "", size, mode, modified
                    continue
                rest = Fields(memoryview(raw)[at:])
                long_name, told = from_bytes(raw[end + 4 : at]), rest.attributes()
                at = len(raw) - rest.left()
                line = "" if (told.permissions or 0) & _TYPE else long_name
                yield name, line, told.size, told.permissions, told.modified
        except struct.error:
            raise BadPacket(_CUT) from None

    def extensions(self) -> dict[str, bytes]:
        """The pairs after the version number: what the server can beyond version 3."""
        found: dict[str, bytes] = {}
        while self.left():
            if len(found) >= _MAX_EXTENSIONS:
                raise BadPacket("it announces too many extensions")
            name = from_bytes(self.string())
            found[name] = self.string()
        return found

    def _count(self, most: int) -> int:
        count = self.u32()
        if count > most:
            raise BadPacket("a packet announces too many items")
        return count


def absolute(fields: Fields) -> str:
    """The address in the answer to a REALPATH. Raises BadPacket for one that is not absolute."""
    name = next(fields.names(), None)
    if name is None or not name.name.startswith("/") or "\0" in name.name:
        raise BadPacket("it gave an address that is not absolute")
    # MySecureShell ends folders with a slash, which follows a link: "/" itself stays.
    return name.name.rstrip("/") or "/"


def failure(code: int, message: str, path: str) -> ProviderError:
    """The error for a status that is not OK. `message` is the server's own, untrusted."""
    kind = _ERRORS.get(code)
    if kind is not None:
        return kind(path)
    said = printable(" ".join(message.split())[:_MAX_MESSAGE])
    if code == Status.BAD_MESSAGE:
        return _unusable(path)
    if _FULL.search(message):
        return NoSpace(path, f"the server said “{said}”")
    if said.casefold() == "not a directory":  # ProFTPD, Green End: something is below a file
        return WrongKind(path, "is below something that is not a directory")
    if said and said.casefold() not in {"failure", "general failure"}:
        return Refused(path, f"the server refused it and said “{said}”")
    return Refused(path)


def _unusable(path: str) -> InvalidName:
    """OpenSSH answers that for a path that its system calls too long, too."""
    if len(to_bytes(path)) <= _USUAL_PATH:
        return InvalidName(path, "the server cannot use this name or request")
    advice = "Choose a folder nearer to the top, or shorter names."
    return InvalidName(path, "this path is longer than the server takes", advice=advice)


_ERRORS: dict[int, type[ProviderError]] = {
    Status.NO_SUCH_FILE: NotFound,
    Status.PERMISSION_DENIED: Denied,
    Status.NO_CONNECTION: ConnectionLost,
    Status.CONNECTION_LOST: ConnectionLost,
    Status.UNSUPPORTED: Unsupported,
    10: NotFound,  # no such path
    11: AlreadyExists,
    12: Denied,  # write protected
    14: NoSpace,
    15: NoSpace,  # quota
    18: NotEmpty,
    19: WrongKind,  # not a directory
    20: InvalidName,
    24: WrongKind,  # is a directory
}


def kind_of(permissions: int | None, long_name: str = "") -> Kind:
    """What a thing is, from its mode, or from the first letter of its `ls -l` line."""
    kind = (permissions or 0) & _TYPE
    if not kind:
        return _LETTERS.get(long_name[:1], _OTHER)
    return _KINDS.get(kind, _OTHER)


_OTHER = Kind.OTHER
_LETTERS = {"-": Kind.FILE, "d": Kind.DIR, "l": Kind.LINK}
_KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIR, stat.S_IFLNK: Kind.LINK}
