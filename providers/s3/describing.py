"""What is kept with an object beside its bytes. Pure."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping

from providers.s3 import keys, look
from providers.s3.storing import META, Storing

MADE_BY = "x-amz-meta-wharfie"
"""Which upload made it."""

_PLAIN = "application/octet-stream"
_CONTENT = "Content-Type"
_CARRIED = (
    *(_CONTENT, "Content-Disposition", "Content-Encoding", "Content-Language"),
    *("Cache-Control", "Expires"),
)


def described(site: Storing, path: str, modified: float | None, mark: str) -> dict[str, str]:
    """Of a file that is stored. Its own time, as rclone keeps it too."""
    guessed, coding = mimetypes.guess_type(keys.name(path), strict=False)
    content = {_CONTENT: guessed if guessed and not coding else _PLAIN}
    return content | site.headers() | _ours(modified, mark)


def carried(
    site: Storing, told: Mapping[str, str], modified: float | None, mark: str
) -> dict[str, str]:
    """Of a copy: what the service told of its source, what the site wishes instead, which upload
    made it, and the same time."""
    kept = {name: told[name] for name in _CARRIED if told.get(name)}
    kept |= {n.lower(): text for n, text in told.items() if n.lower().startswith(META)}
    return kept | site.headers() | _ours(modified, mark)


def _ours(modified: float | None, mark: str) -> dict[str, str]:
    headers = {MADE_BY: mark}
    if modified is not None:
        headers[look.MTIME] = f"{modified:.9f}".rstrip("0").rstrip(".")
    return headers
