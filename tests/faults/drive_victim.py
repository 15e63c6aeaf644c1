"""An upload to a drive in a process of its own, to be killed at any moment: see `drive_kills`."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from providers.access import Access
from providers.base import Parts, Place, Provider
from providers.local import open_endpoint
from providers.onedrive.fragments import MULTIPLE
from providers.onedrive.graph import Session
from providers.onedrive.options import Options
from providers.onedrive.provider import CAPS, OneDriveProvider
from providers.seal import Seal
from tests.faults.victim import carry
from tests.servers.drive_place import ENDPOINT, GivenTokens
from transfers.model import NewJob, Op

TOKEN_FILE = "token"
PART = 12 * MULTIPLE
"""Bytes: smaller than a person's, so that a file of 200 MiB lasts for fifty kills."""

_CAPS = replace(CAPS, parts=Parts("sequential", MULTIPLE, PART, multiple_of=MULTIPLE))


def work(directory: str, source: str, target: tuple[str, str], told: Connection) -> None:
    """In a process of its own: finish what is in the queue, or begin; say how the job ended.

    `target`: Graph's address, and the path there. `directory` has the token in it.
    """
    folder = Path(directory)
    access = Access(folder / "known_hosts")
    tokens = GivenTokens((folder / TOKEN_FILE).read_text())

    def opened(endpoint: str) -> Provider:
        if endpoint != ENDPOINT:
            return open_endpoint(endpoint, access)
        session = Session(ENDPOINT, target[0], Options(), access, tokens)
        provider = OneDriveProvider(session, Seal(folder / "seal.key"))
        provider.caps = _CAPS
        return provider

    new = NewJob(Op.COPY, Place("file:", source), Place(ENDPOINT, target[1]))
    carry(folder / "queue", opened, new, told, marks=True)
