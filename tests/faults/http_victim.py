"""A download in a process of its own, to be killed at any moment: see `http_kills`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from providers.access import Access
from providers.base import Capabilities, Parts, Place, Provider
from providers.local import LocalProvider
from providers.registry import open_provider
from tests.faults.victim import carry
from transfers.model import NewJob, Op

PART = 256 << 10  # bytes
RATE = 32 << 20  # bytes a second


class _SmallParts(LocalProvider):
    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, parts=Parts("any", min_size=1, max_size=PART))


def work(directory: str, source: tuple[str, str], target: str, told: Connection) -> None:
    """In a process of its own: finish what is in the queue, or begin; say how the job ended."""
    new = NewJob(Op.COPY, Place(*source), Place("file:", target))
    carry(Path(directory), _opener(directory), new, told, rate=RATE)


def _opener(directory: str) -> Callable[[str], Provider]:
    def opened(endpoint: str) -> Provider:
        if endpoint == "file:":
            return _SmallParts()
        return open_provider(endpoint, Access(Path(directory) / "known_hosts"))

    return opened
