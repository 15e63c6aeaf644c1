"""One mirror at a time between two trees: a lock the system frees when its holder dies."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from providers.base import Place
from providers.text import printable, to_bytes
from transfers.journal_error import JournalError
from transfers.lock import NO_LOCKS, try_lock


class PairInUse(Exception):
    """Another process mirrors between the same two trees, in whichever direction."""

    def __init__(self) -> None:
        super().__init__("Another mirror between these two places runs already. Let it end first.")


@contextmanager
def pair_lock(directory: Path, one: Place, other: Place) -> Iterator[None]:
    """Held for the length of the block; both directions of a pair exclude each other.

    `directory`: of the home, there already. The file stays behind, empty: removing it would let
    two hold one lock. Raises PairInUse, JournalError where there can be no lock.
    """
    path = directory / f"{key_of(one, other)}.lock"
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _cannot(path, error, "Check its owner and mode.") from error
    try:
        if not _ours(fd, path):
            raise PairInUse
        yield
    finally:
        os.close(fd)


def key_of(one: Place, other: Place) -> str:
    """Names the pair in a file's name, whichever of the two is the source."""
    ends = sorted(to_bytes(f"{place.endpoint}\0{place.path}") for place in (one, other))
    return hashlib.sha256(b"\0\0".join(ends)).hexdigest()[:32]


def _ours(fd: int, path: Path) -> bool:
    try:
        return try_lock(fd)
    except OSError as error:
        raise _cannot(path, error, NO_LOCKS) from error


def _cannot(path: Path, error: OSError, advice: str) -> JournalError:
    shown, why = printable(str(path)), error.strerror or "no reason given"
    return JournalError(f"The mirror's lock {shown} cannot be had ({why}). {advice}")
