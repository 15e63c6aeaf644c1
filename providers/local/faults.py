"""What the operating system refuses, in the words of the error tree."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from providers.errors import (
    AlreadyExists,
    Denied,
    InvalidName,
    NoSpace,
    NotEmpty,
    NotFound,
    ProviderError,
    Unsupported,
    WrongKind,
)

_EDQUOT = getattr(errno, "EDQUOT", errno.ENOSPC)  # Windows may lack it
_CLASSES: dict[int, type[ProviderError]] = {
    errno.ENOENT: NotFound,
    errno.EEXIST: AlreadyExists,
    errno.ENOTEMPTY: NotEmpty,
    errno.EACCES: Denied,
    errno.EPERM: Denied,
    errno.EROFS: Denied,
    errno.ENOSPC: NoSpace,
    _EDQUOT: NoSpace,
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
    errno.EROFS: "the disk is mounted read-only",
    _EDQUOT: "your disk quota is used up",
    errno.ENOTDIR: "is not a directory",
    errno.EISDIR: "is a directory",
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.ELOOP: "its links lead in a circle, or a link stands where a file was expected",
    errno.EXDEV: "that is on another disk: copy it instead",
    errno.EFBIG: "the file is too large for this disk's format",
}


def to_provider_error(path: str, error: OSError) -> ProviderError:
    """The ProviderError that says what `error` means for `path`."""
    number = error.errno or 0
    kind = _CLASSES.get(number)
    if kind is None:
        return ProviderError(path, f"the system says: {os.strerror(number)}")
    return kind(path, _WORDS.get(number))


@contextmanager
def system_errors(path: str) -> Iterator[None]:
    """Turn what system calls on `path` raise inside the block into ProviderErrors.

    Only system calls belong inside: Python raises ValueError for a path with NUL or with text that
    has no bytes on this system.
    """
    try:
        yield
    except OSError as error:
        raise to_provider_error(path, error) from error
    except ValueError as error:
        raise InvalidName(path) from error
