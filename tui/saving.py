"""A small file of ours, put where a person wants it: by the contract, so at any place."""

from __future__ import annotations

import secrets
from contextlib import suppress

from providers.base import ANY_VERSION, Kind, Place, Provider, Writer
from providers.errors import NotFound, ProviderError
from transfers.cutting import part_size
from tui.file_operations import writer


def save(provider: Provider, place: Place, content: bytes, *, replace: bool) -> None:
    """Store `content` at `place`: the name has the old file or the whole new one, never a part.

    Raises AlreadyExists where something stands there and nobody said `replace`; ProviderError.
    """
    target = writer(provider, place.endpoint)
    key = secrets.token_hex(4)
    size = part_size(provider, provider, len(content))
    upload = target.begin(place.path, len(content), key=key, part_size=size)
    try:
        _fill(target, upload, content, size, replace)
    except BaseException:
        with suppress(ProviderError):
            target.abort(upload)
        raise


def _fill(target: Writer, upload: str, content: bytes, size: int, replace: bool) -> None:
    starts = range(0, max(1, len(content)), size)
    receipts = [
        target.put_part(upload, number, start, (content[start : start + size],))
        for number, start in enumerate(starts)
    ]
    target.finish(upload, receipts, replacing=ANY_VERSION if replace else None)


def kind_of(provider: Provider, path: str) -> Kind | None:
    """What stands at `path`; None: nothing. Raises ProviderError."""
    try:
        return provider.stat(path).kind
    except NotFound:
        return None
