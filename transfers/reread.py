"""Bytes that are read once more, for a proof."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from providers.base import Provider
from transfers.run import Run
from transfers.stream import slow_down

if TYPE_CHECKING:
    from hashlib import _Hash


def chunks(
    run: Run,
    place: Provider,
    path: str,
    *,
    offset: int = 0,
    length: int | None = None,
    version: str | None = None,
) -> Iterator[memoryview]:
    """What stands at `path`, as `Provider.read` gives it; each is valid until the next one.

    It can be stopped, is watched for a standstill and keeps to the limit where it comes over the
    network, as every byte does; but it does not count as moved. Raises ProviderError, Stopped.
    """
    control = run.control
    with place.read(path, offset=offset, length=length, version=version) as reader, control.moves():
        for chunk in reader.chunks():
            control.check()
            if not place.caps.near:
                slow_down(control, run.limiter, len(chunk))
            control.gauge.reread += len(chunk)
            yield memoryview(chunk)


def digested(run: Run, place: Provider, path: str, algorithm: str) -> str:
    """The hex digest of what stands at `path`, all of it read. Raises as `chunks`."""
    hasher: _Hash = hashlib.new(algorithm)
    for chunk in chunks(run, place, path):
        hasher.update(chunk)
    return hasher.hexdigest()
