"""Real jobs through the engine, between a folder of this computer and an SFTP server that lies.

The oracle: never done with wrong bytes, the old destination untouched, the error says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from providers.base import Place
from providers.names import is_temporary
from providers.sftp.patience import Patience
from tests.servers.lying_sftp import ENDPOINT, Ask, Lie, LyingSftp
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.engine import Engine
from transfers.model import FINISHED, Job, JobState, NewJob, Op, Policy, Verify

HURRIED = Patience(answer=1.0, sync=1.0)
_AT_REST = (*FINISHED, JobState.PARKED)


class LyingCase(QueueCase):
    """A queue with `server` at ENDPOINT and the disk at LOCAL; `folder` is there."""

    def __init__(self, directory: Path, server: LyingSftp, patience: Patience = HURRIED) -> None:
        super().__init__(directory / "queue")
        self.server = server
        self.places[ENDPOINT] = server.provider(patience)
        self.folder = directory / "folder"
        self.folder.mkdir(parents=True)
        self.engine = Engine(self.directory, self.open, random=lambda: 0.0)
        self.engine.listen(self.watch)

    def close(self) -> None:
        super().close()
        self.places[ENDPOINT].close()

    def upload(self, name: str, data: bytes) -> NewJob:
        """A file of the folder, to the path of the same name on the server."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        target = Place(ENDPOINT, f"/{name}")
        return NewJob(Op.COPY, Place(LOCAL, str(path)), target, within="/")

    def download(self, name: str) -> NewJob:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        source = Place(ENDPOINT, f"/{name}")
        return NewJob(Op.COPY, source, Place(LOCAL, str(path)), within=str(self.folder))

    def ended(self, *jobs: NewJob, verify: Verify = Verify.AUTO) -> list[Job]:
        """Run them, replacing whatever is there, until each is done, failed or parked."""
        numbers = self.send_new(*jobs, policy=Policy.OVERWRITE, verify=verify)
        return [self.reach(number, *_AT_REST) for number in numbers]

    def there(self, name: str) -> bytes | None:
        path = self.folder / name
        return path.read_bytes() if path.exists() else None


@contextmanager
def lying_case(
    directory: Path, server: LyingSftp, patience: Patience = HURRIED
) -> Iterator[LyingCase]:
    case = LyingCase(directory, server, patience)
    try:
        yield case
    finally:
        case.close()


def leftovers(names: Iterable[str]) -> list[str]:
    return [name for name in names if is_temporary(name)]


def nth(what: str, number: int, then: Callable[[Ask, Callable[[], bytes]], bytes]) -> Lie:
    """The truth, but for the `number`-th request of the kind `what`."""
    seen = 0

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        nonlocal seen
        seen += ask.what == what
        return then(ask, truth) if ask.what == what and seen == number else truth()

    return lie


def always(what: str, then: Callable[[Ask, Callable[[], bytes]], bytes]) -> Lie:
    """The truth, but for each request of the kind `what`."""
    return lambda ask, truth: then(ask, truth) if ask.what == what else truth()
