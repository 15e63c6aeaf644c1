"""A copy of a remote file that is edited, in a folder of its own that nobody else can read.

Blocking: for threads.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from providers.base import Entry, Kind, Provider, Reader
from providers.errors import Denied, NotFound, WrongKind
from providers.records import dataclass
from tui.file_operations import Stopped
from tui.settings import make_private

_LONGEST = 120  # characters of a name
_FORBIDDEN = frozenset('/\\:*?"<>|')  # of some system
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10))})
_PREFIX = "edit-"


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """`path` here is edited; `entry` and `digest` are of the file there, when it was fetched."""

    path: Path
    entry: Entry
    digest: str  # sha256

    @property
    def folder(self) -> Path:
        """Its own: whatever an editor leaves in it goes with it."""
        return self.path.parent

    def edited(self) -> bool:
        """Whether it holds other bytes than were fetched. Raises NotFound, Denied."""
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() != self.digest
        except FileNotFoundError as error:
            what = "the editor left no file of that name"
            raise NotFound(str(self.path), what, advice=f"Look in {self.folder}.") from error
        except OSError as error:
            raise Denied(str(self.path), f"cannot be read ({error.strerror})") from error

    def ready_to_send(self) -> None:
        """Give it the mode that the file has there: a copy takes it along."""
        if self.entry.mode is not None:
            with suppress(OSError):
                self.path.chmod(self.entry.mode & 0o777 | 0o400)

    def discard(self) -> None:
        """Remove it, and its folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class There:
    """The file in its place now: `entry` is None when it is gone. `same`: as it was fetched."""

    entry: Entry | None
    same: bool


def fetch(
    provider: Provider,
    path: str,
    folder: Path,
    *,
    on_progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> WorkingCopy:
    """All of the file at `path`, in a new folder below `folder`. Raises ProviderError, Stopped."""
    entry = provider.stat(path)
    if entry.kind is not Kind.FILE:
        what = "is a link" if entry.kind is Kind.LINK else "is not a regular file"
        raise WrongKind(path, what, advice="Go to the file itself and edit that.")
    here = _new_folder(folder) / safe_name(entry.name)
    try:
        with provider.read(path, version=entry.version) as reader, here.open("xb") as file:
            digest = _digest(_taken(reader, file.write, on_progress, cancelled))
            return WorkingCopy(here, reader.entry, digest)
    except OSError as error:
        shutil.rmtree(here.parent, ignore_errors=True)
        raise Denied(str(here), f"cannot be written ({error.strerror})") from error
    except BaseException:
        shutil.rmtree(here.parent, ignore_errors=True)
        raise


def look_there(provider: Provider, copy: WorkingCopy) -> There:
    """Whether the file is still the one that was fetched. Raises ProviderError.

    Its version says so where that is exact; else, and where only its version is another, its
    bytes are looked at.
    """
    old = copy.entry
    try:
        entry = provider.stat(old.path)
    except NotFound:
        return There(None, same=False)
    if entry.kind is not Kind.FILE or entry.size != old.size:
        return There(entry, same=False)
    if entry.version is not None and entry.version == old.version and provider.caps.exact_versions:
        return There(entry, same=True)
    with provider.read(old.path, version=entry.version) as reader:
        same = _digest(bytes(chunk) for chunk in reader.chunks()) == copy.digest
    return There(entry, same=same)


def safe_name(name: str) -> str:
    """A name for a file here that tells an editor the same by its ending."""
    kept = "".join(c if c.isprintable() and c not in _FORBIDDEN else "_" for c in name)
    kept = kept[-_LONGEST:].rstrip(" .")
    device = kept.partition(".")[0].lower() in _DEVICES
    return f"_{kept}" if device or not kept.strip("._ ") else kept


def folders_in(folder: Path) -> list[Path]:
    """What earlier edits left below `folder`."""
    try:
        return [path for path in folder.iterdir() if path.name.startswith(_PREFIX)]
    except OSError:
        return []


def _new_folder(folder: Path) -> Path:
    try:
        make_private(folder)
        return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    except OSError as error:
        raise Denied(str(folder), f"no folder can be made in it ({error.strerror})") from error


def _taken(
    reader: Reader,
    write: Callable[[bytes], object],
    on_progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Iterable[bytes]:
    count = 0
    for chunk in reader.chunks():
        if cancelled():
            raise Stopped
        data = bytes(chunk)
        write(data)
        count += len(data)
        on_progress(count)
        yield data


def _digest(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
