"""Short ways to upload to this computer step by step."""

from __future__ import annotations

from pathlib import Path

from providers.base import ANY_VERSION, Entry
from providers.local import LocalProvider

KEY = "0badcafe"


def begin(local: LocalProvider, path: Path, size: int | None = None, **more: float | str) -> str:
    return local.begin(str(path), size, key=KEY, part_size=1 << 20, **more)  # type: ignore[arg-type]


def put(local: LocalProvider, at: Path | str, data: bytes, **more: float | str) -> str:
    """One part into a new upload to a path, or into the upload that a token means."""
    upload = at if isinstance(at, str) else begin(local, at, len(data), **more)
    local.put_part(upload, 0, 0, [data])
    return upload


def finish(local: LocalProvider, upload: str, *, again: bool = False) -> Entry:
    return local.finish(upload, [], replacing=ANY_VERSION, again=again)


def unfinished_file(local: LocalProvider, upload: str) -> Path:
    return Path(str(local.staged(upload)))
