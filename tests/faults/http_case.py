"""Real jobs through the engine, from a web server that lies to a folder of this computer.

The oracle: never done with wrong bytes, the old destination untouched, the error says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from providers.access import Access
from providers.base import Capabilities, Parts, Place
from providers.http.options import Options
from providers.http.provider import HttpProvider
from providers.http.session import Session
from providers.local import LocalProvider
from providers.names import is_temporary
from providers.web.patience import Patience
from tests.servers.http_place import HURRIED, NO_PROXY, access
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.engine import Engine
from transfers.model import FINISHED, Job, JobState, NewJob, Op, Policy, Verify

PART = 1 << 16
_AT_REST = (*FINISHED, JobState.PARKED)


class _SmallParts(LocalProvider):
    """This computer, where a small file has several parts to be gone on with at."""

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, parts=Parts("any", min_size=1, max_size=PART))


class _Streams(HttpProvider):
    """Goes by what the test says, not by how far the server seems."""

    streams = 1

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, streams=self.streams)


class HttpCase(QueueCase):
    """A queue with the web server at `base` and the disk at LOCAL; `folder` is there."""

    def __init__(
        self, directory: Path, base: str, options: Options, patience: Patience, given: Access
    ) -> None:
        super().__init__(directory / "queue")
        self.base = base
        self.web = _Streams(Session(base, options, given, patience=patience), given)
        self.places[base] = self.web
        self.places[LOCAL] = _SmallParts()
        self.folder = directory / "folder"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.engine = Engine(self.directory, self.open, random=lambda: 0.0)
        self.engine.listen(self.watch)

    def close(self) -> None:
        super().close()
        self.web.close()

    def new(self, path: str = "/file", name: str = "file") -> NewJob:
        """A copy of what is at `path` into the folder."""
        target = Place(LOCAL, str(self.folder / name))
        return NewJob(Op.COPY, Place(self.base, path), target, within=str(self.folder))

    def copied(self, path: str = "/file", *, verify: Verify = Verify.AUTO) -> Job:
        """The job of a copy, done, failed or parked."""
        (number,) = self.send_new(self.new(path), policy=Policy.OVERWRITE, verify=verify)
        return self.reach(number, *_AT_REST)

    @property
    def file(self) -> Path:
        return self.folder / "file"

    def there(self) -> bytes | None:
        return self.file.read_bytes() if self.file.exists() else None

    def leftovers(self) -> list[str]:
        return [each.name for each in self.folder.iterdir() if is_temporary(each.name)]


@contextmanager
def http_case(
    directory: Path,
    base: str,
    *,
    options: Options = NO_PROXY,
    patience: Patience = HURRIED,
    **secrets: str,
) -> Iterator[HttpCase]:
    case = HttpCase(directory, base, options, patience, access(base, **secrets))
    try:
        yield case
    finally:
        case.close()
