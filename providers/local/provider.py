"""This computer's files as a Provider and Writer. Holds no state: any thread may call."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import FileIO
from itertools import islice

from providers.access import Access
from providers.base import Body, Buffer, Capabilities, Entry, Kind, Parts, Room
from providers.errors import (
    InvalidName,
    ProviderError,
    SourceChanged,
    UploadExpired,
    WrongKind,
)
from providers.local import linking, many, modes, trash
from providers.local import room as rooms
from providers.local import tree as trees
from providers.local import upload as uploads
from providers.local.durable import sync_directory
from providers.local.entries import entry_of, entry_of_item, kind_of
from providers.local.faults import system_errors
from providers.local.folder import open_folder
from providers.local.upload import Upload
from providers.local.windows import check_windows_name
from providers.many import Fetched, Naming, Stored, Storing, Wanted
from providers.names import check_name

WINDOWS = os.name == "nt"
_PAGE = 1000  # entries
_CHUNK = 1 << 20  # bytes
_SEPARATORS = os.sep + (os.altsep or "")
_READ_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # opening a FIFO would wait for a writer for ever
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOINHERIT", 0)
    | getattr(os, "O_BINARY", 0)
)
_CAPS = Capabilities(
    connections=8,
    ranged_reads=True,
    real_directories=True,
    atomic_replace=True,
    exact_versions=True,
    digests=frozenset(),  # who wants one reads the file, and can stop that
    parts=Parts(order="any", min_size=1, max_size=1 << 50),
    near=True,
    hard_links=hasattr(os, "link"),
    folds_names=sys.platform in ("darwin", "win32"),  # unless a disk there was made otherwise
)


class LocalReader:
    """An open file and the range that was asked of it."""

    def __init__(self, file: FileIO, entry: Entry, offset: int, length: int | None) -> None:
        self.entry = entry
        self._file = file
        self._to_end = length is None
        self._left = (entry.size or 0) - offset if length is None else length

    def chunks(self) -> Iterator[Buffer]:
        """Views of one buffer that is filled again and again."""
        buffer = memoryview(bytearray(max(1, min(_CHUNK, self._left))))
        while count := self.fill(buffer):
            yield buffer[:count]

    def fill(self, memory: memoryview) -> int:
        path = self.entry.path
        if self._left <= 0:
            if self._to_end:
                self._refuse_more()
            return 0
        with system_errors(path):
            count = self._file.readinto(memory[: self._left])
        if count is None:
            raise _endless(path)
        if not count:
            raise SourceChanged(path, "the file ended before its size")
        self._left -= count
        return count

    def _refuse_more(self) -> None:
        """A file that grew, or one like /proc's whose size is not what it holds (faults.md D8)."""
        with system_errors(self.entry.path):
            more = self._file.read(1)
        if more is None:
            raise _endless(self.entry.path)
        if more:
            raise SourceChanged(self.entry.path, "the file holds more than its size says")


def _endless(path: str) -> WrongKind:
    """For what would wait for bytes instead of ending, like /proc/kmsg."""
    return WrongKind(path, "gives bytes only now and then: it is not a file that has an end")


class LocalProvider:
    """See `providers.base` for what each method promises."""

    @property
    def caps(self) -> Capabilities:
        return _CAPS

    # Addresses -------------------------------------------------------------------------------

    def resolve(self, path: str) -> str:
        if "\0" in path:
            raise InvalidName(path)
        full = os.path.abspath(os.path.expanduser(path or "~"))
        if os.sep == "/" and full.startswith("//"):  # POSIX lets "//" mean something else
            return "/" + full.lstrip("/")
        return full

    def join(self, directory: str, name: str) -> str:
        check_name(directory, name, separators=_SEPARATORS)
        if WINDOWS:
            check_windows_name(directory, name)
        with system_errors(directory):
            os.fsencode(name)
        return os.path.join(directory, name)

    def parent(self, path: str) -> str:
        return os.path.dirname(path)

    def name(self, path: str) -> str:
        return os.path.basename(path)

    # Looking ---------------------------------------------------------------------------------

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        with system_errors(path):
            items = os.scandir(path)
        with items:
            while True:
                with system_errors(path):
                    page = [entry_of_item(item) for item in islice(items, _PAGE)]
                if not page:
                    return
                yield page

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        with system_errors(path):
            info = os.stat(path) if follow else os.lstat(path)
        return entry_of(path, self.name(path), info)

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[LocalReader]:
        with self._open(path) as file:
            entry = entry_of(path, self.name(path), os.fstat(file.fileno()))
            if version is not None and entry.version != version:
                raise SourceChanged(path)
            if length is None and offset > (entry.size or 0):
                raise SourceChanged(path, "the file is shorter than it was")
            with system_errors(path):
                file.seek(offset)
            yield LocalReader(file, entry, offset, length)

    def _open(self, path: str) -> FileIO:
        """A regular file opened to be read. A device is not even opened: that may have effects."""
        with system_errors(path):
            if stat.S_ISREG(os.stat(path).st_mode):
                file = FileIO(os.open(path, _READ_FLAGS))
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return file
                file.close()
        raise WrongKind(path, "is not a regular file")

    def room(self, path: str) -> Room:
        with system_errors(path):
            return rooms.room(path)

    def close(self) -> None:
        """Nothing is held."""

    # Changing --------------------------------------------------------------------------------

    def make_dir(self, path: str) -> None:
        with system_errors(path):
            os.mkdir(path)
            sync_directory(os.path.dirname(path))  # or all that is copied into it goes with it

    def delete(self, path: str) -> None:
        with system_errors(path):
            if kind_of(os.lstat(path)) is Kind.DIR:
                os.rmdir(path)
            else:
                os.unlink(path)

    def remove_tree(self, path: str) -> Generator[ProviderError | None, None, None]:
        return trees.remove_tree(path)

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        above, name = os.path.split(target)
        with system_errors(source):
            info = os.lstat(source)
        with open_folder(above, within) as folder, system_errors(target):
            if _is_other_spelling(info, target):
                os.rename(source, target)
            elif kind_of(info) is Kind.FILE:
                folder.name_new(source, name)
            else:
                folder.name_free(source, name)
            folder.sync()
        with system_errors(target):
            sync_directory(os.path.dirname(source))

    def set_mode(self, path: str, mode: int, *, within: str = "") -> None:
        modes.set_mode(path, mode & 0o7777, within)

    def make_link(self, path: str, target: str, *, within: str = "") -> None:
        linking.make(path, target, within)

    def replace_link(
        self, path: str, target: str, *, key: str, replacing: str, within: str = ""
    ) -> None:
        linking.replace(path, target, key, replacing, within)

    def leads_to(self, path: str) -> str:
        return linking.leads_to(path)

    def make_hard_link(self, path: str, existing: str) -> None:
        linking.make_hard(path, existing)

    def throw_away(self, path: str) -> str:
        return trash.throw_away(path)

    def take_out(self, thrown: str, path: str) -> None:
        self.rename(thrown, path)
        trash.note_taken_out(thrown)

    # Uploads ---------------------------------------------------------------------------------

    def begin(
        self,
        path: str,
        size: int | None,
        *,
        key: str,
        part_size: int,
        modified: float | None = None,
        mode: int | None = None,
        within: str = "",
    ) -> str:
        upload = uploads.begin(path, size, key=key, modified=modified, mode=mode, within=within)
        return upload.token()

    def abandon(self, path: str, *, key: str) -> None:
        uploads.abandon(path, key)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        return str(uploads.put_part(Upload.of(upload), offset, body))

    def parts(self, upload: str) -> Mapping[int, str] | None:
        """None, as a file does not remember its parts. Raises UploadExpired when it is gone."""
        held = Upload.of(upload)
        if not uploads.is_there(held):
            raise UploadExpired(held.path)
        return None

    def staged(self, upload: str) -> str | None:
        return Upload.of(upload).temporary

    def finish(
        self,
        upload: str,
        receipts: Sequence[str],
        *,
        replacing: str | None,
        again: bool = False,
    ) -> Entry:
        held = Upload.of(upload)
        named = uploads.finish(held, replacing, again=again)
        return entry_of(held.path, self.name(held.path), named)

    def abort(self, upload: str) -> None:
        uploads.abort(Upload.of(upload))

    # Many at once ----------------------------------------------------------------------------

    def stat_all(self, paths: Sequence[str]) -> Sequence[Entry | ProviderError]:
        return many.stat_all(paths)

    def fetch(self, files: Sequence[Wanted]) -> Sequence[Fetched | None]:
        return many.fetch(files)

    def store(self, files: Sequence[Storing]) -> Sequence[Stored | None]:
        return many.store(files)

    def name_all(self, files: Sequence[Naming]) -> Sequence[Entry | ProviderError | None]:
        return many.name_all(files)


if WINDOWS:  # it has no such permissions: a place that cannot is no `Moder`
    del LocalProvider.set_mode


def _is_other_spelling(source: os.stat_result, target: str) -> bool:
    """Whether `target` is the same file: "a" to "A" on a disk that ignores case is no conflict."""
    try:
        there = os.lstat(target)
    except FileNotFoundError:
        return False
    one_name = source.st_nlink == 1 or stat.S_ISDIR(source.st_mode)
    return one_name and os.path.samestat(source, there)


def open_endpoint(endpoint: str, access: Access) -> LocalProvider:
    return LocalProvider()
