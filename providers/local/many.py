"""Many small files of this computer at once: each folder is opened once for all that is in it.

What is not as usual is left: `providers.local.upload` does that one file call by call, and knows
what is wrong.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby

from providers.base import Buffer, Entry
from providers.errors import ProviderError
from providers.local import upload as uploads
from providers.local.entries import entry_of
from providers.local.faults import system_errors
from providers.local.folder import BY_DESCRIPTOR, NO_FOLLOW, Folder, identity_of, open_folder
from providers.local.upload import Upload
from providers.many import Fetched, Naming, Stored, Storing, Wanted
from providers.names import temporary_name
from providers.records import dataclass

_READ_FLAGS = (
    os.O_RDONLY
    | NO_FOLLOW
    | getattr(os, "O_NONBLOCK", 0)  # opening a FIFO would wait for a writer for ever
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOINHERIT", 0)
    | getattr(os, "O_BINARY", 0)
)
_NEW_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | uploads.FLAGS


def stat_all(paths: Sequence[str]) -> list[Entry | ProviderError]:
    """See `providers.many.Batcher`."""
    return [_there(path) for path in paths]


def _there(path: str) -> Entry | ProviderError:
    try:
        with system_errors(path):
            info = os.lstat(path)
    except ProviderError as error:
        return error
    return entry_of(path, os.path.basename(path), info)


# Reading ---------------------------------------------------------------------------------------


def fetch(files: Sequence[Wanted]) -> list[Fetched | None]:
    """See `providers.many.Batcher`."""
    return [_fetched(file) for file in files]


def _fetched(file: Wanted) -> Fetched | None:
    path, size = file.path, file.size
    try:
        # Looked at first: a device is not even opened, as that may have effects.
        before = os.lstat(path)
        if not stat.S_ISREG(before.st_mode) or before.st_size != size:
            return None
        descriptor = os.open(path, _READ_FLAGS)
        try:
            opened = os.fstat(descriptor)
            data = _read(descriptor, size)
        finally:
            os.close(descriptor)
        after = os.lstat(path)
    except (OSError, ValueError):
        return None
    if len(data) != size or not _what(before) == _what(opened) == _what(after):
        return None
    return Fetched(entry_of(path, os.path.basename(path), opened), (data,))


def _what(info: os.stat_result) -> tuple[int, ...]:
    """What a version is made of, and whether it is a file."""
    return (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_mode)


def _read(descriptor: int, size: int) -> bytes:
    """All of it, up to one byte more than its size says (faults.md D8)."""
    data = os.read(descriptor, size + 1)
    while len(data) <= size and (more := os.read(descriptor, size + 1 - len(data))):
        data += more
    return data


# Storing ---------------------------------------------------------------------------------------


def store(files: Sequence[Storing]) -> list[Stored | None]:
    """See `providers.many.Batcher`."""
    stored: list[Stored | None] = []
    for (directory, within), together in groupby(files, _folder):
        here = list(together)
        try:
            with open_folder(directory, within) as folder:
                numbered = _Numbered(directory, folder)
                stored += [_stored(folder, numbered, file) for file in here]
        except ProviderError:
            stored += [None] * len(here)
    return stored


def _folder(file: Storing) -> tuple[str, str]:
    return (os.path.dirname(file.path), file.within)


class _Numbered:
    """What of a folder goes into each token: see `Upload`."""

    def __init__(self, directory: str, folder: Folder) -> None:
        self._directory, self._folder = directory, folder
        self._steady: bool | None = None
        self._real = uploads.real_path(directory, folder)

    def upload(self, file: Storing, unfinished: str, made: os.stat_result) -> Upload:
        """Of `unfinished`, which was opened and is `made`."""
        if self._steady is None:  # how a disk numbers one file it numbers all
            seen = self._folder.look(unfinished)
            self._steady = seen is not None and identity_of(seen) == identity_of(made)
        known, (device, inode) = self._steady, self._folder.identity
        return Upload(
            path=file.path,
            temporary=os.path.join(self._directory, unfinished),
            size=file.size,
            modified=uploads.storable(file.modified),
            mode=file.mode,
            device=made.st_dev if known else None,
            inode=made.st_ino if known else None,
            folder_device=device if known else None,
            folder_inode=inode if known else None,
            real=self._real if known else None,
        )


def _stored(folder: Folder, numbered: _Numbered, file: Storing) -> Stored | None:
    name = os.path.basename(file.path)
    unfinished = temporary_name(name, file.key)
    data = file.pieces[0] if len(file.pieces) == 1 else b"".join(file.pieces)
    try:
        if name not in unfinished:  # refused now if at all: the temporary name is shorter
            folder.look(name)
        descriptor = folder.open(unfinished, _NEW_FLAGS)
        try:
            with _removed_when_full(folder, unfinished):
                _write(descriptor, data)
            alike = _is_there(descriptor, data) if file.proof else None
            made = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if made.st_size != file.size or len(data) != file.size:
            return None
        upload = numbered.upload(file, unfinished, made)
    except (OSError, ValueError, ProviderError):
        return None
    entry = entry_of(upload.temporary, unfinished, made)
    return Stored(upload.token(), (str(file.size),), entry, alike)


@contextmanager
def _removed_when_full(folder: Folder, unfinished: str) -> Iterator[None]:
    """Where a disk has no room for all, what it took of a file would keep others out."""
    try:
        yield
    except OSError:
        if BY_DESCRIPTOR:  # elsewhere a file that is open may not be removed
            with suppress(OSError):
                folder.unlink(unfinished)
        raise


def _write(descriptor: int, data: Buffer) -> None:
    written = os.write(descriptor, data)
    if written < len(data):
        view = memoryview(data)[written:]
        while view:
            view = view[os.write(descriptor, view) :]


def _is_there(descriptor: int, data: Buffer) -> bool:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return _read(descriptor, len(data)) == data


# Naming ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Named:
    """What is to get its name. `replacing`: as for `Writer.finish`."""

    upload: Upload
    replacing: str | None


def name_all(files: Sequence[Naming]) -> list[Entry | ProviderError | None]:
    """See `providers.many.Batcher`. All bytes are on the disk before the first name is given, and
    all names when this returns. Raises UploadExpired for a token this version cannot read."""
    planned = [_Named(Upload.of(file.upload), file.replacing) for file in files]
    ended: dict[int, Entry | ProviderError] = {}
    for _, together in groupby(enumerate(planned), lambda one: one[1].upload.folder):
        here = dict(together)
        # What was not named is finished, and fails, on its own.
        with suppress(ProviderError), uploads.reopened(next(iter(here.values())).upload) as folder:
            ended |= _named_here(folder, here)
    return [ended.get(number) for number in range(len(planned))]


def _named_here(folder: Folder, planned: Mapping[int, _Named]) -> dict[int, Entry | ProviderError]:
    here = {n: one for n, one in planned.items() if uploads.is_the_folder(one.upload, folder)}
    refused: dict[int, ProviderError] = {}
    for step in (_seal, _give_name):
        refused |= _refused(step, {n: one for n, one in here.items() if n not in refused}, folder)
    named = {n: one.upload for n, one in here.items() if n not in refused}
    if not named:
        return dict(refused)
    try:
        uploads.make_name_last(next(iter(named.values())), folder)
    except ProviderError as error:
        told = {
            n: ProviderError(one.path, error.what, advice=error.advice) for n, one in named.items()
        }
        return {**refused, **told}
    return {**refused, **{n: _seen(one, folder) for n, one in named.items()}}


def _refused(
    step: Callable[[_Named, Folder], None], planned: Mapping[int, _Named], folder: Folder
) -> dict[int, ProviderError]:
    """What `step` raised of each file that it did not go well for."""
    errors = {}
    for number, one in planned.items():
        try:
            step(one, folder)
        except ProviderError as error:
            errors[number] = error
    return errors


def _seal(one: _Named, folder: Folder) -> None:
    uploads.seal(one.upload, folder)


def _give_name(one: _Named, folder: Folder) -> None:
    uploads.give_name(one.upload, folder, one.replacing)


def _seen(upload: Upload, folder: Folder) -> Entry | ProviderError:
    try:
        return entry_of(upload.path, upload.name, uploads.named(upload, folder))
    except ProviderError as error:
        return error
