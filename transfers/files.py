"""Names of our own files, made to last."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Have the names in `directory` survive a power cut, where the system can (not Windows)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def keep_as(path: Path, other: Path) -> None:
    """Let the file at `path` be at `other`, too, so that `path` can be replaced in one step."""
    try:
        os.link(path, other)
    except OSError:  # no hard links here
        part = other.with_name(f"{other.name}.part")
        with suppress(FileNotFoundError):
            part.unlink()
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as copy, path.open("rb") as original:
            shutil.copyfileobj(original, copy)
            copy.flush()
            os.fsync(copy.fileno())
        part.replace(other)
