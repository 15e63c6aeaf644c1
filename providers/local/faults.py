"""What the operating system refuses, in the words of the error tree."""

from __future__ import annotations

import errno
import os
from types import TracebackType

from providers.errors import (
    AlreadyExists,
    Denied,
    InvalidName,
    NoSpace,
    NotEmpty,
    NotFound,
    ProviderError,
    Throttled,
    Unsupported,
    WrongKind,
)

_EDQUOT = getattr(errno, "EDQUOT", errno.ENOSPC)  # Windows may lack it
_ESTALE = getattr(errno, "ESTALE", errno.ENOENT)
_CLASSES: dict[int, type[ProviderError]] = {
    errno.ENOENT: NotFound,
    _ESTALE: NotFound,
    errno.EEXIST: AlreadyExists,
    errno.ENOTEMPTY: NotEmpty,
    errno.EACCES: Denied,
    errno.EPERM: Denied,
    errno.EROFS: Denied,
    _EDQUOT: NoSpace,
    errno.ENOSPC: NoSpace,
    errno.ENOTDIR: WrongKind,
    errno.EISDIR: WrongKind,
    errno.ENXIO: WrongKind,
    errno.ENAMETOOLONG: InvalidName,
    errno.EILSEQ: InvalidName,
    errno.EINVAL: InvalidName,
    errno.ELOOP: Unsupported,
    errno.EXDEV: Unsupported,
    errno.EFBIG: Unsupported,
    errno.ENOTSUP: Unsupported,
}
_WORDS = {
    errno.EIO: "the disk reports a fault (input/output error)",
    errno.EROFS: "the disk is mounted read-only",
    _EDQUOT: "your disk quota is used up",
    errno.ENOSPC: "no space left on this disk",
    errno.ENOTDIR: "is not a directory",
    errno.EISDIR: "is a directory",
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.ELOOP: "its links lead in a circle, or a link stands where a file was expected",
    errno.EXDEV: "that is on another disk: copy it instead",
    errno.EFBIG: "the file is larger than this disk's format, or your own limit, allows",
    errno.EBUSY: "the system is using it",
}
_ADVICE = {
    errno.EIO: "Check the disk and its cable before you try again; the system's log may say more.",
    errno.EROFS: "Make it writable, or choose another folder; after a disk fault, check the disk.",
    errno.EFBIG: "Choose a disk of another format; “ulimit -f” shows your own limit.",
    errno.EBUSY: "Close what uses it, then try again.",
}
_TOO_MANY_OPEN = frozenset({errno.EMFILE, errno.ENFILE})


def to_provider_error(path: str, error: OSError) -> ProviderError:
    """The ProviderError that says what `error` means for `path`."""
    number = error.errno or 0
    if number in _TOO_MANY_OPEN:  # passes as soon as other files are closed
        busy = Throttled(path, "too many files are open at once", retry_after=None)
        busy.advice = "It is tried again later; “ulimit -n” shows the limit."
        return busy
    kind = _CLASSES.get(number, ProviderError)
    words = _WORDS.get(number)
    if kind is ProviderError:
        words = words or f"the system says: {os.strerror(number)}"
    return kind(path, words, advice=_ADVICE.get(number))


class system_errors:  # noqa: N801 - used as a function: a generator takes four times as long
    """Turn what system calls on `path` raise inside the block into ProviderErrors.

    Only system calls belong inside: Python raises ValueError for a path with NUL or with text that
    has no bytes on this system.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError):
            raise to_provider_error(self._path, error) from error
        if isinstance(error, ValueError):
            raise InvalidName(self._path) from error
