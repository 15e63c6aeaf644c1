"""An upload to this computer: a hidden file next to its target, then one rename.

The token is JSON: all that is needed to go on after a restart.
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from dataclasses import asdict, dataclass
from io import FileIO

from providers.base import ANY_VERSION, Body
from providers.errors import TargetChanged, UploadExpired
from providers.local.durable import (
    move_to_new_name,
    new_file_mode,
    sync_data,
    sync_directory,
    sync_file,
)
from providers.local.entries import version_of
from providers.local.faults import system_errors
from providers.names import temporary_name

_FLAGS = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOINHERIT", 0)
    | getattr(os, "O_BINARY", 0)
)
_FARTHEST = 2**63 / 1e9  # seconds: what a 64-bit count of nanoseconds holds


@dataclass(frozen=True, slots=True)
class Upload:
    """What a token says. `device` and `inode`, of the unfinished file, prove a file to be it."""

    path: str
    temporary: str
    size: int | None  # bytes
    modified: float | None  # Unix seconds
    mode: int | None
    device: int
    inode: int

    def token(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, token: str) -> Upload:
        """Raises UploadExpired for a token this version cannot read."""
        try:
            return cls(**json.loads(token))
        except (ValueError, TypeError) as error:
            raise UploadExpired("", "this upload's token cannot be read") from error

    def owns(self, info: os.stat_result) -> bool:
        """Whether `info` describes this upload's file.

        Systems give a freed inode to the next file, so size and time must be right as well. Where
        a file gets another inode with each look (some network and FAT disks) they must be enough.
        """
        if self.size not in (None, info.st_size):
            return False
        if self.modified is not None and abs(info.st_mtime - self.modified) > 2:
            return False
        if (info.st_dev, info.st_ino) == (self.device, self.inode):
            return True
        return self.size is not None and self.modified is not None


def begin(
    path: str, size: int | None, *, key: str, modified: float | None, mode: int | None
) -> Upload:
    """Make the empty unfinished file, readable by its owner only."""
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, temporary_name(name, key))
    with system_errors(path):
        _refuse_unstorable(path)
    with system_errors(directory):
        info = _create(temporary)
    when = None if _nanoseconds(modified) is None else modified
    return Upload(path, temporary, size, when, mode, info.st_dev, info.st_ino)


def _refuse_unstorable(path: str) -> None:
    """Have the system look at the final name now: the temporary one may be shorter."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return


def _create(temporary: str) -> os.stat_result:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS
    try:
        descriptor = os.open(temporary, flags, 0o600)
    except FileExistsError:
        # Unlinked, never emptied: it may be a planted link, or a second name of a finished file.
        _unlink(temporary)
        descriptor = os.open(temporary, flags, 0o600)
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def put_part(upload: Upload, offset: int, body: Body) -> int:
    """Store a part and return how many bytes it had, once they are on the disk."""
    descriptor = _open(upload, os.O_WRONLY)
    written = 0
    with FileIO(descriptor, "wb") as file:
        with system_errors(upload.path):
            file.seek(offset)
        for chunk in body:
            view = memoryview(chunk)
            written += len(view)
            with system_errors(upload.path):
                while len(view):
                    view = view[file.write(view) :]
        with system_errors(upload.path):
            sync_data(file.fileno())
    return written


def _open(upload: Upload, flags: int) -> int:
    """The unfinished file's descriptor. Raises UploadExpired when it is gone or is no file."""
    try:
        descriptor = os.open(upload.temporary, flags | _FLAGS | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UploadExpired(upload.path) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise UploadExpired(upload.path) from error
        with system_errors(upload.path):
            raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise UploadExpired(upload.path)


def finish(upload: Upload, replacing: str | None) -> None:
    """Make the unfinished file last and give it its name. See `Writer.finish`."""
    if _named_already(upload):
        with system_errors(upload.path):
            _unlink(upload.temporary)
    else:
        _seal(upload)
        _name(upload, replacing)
    with system_errors(upload.path):
        sync_directory(os.path.dirname(upload.path))


def _named_already(upload: Upload) -> bool:
    """Whether an earlier `finish` got as far as the name (its answer was lost: faults.md A8)."""
    target, temporary = _look(upload.path), _look(upload.temporary)
    if target is None or not upload.owns(target):
        return False
    return temporary is None or os.path.samestat(target, temporary)


def _look(path: str) -> os.stat_result | None:
    with system_errors(path):
        try:
            return os.lstat(path)
        except FileNotFoundError:
            return None


def _seal(upload: Upload) -> None:
    """Give the unfinished file its mode and time and have all of it on the disk."""
    descriptor = _open(upload, os.O_RDWR)
    try:
        size = os.fstat(descriptor).st_size
        if upload.size is not None and size != upload.size:
            what = f"the unfinished file has {size:,} bytes instead of {upload.size:,}"
            raise UploadExpired(upload.path, what)
        with system_errors(upload.path):
            _apply_attributes(upload, descriptor)
            sync_file(descriptor)
    finally:
        os.close(descriptor)


def _apply_attributes(upload: Upload, descriptor: int) -> None:
    mode = new_file_mode() if upload.mode is None else upload.mode & 0o777
    if os.chmod in os.supports_fd:
        os.chmod(descriptor, mode)
    elif mode & 0o200:  # Windows knows one bit, and a read-only file could not be named
        os.chmod(upload.temporary, mode)
    when = _nanoseconds(upload.modified)
    if when is not None:
        by_descriptor = os.utime in os.supports_fd
        os.utime(descriptor if by_descriptor else upload.temporary, ns=(when, when))


def _nanoseconds(modified: float | None) -> int | None:
    """None also for a time from a server that no file can have."""
    if modified is None or not math.isfinite(modified) or abs(modified) >= _FARTHEST:
        return None
    return round(modified * 1e9)


def _name(upload: Upload, replacing: str | None) -> None:
    if replacing is None:
        with system_errors(upload.path):
            move_to_new_name(upload.temporary, upload.path)
        return
    if replacing != ANY_VERSION:
        target = _look(upload.path)
        if target is None or version_of(target) != replacing:
            raise TargetChanged(upload.path)
    with system_errors(upload.path):
        os.replace(upload.temporary, upload.path)


def is_there(upload: Upload) -> bool:
    """Whether the unfinished file still stands where the token says."""
    return _look(upload.temporary) is not None


def abandon(path: str, key: str) -> None:
    """Remove what a `begin` with this key left whose token was lost."""
    directory, name = os.path.split(path)
    with system_errors(path):
        _unlink(os.path.join(directory, temporary_name(name, key)))


def abort(upload: Upload) -> None:
    """Remove the unfinished file. Nothing there is success."""
    with system_errors(upload.temporary):
        _unlink(upload.temporary)
