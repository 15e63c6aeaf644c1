"""An upload to a bucket in a process of its own, to be killed at any moment: see `s3_kills`."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from providers.access import Access, Secrets
from providers.base import Place
from providers.registry import open_provider
from providers.sites import Sites
from tests.faults.victim import carry
from tests.servers.s3_servers import SECRET
from transfers.model import NewJob, Op


def work(directory: str, source: str, target: tuple[str, str], told: Connection) -> None:
    """In a process of its own: finish what is in the queue, or begin; say how the job ended.

    `directory` has the saved sites in it that `target` needs.
    """
    folder = Path(directory)
    secrets = Secrets()
    secrets.put(target[0], "password", SECRET)
    access = Access(folder / "known_hosts", sites=Sites(folder / "sites.toml"), secrets=secrets)
    new = NewJob(Op.COPY, Place("file:", source), Place(*target))
    carry(folder / "queue", lambda e: open_provider(e, access), new, told, marks=True)
