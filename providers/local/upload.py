"""An upload to this computer: a hidden file next to its target, then one rename.

The token is JSON: all that is needed to go on after a restart. Every step opens the target's
folder anew and works only in the very one that `begin` found (faults.md D3).
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache

from providers.base import ANY_VERSION, Body
from providers.errors import NotFound, ProviderError, TargetChanged, UploadExpired, WrongKind
from providers.local.durable import new_file_mode, sync_data, sync_file
from providers.local.entries import version_of
from providers.local.faults import system_errors, to_provider_error
from providers.local.folder import NO_FOLLOW, Folder, Identity, identity_of, open_folder
from providers.names import temporary_name
from providers.records import dataclass, names_of

_FLAGS = (
    NO_FOLLOW
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOINHERIT", 0)
    | getattr(os, "O_BINARY", 0)
)
# To sync a file it need not be writable: its final mode may forbid that after a crash.
_SEAL_FLAGS = os.O_RDWR if os.name == "nt" else os.O_RDONLY
_FARTHEST = 2**63 / 1e9  # seconds: what a 64-bit count of nanoseconds holds


@dataclass(frozen=True, slots=True)
class Upload:
    """What a token says. `device` and `inode`, of the unfinished file, prove a file to be it.

    Those of its folder prove that to be the one; `real` is where the folder's path led. All are
    None on a disk that shows a file as another with each look, `real` and the folder's also in a
    token of Wharfie 0.1.
    """

    path: str
    temporary: str
    size: int | None  # bytes
    modified: float | None  # Unix seconds
    mode: int | None
    device: int | None
    inode: int | None
    folder_device: int | None = None
    folder_inode: int | None = None
    real: str | None = None

    def token(self) -> str:
        return json.dumps({name: getattr(self, name) for name in _FIELDS})

    @classmethod
    def of(cls, token: str) -> Upload:
        """Raises UploadExpired for a token this version cannot read."""
        return _upload_of(token)

    @property
    def folder(self) -> str:
        return os.path.dirname(self.path)

    @property
    def name(self) -> str:
        return os.path.basename(self.path)

    @property
    def unfinished(self) -> str:
        """The unfinished file's name."""
        return os.path.basename(self.temporary)

    def owns(self, info: os.stat_result) -> bool:
        """Whether `info` describes this upload's file under its final name.

        Systems give a freed inode to the next file, so size and time must be right as well. Where
        a file gets another inode with each look (some network and FAT disks) they must be enough.
        """
        if self.size not in (None, info.st_size):
            return False
        if self.modified is not None and abs(info.st_mtime - self.modified) > 2:
            return False
        if identity_of(info) == (self.device, self.inode):
            return True
        return self.size is not None and self.modified is not None

    def may_be_written(self, info: os.stat_result) -> bool:
        """Whether an opened file is this upload's unfinished one, and has no other name.

        Some disks (FAT, exFAT) number a file anew when it gets its first bytes: there a file of
        our own under this name must be it.
        """
        if not stat.S_ISREG(info.st_mode) or info.st_nlink > 1:
            return False
        return identity_of(info) == (self.device, self.inode) or _is_our_own(info)


_FIELDS = names_of(Upload)


@lru_cache(maxsize=256)  # each step of an upload asks for it
def _upload_of(token: str) -> Upload:
    try:
        return Upload(**json.loads(token))
    except (ValueError, TypeError) as error:
        raise UploadExpired("", "this upload's token cannot be read") from error


def _is_our_own(info: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or info.st_uid == os.geteuid()


def begin(
    path: str,
    size: int | None,
    *,
    key: str,
    modified: float | None,
    mode: int | None,
    within: str,
) -> Upload:
    """Make the empty unfinished file, readable by its owner only."""
    directory, name = os.path.split(path)
    unfinished = temporary_name(name, key)
    with open_folder(directory, within) as folder:
        with system_errors(path):
            folder.look(name)  # refused now if at all: the temporary name may be shorter
        with system_errors(directory):
            made = _create(folder, unfinished)
            seen = folder.look(unfinished)
    steady = seen is not None and identity_of(seen) == identity_of(made)
    device, inode = folder.identity
    return Upload(
        path=path,
        temporary=os.path.join(directory, unfinished),
        size=size,
        modified=None if _nanoseconds(modified) is None else modified,
        mode=mode,
        device=made.st_dev if steady else None,
        inode=made.st_ino if steady else None,
        folder_device=device if steady else None,
        folder_inode=inode if steady else None,
        real=_real_path(directory, folder) if steady else None,
    )


def _real_path(directory: str, folder: Folder) -> str:
    """The path of `folder` without links; "" when another one has taken its place already."""
    try:
        for resolve in (_resolved_before, _resolved):
            real = resolve(directory, folder.identity)
            if identity_of(os.stat(real)) == folder.identity:
                return real
    except OSError:
        pass
    return ""


def _resolved(directory: str, _identity: Identity) -> str:
    return os.path.realpath(directory)


_resolved_before = lru_cache(maxsize=16)(_resolved)  # looks at each folder above it


def _create(folder: Folder, name: str) -> os.stat_result:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS
    try:
        descriptor = folder.open(name, flags)
    except FileExistsError:
        # Unlinked, never emptied: it may be a planted link, or a second name of a finished file.
        folder.unlink(name)
        descriptor = folder.open(name, flags)
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _reopened(upload: Upload) -> Iterator[Folder]:
    """The folder that `begin` found, and no other: nothing may be written elsewhere.

    Raises UploadExpired when it is gone or another one stands in its place, WrongKind when its
    path leads elsewhere.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(open_folder(upload.folder))
        except NotFound as error:
            raise UploadExpired(upload.path, "the folder it was written to is gone") from error
        if not _is_the_folder(upload, folder):
            if _leads_elsewhere(upload, folder):
                raise WrongKind(
                    upload.folder,
                    "this folder was replaced by a link, or moved, while a file was written to it",
                    advice="Nothing was written where it leads. Open the folder you want and copy "
                    "there again.",
                )
            raise UploadExpired(upload.path, "the folder it was written to was replaced")
        yield folder


def _is_the_folder(upload: Upload, folder: Folder) -> bool:
    known = upload.folder_inode is not None
    return not known or folder.identity == (upload.folder_device, upload.folder_inode)


def _leads_elsewhere(upload: Upload, folder: Folder) -> bool:
    # A network disk may come back from a restart as another device, in the same place.
    return _real_path(upload.folder, folder) != upload.real


def put_part(upload: Upload, offset: int, body: Body) -> int:
    """Store a part and return how many bytes it had, once they are on the disk.

    With the first of several the unfinished file's name is, too: they are to be found after a
    power cut (fsync(2) says nothing of the name).
    """
    with _reopened(upload) as folder:
        descriptor = _open(upload, folder, os.O_WRONLY)
        with _synced_or_discarded(upload, folder, descriptor, sync_data):
            written = _write(upload, descriptor, offset, body)
        if offset == 0 and written != upload.size:
            with system_errors(upload.folder):
                folder.sync()
        return written


def _write(upload: Upload, descriptor: int, offset: int, body: Body) -> int:
    written = 0
    with system_errors(upload.path):
        os.lseek(descriptor, offset, os.SEEK_SET)
    for chunk in body:
        view = memoryview(chunk)
        written += len(view)
        with system_errors(upload.path):
            while len(view):
                view = view[os.write(descriptor, view) :]
    return written


def _open(upload: Upload, folder: Folder, flags: int) -> int:
    """The unfinished file's descriptor. Raises UploadExpired when it is gone or is not ours."""
    try:
        descriptor = folder.open(upload.unfinished, flags | _FLAGS | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UploadExpired(upload.path) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO):
            raise UploadExpired(upload.path) from error
        raise to_provider_error(upload.path, error) from error
    if upload.may_be_written(os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    raise UploadExpired(upload.path, "another file has taken the place of the unfinished one")


@contextmanager
def _synced_or_discarded(
    upload: Upload, folder: Folder, descriptor: int, sync: Callable[[int], None]
) -> Iterator[None]:
    """After the block: sync, and close `descriptor`. When that fails, the file is removed.

    A system may drop what it could not write and report success the next time, so that what a
    failed sync left is never synced again and trusted (faults.md A5; fsync(2)).
    """
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.close(descriptor)
        raise
    try:
        try:
            sync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        with suppress(OSError):
            folder.unlink(upload.unfinished)
        raise to_provider_error(upload.path, error) from error


def finish(upload: Upload, replacing: str | None, *, again: bool) -> os.stat_result:
    """Make the unfinished file last and give it its name; see `Writer.finish`. What stands there.

    When only the name may not last, an error says so: the new file is in its place, then.
    """
    with _reopened(upload) as folder:
        if again and _named_already(upload, folder):
            with system_errors(upload.path):
                folder.unlink(upload.unfinished)
        else:
            _seal(upload, folder)
            _name(upload, folder, replacing)
        _make_name_last(upload, folder)
        found = _look(upload, folder, upload.name)
    if found is None:
        raise TargetChanged(upload.path, "it was removed as soon as it had its name")
    return found


def _named_already(upload: Upload, folder: Folder) -> bool:
    """Whether an earlier `finish` got as far as the name (its answer was lost: faults.md A8)."""
    target = _look(upload, folder, upload.name)
    unfinished = _look(upload, folder, upload.unfinished)
    if target is None or not upload.owns(target):
        return False
    return unfinished is None or os.path.samestat(target, unfinished)


def _look(upload: Upload, folder: Folder, name: str) -> os.stat_result | None:
    with system_errors(upload.path):
        return folder.look(name)


def _seal(upload: Upload, folder: Folder) -> None:
    """Give the unfinished file its mode and time and have all of it on the disk."""
    descriptor = _open(upload, folder, _SEAL_FLAGS)
    with _synced_or_discarded(upload, folder, descriptor, sync_file):
        size = os.fstat(descriptor).st_size
        if upload.size is not None and size != upload.size:
            what = f"the unfinished file has {size:,} bytes instead of {upload.size:,}"
            raise UploadExpired(upload.path, what)
        with system_errors(upload.path):
            _apply_attributes(upload, descriptor)


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


def _name(upload: Upload, folder: Folder, replacing: str | None) -> None:
    if replacing is None:
        with system_errors(upload.path):
            folder.name_new(upload.unfinished, upload.name)
        return
    if replacing != ANY_VERSION:
        target = _look(upload, folder, upload.name)
        if target is None or version_of(target) != replacing:
            raise TargetChanged(upload.path)
    with system_errors(upload.path):
        folder.name_over(upload.unfinished, upload.name)


def _make_name_last(upload: Upload, folder: Folder) -> None:
    try:
        folder.sync()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ProviderError(
            upload.path,
            "the whole file is there under its name, but the disk could not make that last "
            f"({reason}): it may be gone after a power failure",
            advice="Check the disk, then copy it once more.",
        ) from error


def is_there(upload: Upload) -> bool:
    """Whether the unfinished file still stands where `begin` made it."""
    with _reopened(upload) as folder:
        return _look(upload, folder, upload.unfinished) is not None


def abandon(path: str, key: str) -> None:
    """Remove what a `begin` with this key left whose token was lost."""
    directory, name = os.path.split(path)
    try:
        with open_folder(directory) as folder, system_errors(path):
            folder.unlink(temporary_name(name, key))
    except (NotFound, WrongKind):  # no folder, no file in it
        return


def abort(upload: Upload) -> None:
    """Remove the unfinished file. Nothing there is success, and so is a path that leads elsewhere
    by now: whoever put a link there took the file away.
    """
    try:
        with open_folder(upload.folder) as folder, system_errors(upload.temporary):
            if _is_the_folder(upload, folder) or not _leads_elsewhere(upload, folder):
                folder.unlink(upload.unfinished)
    except (NotFound, WrongKind):
        return
